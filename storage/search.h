// search(), run_query(): queries over the stored events.
//
// Scans the rows, tests the raw bytes first, parses only what may match, a few hundred records at a
// time. storage/ knows no formats, so the caller passes the parser. Runs on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "event/event.h"
#include "storage/query.h"
#include "storage/query/pipe.h"
#include "storage/store.h"

namespace picket::storage {

struct SearchTotals {
  ScanTotals scan;                   // rows in the time range, bytes looked at and skipped
  std::uint64_t parsed = 0;          // rows that had to be parsed
  std::uint64_t matched = 0;         // rows handed out; of run_query(), results
  std::uint64_t bytes_unparsed = 0;  // raw bytes that the look at the raw text ruled out
  bool limited = false;              // ended at the limit, and there is more
  RowPosition last = {};             // of the row handed out last; scan.after to go on
  bool cancelled = false;
  // Fields that the filter asks for and no event had, with their places in the query.
  std::vector<std::pair<std::string, std::size_t>> never_seen = {};
  std::vector<PipeNotice> notices = {};  // of run_query(): what did not fit
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

// The filter of the query alone. result(batch, event) is called for each match, in the order of the
// scan, until it answers false. The batch dies after the call.
Result<SearchTotals> search(const Store& store, const Query& query, const SearchOptions& options,
                            const std::function<bool(Batch&, const Event&)>& result);

// Where results go: a query without commands, or whose commands leave events events, has events;
// the others have rows of result_columns(). Either answers false when it wants no more.
struct ResultSink {
  std::function<bool(Json&&)> event;  // as event_json() shows it
  std::function<bool(const std::vector<Cell>&)> row;
};

// The whole query. Ended before its time (`cancelled`), it hands out what it has found so far.
// `last` is set for queries without commands only: the others have no next page.
Result<SearchTotals> run_query(const Store& store, const Query& query, const SearchOptions& options,
                               const PipeLimits& limits, const ResultSink& sink);

// Takes a dotted name out of an event as event_json() shows it.
void erase_field(Json& event, std::string_view name);

}  // namespace picket::storage
