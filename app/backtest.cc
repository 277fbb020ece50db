#include "app/backtest.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/needed_records.h"
#include "app/replay.h"
#include "app/rule_reach.h"
#include "base/world.h"
#include "correlator/codec.h"

namespace picket::app {
namespace {

constexpr std::uint64_t kRowsBetweenQuestions = 4096;  // to `cancelled` and `progress`

correlator::Options correlation_options(const BacktestOptions& options) {
  correlator::Options correlation;
  correlation.lateness_ns = options.lateness_ns;
  return correlation;
}

class Backtest {
 public:
  Backtest(const storage::Store& store, const Detection& detection, const KnownSources& sources,
           const std::vector<parsers::SourceFormat>& formats, const BacktestOptions& options)
      : store_(store),
        detection_(detection),
        sources_(sources),
        options_(options),
        needs_(options.read_all ? std::nullopt : NeededRecords(detection).of_all()),
        replay_(detection, sources, formats, correlation_options(options), hooks()) {
    result_.from_ns = options.from_ns;
    result_.to_ns = options.to_ns;
    const std::int64_t before_ns = options.before_ns.value_or(reach_back_ns(*detection.rules));
    if (options.from_ns != INT64_MIN)
      result_.read_from_ns = correlator::subtract_ns(options.from_ns, before_ns);
    result_.tally = std::make_unique<BacktestTally>(*detection.rules, options.samples);
  }

  Result<BacktestResult> run() {
    const Nanos start = RealClock().now();
    PICKET_TRY(const std::uint64_t last, last_commit());
    if (last > 0) {
      PICKET_TRY_VOID(read(last));
    }
    if (!stopped()) {
      replay_.flush();
      PICKET_TRY_VOID(look_behind_the_end());
      replay_.tick();
    }
    replay_.tell();  // of what has grown since
    for (const correlator::RuleCounters& counters : replay_.correlator().rule_counters()) {
      result_.totals.late += counters.late;
      result_.totals.evicted += counters.evicted;
    }
    result_.totals.seconds = std::chrono::duration<double>(RealClock().now() - start).count();
    return std::move(result_);
  }

 private:
  bool bounded() const { return options_.to_ns != INT64_MAX; }
  bool stopped() const { return result_.end != BacktestEnd::kComplete; }

  // The last commit with an event to be read; 0: there is none.
  Result<std::uint64_t> last_commit() {
    if (!bounded()) return UINT64_MAX;
    std::uint64_t last = 0;
    const storage::ScanOptions scan{.from_ns = result_.read_from_ns,
                                    .to_ns = options_.to_ns,
                                    .newest_first = true,
                                    .after = {},
                                    .skip_damaged = true};
    PICKET_TRY_VOID(store_.scan(scan, [&](const storage::StoredRow& row) {
      last = row.position.commit;
      return false;
    }));
    return last;
  }

  // Rows behind the period are read up to `last` for their times alone: they moved the watermark.
  Result<void> read(std::uint64_t last) {
    storage::ScanOptions scan{.from_ns = result_.read_from_ns,
                              .to_ns = INT64_MAX,
                              .newest_first = false,
                              .after = {},
                              .skip_damaged = true};
    if (needs_) scan.needs = &*needs_;
    if (times_matter()) {
      scan.left_out = [&](const storage::RowTime& row) {
        if (row.position.commit <= last) leave_out(row);
      };
    }
    scan.go_on = [&](const storage::ScanTotals& totals) {
      progress_.rows = totals.rows;
      progress_.bytes = totals.bytes_scanned;
      return ask_now_and_then();
    };
    PICKET_TRY(const storage::ScanTotals totals,
               store_.scan(scan, [&](const storage::StoredRow& row) {
                 return row.position.commit <= last && take(row);
               }));
    result_.totals.bytes_scanned = totals.bytes_scanned;
    result_.totals.bytes_skipped = totals.bytes_skipped;
    result_.totals.bytes_ruled_out = totals.bytes_ruled_out;
    result_.totals.blocks_damaged = totals.blocks_damaged;
    if (!times_matter()) result_.totals.events += totals.rows - taken_;
    return {};
  }

  // Of rows that no rule fires on: is it of interest when they came?
  bool times_matter() const {
    const rules::RuleSet& rules = *detection_.rules;
    if (result_.read_from_ns != INT64_MIN || bounded() || !rules.correlations().empty()) return true;
    for (std::uint32_t i = 0; i < rules.rule_count(); ++i) {
      if (rules.suppression(i).for_ns != 0) return true;
    }
    return false;
  }

