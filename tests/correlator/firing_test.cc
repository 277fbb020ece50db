// When a correlation fires (INTERFACES), as tables; and what its alerts say.
#include <gtest/gtest.h>

#include <tuple>

#include "correlator/window.h"
#include "tests/correlator/scripted.h"

namespace picket::correlator {
namespace {

using rules::Compare;
using rules::CorrelationRule;
using rules::CorrelationType;
using Conditions = std::vector<std::pair<Compare, double>>;

// "a1 b3 a7=x": rule letter, second, value. All of one source, in that order, of one address.
std::vector<Scripted> stream(std::string_view text) {
  std::vector<Scripted> events;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find(' ', at);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view word = text.substr(at, end - at);
    const std::size_t equals = word.find('=');
    Scripted event;
    event.seq = events.size();
    event.rules = {static_cast<std::uint32_t>(word[0] - 'a')};
    event.time_ns = std::stoll(std::string(word.substr(1, equals - 1))) * kSecond;
    event.fields["source.ip"] = "192.0.2.1";
    if (equals != std::string_view::npos) event.fields["value"] = word.substr(equals + 1);
    events.push_back(std::move(event));
    at = end + 1;
  }
  return events;
}

// Each alert as "<second of its trigger>:<quantity>/<hits>", in order of time.
std::string fired(const std::shared_ptr<ScriptedRules>& rules, std::string_view text) {
  Bench bench(rules, {});
  bench.process(stream(text));
  bench.finish();
  std::map<std::pair<std::int64_t, std::uint64_t>, std::string> by_time;
  for (const auto& [id, alert] : bench.alerts()) {
    std::string shown = std::to_string(alert.time_ns / kSecond) + ':' +
                        std::to_string(static_cast<int>(alert.window.count)) + '/' +
                        std::to_string(alert.hit_count);
    by_time.emplace(std::pair(alert.time_ns, alert.trigger.seq), std::move(shown));
  }
  std::string all;
  for (const auto& [key, shown] : by_time) all += (all.empty() ? "" : " ") + shown;
  return all;
}

std::string one(CorrelationType type, std::vector<std::uint32_t> over, Conditions conditions,
                std::string_view text, bool every = false) {
  auto rules = std::make_shared<ScriptedRules>(3);
  auto& made = rules->correlate(type, std::move(over), {"source.ip"}, 10 * kSecond);
  made.rule.conditions = std::move(conditions);
  made.rule.repeat_every = every;
  return fired(rules, text);
}

// A late hit may close a gap: then the group is known for longer, also at hits in whose window it
// is not.
TEST(Firing, ALateHitClosesAGapInWhatIsKnown) {
  auto rules = std::make_shared<ScriptedRules>(1);
  auto& rare = rules->correlate(CorrelationType::kRare, {0}, {"source.ip"}, 90 * kSecond).rule;
  rare.conditions = {{Compare::kGreaterEqual, 1}};
  rare.repeat_every = true;
  rare.learn_ns = 20 * kSecond;
  EXPECT_EQ(fired(rules, "a0=a a160=c a171=c a175=d"), "");
  EXPECT_EQ(fired(rules, "a0=a a80=b a160=c a171=c a175=d"), "80:1/1 160:1/1 175:1/1");
  Bench bench(rules, {});
  const std::vector<Scripted> events = stream("a0=a a160=c a171=c a175=d a80=b");
  bench.process({events.begin(), events.end() - 1});
  bench.tick(200 * kSecond);
  EXPECT_EQ(bench.alerts().size(), 0U);
  bench.process({events.back()});
  bench.finish();
  EXPECT_EQ(bench.alerts().size(), 3U);
}

TEST(Firing, EventCount) {
  const auto gte3 = [](std::string_view text, std::string_view expected) {
    EXPECT_EQ(one(CorrelationType::kEventCount, {0}, {{Compare::kGreaterEqual, 3}}, text), expected)
        << text;
  };
  gte3("a1 a2", "");
  gte3("a1 a2 a3", "3:3/3");
  gte3("a1 a2 a11", "11:3/3");        // both ends of the window belong to it
  gte3("a1 a2 a12", "");              // a second more, and the first is out
  gte3("a1 a2 a3 a4 a5", "3:3/5");    // joins while it stays true
  gte3("a1 a2 a3 a13 a14", "3:3/3");  // 13: {3,13} is false; 14: {13,14} too
  gte3("a1 a2 a3 a20 a21 a22", "3:3/3 22:3/3");
  gte3("a1 a1 a1", "1:3/3");  // one instant, in order of seq
  gte3("b1 b2 b3", "");       // another rule
  // True at every evaluation, but further than the timespan from the one before: a new alert.
  EXPECT_EQ(one(CorrelationType::kEventCount, {0}, {{Compare::kGreaterEqual, 1}}, "a1 a11 a22"),
            "1:1/2 22:1/1");
  EXPECT_EQ(one(CorrelationType::kEventCount, {0, 1}, {{Compare::kGreater, 2}}, "a1 b2 a3"),
            "3:3/3");
}

TEST(Firing, RepeatEvery) {
  EXPECT_EQ(
      one(CorrelationType::kEventCount, {0}, {{Compare::kGreaterEqual, 2}}, "a1 a2 a3 a20", true),
      "2:2/2 3:3/3");
}

TEST(Firing, ConditionsThatCanBecomeFalse) {
  EXPECT_EQ(one(CorrelationType::kEventCount, {0}, {{Compare::kEqual, 2}}, "a1 a2 a3 a12"),
            "2:2/2");
  EXPECT_EQ(one(CorrelationType::kEventCount, {0}, {{Compare::kLess, 2}}, "a1 a2 a20"),
            "1:1/1 20:1/1");
  EXPECT_EQ(one(CorrelationType::kEventCount, {0},
                {{Compare::kGreaterEqual, 2}, {Compare::kLess, 3}}, "a1 a2 a3"),
            "2:2/2");
}

TEST(Firing, ValueCount) {
  const auto gte2 = [](std::string_view text, std::string_view expected) {
    EXPECT_EQ(one(CorrelationType::kValueCount, {0}, {{Compare::kGreaterEqual, 2}}, text), expected)
        << text;
  };
  gte2("a1=x a2=x a3=x", "");
  gte2("a1=x a2=x a3=y", "3:2/3");
  gte2("a1=x a2 a3", "");             // without the field: no value
  gte2("a1=x a5=x a12=y", "12:2/2");  // the second x is still there
  gte2("a1=x a12=y", "");
}

TEST(Firing, Temporal) {
  EXPECT_EQ(one(CorrelationType::kTemporal, {0, 1}, {}, "a1 b5"), "5:2/2");
  EXPECT_EQ(one(CorrelationType::kTemporal, {0, 1}, {}, "b1 a5 b6"), "5:2/3");
  EXPECT_EQ(one(CorrelationType::kTemporal, {0, 1}, {}, "a1 b12"), "");
  EXPECT_EQ(one(CorrelationType::kTemporal, {0, 1, 2}, {{Compare::kGreaterEqual, 2}}, "a1 c2"),
            "2:2/2");
}

TEST(Firing, TemporalOrdered) {
  const auto ordered = [](std::string_view text, std::string_view expected) {
    EXPECT_EQ(one(CorrelationType::kTemporalOrdered, {0, 1, 2}, {}, text), expected) << text;
  };
  ordered("a1 b2 c3", "3:3/3");
  ordered("b1 a2 c3", "");
  ordered("a1 c2 b3", "");
  ordered("a1 b2 c12", "");           // the first step is out of the window
  ordered("a1 a5 b6 c15", "15:3/3");  // the later a is not
  ordered("a1 b2 c3 c4", "3:3/4");
  ordered("a1 b1 c1", "1:3/3");  // one instant, but in order of seq
  EXPECT_EQ(one(CorrelationType::kTemporalOrdered, {0, 0}, {}, "a1 a2"),
            "2:2/4");  // each hit serves both
  EXPECT_EQ(one(CorrelationType::kTemporalOrdered, {0, 0}, {}, "a1"), "");
}

TEST(Firing, Sums) {
  EXPECT_EQ(one(CorrelationType::kValueSum, {0}, {{Compare::kGreater, 10}}, "a1=6 a2=5 a12=5"),
            "2:11/2");
  EXPECT_EQ(one(CorrelationType::kValueSum, {0}, {{Compare::kGreater, 10}}, "a1=6 a2=x a3"), "");
  EXPECT_EQ(one(CorrelationType::kValueAvg, {0}, {{Compare::kGreaterEqual, 5}}, "a1=4 a2=6 a3=1"),
            "2:5/2");
  EXPECT_EQ(one(CorrelationType::kValueMedian, {0}, {{Compare::kLess, 3}}, "a1=9 a2=1 a3=2"),
            "3:2/3");
  EXPECT_EQ(one(CorrelationType::kValueMedian, {0}, {{Compare::kLess, 6}}, "a1=9 a2=1"), "2:5/2");
}

TEST(Firing, PercentileIsTheNearestRank) {
  const auto at = [](double percentile, std::vector<double> values, double expected) {
    CorrelationRule rule;
    rule.type = CorrelationType::kValuePercentile;
    rule.percentile = percentile;
    const History none;
    const std::unique_ptr<Window> window = make_window(rule, none);
    for (const double value : values) {
      MemberHit hit;
      hit.number = value;
      window->add(hit);
    }
    EXPECT_EQ(window->quantity(0), std::optional(expected)) << "percentile " << percentile;
  };
  const std::vector<double> five = {50, 15, 40, 20, 35};
  at(0, five, 15);
  at(5, five, 15);
  at(20, five, 15);  // one of five is exactly 20 %
  at(20.1, five, 20);
  at(30, five, 20);
  at(40, five, 20);
  at(50, five, 35);
  at(80, five, 40);
  at(99, five, 50);
  at(100, five, 50);
  at(50, {3, 1, 4, 2}, 2);  // never a value that nobody sent
  at(25, {8, 7, 7, 3}, 3);
  at(75, {8, 7, 7, 3}, 7);
  at(100, {1}, 1);
  at(0, {1}, 1);
  std::vector<double> hundred;
  for (int i = 100; i > 0; --i) hundred.push_back(i);
  for (int percent = 1; percent <= 100; ++percent) at(percent, hundred, percent);
}

TEST(Firing, GroupsAreApartAndALackingValueIsCounted) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->correlate(CorrelationType::kEventCount, {0}, {"user.name"}, 10 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 2}};
  Bench bench(rules, {});
  const auto login = [](std::uint64_t seq, std::string user) {
    Scripted event{static_cast<std::int64_t>(seq) * kSecond, 1, seq, {0}, {}};
    if (!user.empty()) event.fields["user.name"] = std::move(user);
    return event;
  };
  bench.process({login(1, "ann"), login(2, "bob"), login(3, ""), login(4, "ann")});
  ASSERT_EQ(bench.alerts().size(), 1U);
  EXPECT_EQ(bench.alerts().begin()->second.group,
            (std::vector<std::pair<std::string, std::string>>{{"user.name", "ann"}}));
  EXPECT_EQ(bench.correlator().rule_counters()[0].ungrouped, 1U);
  EXPECT_EQ(bench.correlator().rule_counters()[0].hits, 3U);
}

