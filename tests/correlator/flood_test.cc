// A flood of keys costs disk and time, and never a miss: an attacker who stays just over the
// threshold is found, whoever else is seen meanwhile, in bounded memory; and a restart goes on at once.
//
// PICKET_FLOOD_KEYS=10000000 for a night, PICKET_FLOOD_RUNS=100.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "correlator/store_ports.h"
#include "scripted.h"
#include "storage/store.h"

namespace picket::correlator {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::size_t kBatch = 4096;
constexpr int kThreshold = 10;

std::uint64_t asked(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::size_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  return 0;
}

// An hour of hits, each of a key of its own, and among them one key at even distances.
class Flood {
 public:
  Flood(std::uint64_t keys, int slow_hits, std::uint64_t seed)
      : keys_(keys), slow_hits_(static_cast<std::uint64_t>(slow_hits)), random_(seed) {}

  bool fill(Batch& batch) {
    batch.clear();
    while (at_ < keys_ && batch.events().size() < kBatch) add(batch);
    return !batch.events().empty();
  }
  std::int64_t now_ns() const {
    return static_cast<std::int64_t>(static_cast<double>(at_) / static_cast<double>(keys_) *
                                     static_cast<double>(kHour - kSecond));
  }

 private:
  void add(Batch& batch) {
    if (at_ * slow_hits_ / keys_ >= slow_sent_) {  // the first one at once
      ++slow_sent_;
      append(batch, {now_ns(), 0, seq_++, {0}, {{"source.ip", "slow"}}});
    }
    const std::string key = std::to_string(random_()) + "-" + std::to_string(at_);
    append(batch, {now_ns(), 0, seq_++, {0}, {{"source.ip", key}}});
    ++at_;
  }

  std::uint64_t keys_;
  std::uint64_t slow_hits_;
  std::mt19937_64 random_;
  std::uint64_t at_ = 0;
  std::uint64_t seq_ = 0;
  std::uint64_t slow_sent_ = 0;
};

class FloodTest : public testing::Test {
 protected:
  FloodTest() {
    std::filesystem::remove_all(path_);
    open();
    rules_->raises_[0] = false;
    rules::Correlation& rule =
        rules_->correlate(rules::CorrelationType::kEventCount, {0}, {"source.ip"}, kHour);
    rule.rule.conditions = {{rules::Compare::kGreaterEqual, kThreshold}};
  }
  ~FloodTest() override {
    store_.reset();
    std::filesystem::remove_all(path_);
  }

  void open() {
    store_.reset();
    auto opened = storage::Store::open({.path = path_.string(), .sync = false, .reserve_bytes = 0});
    EXPECT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
  }

  // From opening the store until the first hit is through; the slow one, which is remembered.
  double seconds_to_ready(std::uint64_t seed) {
    const auto start = std::chrono::steady_clock::now();
    open();
    storage::Commit commit;
    StoreState state(*store_, commit);
    Options options;
    options.lateness_ns = kHour;
    options.secret = std::to_string(seed);
    Correlator correlator(rules_, options, state);
    Batch batch;
    append(batch, {kHour - kSecond, 0, UINT32_MAX, {0}, {{"source.ip", "slow"}}});
    std::vector<Alert> out;
    correlator.process(batch, sources_, out);
    correlator.tell(out);
    EXPECT_EQ(out.size(), 1U);
    EXPECT_EQ(out.empty() ? 0 : out[0].hit_count, kThreshold + 1U);
    EXPECT_EQ(correlator.group_counters().loaded, 1U);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  // Ids of groups that alerts are of.
  std::vector<std::string> run(std::uint64_t keys, int slow_hits, std::size_t cache_bytes,
                               std::uint64_t seed) {
    storage::Commit commit;
    StoreState state(*store_, commit);
    Options options;
    options.lateness_ns = kHour;
    options.cache_bytes_max = cache_bytes;
    options.secret = std::to_string(seed);  // groups of this run alone
    Correlator correlator(rules_, options, state);
    Flood flood(keys, slow_hits, seed);
    std::vector<std::string> found;
    std::vector<Alert> out;
    for (Batch batch; flood.fill(batch);) {
      correlator.process(batch, sources_, out);
      EXPECT_TRUE(store_->commit(commit));
      commit.clear();
      for (const Alert& alert : out) found.push_back(alert.group.at(0).second);
      out.clear();
    }
    spilled_ = correlator.group_counters().spilled;
    created_ = correlator.group_counters().created;
    return found;
  }

  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("picket-flood-" + std::to_string(::getpid()));
  std::unique_ptr<storage::Store> store_;
  std::shared_ptr<ScriptedRules> rules_ = std::make_shared<ScriptedRules>(1);
  ScriptedSources sources_;
  std::uint64_t spilled_ = 0;
  std::uint64_t created_ = 0;
};

TEST_F(FloodTest, TheSlowOneIsFound) {
  const std::uint64_t keys = asked("PICKET_FLOOD_KEYS", 12'000);
  const std::uint64_t runs = asked("PICKET_FLOOD_RUNS", 3);
  const std::size_t cache = keys > 1'000'000 ? 256 * kMiB : kMiB;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    const std::vector<std::string> found = run(keys, kThreshold, cache, seed);
    EXPECT_EQ(found, std::vector<std::string>{"slow"}) << "run " << seed;
    EXPECT_EQ(created_, keys + 1);
    EXPECT_GT(spilled_, keys / 2) << "the flood did not fill the memory";
  }
  const double ready = seconds_to_ready(runs);
  if (keys > 1'000'000) {
    RecordProperty("peak_mib", std::to_string(peak_bytes() / kMiB));
    RecordProperty("ready_ms", std::to_string(static_cast<int>(ready * 1000)));
    EXPECT_LT(peak_bytes(), 1024 * kMiB);
  }
}

// The control: one hit less is no attack.
TEST_F(FloodTest, OneUnderTheThresholdIsNot) {
  EXPECT_EQ(run(12'000, kThreshold - 1, kMiB, 1), std::vector<std::string>());
}

}  // namespace
}  // namespace picket::correlator
