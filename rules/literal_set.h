// LiteralSet: is any of these literals in a text, at its place?
//
// An OR list of texts of one column: one pass over the value instead of one for each literal.
// Immutable; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/literal_matcher.h"

namespace picket::rules {

class LiteralSet {
 public:
  enum class Place : std::uint8_t { kAnywhere, kAtBegin, kAtEnd };
  struct Literal {
    Place place = Place::kAnywhere;
    std::string text;  // folded, not empty

    friend auto operator<=>(const Literal&, const Literal&) = default;
  };

  explicit LiteralSet(std::vector<Literal> literals);

  bool matches(std::string_view folded) const;
  const std::vector<Literal>& literals() const { return literals_; }

 private:
  std::vector<Literal> literals_;
  LiteralMatcher matcher_;
};

}  // namespace picket::rules
