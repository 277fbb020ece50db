// LiteralFilter: may one of a few literals be in a value, as it stands in the record?
//
// Works on text that is neither unescaped nor folded: each literal is known by up to four of its
// bytes that look the same in any spelling, or else by some of each spelling. Most values hold none
// of them, and are never unescaped. Answers true too often, never too seldom. Immutable; any
// thread.
#pragma once

#include <string_view>
#include <vector>

#include "rules/teddy.h"

namespace picket::rules {

class LiteralFilter {
 public:
  LiteralFilter() = default;  // of no literals: lets nothing pass
  // Folded, not empty. Too many of them let everything pass.
  explicit LiteralFilter(const std::vector<std::string_view>& literals);

  bool passes_all() const { return passes_all_; }
  // `token` is plain (fold.h): a text, or the inside of a JSON string. ASCII, if a literal is not.
  bool may_pass(std::string_view token) const {
    return passes_all_ || teddy_.find(token) != std::string_view::npos;
  }

 private:
  Teddy teddy_;
  bool passes_all_ = false;
};

}  // namespace picket::rules