TEST(Firing, AlertCarriesItsProof) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->raises_[0] = true;
  rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 10 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 2}};
  Bench bench(rules, {});
  bench.process(stream("a1 a2"));
  std::size_t detections = 0;
  for (const auto& [id, alert] : bench.alerts()) {
    EXPECT_EQ(alert.id, id);
    EXPECT_EQ(alert.system, "portal");
    EXPECT_EQ(alert.layer, Layer::kNetwork);
    EXPECT_EQ(alert.layers, std::vector{Layer::kNetwork});
    EXPECT_EQ(alert.entities, (std::vector<Entity>{{"ip", "192.0.2.1"}}));
    if (alert.kind == AlertKind::kDetection) {
      ++detections;
      ASSERT_EQ(alert.matches.size(), 1U);
      EXPECT_EQ(alert.matches[0].event, alert.trigger);
      EXPECT_EQ(alert.rule.id, "rule-0");
      EXPECT_EQ(alert.events.size(), 1U);
      continue;
    }
    EXPECT_EQ(alert.matches.size(), 2U);
    EXPECT_EQ(alert.matches[0].event.seq, 0U);
    EXPECT_EQ(alert.trigger.seq, 1U);
    EXPECT_EQ(alert.window.start_ns, -8 * kSecond);
    EXPECT_EQ(alert.window.end_ns, 2 * kSecond);
    EXPECT_EQ(alert.rule.id, "corr-0");
  }
  EXPECT_EQ(detections, 2U);
}

