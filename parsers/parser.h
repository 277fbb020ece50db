// Parser: records in, one event each.
//
// A pure function of the record, its arrival, its source's format and the definitions: no clock, no
// state that changes an answer. One per thread, because it keeps scratch memory, caches and
// counters. A record that cannot be read is an event too, with ParseStatus::kRaw: nothing is lost,
// nothing fails.
//
// The values of its fields point into the record, into the batch's arena, or to static text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/parse_counters.h"

namespace picket::parsers {

struct StepTrace;

// What is known about a source before its first record.
struct SourceFormat {
  // auto, ndjson, json, syslog, raw; kv and csv: by kv-generic and csv-generic where no definition is
  // named; others, such as cef, leef, xml and evtx, say themselves what they are, and are read as auto
  std::string format = "auto";
  std::string definition = {};     // a definition by name, or empty: recognised per record
  Layer layer = Layer::kNone;      // kNone: the definition decides
  std::int32_t zone_offset_s = 0;  // east of UTC, for timestamps that name no zone
  // A time further ahead of its arrival is clamped to it (event_notes.h). Never where arrival says
  // nothing about the source's clock, as when files are read.
  std::int64_t future_max_ns = INT64_MAX;
};

class Parser {
 public:
  // With `keep_all_fields` every name of a structured record becomes a field (interned, bounded by
  // the interner). Without it, which is for detection, only names that are known when the parser is
  // made (make a new one after rules or definitions were loaded), and no steps of Windows
  // definitions: rules ask for Windows fields by their own names and their aliases, and what steps
  // add is for people.
  Parser(std::shared_ptr<const Catalog> catalog, bool keep_all_fields);
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;
  ~Parser();

  // Sources that were never set are read as SourceFormat{}.
  void set_source(SourceId source, SourceFormat format);

  // Makes one event for every record that has none yet, in order.
  void parse(Batch& batch);

  // For people: `picket.record_class`, `picket.missing` and `picket.limits` of each event (event_notes.h). It costs.
  void note_for_people();

  // Of all records parsed; may be exchanged for those of another parser, to go on with them.
  ParseCounters& counters();

  // What steps do is added there, until it is taken away with nullptr. For people: it costs.
  void set_trace(StepTrace* trace);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace picket::parsers
