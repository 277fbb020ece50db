// SlowLane: evaluates rules that are over their budget on a thread of its own, behind the engine.
//
// The engine's commits hold, beside the events, which slow rules they woke: one entry a commit,
// under "slow/" in the store's state. This thread takes the oldest entry, reads its records back,
// parses and evaluates them, and posts the hits to the engine, which commits them and removes the
// entry in one write. So nothing is lost or doubled by a crash, memory is bounded by one entry, and
// ingest never waits. docs/formats/store.md describes entries.
//
// start(), stop() belong to the owner; use() and answered() to the engine's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/detection.h"
#include "base/guarded.h"
#include "base/wakeup.h"
#include "rules/rule_budget.h"
#include "rules/rule_set.h"
#include "storage/store.h"

namespace picket::app {

inline constexpr std::string_view kSlowPrefix = "slow/";

// What one commit left to the slow lane.
struct SlowEntry {
  struct Event {
    SourceId source{};
    std::uint64_t seq = 0;
  };
  std::uint64_t commit = 0;
  std::int64_t oldest_ns = INT64_MAX;  // receive time of its oldest record
  std::map<std::string, std::vector<Event>>
      by_rule;  // rule id -> events that it was woken by, in order

  std::size_t pairs() const;
  std::string key() const;  // orders as the commits
  std::string encode() const;
  // nullopt when it is damaged.
  static std::optional<SlowEntry> decode(std::string_view key, std::string_view value);
};

// What came of an entry.
struct SlowResult {
  std::uint64_t epoch = 0;  // of the rules that it was evaluated with
  std::string key;
  BatchPtr batch;                                // the events that were asked for, with their hits
  std::map<std::uint32_t, std::uint64_t> pairs;  // by rule
  std::uint64_t others = 0;                      // pairs of rules that are no more
  std::uint64_t abandoned = 0;                   // those, and pairs whose record is no more
  std::vector<rules::SlowSample> costs;          // by rule, all since the rules were taken
};

class SlowLane {
 public:
  // `post` is called on the lane's thread; false: try again. The store outlives the lane.
  SlowLane(const storage::Store& store, std::vector<parsers::SourceFormat> formats,
           std::function<bool(SlowResult&)> post);
  ~SlowLane();  // stops
  SlowLane(const SlowLane&) = delete;
  SlowLane& operator=(const SlowLane&) = delete;

  void start();
  void stop();  // after the evaluation it is at; what is left stays in the store

  // Goes on with these rules; `ns_per_kb` limits one evaluation.
  void use(const Detection& detection, std::uint64_t epoch, std::uint64_t ns_per_kb);
  // The result that was posted last is committed, or thrown away; or there is something new.
  void answered();
  void look() { wakeup_.notify(); }

 private:
  struct Rules {
    std::shared_ptr<const rules::RuleSet> set;
    std::shared_ptr<const parsers::Catalog> catalog;
    std::uint64_t epoch = 0;
    std::uint64_t ns_per_kb = 0;
  };
  struct Work;

  void run();
  std::optional<SlowEntry> oldest() const;
  std::optional<SlowResult> evaluate(const SlowEntry& entry, Work& work);
  bool stopping() const { return stopping_.load(std::memory_order_acquire); }

  const storage::Store& store_;
  const std::vector<parsers::SourceFormat> formats_;  // by source id
  const std::function<bool(SlowResult&)> post_;
  Wakeup wakeup_;
  Guarded<Rules> rules_;
  std::atomic<bool> waiting_{false};  // for the engine's answer
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace picket::app
