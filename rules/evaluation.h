// Evaluation: one thread's scratch memory, and the walk over a route's rules for one event.
//
// Wakes the rules whose anchors are in the event, then evaluates only those.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "rules/indicators/memo.h"
#include "rules/payload.h"
#include "rules/kind_order.h"
#include "rules/regex.h"
#include "rules/route.h"
#include "rules/rule_cost.h"
#include "rules/rule_set.h"
#include "rules/values.h"
#include "rules/yara.h"

namespace picket::rules {

struct EvaluationCounters {
  std::uint64_t events = 0;
  std::uint64_t woken = 0;
  std::uint64_t hits = 0;
  PayloadCounters payloads;
};

class Evaluation {
 public:
  // Without a scanner no payload is looked at.
  // `rules`: how many the rule set has; 0 for who only asks holds().
  explicit Evaluation(std::optional<YaraScanner> scanner, std::size_t rules = 0)
      : scanner_(std::move(scanner)) {
    costs_.counts.resize(rules);
    costs_.samples.resize(rules);
  }

  // Appends the rules of `route` that are true on `event`, by rule index.
  void evaluate(Batch& batch, const Event& event, const Route& route,
                std::vector<std::uint32_t>& rules);

  // The YARA rules that match a payload of the event.
  std::vector<std::uint32_t> scan_payloads(Batch& batch, const Event& event, const Route& route,
                                           const PayloadFields& fields);

  // Is the node true on the event loaded last?
  bool holds(const Route& route, std::uint32_t node);
  // The same for a rule, with its time in costs(); `bytes` of the record.
  bool holds_timed(const Route& route, const RouteRule& rule, std::size_t bytes);
  bool test_holds(const CompiledTest& test);
  bool value_passes(const CompiledTest& test, std::uint32_t value);
  bool surely_shorter(std::uint32_t value, std::size_t size) const;
  void load(Batch& batch, const Event& event, const Route& route);

  EventValues& values() { return values_; }
  // Scratch of RuleSet::evaluate(): events by kind, and the rules true on one event.
  KindOrder& order() { return order_; }
  std::vector<std::uint32_t>& rules() { return rules_; }
  IndicatorMemo& indicator_memo() { return indicator_memo_; }
  const EvaluationCounters& counters() const { return counters_; }

  // What rules cost, from the start on. Without accounting (for measuring it) nothing is counted,
  // timed or put aside.
  RuleCosts& costs() {
    costs_.events = counters_.events;
    return costs_;
  }
  void account_costs(bool on) { accounting_ = on; }
  // How many events one is timed of, from now on; at the start kSampleEvery. Before the first
  // event.
  void sample_every(std::uint32_t events) {
    sampler_ = EventSampler(events);
    costs_.sample_every = events;
  }
  // A sampled evaluation that takes longer than this is over the limit; each started KB counts.
  void limit_evaluation(std::uint64_t ns_per_kb) { ns_per_kb_ = ns_per_kb; }
  // Slow rules are not evaluated when they are woken: (event, rule) goes here, until somebody
  // clears it.
  void put_in_slow_lane(std::uint32_t rule, bool slow) { costs_.counts[rule].slow = slow; }
  std::vector<Hit>& put_aside() { return put_aside_; }

 private:
  template <bool kAccount>
  void evaluate_woken(Batch& batch, const Event& event, const Route& route,
                      std::vector<std::uint32_t>& rules);
  void evaluate_timed(Batch& batch, const Event& event, const Route& route,
                      std::vector<std::uint32_t>& rules);
  void enter(const Route& route);
  void wake(Batch& batch, const Event& event, const Route& route);
  // `plain`: the event is (is_plain() in fold.h).
  void wake_by_value(const LiteralIndex& index, const Field& value, bool plain);
  void wake_by_keywords(Batch& batch, const Event& event, const Route& route);
  void wake_by(std::uint32_t id) {
    const std::uint32_t index = WakeId::index(id);
    switch (WakeId::kind(id)) {
      case WakeId::kRule:
        wake_rule(index);
        break;
      case WakeId::kFlag:
        flags_[index] = stamp_;
        break;
      case WakeId::kPair:
        if (pairs_[index] == stamp_) break;
        pairs_[index] = stamp_;
        half_awake_.push_back(index);
        break;
    }
  }
  void wake_rule(std::uint32_t rule) {
    if (stamps_[rule] == stamp_) return;
    stamps_[rule] = stamp_;
    woken_.push_back(rule);
  }

  std::optional<YaraScanner> scanner_;
  EventValues values_;
  HyperscanScratch scratch_;
  std::unordered_set<const Route*> prepared_;  // those seen
  const Route* last_route_ = nullptr;
  // Of any route: the event that woke it last
  std::vector<std::uint32_t> stamps_;  // by rule
  std::vector<std::uint32_t> flags_;   // by flag
  std::vector<std::uint32_t> pairs_;   // by pair
  std::vector<std::uint32_t> half_awake_;  // pairs: their flags decide
  std::vector<std::uint32_t> woken_;
  std::vector<char> folded_;  // of one value
  std::uint32_t stamp_ = 0;
  KindOrder order_;
  std::vector<std::uint32_t> rules_;
  IndicatorMemo indicator_memo_;
  EvaluationCounters counters_;
  RuleCosts costs_;
  EventSampler sampler_;
  bool accounting_ = true;
  bool timing_ = false;  // the event is a sampled one
  std::uint64_t ns_per_kb_ = UINT64_MAX;
  std::vector<Hit> put_aside_;
};

}  // namespace picket::rules
