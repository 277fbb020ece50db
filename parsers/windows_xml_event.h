// WindowsXmlEvents: one Windows event in XML to one event, with the names, kind and time that the
// same event has in JSON (parsers/json_event.h). One per thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/definition_events.h"
#include "parsers/formats/pair.h"
#include "parsers/json_names.h"
#include "parsers/timestamp.h"
#include "parsers/windows.h"

namespace picket::parsers {

class WindowsXmlEvents {
 public:
  // All must outlive it.
  WindowsXmlEvents(const Catalog& catalog, JsonNames& names, DefinitionEvents& definitions)
      : windows_(catalog), catalog_(&catalog), names_(&names), definitions_(&definitions) {}

  // Adds fields to the event begun last and sets its kind, time and status. False, and the event as
  // it was, when `xml` is no Windows event. `forced` is the source's definition, or nullptr. `xml`
  // lies in a record or in the arena.
  bool parse(std::string_view xml, const Definition* forced, std::int32_t zone_offset_s,
             Batch& batch, Event& event);

 private:
  KindId kind(std::string_view channel, std::string_view provider, std::int64_t code,
              const Definition* forced);
  // Does event data have this name too? Then the system's value goes under its ECS name.
  bool in_data(std::string_view name, std::size_t system_count) const;

  std::vector<Pair> pairs_;  // of the record read last
  WindowsKinds windows_;
  TimestampReader timestamps_;
  const Catalog* catalog_;
  JsonNames* names_;
  DefinitionEvents* definitions_;
};

}  // namespace picket::parsers
