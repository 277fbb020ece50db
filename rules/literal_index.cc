#include "rules/literal_index.h"

#include "base/hash.h"

namespace picket::rules {

std::size_t StringHash::operator()(std::string_view text) const {
  return hash64(text);
}

void LiteralIndex::add(const Anchor& anchor, std::uint32_t rule) {
  const auto append = [rule](Rules& rules) {
    if (rules.empty() || rules.back() != rule) rules.push_back(rule);
  };
  empty_ = false;
  if (anchor.kind != Anchor::Kind::kPresent) wants_text_ = true;
  switch (anchor.kind) {
    case Anchor::Kind::kPresent:
      append(present_);
      return;
    case Anchor::Kind::kExact:
      append(exact_[anchor.text]);
      return;
    case Anchor::Kind::kBaseName:
      append(base_names_[anchor.text]);
      return;
    default:
      break;
  }
  const auto [found, is_new] =
      literal_ids_.try_emplace(anchor.text, static_cast<std::uint32_t>(literals_.size()));
  if (is_new)
    literals_.push_back({.text = anchor.text, .anywhere = {}, .at_begin = {}, .at_end = {}});
  Literal& literal = literals_[found->second];
  append(anchor.kind == Anchor::Kind::kContains ? literal.anywhere
         : anchor.kind == Anchor::Kind::kPrefix ? literal.at_begin
                                                : literal.at_end);
}

void LiteralIndex::build() {
  literal_ids_.clear();
  std::vector<std::string_view> texts;
  for (const Literal& literal : literals_) texts.push_back(literal.text);
  matcher_ = LiteralMatcher(texts);
}

}  // namespace picket::rules