TEST(Firing, LateHitMovesTheTrigger) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 10 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 3}};
  Bench bench(rules, {});
  const auto events = stream("a1 a2 a3 a4");
  bench.process({events[0], events[2], events[3]});
  ASSERT_EQ(bench.alerts().size(), 1U);
  EXPECT_EQ(bench.alerts().begin()->second.trigger.seq, 3U);
  bench.restart();
  bench.process({events[1]});
  ASSERT_EQ(bench.alerts().size(), 1U);  // the other one was withdrawn
  EXPECT_EQ(bench.alerts().begin()->second.trigger.seq, 2U);
  EXPECT_EQ(bench.alerts().begin()->second.hit_count, 4U);
  EXPECT_EQ(bench.correlator().rule_counters()[0].withdrawn, 1U);
}

TEST(Firing, AbsenceWaitsAndIsWithdrawn) {
  auto rules = std::make_shared<ScriptedRules>(2);
  ScriptedRules::miss(
      rules->correlate(CorrelationType::kEventCount, {0, 1}, {"source.ip"}, 10 * kSecond), 1);
  Bench bench(rules, {});
  const auto events = stream("a5 b15");
  bench.process({events[0]});
  bench.tick(15 * kSecond);
  EXPECT_TRUE(bench.alerts().empty());  // an answer at 15 may still come
  bench.restart();
  bench.tick(15 * kSecond + 1);
  ASSERT_EQ(bench.alerts().size(), 1U);
  const Alert& alert = bench.alerts().begin()->second;
  EXPECT_EQ(alert.time_ns, 15 * kSecond);
  EXPECT_EQ(alert.trigger.time_ns, 5 * kSecond);
  EXPECT_EQ(alert.window.start_ns, 5 * kSecond);
  EXPECT_EQ(alert.window.end_ns, 15 * kSecond);
  EXPECT_EQ(alert.events.size(), 1U);
  bench.restart();
  bench.process({events[1]});
  EXPECT_TRUE(bench.alerts().empty());
  EXPECT_EQ(bench.correlator().rule_counters()[0].withdrawn, 1U);
}

