// RuleLanes: the engine's side of what rules cost. Keeps the budget, tells evaluation which rules
// are slow, writes what they were woken by into each commit, takes in what the slow lane found, and
// publishes it all for who asks.
//
// The engine's thread only, but for costs(). Everything referred to outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/detection.h"
#include "app/rule_cost_report.h"
#include "app/slow_lane.h"
#include "base/guarded.h"
#include "base/world.h"
#include "rules/evaluation.h"
#include "rules/rule_budget.h"
#include "storage/store.h"

namespace picket::app {

struct LaneOptions {
  rules::BudgetOptions budget;
  std::vector<std::string> slow_rules;  // ids of rules that are slow from the start, and stay so
};

class RuleLanes {
 public:
  RuleLanes(LaneOptions options, storage::Store& store, std::vector<parsers::SourceFormat> formats,
            std::function<bool(SlowResult&)> post);

  void start() { lane_.start(); }
  void stop() { lane_.stop(); }

  // From now on these rules.
  void use(const Detection& detection, rules::Evaluation& evaluation, Nanos now);
  // After each batch: what it left to the slow lane is part of the next commit; rules change lanes.
  void after_batch(const Batch& batch, rules::Evaluation& evaluation);
  // The result belongs to the rules of now: its hits are to be processed, then committed with
  // add(result, commit). Else it has been dropped and will come again.
  bool accepts(const SlowResult& result);
  void add(SlowResult& result, storage::Commit& commit);

  void before_commit(storage::Commit& commit);
  void committed();
  void given_up();  // the commit was thrown away

  // At most once a second: costs() shows what is so far.
  void publish(rules::Evaluation& evaluation, Nanos now);
  // Any thread; never null after use().
  std::shared_ptr<const RuleCostSnapshot> costs() const {
    return costs_.with([](const auto& costs) { return costs; });
  }

 private:
  void count_pending();
  void change_lane(rules::Evaluation& evaluation, std::uint32_t rule, bool slow);

  const LaneOptions options_;
  storage::Store& store_;
  SlowLane lane_;
  rules::RuleBudget budget_;
  std::shared_ptr<const rules::RuleSet> rules_;
  std::vector<bool> pinned_;  // by rule: slow whatever it costs
  std::uint64_t epoch_ = 0;
  Nanos since_{0};
  SlowEntry entry_;                     // of the commit that is being made
  std::optional<SlowResult> result_;    // in the commit that is being made
  std::vector<std::uint64_t> pending_;  // by rule, committed
  std::uint64_t pending_others_ = 0;    // of rules that are no more
  std::uint64_t abandoned_ = 0;
  bool recount_ = true;
  std::vector<rules::SlowSample> slow_;
  Guarded<std::shared_ptr<const RuleCostSnapshot>> costs_;
};

}  // namespace picket::app
