#include "parsers/event_notes.h"

#include <limits>
#include <string>

#include "base/time.h"

namespace picket::parsers {
namespace {

// Instants reach from 1677 to 2262, the distance of two of them does not fit.
std::int64_t distance_ns(std::int64_t from, std::int64_t to) {
  std::int64_t distance = 0;
  if (!__builtin_sub_overflow(to, from, &distance)) return distance;
  return to < from ? std::numeric_limits<std::int64_t>::min()
                   : std::numeric_limits<std::int64_t>::max();
}

// A list of texts as JSON: they are ours, nothing in them needs escaping.
void add_text(std::string_view text, std::string& list) {
  ((list += list.empty() ? "[\"" : ",\"") += text) += '"';
}

void push_list(std::optional<FieldId> id, std::string& list, Batch& batch) {
  if (id && !list.empty()) batch.push(*id, batch.arena().copy(list += ']'), ValueKind::kArray);
}

}  // namespace

EventNotes::EventNotes(KindId generic)
    : required_(RequiredFields::get()),
      generic_(generic),
      record_class_(intern_field("picket.record_class")),
      missing_(intern_field("picket.missing")),
      limits_(intern_field("picket.limits")),
      clamped_(intern_field("picket.time_clamped")),
      stated_(intern_field("picket.time_stated")) {}

void EventNotes::finish(std::int64_t future_max_ns, LimitSet limits, Batch& batch, Event& event) {
  const Record& record = batch.record_of(event);
  SourceCounters& counters = counters_.of(record.source);
  count(event, counters);
  if (record.length > record.raw.size()) limits.add(Limit::kSize);  // cut by the door
  if (!limits.empty()) [[unlikely]]
    note_limits(limits, batch, counters);
  const bool timed = event.time_ns != record.received_ns;  // the record states one
  const std::uint32_t seen = counters_.of(event.kind).seen++;
  if (for_people_ || seen < kAllOfKind || seen % kSampleEvery == 0)
    check_required(timed, batch, event);
  if (!timed) return;
  const std::int64_t ahead_ns = distance_ns(record.received_ns, event.time_ns);
  counters.skew.add(ahead_ns);
  if (ahead_ns > future_max_ns) [[unlikely]]
    clamp(record, batch, event, counters);
}

void EventNotes::count(const Event& event, SourceCounters& counters) const {
  ++counters.records;
  switch (event.status) {
    case ParseStatus::kParsed:
      if (event.kind != generic_ && event.kind != kUnknownKind) ++counters.recognised;
      return;
    case ParseStatus::kPartial:
      ++counters.partial;
      return;
    case ParseStatus::kRaw:
      ++counters.raw;
      return;
  }
}

void EventNotes::note_limits(LimitSet limits, Batch& batch, SourceCounters& counters) {
  ++counters.limited;
  std::string list;
  for (std::size_t i = 0; i < kLimits; ++i) {
    if (!limits.has(static_cast<Limit>(i))) continue;
    ++counters.limits[i];
    add_text(limit_name(static_cast<Limit>(i)), list);
  }
  if (for_people_) push_list(limits_, list, batch);
}

void EventNotes::check_required(bool timed, Batch& batch, Event& event) {
  const RecordClass record_class = required_.class_of(batch, event);
  if (record_class == RecordClass::kOther) return;
  const std::uint32_t lacking = required_.lacking(record_class, timed, batch, event);
  DatasetCounters& dataset = counters_.datasets[counters_.of(event.kind).dataset - 1];
  RequiredCounters& counters = dataset.required[static_cast<std::size_t>(record_class)];
  ++counters.checked;
  if (lacking != 0) ++counters.flagged;
  if (for_people_ && record_class_) batch.push(*record_class_, record_class_name(record_class));
  const auto names = required_.names(record_class);
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((lacking >> i & 1U) == 0) continue;
    ++counters.lacking[i];
    add_text(names[i], list);
  }
  if (for_people_) push_list(missing_, list, batch);
}

void EventNotes::clamp(const Record& record, Batch& batch, Event& event, SourceCounters& counters) {
  ++counters.clamped;
  if (stated_) batch.push(*stated_, batch.arena().copy(format_time(event.time_ns)));
  if (clamped_) batch.push(*clamped_, "true", ValueKind::kBool);
  event.time_ns = record.received_ns;
}

}  // namespace picket::parsers
