// Checks a regular expression of a rule before it is accepted: can Hyperscan run it, or at least
// PCRE2? Any thread.
#pragma once

#include <string>

#include "rules/rule.h"

namespace picket::rules {

enum class RegexEngine { kHyperscan, kPcre2, kNone };

struct RegexCheck {
  RegexEngine engine = RegexEngine::kNone;
  std::string reason;  // kNone: why
};

// `test` is of Op::kRegex. kPcre2 means look-around or back references: PCRE2 confirms such tests,
// with match limits. Refused is what no engine reads, what is too large, and what would backtrack
// without end.
RegexCheck check_regex(const Test& test);

}  // namespace picket::rules
