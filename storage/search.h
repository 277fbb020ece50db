// search(): runs a query over the stored events.
//
// Scans the rows, tests the raw bytes first, parses only what may match, a few hundred records at a
// time. storage/ knows no formats, so the caller passes the parser. Runs on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "event/event.h"
#include "storage/query.h"
#include "storage/store.h"

namespace picket::storage {

struct SearchTotals {
  ScanTotals scan;                   // rows in the time range, bytes looked at and skipped
  std::uint64_t parsed = 0;          // rows that had to be parsed
  std::uint64_t matched = 0;         // rows handed out
  std::uint64_t bytes_unparsed = 0;  // raw bytes that the look at the raw text ruled out
  bool limited = false;              // ended at the limit, and there is more
  RowPosition last = {};             // of the row handed out last; scan.after to go on
  bool cancelled = false;
};

struct SearchOptions {
  ScanOptions scan = {};
  std::size_t limit = 100;
  // Makes one event of each record of the batch; required.
  std::function<void(Batch&)> parse = {};
  // Asked now and then, may be empty: true ends the search.
  std::function<bool()> cancelled = {};
  std::function<void(const SearchTotals&)> progress = {};
};

// result(batch, event) is called for each match, in the order of the scan, until it answers false.
// The batch dies after the call.
Result<SearchTotals> search(const Store& store, const Query& query, const SearchOptions& options,
                            const std::function<bool(Batch&, const Event&)>& result);

}  // namespace picket::storage
