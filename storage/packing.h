// Packing: which row blocks become the next column block, and the writes that do it. Private to
// storage/; decision 0011 has the reasons.
//
// Goes over the blocks in order of their keys. What it would replace must be what the chain
// recorded when it was written, and what it puts in its place must give every row back: else the
// row blocks stay as they are, and their place is told. Reads the database and changes nothing; the
// caller writes the batch. One thread at a time.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "storage/columns/column_block.h"
#include "storage/columns/column_writer.h"
#include "storage/integrity/packed_blocks.h"
#include "storage/store.h"
#include "storage/stored_block.h"

namespace picket::storage {

class BlockLinks;
class RocksStore;

class Packing {
 public:
  Packing(const RocksStore& store, std::size_t rows_max);

  // Fills `batch`; false: there are too few rows yet. After true the caller writes, and says so.
  Result<bool> next(rocksdb::WriteBatch& batch);
  void written();
  const PackStatus& status() const { return status_; }
  // All blocks before this key were gone over.
  const std::string& end() const { return at_.key; }

 private:
  struct Source {  // a row block that is to be packed
    BlockKey key;
    std::string bytes;
    std::uint64_t link;  // that names it, or an earlier one
  };
  // How far the blocks, and the links that name them, were gone over.
  struct Place {
    std::string key;         // of the first block that was not
    std::uint64_t link = 1;  // behind those that name earlier blocks
  };

  Result<void> begin();
  Result<bool> enough();
  Result<bool> gather(std::vector<Source>& sources);
  Result<std::string> why_not(BlockKey key, std::string_view bytes, BlockLinks& links);
  bool is_gone(std::string_view key);
  Result<bool> put_together(std::vector<Source>& sources);
  Result<bool> add_rows(const Source& source);
  Result<bool> gives_all_back(std::string_view block, BlockKey key);
  void write(const std::vector<Source>& sources, const std::string& block,
             const std::vector<Run>& runs, rocksdb::WriteBatch& batch) const;
  void leave(BlockKey key, std::string why);
  void count_again();

  const RocksStore& store_;
  std::size_t rows_max_;
  bool begun_ = false;
  Place at_;
  Place behind_;  // of what is gathered, to become at_
  // Of what waits from at_ on, as far as `counted_`.
  std::string counted_;
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;

  RowBlock block_;
  ColumnBlockBuilder builder_;
  ColumnBlock columns_;
  RowBuffer back_;
  std::vector<std::uint64_t> row_hashes_;  // of the rows that were added, in their order
  Digester digester_;
  PackedBlocks gone_;   // read when a block is missing
  PackStatus pending_;  // once it is written
  PackStatus status_;
};

}  // namespace picket::storage
