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
      append(exact_[anchor.text]);
      tails_.add(anchor.text, true);
      return;
    case Anchor::Kind::kBaseName:
      append(base_names_[anchor.text]);
      tails_.add(anchor.text, false);
      return;
    case Anchor::Kind::kSuffix:
      append(rules_of_ending(anchor.text));
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

LiteralIndex::Rules& LiteralIndex::rules_of_ending(const std::string& text) {
  const std::size_t size = std::min(text.size(), kEndingKeyMax);
  std::vector<Ending>& same = endings_[size][text.substr(text.size() - size)];
  for (Ending& ending : same) {
    if (ending.text == text) return ending.rules;
  }
  return same.emplace_back(Ending{.text = text, .rules = {}}).rules;
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
  build_whole_bits();
  for (std::size_t size = 1; size <= kEndingKeyMax; ++size) {
    if (!endings_[size].empty()) ending_sizes_.push_back(size);
  }
}

void LiteralIndex::build_whole_bits() {
  std::size_t count = exact_.size() + base_names_.size();
  for (const auto& endings : endings_) count += endings.size();
  whole_bits_ = WholeBits(count);
  for (const auto& [text, rules] : exact_) whole_bits_.add(text, WholeBits::kWhole);
  for (const auto& [text, rules] : base_names_) whole_bits_.add(text, WholeBits::kName);
  for (const auto& endings : endings_) {
    for (const auto& [tail, same] : endings) whole_bits_.add(tail, WholeBits::kEnding);
  }
}

}  // namespace picket::rules
