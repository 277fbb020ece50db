// Explaining a hit: which tests of a rule were true on an event, and where in the value.
//
// Cold path: works for hits only, so that evaluation pays nothing for it.
#pragma once

#include <vector>

#include "event/event.h"
#include "rules/route.h"
#include "rules/rule.h"

namespace picket::rules {

// One Match for each true test that made the rule true, outermost first; empty if the rule is not
// true. `leaves` are the rule's for the kind of the event.
std::vector<Match> explain_rule(const DetectionRule& rule, const RuleLeaves& leaves,
                                const Taxonomy& taxonomy, Batch& batch, const Event& event);

}  // namespace picket::rules
