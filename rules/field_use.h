// Which fields a rule uses, and whether it can be true at all when some of them are never there.
//
// Pure functions, any thread. Recursion is as deep as the condition, which the loader bounds.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "rules/rule.h"

namespace picket::rules {

// The fields of all tests as the rule writes them, field references included; keywords have none.
std::set<std::string> fields_of(const Node& condition);

// Can the condition be true on any event, if an event never has a field for which `absent` says so?
// Tests of other fields may be true or false independently of each other, so "yes" is a guess and
// "no" is certain.
bool can_hold(const Node& condition, const std::function<bool(std::string_view field)>& absent);
// The same, where the outcomes of some tests are known.
bool can_hold_if(const Node& condition,
                 const std::function<std::optional<bool>(const Test&)>& known);

}  // namespace picket::rules
