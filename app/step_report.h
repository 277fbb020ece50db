// What the steps of a definition did to a record, for the author of the definition.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "event/event.h"
#include "parsers/steps/step.h"

namespace picket::app {

// Several lines: the record, then each step with the fields that it added, changed or took away.
std::string step_report(const parsers::StepTrace& trace, const Event& event,
                        std::string_view record);
// The same for machines.
Json step_report_json(const parsers::StepTrace& trace, const Event& event, std::string_view record);

}  // namespace picket::app
