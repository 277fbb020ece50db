// How far back events have a say in whether a rule fires now: the window of a correlation and of
// the evaluation before this one, what it has learned, what its alerts join, and all that below it.
//
// Pure, any thread.
#pragma once

#include <cstdint>

#include "rules/rule_set.h"

namespace picket::app {

// The longest of all rules; 0 where nothing is correlated. A chain of suppressed alerts without a
// pause may reach further: each opens when the one before is over.
std::int64_t reach_back_ns(const rules::RuleSet& rules);

}  // namespace picket::app
