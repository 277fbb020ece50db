#include "app/rule_cost_report.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "app/prometheus.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"

namespace picket::app {
namespace {

constexpr std::size_t kMetricRulesMax = 20;
constexpr std::size_t kWakingMax = 10;
constexpr std::size_t kNameColumns = 60;

double estimated_seconds(const RuleCostSnapshot& snapshot, std::uint64_t sampled_ns) {
  return static_cast<double>(sampled_ns) * snapshot.costs.sample_every / 1e9;
}

double slow_seconds(const RuleCostSnapshot& snapshot, std::uint32_t rule) {
  return rule < snapshot.slow.size() ? static_cast<double>(snapshot.slow[rule].ns) / 1e9 : 0;
}

double seconds_of(const RuleCostSnapshot& snapshot, std::uint32_t rule) {
  return estimated_seconds(snapshot, snapshot.costs.samples[rule].ns) +
         slow_seconds(snapshot, rule);
}

std::uint64_t pending_of(const RuleCostSnapshot& snapshot, std::uint32_t rule) {
  return rule < snapshot.pending.size() ? snapshot.pending[rule] : 0;
}

double lag_seconds(const RuleCostSnapshot& snapshot) {
  if (!snapshot.oldest) return 0;
  return std::max(0.0, std::chrono::duration<double>(snapshot.now - *snapshot.oldest).count());
}

// Rules that cost anything, dearest first; equal ones in the order of the rule set.
std::vector<std::uint32_t> ordered(const RuleCostSnapshot& snapshot, CostOrder order,
                                   std::size_t limit) {
  const auto& counts = snapshot.costs.counts;
  std::vector<std::uint32_t> rules;
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    if (counts[i].woken > 0 || counts[i].slow || pending_of(snapshot, i) > 0) rules.push_back(i);
  }
  const auto value = [&](std::uint32_t rule) {
    switch (order) {
      case CostOrder::kTime:
        return seconds_of(snapshot, rule);
      case CostOrder::kWoken:
        return static_cast<double>(counts[rule].woken);
      case CostOrder::kMatches:
        return static_cast<double>(counts[rule].matched);
    }
    return 0.0;
  };
  std::stable_sort(rules.begin(), rules.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (value(a) != value(b)) return value(a) > value(b);
    return counts[a].woken > counts[b].woken;
  });
  if (rules.size() > limit) rules.resize(limit);
  return rules;
}

double all_seconds(const RuleCostSnapshot& snapshot) {
  double seconds = estimated_seconds(snapshot, snapshot.costs.sampled_ns);
  for (std::uint32_t i = 0; i < snapshot.slow.size(); ++i) seconds += slow_seconds(snapshot, i);
  return seconds;
}

Json row_of(const RuleCostSnapshot& snapshot, std::uint32_t rule, double all) {
  const rules::RuleCount& count = snapshot.costs.counts[rule];
  const RuleIdentity& identity = snapshot.rules->identity(rule);
  const double seconds = seconds_of(snapshot, rule);
  const auto events = static_cast<double>(std::max<std::uint64_t>(snapshot.costs.events, 1));
  const std::uint64_t pending = pending_of(snapshot, rule);
  return {{"id", identity.id},
          {"name", identity.name},
          {"path", identity.path},
          {"level", level_name(identity.level)},
          {"woken", count.woken},
          {"woken_per_1000", static_cast<double>(count.woken) * 1000 / events},
          {"matched", count.matched},
          {"samples", snapshot.costs.samples[rule].evaluations},
          {"seconds", seconds},
          {"ns_per_event", seconds * 1e9 / events},
          {"share", all > 0 ? seconds / all : 0.0},
          {"lane", count.slow ? "slow" : "fast"},
          {"pending", pending},
          {"lag_seconds", pending > 0 ? lag_seconds(snapshot) : 0.0}};
}

Json waking_of(const RuleCostSnapshot& snapshot) {
  std::vector<std::pair<KindId, rules::WakingSample>> kinds(snapshot.costs.waking.begin(),
                                                            snapshot.costs.waking.end());
  std::sort(kinds.begin(), kinds.end(),
            [](const auto& a, const auto& b) { return a.second.ns > b.second.ns; });
  if (kinds.size() > kWakingMax) kinds.resize(kWakingMax);
  Json json = Json::array();
  for (const auto& [id, sample] : kinds) {
    const EventKind& kind = kind_of(id);
    Json one = {{"dataset", kind.dataset},
                {"seconds", estimated_seconds(snapshot, sample.ns)},
                {"samples", sample.events}};
    if (kind.code >= 0) one["code"] = kind.code;
    json.push_back(std::move(one));
  }
  return json;
}

