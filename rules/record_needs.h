// What a record must hold for rules to be true on its event: for leaving out records of a store
// that a rule cannot fire on, before they are parsed.
//
// Read from the rules alone, so it holds for whatever kind of event: a test of a text on a field
// needs the longest part of the text that is written in one way only; And needs all that its parts
// do, Or one of them, Not nothing.
//
// Pure functions, any thread.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "event/record_needs.h"
#include "rules/rule.h"

namespace picket::rules {

// Has every event that the log source admits the value of this field in its record, written as it
// is read but for escapes?
using FieldStands = std::function<bool(const LogSource& source, std::string_view field)>;

// nullopt: nothing is known, or too much: any record may be of interest.
std::optional<RecordNeeds> record_needs(const std::vector<DetectionRule>& rules,
                                        const FieldStands& stands);

}  // namespace picket::rules
