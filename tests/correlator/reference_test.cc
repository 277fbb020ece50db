// The engine against the reference: the same alerts for every order of arrival inside the lateness,
// with duplicates, restarts at any point, and whatever fits into memory.
#include "tests/correlator/reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace picket::correlator {
namespace {

using rules::Compare;
using rules::CorrelationType;
using Random = std::mt19937_64;

std::int64_t pick(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

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

// Several rules of each type, at once and at the watermark, and correlations over correlations.
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

std::vector<Scripted> make_events(Random& random, std::size_t count, std::int64_t seconds) {
  std::vector<Scripted> events;
  std::uint64_t seqs[3] = {0, 0, 0};
  for (std::size_t i = 0; i < count; ++i) {
    Scripted event;
    event.time_ns = pick(random, 0, seconds) * kSecond;  // whole seconds: many ties
    event.source = static_cast<std::uint32_t>(pick(random, 0, 2));
    event.seq = seqs[event.source]++;
    for (std::uint32_t rule = 0; rule < 4; ++rule) {
      if (pick(random, 0, 2) == 0) event.rules.push_back(rule);
    }
    if (pick(random, 0, 15) != 0)
      event.fields["source.ip"] = "192.0.2." + std::to_string(pick(random, 1, 3));
    if (pick(random, 0, 5) != 0)
      event.fields["user.name"] = pick(random, 0, 1) == 0 ? "ann" : "bob";
    if (pick(random, 0, 5) != 0)
      event.fields["value"] =
          std::to_string(pick(random, 1, 9)) + (pick(random, 0, 3) == 0 ? ".25" : "");
    events.push_back(std::move(event));
  }
  return events;
}

// Each event comes up to `delay` after its time; one in ten comes again.
std::vector<std::pair<std::int64_t, Scripted>> arrivals(Random& random,
                                                        const std::vector<Scripted>& events,
                                                        std::int64_t delay_ns) {
  std::vector<std::pair<std::int64_t, Scripted>> order;
  for (const Scripted& event : events) {
    order.emplace_back(event.time_ns + pick(random, 0, delay_ns), event);
    if (pick(random, 0, 9) == 0)
      order.emplace_back(event.time_ns + pick(random, 0, delay_ns), event);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return order;
}

std::string run(Random& random, const std::shared_ptr<ScriptedRules>& rules,
                const std::vector<Scripted>& events, Options options) {
  const std::int64_t delay_ns = pick(random, 0, 2) * 20 * kSecond;
  options.lateness_ns = delay_ns == 0 ? 0 : delay_ns - pick(random, 0, 1) * 7 * kSecond;
  Bench bench(rules, options);
  std::vector<Scripted> batch;
  for (const auto& [arrival_ns, event] : arrivals(random, events, delay_ns)) {
    if (pick(random, 0, 7) == 0) {
      bench.process(std::exchange(batch, {}));
      if (pick(random, 0, 2) == 0) bench.tick(arrival_ns - delay_ns + options.lateness_ns);
      if (pick(random, 0, 4) == 0 && !options.deferred) bench.restart();
    }
    batch.push_back(event);
  }
  bench.process(batch);
  bench.finish();
  return bench.shown();
}

// More of them by hand: PICKET_SEEDS=1000 reference_test.
std::uint64_t seeds() {
  const char* text = std::getenv("PICKET_SEEDS");
  return text == nullptr ? 6 : std::strtoull(text, nullptr, 10);
}

class Reference : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Reference, SameAlertsInAnyOrder) {
  const std::uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const auto rules = all_types();
  for (int round = 0; round < 2; ++round) {
    const auto events =
        make_events(random, static_cast<std::size_t>(pick(random, 20, 90)), pick(random, 30, 300));
    const std::string expected = reference_alerts(*rules, events);
    Options options;
    EXPECT_EQ(run(random, rules, events, options), expected) << "round " << round;
    options.log_bytes_max = 3000;  // groups are written in the middle of all else
    EXPECT_EQ(run(random, rules, events, options), expected) << "short log, round " << round;
    options.cache_bytes_max = 4096;  // nearly nothing stays in memory
    EXPECT_EQ(run(random, rules, events, options), expected) << "small cache, round " << round;
    options.deferred = true;
    EXPECT_EQ(run(random, rules, events, options), expected) << "deferred, round " << round;
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Reference, testing::Range<std::uint64_t>(1, 1 + seeds()));

// When all has passed, nothing is left of the groups.
TEST(State, IsForgotten) {
  Random random(7);
  const auto rules = all_types();
  Options options;
  options.lateness_ns = 60 * kSecond;
  options.log_bytes_max = 0;
  Bench bench(rules, options);
  bench.process(make_events(random, 500, 100));
  EXPECT_GT(bench.state().entries().size(), 50U);
  bench.tick(100 * kSecond);
  bench.tick(1000 * kSecond);
  bench.tick(2000 * kSecond);
  std::size_t logged = 0;
  for (const auto& [key, value] : bench.state().entries()) {
    EXPECT_TRUE(key.starts_with("c/n/") || key.starts_with("c/l/") || key == "c/w") << key;
    logged += key.starts_with("c/l/") ? 1U : 0U;
  }
  EXPECT_LE(logged, 1U);
}

}  // namespace
}  // namespace picket::correlator
