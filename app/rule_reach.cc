#include "app/rule_reach.h"

#include <algorithm>
#include <vector>

#include "correlator/codec.h"

namespace picket::app {
namespace {

constexpr int kDepthMax = 64;  // of correlations over correlations; the compiler refuses circles

std::int64_t twice(std::int64_t span_ns) {
  return correlator::add_ns(span_ns, span_ns);
}

// Fires where its condition is true and was not at the evaluation before, at most a timespan ago:
// that one has a window of its own.
std::int64_t own_reach_ns(const rules::CorrelationRule& rule) {
  const std::int64_t window_ns = correlator::add_ns(twice(rule.timespan_ns), rule.learn_ns);
  return correlator::add_ns(window_ns, twice(rule.suppress_ns));
}

// Each correlation is looked at once, however many others count it.
class Reaches {
 public:
  explicit Reaches(const rules::RuleSet& rules)
      : rules_(rules), known_(rules.correlations().size(), kUnknown) {}

  std::int64_t of(std::size_t index, int depth = 0) {
    if (known_[index] != kUnknown) return known_[index];
    const rules::Correlation& correlation = rules_.correlations()[index];
    std::int64_t below_ns = 0;
    for (const rules::Correlation::Input& input : correlation.inputs) {
      const auto inner = static_cast<std::size_t>(input.correlation);
      if (input.correlation < 0 || inner >= known_.size() || depth >= kDepthMax) continue;
      below_ns = std::max(below_ns, of(inner, depth + 1));
    }
    return known_[index] = correlator::add_ns(own_reach_ns(correlation.rule), below_ns);
  }

 private:
  static constexpr std::int64_t kUnknown = -1;
  const rules::RuleSet& rules_;
  std::vector<std::int64_t> known_;  // by correlation
};

}  // namespace

std::int64_t reach_back_ns(const rules::RuleSet& rules) {
  std::int64_t reach_ns = 0;
  Reaches reaches(rules);
  for (std::size_t i = 0; i < rules.correlations().size(); ++i)
    reach_ns = std::max(reach_ns, reaches.of(i));
  for (std::uint32_t rule = 0; rule < rules.rule_count(); ++rule)
    reach_ns = std::max(reach_ns, twice(rules.suppression(rule).for_ns));
  return reach_ns;
}

}  // namespace picket::app
