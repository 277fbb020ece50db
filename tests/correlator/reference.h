// The reference: what INTERFACES ("When a correlation fires") says, written as plainly as possible.
// It keeps every event, sorts, and looks at every window from its beginning. It decides what is
// right.
#pragma once

#include <string>
#include <vector>

#include "rules/rule_set.h"
#include "tests/correlator/scripted.h"

namespace picket::correlator {

// All correlation alerts of the events, each as line_of() writes it, sorted.
std::vector<std::string> reference_lines(const rules::RuleSet& rules,
                                         const std::vector<Scripted>& events);
// The same as one text, in the form of Bench::shown().
std::string reference_alerts(const rules::RuleSet& rules, const std::vector<Scripted>& events);

}  // namespace picket::correlator