std::uint64_t pending_in_all(const RuleCostSnapshot& snapshot) {
  return std::accumulate(snapshot.pending.begin(), snapshot.pending.end(), snapshot.pending_others);
}

std::size_t slow_rules(const RuleCostSnapshot& snapshot) {
  const auto& counts = snapshot.costs.counts;
  return static_cast<std::size_t>(std::count_if(
      counts.begin(), counts.end(), [](const rules::RuleCount& count) { return count.slow; }));
}

std::string number(double value, int digits) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace

std::optional<CostOrder> cost_order(std::string_view name) {
  if (name == "time") return CostOrder::kTime;
  if (name == "woken") return CostOrder::kWoken;
  if (name == "matches") return CostOrder::kMatches;
  return std::nullopt;
}

Json rule_cost_json(const RuleCostSnapshot& snapshot, CostOrder order, std::size_t limit) {
  const double all = all_seconds(snapshot);
  Json json = {{"rules", snapshot.rules->hash()},
               {"since", format_time(snapshot.since.count())},
               {"until", format_time(snapshot.now.count())},
               {"events", snapshot.costs.events},
               {"sample_every", snapshot.costs.sample_every},
               {"sampled_events", snapshot.costs.sampled_events},
               {"evaluation_seconds", all},
               {"waking_seconds", estimated_seconds(snapshot, snapshot.costs.waking_ns)},
               {"payload_seconds", estimated_seconds(snapshot, snapshot.costs.payload_ns)},
               {"slow_lane",
                {{"rules", slow_rules(snapshot)},
                 {"pending", pending_in_all(snapshot)},
                 {"lag_seconds", lag_seconds(snapshot)},
                 {"abandoned", snapshot.abandoned}}},
               {"waking", waking_of(snapshot)},
               {"items", Json::array()}};
  for (const std::uint32_t rule : ordered(snapshot, order, limit))
    json["items"].push_back(row_of(snapshot, rule, all));
  return json;
}

std::string rule_cost_metrics(const RuleCostSnapshot& snapshot) {
  std::string seconds = type_line("picket_rule_eval_seconds_total", "counter");
  std::string woken = type_line("picket_rule_woken_total", "counter");
  for (const std::uint32_t rule : ordered(snapshot, CostOrder::kTime, kMetricRulesMax)) {
    const std::string labels = "rule=\"" + label(snapshot.rules->identity(rule).id) + "\"";
    seconds += sample("picket_rule_eval_seconds_total", labels, seconds_of(snapshot, rule));
    woken += sample("picket_rule_woken_total", labels,
                    static_cast<double>(snapshot.costs.counts[rule].woken));
  }
  return seconds + woken + type_line("picket_slow_lane_rules", "gauge") +
         sample("picket_slow_lane_rules", "", static_cast<double>(slow_rules(snapshot))) +
         type_line("picket_slow_lane_pending", "gauge") +
         sample("picket_slow_lane_pending", "", static_cast<double>(pending_in_all(snapshot))) +
         type_line("picket_slow_lane_lag_seconds", "gauge") +
         sample("picket_slow_lane_lag_seconds", "", lag_seconds(snapshot));
}

std::string rule_cost_text(const Json& costs) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : costs.value("items", Json::array())) {
    const std::uint64_t pending = row.value("pending", 0ULL);
    rows.push_back(
        {number(row.value("share", 0.0) * 100, 1) + " %", number(row.value("ns_per_event", 0.0), 0),
         number(row.value("woken_per_1000", 0.0), 2), std::to_string(row.value("matched", 0ULL)),
         word("lane", row.value("lane", "fast")),
         pending > 0
             ? std::to_string(pending) + " / " + number(row.value("lag_seconds", 0.0), 0) + " s"
             : "-",
         visible(row.value("name", ""), kNameColumns)});
  }
  const Json slow = costs.value("slow_lane", Json::object());
  std::string text =
      say("top.head", {{"events", costs.value("events", 0ULL)},
                       {"sampled", costs.value("sampled_events", 0ULL)},
                       {"seconds", number(costs.value("evaluation_seconds", 0.0), 2)},
                       {"waking", number(costs.value("waking_seconds", 0.0), 2)}}) +
      "\n";
  text += say("top.slow", {{"rules", slow.value("rules", 0ULL)},
                           {"pending", slow.value("pending", 0ULL)},
                           {"lag", number(slow.value("lag_seconds", 0.0), 0)}}) +
          "\n\n";
  if (rows.empty()) return text + say("empty.top") + "\n";
  return text +
         table({say("column.share"), say("column.ns_per_event"), say("column.woken"),
                say("column.matched"), say("column.lane"), say("column.lag"), say("column.rule")},
               rows);
}

}  // namespace picket::app
