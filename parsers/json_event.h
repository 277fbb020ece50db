// JsonEvents: one JSON record to one event: its fields, kind and time.
//
// Windows events are recognised by what they hold (an event id, and a channel or a provider),
// whichever of the shapes of json_names.h they come in. Fields keep their original names; a flat
// Windows event also gets Provider_Name and Computer. One per thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/definition_events.h"
#include "parsers/json_names.h"
#include "parsers/json_reader.h"
#include "parsers/recognition.h"
#include "parsers/timestamp.h"
#include "parsers/windows.h"

namespace picket::parsers {

class JsonEvents {
 public:
  // All must outlive it.
  JsonEvents(const Catalog& catalog, JsonNames& names, Recogniser& recogniser,
             DefinitionEvents& definitions);

  // Adds fields to the event begun last and sets its kind, time and status. False, and the event as
  // it was, when `json` is no valid object. `forced` is the source's definition, or nullptr.
  // `json` lies in a record or in the arena, and 8 readable bytes follow it.
  bool parse(std::string_view json, const Definition* forced, std::int32_t zone_offset_s,
             Batch& batch, Event& event);
  // Did somebody know the event read last?
  bool recognised() const { return recognised_; }

 private:
  KindId kind(const Definition* forced, Arena& arena);
  void run_definitions(const Definition* forced, std::int32_t zone_offset_s, Batch& batch,
                       Event& event);
  std::string_view text(Role role, Arena& arena) const;
  void set_time(std::int32_t zone_offset_s, Arena& arena, Event& event);
  void push_stand_in(Role role, std::initializer_list<Role> others, FieldId id, Batch& batch) const;

  JsonReader reader_;
  WindowsKinds windows_;
  TimestampReader timestamps_;
  const Catalog* catalog_;
  Recogniser* recogniser_;
  DefinitionEvents* definitions_;
  const Definition* generic_;
  FieldId provider_name_;
  FieldId event_id_;
  FieldId computer_;
  bool is_windows_ = false;  // the event read last
  bool recognised_ = false;  // the same
};

}  // namespace picket::parsers
