// LiteralSet: is any of these literals in a text, at its place?
//
// An OR list of texts of one column, as one Hyperscan pure-literal database: one pass over the
// value instead of one for each literal. Immutable; matching needs a HyperscanScratch per thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/regex.h"

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
  LiteralSet(const LiteralSet&) = delete;
  LiteralSet& operator=(const LiteralSet&) = delete;
  ~LiteralSet();

  void prepare(HyperscanScratch& scratch) const { scratch.prepare(database_); }
  bool matches(std::string_view folded, const HyperscanScratch& scratch) const;
  const std::vector<Literal>& literals() const { return literals_; }

 private:
  std::vector<Literal> literals_;
  hs_database* database_ = nullptr;
};

}  // namespace picket::rules
