// Rules are swapped while events go on: every event is seen by exactly one rule set, and nothing
// piles up.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "app/engine.h"
#include "app/reloader.h"
#include "base/world.h"
#include "rules/loader.h"

namespace picket::app {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kReloads = 150;
constexpr bool kMeasureMemory =
    false;  // sanitizers keep what is freed; the rule sets are counted all the same
#else
constexpr int kReloads = 1000;
constexpr bool kMeasureMemory = true;
#endif
constexpr int kWarmReloads = kReloads / 5;
// The store keeps what it has written for a while; 800 rule sets that nobody let go of are 1.2 GB and more.
constexpr std::size_t kGrowthMax = 200 * 1024 * 1024;

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::string rule(const std::string& id, const std::string& keyword) {
  return "title: Rule " + id + "\nid: " + id + "\nlevel: informational\nlogsource: {category: any}\ndetection:\n  sel: ['" +
         keyword + "']\n  condition: sel\n---\n";
}

// Rule `all` is in every set; one of `odd`, `even` and `third` is with it. The word that it needs
// is in every record, so an event that two sets saw, or none, has another count of hits.
const std::vector<std::string> kSets = {
    rule("all", "needle") + rule("odd", "record"), rule("all", "needle") + rule("even", "number"),
    rule("unused", "nothing of the kind") + rule("third", "needle record") + rule("all", "needle") +
        "title: Bad\nid: bad\nlogsource: {category: any}\ndetection:\n  sel: {A|nonsense: 1}\n  condition: sel\n"};

class ReloadTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("picket-reload-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    auto store = storage::Store::open({.path = (folder_ / "store").string(),
                                       .sync = false,
                                       .reserve_bytes = 0,
                                       .memtable_bytes = std::size_t{1} << 20});
    ASSERT_TRUE(store) << store.error().what;
    store_ = *std::move(store);
    std::vector<std::string> errors;
    first_ = *load_detection({PICKET_SOURCE_DIR "/content"}, {});
    EngineOptions options;
    options.sources.push_back({"load", "", {.format = "raw"}});
    ASSERT_TRUE(store_->source_id("load"));
    EngineListener listener;
    listener.alert = [](const Alert&) {};
    listener.incident = [](const Incident&) {};
    engine_ =
        std::make_unique<Engine>(options, detection(0), *store_, queue_, wakeup_, clock_, listener);
  }
  void TearDown() override {
    reloader_.reset();
    engine_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  Detection detection(std::size_t set) {
    Detection made;
    made.catalog = first_.catalog;
    made.taxonomy = rules::Taxonomy::none();  // records of any kind
    rules::CompiledRules compiled = rules::compile_rules(
        rules::parse_rules(kSets[set % kSets.size()], "set.yml"), made.taxonomy);
    made.rules = std::move(compiled.set);
    made.routes = std::move(compiled.routes);
    made.refused = std::move(compiled.refused);
    made.routes->prepare(std::vector{kUnknownKind}, 1);
    made_.push_back(made.rules);
    return made;
  }

  void start_reloader(Reloader::Load load) {
    reloader_ = std::make_unique<Reloader>(std::move(load), first_, "", *engine_, clock_);
    reloader_->start();
  }

  // Records until told to stop; a full queue holds the sender up.
  void send() {
    std::uint64_t number = 0;
    while (!done_.load()) {
      collector::Delivery delivery;
      delivery.batch = std::make_unique<Batch>();
      for (int i = 0; i < 3; ++i) {
        delivery.batch->add("a record with a needle record, number " + std::to_string(number + 1),
                            SourceId{0}, 0, 1'700'000'000'000'000'000);
        ++number;
      }
      while (!queue_.try_push(std::move(delivery))) std::this_thread::yield();
      wakeup_.notify();
    }
    sent_ = number;
  }

  static constexpr std::size_t kQueue = 4;
  std::filesystem::path folder_;
  RealClock clock_;
  Wakeup wakeup_;
  collector::DeliveryQueue queue_{kQueue};
  std::unique_ptr<storage::Store> store_;
  Detection first_;
  std::vector<std::weak_ptr<const rules::RuleSet>> made_;  // by whoever loads, one after the other
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Reloader> reloader_;
  std::atomic<bool> done_{false};
  std::uint64_t sent_ = 0;
};

