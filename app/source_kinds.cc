#include "app/source_kinds.h"

#include <algorithm>
#include <utility>

namespace picket::app {

void SourceKinds::note(const Batch& batch) {
  for (std::size_t i = 0; i < batch.events().size(); ++i) {
    const auto at = static_cast<std::size_t>(batch.records()[i].source);
    const KindId kind = batch.events()[i].kind;
    if (at >= sources_.size()) sources_.resize(at + 1);
    Source& source = sources_[at];
    if (std::exchange(source.last, kind) == kind) continue;
    const auto index = static_cast<std::size_t>(kind);
    if (index >= source.kinds.size()) source.kinds.resize(index + 1);
    source.kinds[index] = true;
  }
}

std::vector<std::uint32_t> SourceKinds::blind(std::size_t source, const std::vector<bool>& silent,
                                              const rules::RuleSet& rules) const {
  std::vector<bool> asks(rules.rule_count(), false);
  std::vector<bool> sees(rules.rule_count(), false);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (i != source && i < silent.size() && silent[i]) continue;
    std::vector<bool>& marked = i == source ? asks : sees;
    for (std::size_t kind = 1; kind < sources_[i].kinds.size(); ++kind) {
      if (!sources_[i].kinds[kind]) continue;
      for (const std::uint32_t rule : rules.rules_of(static_cast<KindId>(kind))) marked[rule] = true;
    }
  }
  std::vector<std::uint32_t> blind;
  for (std::uint32_t rule = 0; rule < asks.size(); ++rule) {
    if (asks[rule] && !sees[rule]) blind.push_back(rule);
  }
  return blind;
}

}  // namespace picket::app
