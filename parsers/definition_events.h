// DefinitionEvents: what a definition makes of a record, behind its envelope: its native reader,
// its steps, its constants, its kind.
//
// Works on the event begun last. One per thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/content.h"
#include "parsers/json_names.h"
#include "parsers/steps/step_plan.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

// Runs the native reader of a definition; false, and the event's fields as before, when it has none
// or does not know the text. `access`: its parts, if they are known already.
bool parse_content(const Definition& definition, std::string_view text, std::int32_t zone_offset_s,
                   Batch& batch, const AccessLine* access = nullptr);

class DefinitionEvents {
 public:
  // Both must outlive it.
  DefinitionEvents(const Catalog& catalog, JsonNames& names);

  // False, and the event as before, when the definition does not know the message. Else the event
  // has its kind and status. `message` lies in the record or in the arena; `access` are its parts,
  // if they are known already.
  bool run(const Definition& definition, std::string_view message, std::int32_t zone_offset_s,
           Batch& batch, Event& event, const AccessLine* access = nullptr);
  // The same behind a reader that has read the record already: steps only.
  bool run_steps_of(const Definition& definition, std::string_view message,
                    std::int32_t zone_offset_s, Batch& batch, Event& event);

  // The same for a Windows event, whose kind and time stand whatever its steps say. Without a
  // definition nothing happens.
  void run_windows(const Definition* definition, std::int32_t zone_offset_s, Batch& batch,
                   Event& event);
  // From now on Windows events get the constants that their steps might have put otherwise, and no
  // more.
  void leave_out_windows_steps() { windows_steps_ = false; }

  // What steps do is written there until it is taken away; nullptr: nowhere.
  void set_trace(StepTrace* trace) { work_.trace = trace; }

 private:
  Outcome run_steps_in(const Definition& definition);
  KindId kind(const Definition& definition, const EventOverride* event);
  const EventOverride* chosen(const Definition& definition);
  void put_constants(const Definition& definition, Batch& batch, const Event& event);
  static const EventOverride* of_code(const Definition& definition, std::int64_t code);
  void put_late(const std::vector<std::pair<FieldId, StepValue>>& late);

  Work work_;
  std::vector<std::unique_ptr<StepPlans>> plans_;  // by definition, of those that came
  bool windows_steps_ = true;
  std::vector<std::optional<std::vector<Field>>> constants_;  // by kind, of put_constants()
  std::vector<std::vector<KindId>> kinds_;  // by definition and event; kUnknownKind: not asked yet
};

}  // namespace picket::parsers
