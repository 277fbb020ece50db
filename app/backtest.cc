#include "app/backtest.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/rule_reach.h"
#include "base/world.h"
#include "correlator/codec.h"
#include "correlator/correlator.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

constexpr std::size_t kBatchRecords = 1024;
constexpr std::size_t kBatchBytes = 1024 * 1024;
constexpr std::uint64_t kRowsBetweenQuestions = 4096;  // to `cancelled` and `progress`
// As the engine has them (app/engine.cc).
constexpr std::int64_t kTickEveryNs = 1'000'000'000;
constexpr std::int64_t kSettleNs = 30'000'000'000;

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
        parser_(detection.make_parser(false)),
        evaluation_(detection.rules->make_evaluation()),
        correlator_(detection.rules, correlation_options(options), state_) {
    for (std::size_t i = 0; i < formats.size(); ++i)
      parser_.set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
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
      flush();
      PICKET_TRY_VOID(look_behind_the_end());
      tick();
    }
    correlator_.tell(alerts_);  // of what has grown since
    keep();
    for (const correlator::RuleCounters& counters : correlator_.rule_counters()) {
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
    const storage::ScanOptions scan{.from_ns = result_.read_from_ns,
                                    .to_ns = INT64_MAX,
                                    .newest_first = false,
                                    .after = {},
                                    .skip_damaged = true};
    PICKET_TRY(const storage::ScanTotals totals,
               store_.scan(scan, [&](const storage::StoredRow& row) {
                 return row.position.commit <= last && take(row);
               }));
    result_.totals.bytes_scanned = totals.bytes_scanned;
    result_.totals.bytes_skipped = totals.bytes_skipped;
    result_.totals.blocks_damaged = totals.blocks_damaged;
    return {};
  }

  // False ends the scan.
  bool take(const storage::StoredRow& row) {
    progress_.bytes += row.record.raw.size();
    if (++progress_.rows % kRowsBetweenQuestions == 0 && !ask()) return false;
    if (row.position.commit != commit_) {
      commit_ = row.position.commit;
      if (row.record.received_ns - last_tick_ns_ >= kTickEveryNs) {
        flush();
        tick();
        last_tick_ns_ = row.record.received_ns;
      }
    }
    latest_ns_ = std::max(latest_ns_, row.time_ns);
    if (row.time_ns >= options_.to_ns) return !stopped();
    Record& record =
        batch_.add(row.record.raw, row.record.source, row.record.seq, row.record.received_ns);
    record.length = row.record.length;
    batch_.set_heading(record, row.record.heading);
    if (batch_.records().size() >= kBatchRecords || batch_.bytes() >= kBatchBytes) flush();
    return !stopped();
  }

  bool ask() {
    progress_.alerts = result_.tally->alerts();
    if (options_.progress) options_.progress(progress_);
    if (options_.cancelled && options_.cancelled()) result_.end = BacktestEnd::kInterrupted;
    return !stopped();
  }

  bool in_period(std::int64_t time_ns) const {
    return time_ns >= options_.from_ns && time_ns < options_.to_ns;
  }

  void flush() {
    if (batch_.records().empty()) return;
    parser_.parse(batch_);
    detection_.rules->evaluate(batch_, *evaluation_);
    for (const Event& event : batch_.events()) {
      ++(in_period(event.time_ns) ? result_.totals.events : result_.totals.events_before);
    }
    for (const Hit& hit : batch_.hits()) {
      if (!in_period(batch_.events()[hit.event].time_ns)) continue;
      ++result_.totals.hits;
      result_.tally->add_hit(hit.rule);
    }
    correlator_.process(batch_, sources_, alerts_);
    batch_.clear();
    keep();
  }

  void tick() {
    if (latest_ns_ == INT64_MIN) return;
    correlator_.tick(Nanos(correlator::subtract_ns(latest_ns_, kSettleNs)), alerts_);
    keep();
  }

  void keep() {
    for (Alert& alert : alerts_) {
      if (!in_period(alert.time_ns)) continue;
      sources_.name_system(alert);
      if (detection_.texts) {
        const RuleTexts::Basis* basis = detection_.texts->of(alert.rule.id);
        if (basis != nullptr) alert.basis = basis->hash;
      }
      result_.tally->put(alert);
      if (options_.alert) options_.alert(alert);
    }
    alerts_.clear();
    for (const std::string& id : correlator_.take_withdrawn()) {
      result_.tally->remove(id);
      if (options_.withdrawn) options_.withdrawn(id);
    }
    if (result_.tally->full()) result_.end = BacktestEnd::kTooManyAlerts;
  }

  // How far behind the period has the server's watermark come? It goes no further than the latest
  // event; one that lies well behind the end decides all of the period.
  Result<void> look_behind_the_end() {
    if (!bounded()) return {};
    const std::int64_t enough_ns = correlator::add_ns(options_.to_ns, kSettleNs);
    for (const std::int64_t from_ns : {enough_ns, options_.to_ns}) {
      if (latest_ns_ >= enough_ns) return {};
      const storage::ScanOptions scan{.from_ns = from_ns,
                                      .to_ns = INT64_MAX,
                                      .newest_first = true,
                                      .after = {},
                                      .skip_damaged = true};
      PICKET_TRY_VOID(store_.scan(scan, [&](const storage::StoredRow& row) {
        latest_ns_ = std::max(latest_ns_, row.time_ns);
        return latest_ns_ < enough_ns;
      }));
    }
    return {};
  }

  const storage::Store& store_;
  const Detection& detection_;
  const KnownSources& sources_;
  const BacktestOptions& options_;
  parsers::Parser parser_;
  rules::EvaluationPtr evaluation_;
  correlator::MapState state_;
  correlator::Correlator correlator_;
  Batch batch_;
  std::vector<Alert> alerts_;
  BacktestProgress progress_;
  BacktestResult result_;
  std::uint64_t commit_ = 0;
  std::int64_t last_tick_ns_ = 0;
  std::int64_t latest_ns_ = INT64_MIN;
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
