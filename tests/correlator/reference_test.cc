// The engine against the reference: the same alerts for every order of arrival inside the lateness,
// with duplicates, restarts at any point, and whatever fits into memory.
#include "tests/correlator/reference.h"
#include "tests/correlator/reference_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace picket::correlator {
namespace {

using Random = std::mt19937_64;

std::int64_t pick(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
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
  options.threads = pick(random, 0, 1) == 0 ? 1 : 4;
  options.hand_over_min = static_cast<std::size_t>(pick(random, 1, 12));
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