// What opens is the alert that would have been raised alone, and what is too late is raised alone.
TEST(Firing, SuppressedDetections) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->raises_[0] = true;
  Bench plain(rules, {});
  plain.process(stream("a1"));
  auto suppressed = std::make_shared<ScriptedRules>(*rules);
  suppressed->suppressions_[0] = {10 * kSecond, {"source.ip"}};
  Options options;
  options.lateness_ns = 5 * kSecond;
  Bench bench(suppressed, options);
  bench.process(stream("a1"));
  ASSERT_EQ(bench.alerts().size(), 1U);
  EXPECT_EQ(dump_json(to_json(bench.alerts().begin()->second)),
            dump_json(to_json(plain.alerts().begin()->second)));
  auto events = stream("a1 a3 a11 a12");
  bench.process(events);
  EXPECT_EQ(bench.alerts().size(), 2U);
  bench.tick(100 * kSecond);
  events[1].seq = 77;
  bench.process({events[1]});
  EXPECT_EQ(bench.alerts().size(), 3U);
}

// A first value fires once while the group remembers it, also when its hit is long settled.
TEST(Firing, FirstSeenOutlivesItsHits) {
  auto rules = std::make_shared<ScriptedRules>(1);
  auto& rule =
      rules->correlate(CorrelationType::kFirstSeen, {0}, {"source.ip"}, 1000 * kSecond).rule;
  rule.conditions = {{Compare::kGreaterEqual, 1}};
  rule.repeat_every = true;
  Options options;
  options.lateness_ns = 5 * kSecond;
  Bench bench(rules, options);
  const auto at = [](std::int64_t second, const std::string& value) {
    auto events = stream("a" + std::to_string(second));
    events[0].seq = static_cast<std::uint64_t>(second);
    events[0].fields["value"] = value;
    return events;
  };
  const std::vector<std::tuple<std::int64_t, std::string, std::size_t>> steps = {
      {1, "vn", 1},    {200, "vn", 1},  {300, "sg", 2},
      {1100, "vn", 2}, {1301, "sg", 3}, {2200, "vn", 4}};
  for (const auto& [second, value, alerts] : steps) {
    bench.tick(second * kSecond);
    bench.restart();
    bench.process(at(second, value));
    EXPECT_EQ(bench.alerts().size(), alerts) << second;
  }
  EXPECT_LE(bench.state().entries().size(), 10U);
}

