// StoredBlock: the rows of a block of either kind, in order of arrival, with their positions.
//
// Reuses its memory from block to block; what it hands out lives until the next read(). Blocks come
// from the disk and may be damaged: kCorrupt names them. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/block.h"
#include "storage/columns/column_block.h"
#include "storage/columns/column_rows.h"
#include "storage/query.h"
#include "storage/store.h"

namespace picket::storage {

bool is_column_block(std::string_view block);

// What stands before everything that is compressed.
struct BlockHead {
  BlockHeader header;
  std::vector<Run> runs;
};
Result<BlockHeader> header_of_block(std::string_view block, BlockKey key);
Result<BlockHead> head_of_block(std::string_view block, BlockKey key);

class StoredBlock {
 public:
  // All rows; with `filter`, those of a column block left out that certainly do not match it.
  Result<void> read(std::string_view block, BlockKey key, const Query* filter = nullptr);
  std::size_t size() const { return is_columns_ ? rows_.rows.size() : block_.size(); }
  StoredRow row(std::size_t index) const;
  std::uint64_t rows_ruled_out() const { return is_columns_ ? columns_.rows() - size() : 0; }
  std::uint64_t bytes_ruled_out() const { return ruled_out_; }

  // One record of a block, copied to the end of `batch`; false if the block does not have it.
  Result<bool> fetch(std::string_view block, BlockKey key, SourceId source, std::uint64_t seq,
                     Batch& batch);

 private:
  Result<void> read_columns(std::string_view block, BlockKey key, const Query* filter);

  BlockKey key_;
  bool is_columns_ = false;
  std::uint64_t ruled_out_ = 0;
  RowBlock block_;
  ColumnBlock columns_;
  RowBuffer rows_;
};

}  // namespace picket::storage
