#include "rules/foreign_rules.h"

#include <array>
#include <utility>

namespace picket::rules {
namespace {

constexpr std::array kLevels = {Level::kInformational, Level::kLow, Level::kMedium, Level::kHigh,
                                Level::kCritical};

}  // namespace

ForeignRules::ForeignRules(const YaraRules& yara, const IndicatorSet& indicators,
                           std::uint32_t first) {
  for (std::uint32_t i = 0; i < yara.size(); ++i) {
    const RuleIdentity& identity = yara.rule(i).identity;
    add(identity.id, identity.name, {first + i});
  }
  const auto first_indicator = first + static_cast<std::uint32_t>(yara.size());
  for (const std::string& feed : indicators.feeds()) {
    std::vector<std::uint32_t> all;
    std::vector<std::vector<std::uint32_t>> of_level(kLevels.size());
    for (std::uint32_t i = 0; i < indicators.rule_count(); ++i) {
      if (indicators.feed_of(i) != feed) continue;
      all.push_back(first_indicator + i);
      of_level[static_cast<std::size_t>(indicators.identity(i).level)].push_back(all.back());
    }
    const std::string id = std::string(kIndicatorRulePrefix) + feed;
    for (const Level level : kLevels)
      add(id + '.' + std::string(level_name(level)), {},
          std::move(of_level[static_cast<std::size_t>(level)]));
    add(id, {}, std::move(all));
  }
}

void ForeignRules::add(std::string id, std::string name, std::vector<std::uint32_t> rules) {
  by_id_.emplace(id, names_.size());
  if (!name.empty()) by_name_.emplace(name, names_.size());
  names_.push_back({std::move(id), std::move(name)});
  rules_.push_back(std::move(rules));
}

std::span<const std::uint32_t> ForeignRules::of(const std::string& reference) const {
  if (const auto found = by_id_.find(reference); found != by_id_.end())
    return rules_[found->second];
  const auto found = by_name_.find(reference);
  if (found == by_name_.end()) return {};
  return rules_[found->second];
}

}  // namespace picket::rules