  void leave_out(const storage::RowTime& row) {
    replay_.take_time(row);
    if (row.time_ns < options_.to_ns) ++count_of(row.time_ns);
  }

  // False ends the scan.
  bool take(const storage::StoredRow& row) {
    ++taken_;
    ++progress_.rows;
    progress_.bytes += row.record.raw.size();
    if (!ask_now_and_then()) return false;
    if (row.time_ns >= options_.to_ns) {
      replay_.take_time({row.position, row.record.received_ns, row.time_ns});
    } else {
      replay_.take(row);
    }
    return !stopped();
  }

  bool ask_now_and_then() {
    if (progress_.rows - asked_at_ < kRowsBetweenQuestions) return !stopped();
    asked_at_ = progress_.rows;
    progress_.alerts = result_.tally->alerts();
    if (options_.progress) options_.progress(progress_);
    if (options_.cancelled && options_.cancelled()) result_.end = BacktestEnd::kInterrupted;
    return !stopped();
  }

  bool in_period(std::int64_t time_ns) const {
    return time_ns >= options_.from_ns && time_ns < options_.to_ns;
  }

  std::uint64_t& count_of(std::int64_t time_ns) {
    return in_period(time_ns) ? result_.totals.events : result_.totals.events_before;
  }

  Replay::Hooks hooks() {
    return {.evaluated = [this](const Batch& batch) { count(batch); },
            .alerts = [this](std::vector<Alert>& alerts) { keep(alerts); },
            .withdrawn = [this](const std::string& id) { take_back(id); }};
  }

  void count(const Batch& batch) {
    for (const Event& event : batch.events()) ++count_of(event.time_ns);
    for (const Hit& hit : batch.hits()) {
      if (!in_period(batch.events()[hit.event].time_ns)) continue;
      ++result_.totals.hits;
      result_.tally->add_hit(hit.rule);
    }
  }

  void keep(std::vector<Alert>& alerts) {
    for (Alert& alert : alerts) {
      if (!in_period(alert.time_ns)) continue;
      sources_.name_system(alert);
      if (detection_.texts) {
        const RuleTexts::Basis* basis = detection_.texts->of(alert.rule.id);
        if (basis != nullptr) alert.basis = basis->hash;
      }
      result_.tally->put(alert);
      if (options_.alert) options_.alert(alert);
    }
    if (result_.tally->full()) result_.end = BacktestEnd::kTooManyAlerts;
  }

  void take_back(const std::string& id) {
    result_.tally->remove(id);
    if (options_.withdrawn) options_.withdrawn(id);
  }

  // How far behind the period has the server's watermark come? It goes no further than the latest
  // event; one that lies well behind the end decides all of the period.
  Result<void> look_behind_the_end() {
    if (!bounded()) return {};
    const std::int64_t enough_ns = correlator::add_ns(options_.to_ns, Replay::kSettleNs);
    for (const std::int64_t from_ns : {enough_ns, options_.to_ns}) {
      if (replay_.latest_ns() >= enough_ns) return {};
      const storage::ScanOptions scan{.from_ns = from_ns,
                                      .to_ns = INT64_MAX,
                                      .newest_first = true,
                                      .after = {},
                                      .skip_damaged = true};
      PICKET_TRY_VOID(store_.scan(scan, [&](const storage::StoredRow& row) {
        replay_.take_time(row.time_ns);
        return replay_.latest_ns() < enough_ns;
      }));
    }
    return {};
  }

  const storage::Store& store_;
  const Detection& detection_;
  const KnownSources& sources_;
  const BacktestOptions& options_;
  std::optional<RecordNeeds> needs_;  // nullopt: all records are read
  BacktestProgress progress_;
  std::uint64_t taken_ = 0;  // rows
  std::uint64_t asked_at_ = 0;
  BacktestResult result_;
  Replay replay_;  // last: it hands its findings to the others
};

}  // namespace

std::string_view backtest_end_name(BacktestEnd end) {
  switch (end) {
    case BacktestEnd::kComplete:
      return "complete";
    case BacktestEnd::kInterrupted:
      return "interrupted";
    case BacktestEnd::kTooManyAlerts:
      return "too-many-alerts";
  }
  return {};
}

Result<BacktestResult> run_backtest(const storage::Store& store, const Detection& detection,
                                    const KnownSources& sources,
                                    const std::vector<parsers::SourceFormat>& formats,
                                    const BacktestOptions& options) {
  return Backtest(store, detection, sources, formats, options).run();
}

}  // namespace picket::app
