#include "storage/search.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "event/event_json.h"
#include "storage/query_match.h"

namespace picket::storage {
namespace {

constexpr std::size_t kBatchRowsMin = 16;  // few at first, so that the first results come at once
constexpr std::size_t kBatchRowsMax = 1024;
constexpr std::size_t kBatchBytesMax = 4 * 1024 * 1024;

class Search {
 public:
  Search(const Query& query, const SearchOptions& options, std::vector<std::string> sources,
         const std::function<bool(Batch&, const Event&)>& result)
      : options_(options),
        sources_(std::move(sources)),
        result_(result),
        matcher_(query, [this](SourceId source) { return source_name(source); }) {}

  // False ends the scan.
  bool row(const StoredRow& row) {
    if (matcher_.by_record(row.record) == Verdict::kNo) {
      totals_.bytes_unparsed += row.record.raw.size();
      return true;
    }
    Record& record =
        batch_.add(row.record.raw, row.record.source, row.record.seq, row.record.received_ns);
    record.length = row.record.length;
    batch_.set_heading(record, row.record.heading);
    positions_.push_back(row.position);
    const bool full = batch_.records().size() >= batch_rows_ || batch_.bytes() >= kBatchBytesMax;
    return full ? flush() : true;
  }

  // Parses what was gathered and hands out what matches.
  bool flush() {
    if (done_ || batch_.records().empty()) return !done_;
    options_.parse(batch_);
    PICKET_CHECK(batch_.events().size() == batch_.records().size());
    totals_.parsed += batch_.records().size();
    for (std::size_t i = 0; i < batch_.events().size(); ++i) {
      const Event& event = batch_.events()[i];
      if (!matcher_.matches(batch_, event)) continue;
      if (totals_.matched == options_.limit) {
        totals_.limited = done_ = true;
        break;
      }
      ++totals_.matched;
      totals_.last = positions_[i];
      if (!result_(batch_, event)) {
        done_ = true;
        break;
      }
    }
    batch_.clear();
    positions_.clear();
    batch_rows_ = std::min(batch_rows_ * 2, kBatchRowsMax);
    return !done_;
  }

  // Between two blocks; false ends the scan.
  bool go_on(const ScanTotals& scan) {
    totals_.scan = scan;
    if (options_.progress) options_.progress(totals());
    totals_.cancelled = options_.cancelled && options_.cancelled();
    return !totals_.cancelled;
  }

  bool cancelled() const { return totals_.cancelled; }

  SearchTotals finish(const ScanTotals& scan) {
    totals_.scan = scan;
    totals_.never_seen = matcher_.never_seen();
    return totals();
  }

 private:
  SearchTotals totals() const {
    SearchTotals totals = totals_;
    totals.bytes_unparsed += totals.scan.bytes_ruled_out;
    return totals;
  }

  std::string_view source_name(SourceId source) const {
    const auto index = static_cast<std::size_t>(source);
    return index < sources_.size() ? std::string_view(sources_[index]) : std::string_view();
  }

  const SearchOptions& options_;
  std::vector<std::string> sources_;
  const std::function<bool(Batch&, const Event&)>& result_;
  QueryMatcher matcher_;
  Batch batch_;
  std::vector<RowPosition> positions_;  // of the batch's records
  std::size_t batch_rows_ = kBatchRowsMin;
  SearchTotals totals_;
  bool done_ = false;
};

}  // namespace

Result<SearchTotals> search(const Store& store, const Query& query, const SearchOptions& options,
                            const std::function<bool(Batch&, const Event&)>& result) {
  PICKET_CHECK(options.parse);
  Search search(query, options, store.source_names(), result);
  ScanOptions scan = options.scan;
  scan.filter = &query;
  scan.go_on = [&](const ScanTotals& totals) { return search.go_on(totals); };
  PICKET_TRY(const ScanTotals totals,
             store.scan(scan, [&](const StoredRow& row) { return search.row(row); }));
  if (!search.cancelled()) search.flush();
  return search.finish(totals);
}

namespace {

// Results as they leave: counts them, and turns rows of events into events again.
class Results {
 public:
  Results(const Query& query, const SearchOptions& options, const ResultSink& sink,
          std::vector<std::string> sources)
      : options_(options),
        sink_(sink),
        dropped_(dropped_fields(query)),
        sources_(std::move(sources)) {}

  bool event(Batch& batch, const Event& event) {
    const auto source = static_cast<std::size_t>(batch.record_of(event).source);
    Json json =
        event_json(batch, event, source < sources_.size() ? sources_[source] : std::string());
    for (const std::string& name : dropped_) erase_field(json, name);
    return sink_.event(std::move(json));
  }

  bool row(ResultRow&& row) {
    if (count_ == options_.limit) {
      limited_ = true;
      return false;
    }
    ++count_;
    if (!row.record) return sink_.row(row.cells);
    batch_.clear();
    const RecordCopy& copy = *row.record;
    Record& record = batch_.add(copy.raw, copy.source, copy.seq, copy.received_ns);
    record.length = copy.length;
    batch_.set_heading(record, copy.heading);
    options_.parse(batch_);
    return event(batch_, batch_.events().front());
  }

  std::uint64_t count() const { return count_; }
  bool limited() const { return limited_; }
  std::string_view source_name(SourceId source) const {
    const auto index = static_cast<std::size_t>(source);
    return index < sources_.size() ? std::string_view(sources_[index]) : std::string_view();
  }

 private:
  const SearchOptions& options_;
  const ResultSink& sink_;
  std::vector<std::string> dropped_;
  std::vector<std::string> sources_;
  Batch batch_;
  std::uint64_t count_ = 0;
  bool limited_ = false;
};

}  // namespace

Result<SearchTotals> run_query(const Store& store, const Query& query, const SearchOptions& options,
                               const PipeLimits& limits, const ResultSink& sink) {
  Results results(query, options, sink, store.source_names());
  if (query.commands().empty()) {
    return search(store, query, options,
                  [&](Batch& batch, const Event& event) { return results.event(batch, event); });
  }
  Pipe pipe(
      query, limits, [&](SourceId source) { return results.source_name(source); },
      [&](ResultRow&& row) { return results.row(std::move(row)); });
  SearchOptions unlimited = options;  // the limit is for what comes out
  unlimited.limit = SIZE_MAX;
  PICKET_TRY(SearchTotals totals,
             search(store, query, unlimited,
                    [&](Batch& batch, const Event& event) { return pipe.add(batch, event); }));
  pipe.finish();
  totals.matched = results.count();
  totals.limited = results.limited();
  totals.last = {};
  totals.notices = pipe.notices();
  return totals;
}

void erase_field(Json& event, std::string_view name) {
  Json* at = &event;
  while (at->is_object() && !at->contains(name)) {
    const std::size_t dot = name.find('.');
    const auto found = dot == std::string_view::npos ? at->end() : at->find(name.substr(0, dot));
    if (found == at->end()) return;
    at = &*found;
    name.remove_prefix(dot + 1);
  }
  if (at->is_object()) at->erase(std::string(name));
}

}  // namespace picket::storage
