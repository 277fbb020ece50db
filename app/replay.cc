#include "app/replay.h"

#include <algorithm>
#include <utility>

#include "correlator/codec.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

constexpr std::size_t kBatchRecords = 1024;
constexpr std::size_t kBatchBytes = 1024 * 1024;
constexpr std::int64_t kTickEveryNs = 1'000'000'000;  // as the engine (app/engine.cc)

}  // namespace

Replay::Replay(const Detection& detection, const correlator::SourceNames& sources,
               const std::vector<parsers::SourceFormat>& formats, correlator::Options options,
               Hooks hooks)
    : rules_(detection.rules),
      sources_(sources),
      hooks_(std::move(hooks)),
      parser_(detection.make_parser(false)),
      evaluation_(rules_->make_evaluation()),
      correlator_(rules_, std::move(options), state_) {
  for (std::size_t i = 0; i < formats.size(); ++i)
    parser_.set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
}

void Replay::take_time(const storage::RowTime& row) {
  if (row.position.commit != commit_) {
    commit_ = row.position.commit;
    if (row.received_ns - last_tick_ns_ >= kTickEveryNs) {
      flush();
      tick();
      last_tick_ns_ = row.received_ns;
    }
  }
  take_time(row.time_ns);
}

void Replay::take(const storage::StoredRow& row) {
  take_time({row.position, row.record.received_ns, row.time_ns});
  Record& record =
      batch_.add(row.record.raw, row.record.source, row.record.seq, row.record.received_ns);
  record.length = row.record.length;
  batch_.set_heading(record, row.record.heading);
  if (batch_.records().size() >= kBatchRecords || batch_.bytes() >= kBatchBytes) flush();
}

void Replay::take_time(std::int64_t time_ns) {
  latest_ns_ = std::max(latest_ns_, time_ns);
}

void Replay::flush() {
  if (batch_.records().empty()) return;
  parser_.parse(batch_);
  rules_->evaluate(batch_, *evaluation_);
  if (hooks_.evaluated) hooks_.evaluated(batch_);
  correlator_.process(batch_, sources_, alerts_);
  batch_.clear();
  hand_out();
}

void Replay::tick() {
  if (latest_ns_ == INT64_MIN) return;
  const std::int64_t settled_ns = correlator::subtract_ns(latest_ns_, kSettleNs);
  correlator_.tick(Nanos(std::min(settled_ns, limit_ns_)), alerts_);
  hand_out();
}

void Replay::tick_to(std::int64_t watermark_ns) {
  correlator_.tick(Nanos(watermark_ns), alerts_);
  hand_out();
}

void Replay::tell() {
  correlator_.tell(alerts_);
  hand_out();
}

void Replay::hand_out() {
  if (hooks_.alerts) hooks_.alerts(alerts_);
  alerts_.clear();
  for (const std::string& id : correlator_.take_withdrawn()) {
    if (hooks_.withdrawn) hooks_.withdrawn(id);
  }
}

}  // namespace picket::app
