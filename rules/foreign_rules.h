// ForeignRules: the rules that are not Sigma's, by the names that a correlation may call them.
//
// A YARA rule by its id or its name; a feed of indicators as `indicators.NAME`, which is all of its
// rules, or one level of it as `indicators.NAME.high`. A feed that is configured may be named
// though it holds nothing now. Immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/indicators/set.h"
#include "rules/sigma_collection.h"
#include "rules/yara.h"

namespace picket::rules {

class ForeignRules {
 public:
  // YARA rules are numbered from `first` on, those of indicators behind them.
  ForeignRules(const YaraRules& yara, const IndicatorSet& indicators, std::uint32_t first);

  const ForeignNames& names() const { return names_; }
  // By id, else by name; empty for what is none of them.
  std::span<const std::uint32_t> of(const std::string& reference) const;

 private:
  void add(std::string id, std::string name, std::vector<std::uint32_t> rules);

  ForeignNames names_;
  std::vector<std::vector<std::uint32_t>> rules_;  // by place in names_
  std::unordered_map<std::string, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace picket::rules
