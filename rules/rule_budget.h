// RuleBudget: which rules cost so much that they go to the slow lane, and when they may come back.
//
// Looks at windows of sampled events. A rule is over its budget in a window when it takes more than
// `percent` of all evaluation and more than `floor_ns` of an average event; or when a tenth of its
// evaluations took longer than `us_per_kb` allows. Of each rule the longest evaluation of a window
// is left out, because the system may have taken the processor away just then. One window over the
// budget sends it to the slow lane; four calm windows (under half of it) bring it back. Decides by
// counts and times that it is given; has no clock. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/rule_cost.h"

namespace picket::rules {

struct BudgetOptions {
  double percent = 5;              // of all evaluation; 0: no rule is ever slow
  std::uint64_t floor_ns = 2'000;  // of an average event: who costs less is never slow
  std::uint64_t us_per_kb = 50;    // for one evaluation
};

// What the slow lane has measured of a rule, all its evaluations.
struct SlowSample {
  std::uint64_t evaluations = 0;
  std::uint64_t ns = 0;
  std::uint64_t over = 0;
};

class RuleBudget {
 public:
  explicit RuleBudget(BudgetOptions options) : options_(options) {}

  // Forgets everything: another rule set.
  void begin(std::size_t rules);
  // Is there enough to look at? Cheap; for after every batch.
  bool window_ended(const RuleCosts& costs) const;
  // Ends the window: answers the rules whose `slow` should be the other way round. `slow` is
  // indexed by rule as costs.counts, all since the start.
  std::vector<std::uint32_t> decide(const RuleCosts& costs, const std::vector<SlowSample>& slow);

  const BudgetOptions& options() const { return options_; }

 private:
  struct Past {
    std::uint64_t woken = 0;
    RuleSample sample;
    SlowSample slow;
    std::uint32_t calm = 0;  // windows one after the other
  };
  struct Window {
    double events = 0;
    double sampled = 0;
    double sampled_ns = 0;
  };
  bool exceeds(const Window& window, const RuleSample& now, const Past& past) const;
  bool is_calm(const Window& window, std::uint64_t woken, const SlowSample& now,
               const Past& past) const;

  BudgetOptions options_;
  std::uint64_t events_ = 0;
  std::uint64_t sampled_events_ = 0;
  std::uint64_t sampled_ns_ = 0;
  std::vector<Past> past_;
};

}  // namespace picket::rules
