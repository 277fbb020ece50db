#include "rules/literal_set.h"

#include <utility>

namespace picket::rules {
namespace {

LiteralMatcher matcher_of(const std::vector<LiteralSet::Literal>& literals) {
  std::vector<std::string_view> texts;
  for (const LiteralSet::Literal& literal : literals) texts.push_back(literal.text);
  return LiteralMatcher(texts);
}

}  // namespace

LiteralSet::LiteralSet(std::vector<Literal> literals)
    : literals_(std::move(literals)), matcher_(matcher_of(literals_)) {}

bool LiteralSet::matches(std::string_view folded) const {
  return matcher_.scan(folded, [&](std::uint32_t index, std::size_t begin) {
    const Literal& literal = literals_[index];
    switch (literal.place) {
      case Place::kAnywhere:
        return true;
      case Place::kAtBegin:
        return begin == 0;
      case Place::kAtEnd:
        return begin + literal.text.size() == folded.size();
    }
    return false;
  });
}

}  // namespace picket::rules
