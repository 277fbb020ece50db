// The condition of a Sigma rule: "selection and not 1 of filter_*". Sigma specification 2.1,
// "Condition". Precedence, least binding first: or, and, not, "1 of", brackets. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "rules/refusal.h"
#include "rules/sigma_detection.h"

namespace picket::rules {

// Copies selections into a tree and marks them used. `line` is where the condition stands. Refused:
// bad grammar, a selection that does not exist (naming the nearest), the old "| count()" form.
Parsed<Node> parse_condition(std::string_view text, int line, std::vector<Selection>& selections,
                             Building& building);

}  // namespace picket::rules
