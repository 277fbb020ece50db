// run_backtest(): what rules would have raised over stored history, by the whole chain: the raw
// records are parsed, evaluated and correlated as the engine did it, over a state in memory.
//
// replay.h says how. Whoever has a period reads the time before it too, as far back as its rules
// reach; and knows of the time after it only how far the watermark has come, so that what waits for
// it is decided if it was by now. An alert that goes on after the period is as it was at its end.
// Runs on the calling thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/backtest_tally.h"
#include "app/detection.h"
#include "app/known_sources.h"
#include "base/result.h"
#include "parsers/parser.h"
#include "storage/store.h"

namespace picket::app {

struct BacktestProgress {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // raw, looked at
  std::size_t alerts = 0;
};

struct BacktestOptions {
  std::int64_t from_ns = INT64_MIN;  // event time of alerts, inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
  // So much before `from` is read; without it as far back as the rules reach.
  std::optional<std::int64_t> before_ns = {};
  std::int64_t lateness_ns = 24LL * 3600 * 1'000'000'000;  // of the server
  std::size_t samples = 3;                                 // whole alerts kept of each rule
  bool read_all = false;  // also records of which it is certain that no rule fires on them
  // Asked now and then, may be empty: true ends it with what was found.
  std::function<bool()> cancelled = {};
  std::function<void(const BacktestProgress&)> progress = {};
  // Each alert of the period, new and grown, and ids of those taken back; may be empty.
  std::function<void(const Alert&)> alert = {};
  std::function<void(const std::string&)> withdrawn = {};
};

enum class BacktestEnd : std::uint8_t { kComplete, kInterrupted, kTooManyAlerts };
std::string_view backtest_end_name(BacktestEnd end);  // "complete", "interrupted", ...

// Rows, hits and alerts are of the period, bytes of all that was read.
struct BacktestTotals {
  std::uint64_t events = 0;
  std::uint64_t events_before = 0;  // read ahead of the period
  std::uint64_t hits = 0;
  std::uint64_t late = 0;  // hits that came too late to be correlated
  std::uint64_t evicted = 0;
  std::uint64_t bytes_scanned = 0;
  std::uint64_t bytes_skipped = 0;
  std::uint64_t bytes_ruled_out = 0;  // of those scanned: no rule can fire on them, so they were not read
  std::uint64_t blocks_damaged = 0;  // passed over
  double seconds = 0;
};

struct BacktestResult {
  std::int64_t from_ns = INT64_MIN;
  std::int64_t to_ns = INT64_MAX;
  std::int64_t read_from_ns = INT64_MIN;
  BacktestEnd end = BacktestEnd::kComplete;
  BacktestTotals totals;
  std::unique_ptr<BacktestTally> tally;  // never nullptr
};

// All it is given must outlive it, the rules of `detection` also the result. Fails when the store
// cannot be read. `formats`: by source id.
Result<BacktestResult> run_backtest(const storage::Store& store, const Detection& detection,
                                    const KnownSources& sources,
                                    const std::vector<parsers::SourceFormat>& formats,
                                    const BacktestOptions& options);

}  // namespace picket::app
