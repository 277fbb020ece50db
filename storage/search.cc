#include "storage/search.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "storage/query_match.h"

namespace picket::storage {
namespace {

constexpr std::size_t kBatchRowsMin = 16;  // few at first, so that the first results come at once
constexpr std::size_t kBatchRowsMax = 1024;
constexpr std::size_t kBatchBytesMax = 4 * 1024 * 1024;
constexpr std::uint64_t kRowsBetweenQuestions = 4096;  // to `cancelled` and `progress`

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
    ++totals_.scan.rows;
    totals_.scan.bytes_scanned += row.record.raw.size();
    if (totals_.scan.rows % kRowsBetweenQuestions == 0 && !ask()) return false;
    if (matcher_.by_raw(row.record.raw) == Verdict::kNo) {
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

  SearchTotals& totals() { return totals_; }

 private:
  bool ask() {
    if (options_.progress) options_.progress(totals_);
    totals_.cancelled = options_.cancelled && options_.cancelled();
    return !totals_.cancelled;
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
  PICKET_TRY(const ScanTotals scan,
             store.scan(options.scan, [&](const StoredRow& row) { return search.row(row); }));
  if (!search.totals().cancelled) search.flush();
  search.totals().scan = scan;
  return search.totals();
}

}  // namespace picket::storage