TEST(Firing, BeyondTheLatenessIsCounted) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 10 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 2}};
  Options options;
  options.lateness_ns = 5 * kSecond;
  Bench bench(rules, options);
  bench.tick(100 * kSecond);
  bench.restart();  // the watermark is state too
  bench.process(stream("a94 a94 a95 a96"));
  EXPECT_EQ(bench.correlator().rule_counters()[0].late, 2U);
  EXPECT_EQ(bench.shown().find("at 96"), std::string("corr-0 source.ip=192.0.2.1 ").size());
}

// A run that outlives its first hits by far is still one alert, and its events are bounded.
TEST(Firing, LongRunStaysOneAlert) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 10 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 3}};
  Options options;
  options.lateness_ns = 100 * kSecond;
  Bench bench(rules, options);
  for (std::uint64_t i = 0; i < 1200; ++i) {
    const auto second = static_cast<std::int64_t>(i);
    bench.process({{second * kSecond, 1, i, {0}, {{"source.ip", "192.0.2.1"}}}});
    if (i % 50 == 0) bench.tick(second * kSecond);
    if (i % 350 == 0) bench.restart();
  }
  bench.tell();
  ASSERT_EQ(bench.alerts().size(), 1U);
  const Alert& alert = bench.alerts().begin()->second;
  EXPECT_EQ(alert.hit_count, 1200U);
  EXPECT_EQ(alert.trigger.seq, 2U);
  EXPECT_EQ(alert.events.size(), Alert::kEventsMax);
  EXPECT_EQ(alert.last_seen_ns, 1199 * kSecond);
  std::size_t entries = 0;
  for (const auto& [key, value] : bench.state().entries())
    entries += key.starts_with("c/l/") ? 0U : 1U;
  EXPECT_LT(entries, 20U);  // what is over was dropped
}

// What costs is to build, store and group an alert anew; so not for every hit that joins it.
TEST(Firing, GrowthIsToldInStepsAndAtTicks) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 3600 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 3}};
  Bench bench(rules, Options());
  const auto hit = [&](std::uint64_t i) {
    const auto second = static_cast<std::int64_t>(i);
    bench.process({{second * kSecond, 1, i, {0}, {{"source.ip", "192.0.2.1"}}}});
  };
  const auto count = [&] { return bench.alerts().begin()->second.hit_count; };
  for (std::uint64_t i = 0; i < 1000; ++i) hit(i);
  EXPECT_LT(bench.raised(), 15U);
  EXPECT_LT(count(), 1000U);
  EXPECT_GE(count(), 500U);
  bench.restart();
  bench.tick(0);  // what was not told is known after a crash, and the watermark need not move
  EXPECT_EQ(count(), 1000U);
  const std::size_t raised = bench.raised();
  bench.tick(0);
  EXPECT_EQ(bench.raised(), raised);
  hit(1000);
  bench.restart();
  hit(1001);
  bench.tell();
  EXPECT_EQ(count(), 1002U);
  hit(1002);
  hit(20'000);  // far beyond the timespan: the run is over
  EXPECT_EQ(count(), 1003U);
}

