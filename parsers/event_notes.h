// EventNotes: the last thing that a parser does to an event, whatever it came from.
//
// A time too far in the future gives way to the time of arrival, so that one bad clock moves no
// window; what the record stated stays beside it, as `picket.time_stated`, and
// `picket.time_clamped` says so. And the record is counted. A function of the record, its arrival
// and the bound alone: what is parsed again later is noted again the same way. One per parser.
#pragma once

#include <cstdint>
#include <optional>

#include "event/event.h"
#include "parsers/parse_counters.h"

namespace picket::parsers {

class EventNotes {
 public:
  EventNotes();

  // The event begun last is complete.
  void finish(Batch& batch, Event& event, std::int64_t future_max_ns);

  ParseCounters& counters() { return counters_; }

 private:
  void clamp(const Record& record, Batch& batch, Event& event, SourceCounters& counters);

  ParseCounters counters_;
  std::optional<FieldId> clamped_;
  std::optional<FieldId> stated_;
};

}  // namespace picket::parsers
