// The slow lane: what it finds is what the fast lane would have found, once, whenever the process
// ends.
#include "app/slow_lane.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/engine.h"
#include "app/rule_cost_report.h"
#include "base/world.h"

namespace picket::app {
namespace {

constexpr const char* kSlowRule = "6f4a3a5e-0000-4000-8000-000000000001";
constexpr std::size_t kRecords = 400;  // of one run
constexpr std::size_t kEach = 20;      // of one delivery

// A rule that is woken by everything, one that is not, and a correlation over the first.
constexpr const char* kRules = R"(title: Odd
id: 6f4a3a5e-0000-4000-8000-000000000001
name: odd
level: high
logsource: {product: linux}
detection:
  sel: {message|re: 'record \d*[13579] '}
  condition: sel
---
title: Needle
id: 6f4a3a5e-0000-4000-8000-000000000002
level: low
logsource: {product: linux}
detection:
  sel: [needle]
  condition: sel
---
title: Many odd ones
id: 6f4a3a5e-0000-4000-8000-000000000003
level: critical
correlation:
  type: event_count
  rules: [odd]
  timespan: 1h
  condition: {gte: 50}
  generate: true
)";

class SlowLaneTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("picket-slow-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "rules.yml") << kRules;
  }
  void TearDown() override {
    close();
    std::filesystem::remove_all(folder_);
  }

  void open(const std::string& name, std::vector<std::string> slow) {
    close();
    auto store = storage::Store::open(
        {.path = (folder_ / name).string(), .sync = false, .reserve_bytes = 0});
    ASSERT_TRUE(store) << store.error().what;
    store_ = *std::move(store);
    ASSERT_TRUE(store_->source_id("auth"));
    EngineOptions options;
    options.sources.push_back({"auth", "", {.format = "syslog"}});
    options.lanes.slow_rules = std::move(slow);
    auto detection = load_detection({PICKET_SOURCE_DIR "/content"},
                                    {.rules = {(folder_ / "rules.yml").string()}});
    ASSERT_TRUE(detection) << detection.error().what;
    ASSERT_EQ(detection->rules->rule_count(), 2U);
    queue_ = std::make_unique<collector::DeliveryQueue>(64);
    EngineListener listener;
    listener.alert = [](const Alert&) {};
    listener.incident = [](const Incident&) {};
    engine_ = std::make_unique<Engine>(options, *std::move(detection), *store_, *queue_, wakeup_,
                                       clock_, listener);
  }
  void close() {
    engine_.reset();
    store_.reset();
  }

