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
#include "storage/store.h"

namespace picket::storage {

class BlockNeeds;  // storage/columns/block_needs.h

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
  // All rows, but those of a column block that the options of a scan let be left out.
  Result<void> read(std::string_view block, BlockKey key, const ScanOptions& options = {});
  std::size_t size() const { return is_columns_ ? rows_.rows.size() : block_.size(); }
  StoredRow row(std::size_t index) const;
  std::uint64_t rows_ruled_out() const { return rows_ruled_out_; }
  std::uint64_t bytes_ruled_out() const { return bytes_ruled_out_; }
  // Those, in order of arrival, if the options ask for them.
  const std::vector<RowTime>& left_out() const { return left_out_; }

  // One record of a block, copied to the end of `batch`; false if the block does not have it.
  Result<bool> fetch(std::string_view block, BlockKey key, SourceId source, std::uint64_t seq,
                     Batch& batch);

 private:
  Result<void> read_columns(std::string_view block, const ScanOptions& options);
  Result<RowSet> choose(const BlockNeeds& needs, const ScanOptions& options);
  Result<void> note_left_out(const RowSet& wanted, const ScanOptions& options);

  BlockKey key_;
  bool is_columns_ = false;
  std::uint64_t rows_ruled_out_ = 0;
  std::uint64_t bytes_ruled_out_ = 0;
  std::vector<RowTime> left_out_;
  RowBlock block_;
  ColumnBlock columns_;
  RowBuffer rows_;
};

}  // namespace picket::storage
