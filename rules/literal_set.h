// LiteralSet: is any of these literals in a text, at its place?
//
// An OR list of texts of one column: one pass over the value instead of one for each literal, and
// of endings not even that. Immutable; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/literal_matcher.h"
#include "rules/tail_bits.h"

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
  bool ends_as_one(std::string_view folded) const;

  std::vector<Literal> literals_;  // endings behind the others
  std::size_t first_ending_ = 0;   // literals_[first_ending_, ...) are endings
  TailBits tails_;                 // of them
  std::vector<std::uint64_t> ending_tails_;
  LiteralMatcher matcher_;  // of the others
};

}  // namespace picket::rules
