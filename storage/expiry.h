// Expiry: which blocks nobody may keep any longer, and the writes that remove them. Private to
// storage/; decision 0012 has the reasons.
//
// A block goes when all of its rows were stored before the time that counts for their source.
// Stored is when the commit was chained, by the clock of the server: what a record says of its own
// time does not count. A hold keeps a block when it may have a row that is meant. Reads the
// database and changes nothing; the caller writes the batch. One thread.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/block.h"
#include "storage/store.h"
#include "storage/stored_block.h"

namespace picket::storage {

class RocksStore;

class Expiry {
 public:
  Expiry(const RocksStore& store, const Removal& removal);

  // Fills `batch` with some of what goes; false: nothing more does. `totals` counts it.
  Result<bool> next(rocksdb::WriteBatch& batch, ExpiryTotals& totals);
  const std::string& last_removed() const { return last_removed_; }  // its key

 private:
  struct Block {
    bool kept = false;                       // by some source
    bool may_go = false;                     // by some source
    std::uint64_t last_needed = UINT64_MAX;  // its last commit may be no later than this
    std::vector<std::string> index;          // keys of its entries
  };
  Result<void> find();
  Result<std::uint64_t> last_commit_before(std::int64_t time_ns);
  Result<void> mark(SourceId source, std::uint64_t last, std::uint64_t latest);
  Result<bool> is_held(const std::vector<Hold>& holds, const std::string& key, const Block& block,
                       const BlockHeader& header, std::uint64_t last_commit);
  Result<void> hand_out(std::string_view value, const std::string& key);
  Result<bool> remove(const std::string& key, const Block& block, rocksdb::WriteBatch& batch,
                      const std::vector<Hold>& holds, ExpiryTotals& totals);

  const RocksStore& store_;
  const Removal& removal_;
  std::vector<std::string> sources_;  // names by id
  bool found_ = false;
  std::map<std::int64_t, std::uint64_t> commits_;  // by time: last one before it
  std::map<std::string, Block> blocks_;            // by key
  std::uint64_t mixed_ = 0;
  StoredBlock rows_;
  std::string last_removed_;
};

}  // namespace picket::storage
