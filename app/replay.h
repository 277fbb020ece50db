// Replay: stored records go through the whole chain again - parsed, evaluated, correlated - in the
// order in which they were committed, over a state in memory.
//
// The watermark follows them as it followed the engine's clock: at each second of receiving, 30 s
// behind the latest event. So what came later than the lateness allows is left out of correlation
// here as it was there. What it cannot know: restarts of the server, and how long the engine was
// behind its doors; both matter only to events later than the lateness.
//
// One thread. What it is given must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "app/detection.h"
#include "correlator/correlator.h"
#include "correlator/source_table.h"
#include "correlator/state.h"
#include "parsers/parser.h"
#include "storage/store.h"

namespace picket::app {

class Replay {
 public:
  struct Hooks {  // each may be empty
    std::function<void(const Batch&)> evaluated;     // before it is correlated
    std::function<void(std::vector<Alert>&)> alerts;  // new and grown; may take them
    std::function<void(const std::string&)> withdrawn;
  };

  // `formats`: by source id.
  Replay(const Detection& detection, const correlator::SourceNames& sources,
         const std::vector<parsers::SourceFormat>& formats, correlator::Options options, Hooks hooks);

  void take(const storage::StoredRow& row);
  // The row is not of those that are asked for, but it moved the watermark.
  void take_time(const storage::RowTime& row);
  void take_time(std::int64_t time_ns);
  // What was taken is through; the watermark stays.
  void flush();
  void tick();
  void tick_to(std::int64_t watermark_ns);  // whatever the limit
  void tell();  // of all alerts that have grown

  // The watermark goes no further than this.
  void limit_watermark(std::int64_t limit_ns) { limit_ns_ = limit_ns; }
  std::int64_t latest_ns() const { return latest_ns_; }
  std::uint64_t commit() const { return commit_; }  // of the row that was taken last; 0: none yet
  const correlator::Correlator& correlator() const { return correlator_; }
  correlator::MapState& state() { return state_; }

  static constexpr std::int64_t kSettleNs = 30'000'000'000;

 private:
  void hand_out();

  std::shared_ptr<const rules::RuleSet> rules_;
  const correlator::SourceNames& sources_;
  Hooks hooks_;
  parsers::Parser parser_;
  rules::EvaluationPtr evaluation_;
  correlator::MapState state_;
  correlator::Correlator correlator_;
  Batch batch_;
  std::vector<Alert> alerts_;
  std::uint64_t commit_ = 0;
  std::int64_t last_tick_ns_ = 0;
  std::int64_t latest_ns_ = INT64_MIN;
  std::int64_t limit_ns_ = INT64_MAX;
};

}  // namespace picket::app
