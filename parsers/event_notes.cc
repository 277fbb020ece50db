#include "parsers/event_notes.h"

#include <limits>

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

}  // namespace

EventNotes::EventNotes()
    : clamped_(intern_field("picket.time_clamped")), stated_(intern_field("picket.time_stated")) {}

void EventNotes::finish(Batch& batch, Event& event, std::int64_t future_max_ns) {
  const Record& record = batch.record_of(event);
  SourceCounters& counters = counters_.of(record.source);
  ++counters.records;
  if (event.time_ns == record.received_ns) return;  // the record states none
  const std::int64_t ahead_ns = distance_ns(record.received_ns, event.time_ns);
  counters.skew.add(ahead_ns);
  if (ahead_ns > future_max_ns) [[unlikely]]
    clamp(record, batch, event, counters);
}

void EventNotes::clamp(const Record& record, Batch& batch, Event& event, SourceCounters& counters) {
  ++counters.clamped;
  if (stated_) batch.push(*stated_, batch.arena().copy(format_time(event.time_ns)));
  if (clamped_) batch.push(*clamped_, "true", ValueKind::kBool);
  event.time_ns = record.received_ns;
}

}  // namespace picket::parsers
