#include "rules/rule_budget.h"

#include <algorithm>

namespace picket::rules {
namespace {

// A window ends with so many sampled events; or with a few, when those took so long that waiting
// for more would let ingest suffer for seconds.
constexpr std::uint64_t kWindowSamples = 64;
constexpr std::uint64_t kWindowSamplesMin = 4;
constexpr std::uint64_t kWindowNs = 4'000'000;
constexpr std::uint64_t kOverMin = 3;
constexpr std::uint32_t kCalmWindows = 4;

}  // namespace

void RuleBudget::begin(std::size_t rules) {
  events_ = sampled_events_ = sampled_ns_ = 0;
  past_.assign(rules, {});
}

bool RuleBudget::window_ended(const RuleCosts& costs) const {
  if (options_.percent <= 0) return false;
  const std::uint64_t sampled = costs.sampled_events - sampled_events_;
  return sampled >= kWindowSamples ||
         (sampled >= kWindowSamplesMin && costs.sampled_ns - sampled_ns_ >= kWindowNs);
}

bool RuleBudget::exceeds(const Window& window, const RuleSample& now, const Past& past) const {
  const std::uint64_t evaluations = now.evaluations - past.sample.evaluations;
  const std::uint64_t over = now.over - past.sample.over;
  if (over >= kOverMin && over * 10 >= evaluations) return true;
  const std::uint64_t spent = now.ns - past.sample.ns;
  const auto ns = static_cast<double>(spent - std::min(spent, now.largest_ns));
  return ns * 100 > options_.percent * window.sampled_ns &&
         ns > static_cast<double>(options_.floor_ns) * window.sampled;
}

bool RuleBudget::is_calm(const Window& window, std::uint64_t woken, const SlowSample& now,
                         const Past& past) const {
  const auto evaluations = static_cast<double>(now.evaluations - past.slow.evaluations);
  if (woken == past.woken) return true;  // nothing asks for it
  if (evaluations == 0 || now.over != past.slow.over) return false;
  const double each = static_cast<double>(now.ns - past.slow.ns) / evaluations;
  const double an_event = each * static_cast<double>(woken - past.woken) / window.events;
  const double all = window.sampled_ns / window.sampled + an_event;
  return an_event * 2 < static_cast<double>(options_.floor_ns) ||
         an_event * 200 < options_.percent * all;
}

std::vector<std::uint32_t> RuleBudget::decide(const RuleCosts& costs,
                                              const std::vector<SlowSample>& slow) {
  const Window window = {
      .events = static_cast<double>(std::max<std::uint64_t>(costs.events - events_, 1)),
      .sampled =
          static_cast<double>(std::max<std::uint64_t>(costs.sampled_events - sampled_events_, 1)),
      .sampled_ns = static_cast<double>(costs.sampled_ns - sampled_ns_)};
  std::vector<std::uint32_t> changed;
  for (std::uint32_t rule = 0; rule < past_.size(); ++rule) {
    Past& past = past_[rule];
    const RuleCount& count = costs.counts[rule];
    if (!count.slow) {
      if (exceeds(window, costs.samples[rule], past)) changed.push_back(rule);
      past.calm = 0;
    } else {
      past.calm = is_calm(window, count.woken, slow[rule], past) ? past.calm + 1 : 0;
      if (past.calm >= kCalmWindows) changed.push_back(rule);
    }
    past.woken = count.woken;
    past.sample = costs.samples[rule];
    past.slow = slow[rule];
  }
  events_ = costs.events;
  sampled_events_ = costs.sampled_events;
  sampled_ns_ = costs.sampled_ns;
  return changed;
}

}  // namespace picket::rules
