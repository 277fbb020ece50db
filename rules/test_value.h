// One test on one value: the meaning of Sigma's modifiers, apart from where values come from.
// Pure functions, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "rules/route.h"

namespace picket::rules {

// Does the test look at folded text? Else at the text as it is.
bool wants_folded(const CompiledTest& test);

// `subject` is the value in the form that the test wants. Not for tests that look at more than one value
// (presence, field references): they answer false. The regex is prepared in `scratch`.
bool passes(const CompiledTest& test, std::string_view subject, HyperscanScratch& scratch);

// Does `value` stand in that relation to the value of another field? Both folded, or both not.
bool refers(RefMode mode, std::string_view value, std::string_view other);

// Does `text` match parts with wildcards, from its first byte to its last? Both folded, or both not.
bool glob_matches(const std::vector<PatternPart>& parts, std::string_view text);

}  // namespace picket::rules
