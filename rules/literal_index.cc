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
  ascii_ = ascii_ && is_ascii(anchor.text);
  switch (anchor.kind) {
    case Anchor::Kind::kPresent:
      append(present_);
      return;
    case Anchor::Kind::kExact:
      whole_.add(WholeBits::kWhole, anchor.text, rule);
      tails_.add(anchor.text, true);
      return;
    case Anchor::Kind::kBaseName:
      whole_.add(WholeBits::kName, anchor.text, rule);
      tails_.add(anchor.text, false);
      return;
    case Anchor::Kind::kSuffix:
      whole_.add(WholeBits::kEnding, anchor.text, rule);
      tails_.add(anchor.text, false);
      return;
    case Anchor::Kind::kContains:
    case Anchor::Kind::kPrefix:
      break;
  }
  const auto [found, is_new] =
      literal_ids_.try_emplace(anchor.text, static_cast<std::uint32_t>(drafts_.size()));
  if (is_new) drafts_.push_back({.text = anchor.text, .anywhere = {}, .at_begin = {}});
  Draft& literal = drafts_[found->second];
  append(anchor.kind == Anchor::Kind::kContains ? literal.anywhere : literal.at_begin);
}

void LiteralIndex::build() {
  literal_ids_.clear();
  std::vector<std::string_view> texts;
  for (const Draft& draft : drafts_) {
    texts.push_back(draft.text);
    literals_.push_back({.first = static_cast<std::uint32_t>(literal_rules_.size()),
                         .anywhere = static_cast<std::uint32_t>(draft.anywhere.size()),
                         .at_begin = static_cast<std::uint32_t>(draft.at_begin.size())});
    literal_rules_.insert(literal_rules_.end(), draft.anywhere.begin(), draft.anywhere.end());
    literal_rules_.insert(literal_rules_.end(), draft.at_begin.begin(), draft.at_begin.end());
  }
  matcher_ = LiteralMatcher(texts);
  filter_ = LiteralFilter(texts);
  drafts_.clear();
  tails_.build();
  whole_.build();
}

}  // namespace picket::rules