TEST(Firing, FloodOfOneGroupIsBoundedAndCounted) {
  auto rules = std::make_shared<ScriptedRules>(1);
  rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 3600 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 100}};
  Options options;
  options.group_hits_max = 512;
  Bench bench(rules, options);
  for (std::uint64_t batch = 0; batch < 20; ++batch) {
    std::vector<Scripted> events;
    for (std::uint64_t i = batch * 100; i < batch * 100 + 100; ++i) {
      events.push_back({static_cast<std::int64_t>(i), 1, i, {0}, {{"source.ip", "192.0.2.1"}}});
    }
    bench.process(events);
  }
  bench.tell();
  ASSERT_EQ(bench.alerts().size(), 1U);
  EXPECT_EQ(bench.alerts().begin()->second.hit_count, 2000U);
  EXPECT_EQ(bench.alerts().begin()->second.trigger.seq, 99U);
  const RuleCounters& counters = bench.correlator().rule_counters()[0];
  EXPECT_GT(counters.evicted, 1400U);
  EXPECT_EQ(counters.fired, 1U);
}

TEST(Firing, InnerCorrelationsFeedOuterOnes) {
  auto rules = std::make_shared<ScriptedRules>(2);
  rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 10 * kSecond)
      .rule.conditions = {{Compare::kGreaterEqual, 3}};
  auto& outer =
      rules->correlate(CorrelationType::kTemporalOrdered, {}, {"source.ip"}, 60 * kSecond);
  ScriptedRules::refer(outer, 0);
  outer.rule.rules.push_back("rule-1");
  outer.inputs.push_back({1, -1, 1, {"source.ip"}, "", {}});
  EXPECT_EQ(fired(rules, "a1 a2 a3 b20"), "20:2/2");  // the inner one stays silent
  EXPECT_EQ(fired(rules, "a1 a2 b3 a4"), "");
  outer.rule.generates = true;
  EXPECT_EQ(fired(rules, "a1 a2 a3 b20"), "3:3/3 20:2/2");
}

// A storm of failures with another user each: that an inner alert is raised at every one of them
// must not repeat all users for each.
TEST(Firing, WhatAnInnerAlertTellsIsBounded) {
  auto rules = std::make_shared<ScriptedRules>(2);
  auto& inner = rules->correlate(CorrelationType::kEventCount, {0}, {"source.ip"}, 3600 * kSecond);
  inner.rule.conditions = {{Compare::kGreaterEqual, 5}};
  inner.rule.repeat_every = true;
  auto& outer =
      rules->correlate(CorrelationType::kTemporalOrdered, {}, {"source.ip"}, 7200 * kSecond);
  ScriptedRules::refer(outer, 0);
  outer.rule.rules.push_back("rule-1");
  outer.inputs.push_back({1, -1, 1, {"source.ip"}, "", {}});
  Bench bench(rules, Options());
  constexpr std::uint64_t kUsers = 900;
  for (std::uint64_t i = 0; i <= kUsers; ++i) {
    const std::string user = i < kUsers ? "user-" + std::to_string(i) : "user-1";
    bench.process({{static_cast<std::int64_t>(i) * kSecond,
                    1,
                    i,
                    {i < kUsers ? 0U : 1U},
                    {{"source.ip", "192.0.2.1"}, {"user.name", user}}}});
  }
  bench.tell();
  ASSERT_EQ(bench.alerts().size(), 1U);
  const Alert& alert = bench.alerts().begin()->second;
  EXPECT_EQ(alert.rule.id, outer.rule.identity.id);
  EXPECT_EQ(alert.entities.size(), kUsers + 1);  // and the address: what is told covers all
  std::size_t bytes = 0;
  for (const auto& [key, value] : bench.state().entries()) bytes += value.size();
  EXPECT_LT(bytes, 1'500'000U);  // all users for each failure: five times that
}

}  // namespace
}  // namespace picket::correlator
