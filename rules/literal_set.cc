#include "rules/literal_set.h"

#include <algorithm>
#include <span>
#include <utility>

namespace picket::rules {
namespace {

std::vector<std::string_view> texts_of(std::span<const LiteralSet::Literal> literals) {
  std::vector<std::string_view> texts;
  for (const LiteralSet::Literal& literal : literals) texts.push_back(literal.text);
  return texts;
}

}  // namespace

LiteralSet::LiteralSet(std::vector<Literal> literals) : literals_(std::move(literals)) {
  const auto ending =
      std::stable_partition(literals_.begin(), literals_.end(),
                            [](const Literal& literal) { return literal.place != Place::kAtEnd; });
  first_ending_ = static_cast<std::size_t>(ending - literals_.begin());
  const std::span<const Literal> all(literals_);
  matcher_ = LiteralMatcher(texts_of(all.first(first_ending_)));
  tails_ = TailBits(texts_of(all.subspan(first_ending_)), false);
}

bool LiteralSet::ends_as_one(std::string_view folded) const {
  if (!tails_.may_have(folded)) return false;
  return std::any_of(literals_.begin() + static_cast<std::ptrdiff_t>(first_ending_),
                     literals_.end(),
                     [&](const Literal& literal) { return folded.ends_with(literal.text); });
}

bool LiteralSet::matches(std::string_view folded) const {
  if (first_ending_ < literals_.size() && ends_as_one(folded)) return true;
  return matcher_.scan(folded, [&](std::uint32_t index, std::size_t begin) {
    return literals_[index].place == Place::kAnywhere || begin == 0;
  });
}

}  // namespace picket::rules
