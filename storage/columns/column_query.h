// candidate_rows(): which rows of a column block could match the filter of a query.
//
// Free text is answered by the block; tests of fields are not, as what a field is called and how it
// is written is the parser's to say: they leave all rows. Every other row is certain not to match,
// just as QueryMatcher::by_record() would say of its bytes.
#pragma once

#include "base/result.h"
#include "storage/columns/column_search.h"
#include "storage/columns/row_set.h"
#include "storage/query.h"

namespace picket::storage {

struct CandidateRows {
  RowSet rows;
  bool exact = false;  // they all match; none needs to be looked at
};

// `rows` is the number of rows of the block that `search` is of.
Result<CandidateRows> candidate_rows(const Query& query, ColumnSearch& search, std::size_t rows);

}  // namespace picket::storage
