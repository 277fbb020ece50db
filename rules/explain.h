// Explaining a hit: which tests of a rule were true on an event, and where in the value.
//
// Cold path: works for hits only, so that evaluation pays nothing for it.
#pragma once

#include <vector>

#include "event/event.h"
#include "rules/route.h"
#include "rules/rule.h"

namespace picket::rules {

// One Match for each true test that made the rule true, outermost first; empty if the rule is not true.
std::vector<Match> explain_rule(const DetectionRule& rule, const Taxonomy& taxonomy, RegexCache& regexes,
                                Batch& batch, const Event& event);

}  // namespace picket::rules
