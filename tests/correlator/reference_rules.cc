#include "tests/correlator/reference_rules.h"

#include <string>
#include <utility>
#include <vector>

namespace picket::correlator {
namespace {

using rules::Compare;
using rules::CorrelationType;

// The types under the `picket` key.
void add_own(ScriptedRules& rules) {
  const std::vector<std::string> ip = {"source.ip"};
  const std::vector<std::string> user = {"user.name"};
  const auto add = [&](std::vector<std::uint32_t> detections, std::vector<std::string> group_by,
                       std::int64_t seconds) -> rules::Correlation& {
    return rules.correlate(CorrelationType::kEventCount, std::move(detections), std::move(group_by),
                           seconds * kSecond);
  };
  ScriptedRules::miss(add({0, 1}, ip, 20), 1);
  ScriptedRules::miss(add({2, 3}, user, 3), 1);
  auto& each = add({0, 1, 2, 3}, ip, 15);  // two that ask, two that answer
  each.rule.repeat_every = true;
  ScriptedRules::miss(each, 2);
  ScriptedRules::miss(add({1, 1}, {}, 4), 1);  // a heartbeat
  // An absence as what others count, ask and answer.
  const auto first = static_cast<std::uint32_t>(rules.correlations().size()) - 4;
  auto& counted = add({}, ip, 40);
  counted.rule.conditions = {{Compare::kGreaterEqual, 2}};
  ScriptedRules::refer(counted, first);
  auto& unanswered = add({0}, ip, 25);
  ScriptedRules::refer(unanswered, first + 2);
  ScriptedRules::miss(unanswered, 1);
  auto& asked = add({}, user, 10);
  ScriptedRules::refer(asked, first + 1);
  ScriptedRules::refer(asked, first + 1);
  ScriptedRules::miss(asked, 1);
}

void add_seen(ScriptedRules& rules) {
  const auto add = [&](CorrelationType type, std::vector<std::uint32_t> detections,
                       std::vector<std::string> group_by,
                       std::int64_t seconds) -> rules::CorrelationRule& {
    auto& made =
        rules.correlate(type, std::move(detections), std::move(group_by), seconds * kSecond).rule;
    made.conditions = {{Compare::kGreaterEqual, 1}};
    made.repeat_every = true;
    return made;
  };
  add(CorrelationType::kFirstSeen, {0}, {"source.ip"}, 40);
  add(CorrelationType::kFirstSeen, {1, 2}, {}, 25).learn_ns = 30 * kSecond;
  auto& rare = add(CorrelationType::kRare, {0, 1, 2, 3}, {"user.name"}, 60);
  rare.seen_max = 2;
  rare.seen_after = 6;
  auto& once = add(CorrelationType::kRare, {2}, {"source.ip"}, 90);
  once.seen_after = 3;
  once.learn_ns = 20 * kSecond;
}

void add_suppressed(ScriptedRules& rules) {
  const auto add = [&](CorrelationType type, std::vector<std::uint32_t> detections,
                       std::vector<std::string> group_by, std::int64_t seconds,
                       std::int64_t suppressed) -> rules::Correlation& {
    auto& made =
        rules.correlate(type, std::move(detections), std::move(group_by), seconds * kSecond);
    made.rule.conditions = {{Compare::kGreaterEqual, 2}};
    made.rule.suppress_ns = suppressed * kSecond;
    return made;
  };
  add(CorrelationType::kEventCount, {0}, {"source.ip"}, 8, 40);
  add(CorrelationType::kEventCount, {0, 2}, {"source.ip"}, 8, 5).rule.repeat_every = true;
  add(CorrelationType::kEventCount, {1}, {}, 3, 60).rule.conditions = {{Compare::kEqual, 2}};
  ScriptedRules::miss(add(CorrelationType::kEventCount, {0, 1}, {"user.name"}, 10, 30), 1);
  auto& first = add(CorrelationType::kFirstSeen, {3}, {"source.ip"}, 15, 20);
  first.rule.repeat_every = true;
  auto& outer = add(CorrelationType::kEventCount, {}, {"source.ip"}, 50, 25);
  ScriptedRules::refer(outer, static_cast<std::uint32_t>(rules.correlations().size()) - 6);
  rules.raises_[2] = rules.raises_[3] = true;
  rules.suppressions_[2] = {30 * kSecond, {"source.ip", "user.name"}};
  rules.suppressions_[3] = {12 * kSecond, {}};
}

// More of them, over minutes and more groups.
void add_longer(ScriptedRules& rules) {
  const auto add = [&](CorrelationType type, std::vector<std::uint32_t> detections,
                       std::vector<std::string> group_by, std::int64_t seconds,
                       std::vector<std::pair<Compare, double>> conditions) -> rules::Correlation& {
    auto& made =
        rules.correlate(type, std::move(detections), std::move(group_by), seconds * kSecond);
    made.rule.conditions = std::move(conditions);
    return made;
  };
  const std::vector<std::string> ip = {"source.ip"};
  const std::vector<std::string> user = {"user.name"};
  const std::vector<std::string> both = {"source.ip", "user.name"};
  add(CorrelationType::kEventCount, {0}, user, 600, {{Compare::kGreaterEqual, 40}});
  add(CorrelationType::kEventCount, {1}, both, 300, {{Compare::kGreaterEqual, 10}});
  add(CorrelationType::kEventCount, {2, 3}, ip, 900, {{Compare::kGreaterEqual, 90}});
  add(CorrelationType::kValueCount, {0}, user, 600, {{Compare::kGreaterEqual, 12}});
  add(CorrelationType::kValueCount, {3}, ip, 300, {{Compare::kGreaterEqual, 8}});
  add(CorrelationType::kTemporal, {1, 2}, user, 5, {});
  add(CorrelationType::kTemporal, {0, 3}, both, 60, {});
  add(CorrelationType::kTemporalOrdered, {2, 3}, ip, 60, {});
  add(CorrelationType::kValueSum, {2}, ip, 300, {{Compare::kGreater, 120}});
  add(CorrelationType::kValueAvg, {1}, both, 120, {{Compare::kGreater, 6}});
  add(CorrelationType::kValueMedian, {0}, user, 120, {{Compare::kLess, 4}});
  add(CorrelationType::kValuePercentile, {1, 2}, ip, 200, {{Compare::kGreaterEqual, 9}})
      .rule.percentile = 95;
  auto& seen = add(CorrelationType::kFirstSeen, {2}, user, 600, {{Compare::kGreaterEqual, 1}});
  seen.rule.repeat_every = true;
  auto& counted = add(CorrelationType::kEventCount, {}, ip, 600, {{Compare::kGreaterEqual, 3}});
  ScriptedRules::refer(counted, 0);
}

}  // namespace

std::shared_ptr<ScriptedRules> all_types() {
  auto rules = std::make_shared<ScriptedRules>(4);
  const std::vector<std::string> ip = {"source.ip"};
  const std::vector<std::string> both = {"source.ip", "user.name"};
  const auto add = [&](CorrelationType type, std::vector<std::uint32_t> detections,
                       const std::vector<std::string>& group_by, std::int64_t seconds,
                       std::vector<std::pair<Compare, double>> conditions) -> rules::Correlation& {
    auto& made = rules->correlate(type, std::move(detections), group_by, seconds * kSecond);
    made.rule.conditions = std::move(conditions);
    return made;
  };
  add(CorrelationType::kEventCount, {0}, ip, 20, {{Compare::kGreaterEqual, 3}});
  add(CorrelationType::kEventCount, {0, 1}, both, 15, {{Compare::kGreater, 2}});
  add(CorrelationType::kEventCount, {0, 1, 0}, ip, 30, {{Compare::kGreaterEqual, 4}})
      .rule.repeat_every = true;
  add(CorrelationType::kEventCount, {2}, {}, 10,
      {{Compare::kGreaterEqual, 2}, {Compare::kLess, 5}});
  add(CorrelationType::kEventCount, {1}, ip, 10, {{Compare::kEqual, 2}});
  add(CorrelationType::kEventCount, {3}, ip, 10, {{Compare::kNotEqual, 1}});
  add(CorrelationType::kValueCount, {0, 2}, ip, 20, {{Compare::kGreaterEqual, 3}});
  add(CorrelationType::kValueCount, {1}, ip, 20, {{Compare::kLessEqual, 1}});
  add(CorrelationType::kTemporal, {0, 1, 2}, ip, 12, {});
  add(CorrelationType::kTemporal, {0, 1, 2, 3}, ip, 12, {{Compare::kGreaterEqual, 3}});
  add(CorrelationType::kTemporalOrdered, {0, 1, 2}, ip, 25, {});
  add(CorrelationType::kTemporalOrdered, {0, 0}, both, 9, {});
  add(CorrelationType::kTemporalOrdered, {3, 1, 3}, ip, 25, {}).rule.repeat_every = true;
  add(CorrelationType::kValueSum, {0, 1}, ip, 15, {{Compare::kGreater, 12}});
  add(CorrelationType::kValueAvg, {2}, ip, 15, {{Compare::kGreater, 4}});
  add(CorrelationType::kValueMedian, {2, 3}, ip, 25, {{Compare::kLess, 4}});
  add(CorrelationType::kValuePercentile, {3}, ip, 25, {{Compare::kGreaterEqual, 5}})
      .rule.percentile = 90;
  auto& chained = add(CorrelationType::kTemporalOrdered, {}, ip, 30, {});  // 0, then rule 1
  ScriptedRules::refer(chained, 0);
  chained.rule.rules.push_back("rule-1");
  rules::Correlation::Input last;
  last.detection = 1;
  last.reference = 1;
  last.group_by = ip;
  chained.inputs.push_back(last);
  auto& counted = add(CorrelationType::kEventCount, {}, ip, 60, {{Compare::kGreaterEqual, 2}});
  ScriptedRules::refer(counted, 14);
  ScriptedRules::refer(counted, 17);
  add_own(*rules);
  add_seen(*rules);
  add_suppressed(*rules);
  return rules;
}

std::shared_ptr<ScriptedRules> fifty_rules() {
  auto rules = all_types();
  add_longer(*rules);
  return rules;
}

}  // namespace picket::correlator
