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
  for (const Literal& literal : all.subspan(first_ending_))
    ending_tails_.push_back(tails_.tail(literal.text));
}

bool LiteralSet::ends_as_one(std::string_view folded) const {
  if (first_ending_ == literals_.size() || !tails_.may_have(folded)) return false;
  const std::uint64_t tail = tails_.tail(folded);
  for (std::size_t i = 0; i < ending_tails_.size(); ++i) {
    if (ending_tails_[i] == tail && folded.ends_with(literals_[first_ending_ + i].text))
      return true;
  }
  return false;
}

bool LiteralSet::matches(std::string_view folded) const {
  if (ends_as_one(folded)) return true;
  return matcher_.scan(folded, [&](std::uint32_t index, std::size_t begin) {
    return literals_[index].place == Place::kAnywhere || begin == 0;
  });
}

}  // namespace picket::rules
