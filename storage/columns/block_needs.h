// BlockNeeds: what of the needs of a scan a column block could meet, and in which rows.
//
// The filter of words answers first, before the block is opened: of most blocks it says that there
// is nothing. Answers leave no row out that has what is needed or hides_text(). Keeps views of the
// needs. One thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/record_needs.h"
#include "storage/columns/column_search.h"
#include "storage/columns/row_set.h"

namespace picket::storage {

class BlockNeeds {
 public:
  // nullptr: all rows are needed, as they are of a block that does not know which hide text.
  static Result<BlockNeeds> of(const RecordNeeds* needs, std::string_view block, BlockKey key);

  // Certain that no row is.
  bool nothing() const { return !everything_ && !hiding_ && any_.empty(); }
  // `block` is open, and `search` is of it.
  Result<RowSet> rows(ColumnBlock& block, ColumnSearch& search) const;

 private:
  using AnyOf = std::vector<const NeededText*>;

  bool everything_ = false;
  bool hiding_ = false;
  std::vector<std::vector<AnyOf>> any_;  // as RecordNeeds, of texts that the filter lets through
};

}  // namespace picket::storage