TEST_F(ReloadTest, AThousandReloadsUnderLoadMissAndDoubleNothing) {
  std::atomic<std::size_t> next{0};
  start_reloader([&](std::vector<KindId>) -> Result<Detection> { return detection(++next); });
  engine_->start();
  std::thread sender([this] { send(); });
  std::thread auditor([this] {
    while (!done_.load()) {
      const auto ledgers = engine_->ledger();
      if (ledgers) {
        EXPECT_EQ(ledgers->front().residual(), 0);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  std::size_t warm_bytes = 0;
  for (int i = 1; i <= kReloads; ++i) {
    reloader_->request();
    while (reloader_->status().reloads < static_cast<std::uint64_t>(i) &&
           reloader_->status().failures == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    if (i == kWarmReloads) warm_bytes = resident_bytes();
  }
  const std::size_t grown = resident_bytes() - std::min(warm_bytes, resident_bytes());
  done_.store(true);
  sender.join();
  auditor.join();
  engine_->stop();
  reloader_->stop();
  EXPECT_EQ(reloader_->status().failures, 0U);

  std::map<std::string, std::vector<int>, std::less<>> hits;  // by rule, by number of the record
  for (const char* id : {"all", "odd", "even", "third"}) hits[id].assign(sent_, 0);
  ASSERT_TRUE(store_->hits(0, [&](const storage::StoredHit& hit) {
    const auto found = hits.find(hit.rule_id);
    EXPECT_TRUE(found != hits.end() && hit.seq < sent_) << hit.rule_id << " " << hit.seq;
    if (found != hits.end() && hit.seq < sent_) ++found->second[hit.seq];
    return true;
  }));
  std::uint64_t wrong = 0;
  std::map<std::string, std::uint64_t> seen_by;
  for (std::uint64_t seq = 0; seq < sent_; ++seq) {
    const int others = hits["odd"][seq] + hits["even"][seq] + hits["third"][seq];
    wrong += hits["all"][seq] != 1 || others != 1 ? 1U : 0U;
    for (const char* id : {"odd", "even", "third"})
      seen_by[id] += static_cast<std::uint64_t>(hits[id][seq]);
  }
  EXPECT_EQ(wrong, 0U) << "of " << sent_ << " events";
  EXPECT_GE(sent_, static_cast<std::uint64_t>(kReloads));
  for (const auto& [id, events] : seen_by) EXPECT_GT(events, 0U) << id;
  const auto ledgers = store_->ledger();
  ASSERT_TRUE(ledgers);
  EXPECT_EQ(ledgers->front().stored, sent_);
  EXPECT_EQ(ledgers->front().residual(), 0);
  std::printf("%d reloads, %llu events, %zu KiB more than after %d reloads\n", kReloads,
              static_cast<unsigned long long>(sent_), grown / 1024, kWarmReloads);
  if (kMeasureMemory) {
    EXPECT_LT(grown, kGrowthMax);
  }
  engine_.reset();
  reloader_.reset();
  for (const auto& set : made_) EXPECT_TRUE(set.expired());  // nobody holds what was swapped out
}

TEST_F(ReloadTest, TheOldRulesEndWhenTheNewOnesAreInUse) {
  start_reloader([&](std::vector<KindId>) -> Result<Detection> { return detection(1); });
  engine_->start();
  reloader_->request();
  while (reloader_->status().reloads < 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(made_.at(0).expired());
  EXPECT_EQ(made_.at(1).lock(), engine_->rules());
  EXPECT_EQ(reloader_->status().refused, 0U);
}

TEST_F(ReloadTest, WhatCannotBeLoadedChangesNothing) {
  int calls = 0;
  start_reloader([&](std::vector<KindId>) -> Result<Detection> {
    ++calls;
    if (calls == 1) return fail(Errc::kInvalid, "picket.yaml:3: unknown key");
    if (calls == 3) return detection(2);
    Detection wrong = detection(1);
    wrong.errors.push_back("a.yaml:1: no taxonomy");
    return wrong;
  });
  engine_->start();
  const auto before = engine_->rules();
  for (std::uint64_t i = 1; i <= 2; ++i) {
    reloader_->request();
    while (reloader_->status().failures < i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(engine_->rules(), before);
    EXPECT_NE(reloader_->status().last_failure, "");
    EXPECT_FALSE(reloader_->status().loading);
  }
  reloader_->request();
  while (reloader_->status().reloads < 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_NE(engine_->rules(), before);
  EXPECT_EQ(reloader_->status().last_failure, "");
  EXPECT_EQ(reloader_->status().refused, 1U);  // the bad rule of the third set, alone
  EXPECT_EQ(engine_->rules()->rule_count(), 3U);
}

TEST_F(ReloadTest, RequestsDuringALoadAreOne) {
  std::atomic<int> calls{0};
  start_reloader([&](std::vector<KindId>) -> Result<Detection> {
    ++calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return detection(1);
  });
  engine_->start();
  reloader_->request();
  while (calls.load() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (int i = 0; i < 50; ++i) reloader_->request();
  while (reloader_->status().reloads < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_EQ(calls.load(), 2);
}

}  // namespace
}  // namespace picket::app
