// EventNotes: the last thing that a parser does to an event, whatever it came from.
//
// A time too far in the future gives way to the time of arrival, so that one bad clock moves no
// window; what the record stated stays beside it, as `picket.time_stated`, and
// `picket.time_clamped` says so. A function of the record, its arrival and the bound alone: what is
// parsed again later is noted again the same way.
//
// A record of a class that has required fields is looked at for them: every one where people read
// events, who see `picket.record_class` and `picket.missing`; else, for detection, the first
// kAllOfKind of a kind and then one in kSampleEvery, which are counted only. Every record that met
// a bound is counted; people see which, as `picket.limits`. One per parser.
#pragma once

#include <cstdint>
#include <optional>

#include "event/event.h"
#include "parsers/parse_counters.h"

namespace picket::parsers {

class EventNotes {
 public:
  static constexpr std::uint32_t kAllOfKind = 1000;
  static constexpr std::uint32_t kSampleEvery = 64;

  // `generic`: the kind of JSON objects that nobody knows.
  explicit EventNotes(KindId generic);

  // Every record is looked at, and what it lacks becomes part of the event.
  void write_for_people() { for_people_ = true; }

  // The event begun last is complete; reading it met `limits`.
  void finish(std::int64_t future_max_ns, LimitSet limits, Batch& batch, Event& event);

  ParseCounters& counters() { return counters_; }

 private:
  void count(const Event& event, SourceCounters& counters) const;
  void note_limits(LimitSet limits, Batch& batch, SourceCounters& counters);
  void check_required(bool timed, Batch& batch, Event& event);
  void clamp(const Record& record, Batch& batch, Event& event, SourceCounters& counters);

  ParseCounters counters_;
  const RequiredFields& required_;
  KindId generic_;
  bool for_people_ = false;
  std::optional<FieldId> record_class_;
  std::optional<FieldId> missing_;
  std::optional<FieldId> limits_;
  std::optional<FieldId> clamped_;
  std::optional<FieldId> stated_;
};

}  // namespace picket::parsers
