// Whatever the number of partitions: the same alerts, byte for byte and in the same order, and the
// same state after every call. ThreadSanitizer runs it.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/crew.h"
#include "base/hash.h"
#include "base/json.h"
#include "correlator/in_order.h"
#include "tests/correlator/reference_rules.h"

namespace picket::correlator {
namespace {

using Random = std::mt19937_64;

std::int64_t pick(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

// What a server is asked to do.
struct Call {
  std::vector<Scripted> events;   // to be processed, if there are any,
  std::int64_t watermark_s = -1;  // then a tick,
  bool tells = false;             // and all that has grown
  bool restarts = false;          // before all that
};

Scripted make_event(Random& random, std::int64_t now_s, std::uint64_t (&seqs)[3]) {
  Scripted event;
  event.time_ns = std::max<std::int64_t>(0, now_s - pick(random, 0, pick(random, 0, 60))) * kSecond;
  event.source = static_cast<std::uint32_t>(pick(random, 0, 2));
  event.seq = seqs[event.source]++;
  for (std::uint32_t rule = 0; rule < 4; ++rule) {
    if (pick(random, 0, 2) == 0) event.rules.push_back(rule);
  }
  if (pick(random, 0, 15) != 0)
    event.fields["source.ip"] = "192.0.2." + std::to_string(pick(random, 1, 30));
  if (pick(random, 0, 5) != 0)
    event.fields["user.name"] = "user-" + std::to_string(pick(random, 1, 9));
  if (pick(random, 0, 5) != 0) event.fields["value"] = std::to_string(pick(random, 1, 9));
  return event;
}

std::vector<Call> make_calls(Random& random, int count) {
  std::vector<Call> calls(static_cast<std::size_t>(count));
  std::uint64_t seqs[3] = {0, 0, 0};
  std::int64_t now_s = 0;
  for (Call& call : calls) {
    for (std::int64_t left = pick(random, 0, 120); left > 0; --left)
      call.events.push_back(make_event(random, now_s + left / 10, seqs));
    if (!call.events.empty() && pick(random, 0, 3) == 0) call.events.push_back(call.events[0]);
    now_s += pick(random, 0, 20);
    if (pick(random, 0, 9) == 0) now_s += 300;
    if (pick(random, 0, 2) == 0) call.watermark_s = now_s;
    call.tells = pick(random, 0, 4) == 0;
    call.restarts = pick(random, 0, 3) == 0;
  }
  return calls;
}

std::uint64_t hash_of(const MapState& state) {
  std::uint64_t hash = 0;
  for (const auto& [key, value] : state.entries()) hash = hash64(value, hash64(key, hash));
  return hash;
}

struct Lived {
  std::vector<std::string> said;      // alerts, and ids that were withdrawn, by call
  std::vector<std::string> lines;     // the same without what they show of matches
  std::vector<std::uint64_t> states;  // after each call: a hash of all entries
};

// `threads`: at the start, and then after each restart the next one.
Lived live(const std::shared_ptr<ScriptedRules>& rules, const std::vector<Call>& calls,
           Options options, const std::vector<std::size_t>& threads) {
  Lived lived;
  MapState state;
  const ScriptedSources sources;
  std::size_t starts = 0;
  std::unique_ptr<Correlator> correlator;
  std::vector<Alert> out;
  const auto take = [&] {
    std::string& said = lived.said.emplace_back();
    std::string& lines = lived.lines.emplace_back();
    for (const Alert& alert : out) {
      said += dump_json(to_json(alert)) + '\n';
      lines += line_of(alert) + '\n';
    }
    for (const std::string& id : correlator->take_withdrawn()) {
      said += "not " + id + '\n';
      lines += "not " + id + '\n';
    }
    out.clear();
    lived.states.push_back(hash_of(state));
  };
  for (const Call& call : calls) {
    if (correlator == nullptr || call.restarts) {
      correlator.reset();
      options.threads = threads[starts++ % threads.size()];
      correlator = std::make_unique<Correlator>(rules, options, state);
    }
    Batch batch;
    for (const Scripted& event : call.events) append(batch, event);
    correlator->process(batch, sources, out);
    take();
    if (call.watermark_s >= 0) correlator->tick(Nanos(call.watermark_s * kSecond), out);
    if (call.tells) correlator->tell(out);
    take();
  }
  correlator->finish(out);
  take();
  return lived;
}

void expect_same(const Lived& got, const Lived& right) {
  ASSERT_EQ(got.said.size(), right.said.size());
  for (std::size_t i = 0; i < got.said.size(); ++i) {
    ASSERT_EQ(got.said[i], right.said[i]) << "call " << i / 2;
    ASSERT_EQ(got.states[i], right.states[i]) << "call " << i / 2;
  }
}

TEST(Partitions, SameWhateverTheirNumber) {
  const auto rules = fifty_rules();
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::vector<Call> calls = make_calls(random, 12);
    Options options;
    options.lateness_ns = 60 * kSecond;
    options.hand_over_min = seed == 1 ? 1 : 40;
    options.proof_hits_max = seed == 2 ? 3 : 64;
    if (seed == 3) options.log_bytes_max = 3000;
    const Lived alone = live(rules, calls, options, {1});
    std::size_t said = 0;
    for (const std::string& alerts : alone.said) said += alerts.size();
    EXPECT_GT(said, 100'000U);
    expect_same(live(rules, calls, options, {2}), alone);
    expect_same(live(rules, calls, options, {4}), alone);
    expect_same(live(rules, calls, options, {4, 1, 3, 2}), alone);  // a state is of no number
    if (HasFatalFailure()) return;
  }
}

// With nearly nothing in memory groups are written at other times; what is said is the same, but
// for the matches of hits that join a suppressed alert which was out of memory.
TEST(Partitions, SameAlertsWithLittleMemory) {
  const auto rules = fifty_rules();
  Random random(4);
  const std::vector<Call> calls = make_calls(random, 8);
  Options options;
  options.lateness_ns = 60 * kSecond;
  options.hand_over_min = 1;
  const Lived alone = live(rules, calls, options, {1});
  options.cache_bytes_max = 50'000;
  options.log_bytes_max = 20'000;
  EXPECT_EQ(live(rules, calls, options, {4}).lines, alone.lines);
  EXPECT_EQ(live(rules, calls, options, {2, 4}).lines, alone.lines);
}

TEST(Partitions, CountTogether) {
  const auto rules = fifty_rules();
  std::vector<std::vector<std::uint64_t>> counts;
  for (const std::size_t threads : {1U, 4U}) {
    Random random(5);
    std::uint64_t seqs[3] = {0, 0, 0};
    Options options;
    options.hand_over_min = 1;
    options.threads = threads;
    Bench bench(rules, options);
    std::vector<Scripted> events;
    for (int i = 0; i < 400; ++i) events.push_back(make_event(random, i, seqs));
    bench.process(events);
    std::vector<std::uint64_t>& counted = counts.emplace_back();
    for (const RuleCounters& rule : bench.correlator().rule_counters()) {
      counted.insert(counted.end(), {rule.hits, rule.groups, rule.ungrouped, rule.late, rule.fired,
                                     rule.withdrawn, rule.evicted});
    }
    counted.push_back(bench.correlator().group_counters().created);
    counted.push_back(bench.correlator().cache_bytes());
  }
  EXPECT_EQ(counts[0], counts[1]);
}

TEST(Crew, EachPartHasAThread) {
  Crew crew(4);
  std::vector<std::thread::id> ids(4);
  std::vector<int> done(4, 0);
  for (int round = 0; round < 200; ++round) {
    crew.run([&](std::size_t part) {
      ids[part] = std::this_thread::get_id();
      ++done[part];
    });
  }
  EXPECT_EQ(done, std::vector<int>(4, 200));
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_EQ(std::set<std::thread::id>(ids.begin(), ids.end()).size(), 4U);
}

TEST(InOrder, TakesTheSmallestFirst) {
  const std::vector<std::uint64_t> a = {1, 5, 6};
  const std::vector<std::uint64_t> none;
  const std::vector<std::uint64_t> b = {0, 2, 9};
  std::vector<std::uint64_t> taken;
  const std::vector<const std::vector<std::uint64_t>*> parts = {&a, &none, &b};
  in_order(parts, [&](std::size_t part, std::size_t i) { taken.push_back((*parts[part])[i]); });
  EXPECT_EQ(taken, (std::vector<std::uint64_t>{0, 1, 2, 5, 6, 9}));
}

}  // namespace
}  // namespace picket::correlator