  void push(std::size_t first, std::size_t n) {
    for (std::size_t at = first; at < first + n; at += kEach) {
      collector::Delivery delivery;
      delivery.batch = std::make_unique<Batch>();
      for (std::size_t i = at; i < at + kEach; ++i) {
        const std::string text = "<34>1 2026-01-01T00:00:" + std::to_string(10 + i % 50) +
                                 "Z host app - - - record " + std::to_string(i) +
                                 (i % 7 == 0 ? " needle" : " hay");
        delivery.batch->add(text, SourceId{}, 0, clock_.now().count());
      }
      while (!queue_->try_push(std::move(delivery))) std::this_thread::yield();
      wakeup_.notify();
    }
  }
  void wait(const std::function<bool()>& done) {
    for (int i = 0; i < 4000 && !done(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(done());
  }
  std::size_t entries() {
    std::size_t n = 0;
    EXPECT_TRUE(store_->for_each_state(
        kSlowPrefix, kSlowPrefix, [&](std::string_view, std::string_view) { return ++n > 0; }));
    return n;
  }
  void drain(std::uint64_t events) {
    wait([&] { return engine_->statistics().events >= events && entries() == 0; });
  }

  // What is in the store: alerts and hits, sorted.
  std::vector<std::string> found() {
    std::vector<std::string> all;
    std::string cursor;
    do {
      const auto alerts = store_->alerts({}, 500, cursor);
      EXPECT_TRUE(alerts);
      for (const Alert& alert : *alerts)
        all.push_back(alert.id + " " + alert.rule.name + " " + std::to_string(alert.hit_count));
    } while (!cursor.empty());
    EXPECT_TRUE(store_->hits(0, [&](const storage::StoredHit& hit) {
      all.push_back(std::string(hit.rule_id) + " " + std::to_string(hit.seq));
      return true;
    }));
    std::sort(all.begin(), all.end());
    return all;
  }

  // All in the fast lane.
  std::vector<std::string> expected() {
    open("fast", {});
    engine_->start();
    push(0, kRecords);
    drain(kRecords);
    engine_->stop();
    return found();
  }

  std::filesystem::path folder_;
  RealClock clock_;
  Wakeup wakeup_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<collector::DeliveryQueue> queue_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(SlowLaneTest, AnEntryIsReadAsItWasWritten) {
  SlowEntry entry;
  entry.commit = 0xABCDE;
  entry.oldest_ns = -5;
  entry.by_rule["one"] = {{SourceId{0}, 7}, {SourceId{3}, 2}, {SourceId{0}, UINT64_MAX}};
  entry.by_rule["two"] = {{SourceId{1}, 0}};
  EXPECT_EQ(entry.key(), "slow/00000000000abcde");
  const std::string value = entry.encode();
  const auto read = SlowEntry::decode(entry.key(), value);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->commit, entry.commit);
  EXPECT_EQ(read->oldest_ns, -5);
  EXPECT_EQ(read->pairs(), 4U);
  EXPECT_EQ(read->by_rule.at("one").at(2).seq, UINT64_MAX);
  EXPECT_EQ(static_cast<std::uint32_t>(read->by_rule.at("one").at(1).source), 3U);
  for (std::size_t n = 0; n < value.size(); ++n)
    EXPECT_FALSE(SlowEntry::decode(entry.key(), value.substr(0, n))) << n;
  EXPECT_FALSE(SlowEntry::decode("slow/x", value));
}

TEST_F(SlowLaneTest, FindsTheSame) {
  const std::vector<std::string> want = expected();
  EXPECT_GT(want.size(), kRecords / 2);
  open("slow", {kSlowRule});
  engine_->start();
  push(0, kRecords);
  drain(kRecords);
  const Json costs = rule_cost_json(*engine_->rule_costs(), CostOrder::kTime, 10);
  EXPECT_EQ(costs["items"][0]["lane"], "slow") << costs.dump();
  engine_->stop();
  EXPECT_EQ(found(), want);
}

TEST_F(SlowLaneTest, GoesOnAfterACrashWithWhatWaits) {
  const std::vector<std::string> want = expected();
  open("slow", {kSlowRule});
  std::size_t restarts = 0;
  for (std::size_t at = 0; at < kRecords; at += kRecords / 4) {
    engine_->start();
    push(at, kRecords / 4);
    engine_->stop();  // takes what is queued; the lane stops at once
    open("slow", {kSlowRule});
    if (entries() == 0) continue;
    ++restarts;
    const Json costs = rule_cost_json(*engine_->rule_costs(), CostOrder::kTime, 10);
    EXPECT_EQ(costs["items"][0]["id"], kSlowRule);
    EXPECT_GT(costs["items"][0]["pending"], 0);
    EXPECT_GT(costs["items"][0]["lag_seconds"], 0);
    EXPECT_GT(costs["slow_lane"]["pending"], 0);
  }
  EXPECT_GT(restarts, 0U) << "nothing waited at any stop: the test shows nothing";
  engine_->start();
  drain(0);
  engine_->stop();
  EXPECT_EQ(found(), want);
}

TEST_F(SlowLaneTest, WhatWaitsForARuleThatIsGoneIsSettled) {
  open("slow", {kSlowRule});
  SlowEntry entry;
  entry.commit = store_->last_commit() + 1;
  entry.by_rule["a rule of before"] = {{SourceId{0}, 0}, {SourceId{0}, 1}};
  entry.oldest_ns = clock_.now().count() - 5'000'000'000;
  storage::Commit commit;
  commit.put_state(entry.key(), entry.encode());
  ASSERT_TRUE(store_->commit(commit));
  open("slow", {kSlowRule});
  const auto before = engine_->rule_costs();
  EXPECT_EQ(before->pending_others, 2U);
  ASSERT_TRUE(before->oldest);
  EXPECT_GE(rule_cost_json(*before, CostOrder::kTime, 10)["slow_lane"]["lag_seconds"], 5);
  engine_->start();
  wait([&] { return engine_->rule_costs()->abandoned == 2; });
  EXPECT_EQ(engine_->rule_costs()->pending_others, 0U);
  EXPECT_EQ(entries(), 0U);
}

}  // namespace
}  // namespace picket::app
