// What must hold for every text given as a query; used by the exhaustive test and by the fuzzer.
#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "storage/query.h"
#include "storage/query/pipe.h"
#include "storage/query_match.h"

namespace picket::storage {

inline void check_query(std::string_view text) {
  QueryError error;
  const Result<Query> query = parse_query(text, &error);
  if (!query) {
    PICKET_CHECK(error.offset <= text.size());
    PICKET_CHECK(!error.what.empty());
    return;
  }
  PICKET_CHECK(query->size() <= kQueryNodesMax);
  // Its canonical spelling is the same query, if it is not longer than a query may be.
  const std::string shown = query->show();
  if (shown.size() <= kQueryBytesMax) {
    const Result<Query> again = parse_query(shown);
    PICKET_CHECK(again.has_value());
    PICKET_CHECK(again->show() == shown);
  }
  // The two steps of matching never contradict each other.
  static Batch batch;  // one for all: making its arena costs more than all the rest
  batch.clear();
  batch.add("aa x \"\\ >=1 failed Password for root", SourceId{0}, 1, 5);
  batch.begin_event().time_ns = 7;
  QueryMatcher matcher(*query, {});
  const Verdict verdict = matcher.by_record(batch.records().front());
  const bool matches = matcher.matches(batch, batch.events().front());
  PICKET_CHECK(verdict == Verdict::kUnknown || (verdict == Verdict::kYes) == matches);
  // Commands take any row; a table has the columns that it is said to have.
  const std::vector<std::string> columns = result_columns(*query);
  Pipe pipe(*query, {}, {}, [&](ResultRow&& row) {
    PICKET_CHECK(row.record == nullptr ? row.cells.size() == columns.size() : columns.empty());
    return true;
  });
  for (int i = 0; i < 3 && pipe.add(batch, batch.events().front()); ++i) {
  }
  pipe.finish();
}

}  // namespace picket::storage
