// What rules cost, for people and for Prometheus: rows from counts and sampled times.
//
// Times are estimates (one event in 1,024 is timed) but for what the slow lane did, which times
// all. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/world.h"
#include "rules/rule_budget.h"
#include "rules/rule_cost.h"
#include "rules/rule_set.h"

namespace picket::app {

struct RuleCostSnapshot {
  std::shared_ptr<const rules::RuleSet> rules;
  rules::RuleCosts costs;
  std::vector<rules::SlowSample> slow;  // by rule; may be empty
  std::vector<std::uint64_t> pending;   // by rule, in the slow lane; may be empty
  std::uint64_t pending_others = 0;     // of rules that are not loaded any more
  std::uint64_t abandoned = 0;          // pairs whose rule or record was no more
  std::optional<Nanos> oldest;          // receive time of the oldest event that waits
  Nanos since{0};
  Nanos now{0};
};

enum class CostOrder : std::uint8_t { kTime, kWoken, kMatches };
std::optional<CostOrder> cost_order(std::string_view name);  // "time", "woken", "matches"

// As GET /api/v1/rules/cost answers; api/openapi.json describes it. The first `limit` rules that
// were woken at all.
Json rule_cost_json(const RuleCostSnapshot& snapshot, CostOrder order, std::size_t limit);

// The costliest rules only, so that the number of series is bounded.
std::string rule_cost_metrics(const RuleCostSnapshot& snapshot);

// The same JSON as a table.
std::string rule_cost_text(const Json& costs);

}  // namespace picket::app
