// OrderedCheck: blocks or hits against the links, in one pass over both, for both are in the order
// of commits. What the values hold is checked on the way; so is the index of events. Private to
// storage/; one thread.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block.h"
#include "storage/integrity/chain.h"
#include "storage/integrity/packed_blocks.h"
#include "storage/integrity/verify.h"
#include "storage/rocks_store.h"
#include "storage/stored_block.h"

namespace picket::storage {

bool hits_are_sound(std::string_view value);  // as RocksStore::hits() reads them

class OrderedCheck {
 public:
  // kBlock or kHits. `packed` is of blocks.
  OrderedCheck(const RocksStore& store, Evidence evidence, const std::vector<std::string>& sources,
               const PackedBlocks& packed, VerifyReport& report);

  // Values of commits up to this one may be older than the chain.
  void set_commits_before(std::uint64_t commits) { commits_before_ = commits; }
  // Of a link; in the order of the chain.
  void expect(std::uint64_t number, const Link& link, const ChainEntry& entry);
  // Without the chain: every value is only read.
  void read_all();
  // What lies behind the last link.
  void finish();
  // Of blocks: the index has their runs and nothing else. After finish().
  void check_index();
  bool has_column_blocks() const { return has_column_blocks_; }  // after finish()

 private:
  struct Place {  // of a value in the chain
    std::uint64_t link = 0;
    std::uint64_t commit = 0;
    std::int64_t time_ns = 0;
  };
  void compare(const Place& place, std::string_view key, std::string_view digest);
  void unexpected_value();
  void step();
  bool content(std::string_view key, std::string_view value, const Place& place);
  bool block(std::string_view key, std::string_view value, const Place& place);
  void check_runs(std::string_view key, const std::vector<Run>& runs, const Place& place);
  void check_index_entry(std::string_view key, std::string_view value);
  std::string source_name(SourceId source) const;
  int add(Difference difference, std::string_view key, const Place& place, std::string detail);
  void add_rows(int finding, const Run& run);

  const RocksStore& store_;
  Evidence evidence_;
  const std::vector<std::string>& sources_;
  const PackedBlocks& packed_;
  VerifyReport& report_;
  std::unique_ptr<rocksdb::Iterator> values_;
  std::string last_key_;
  Digester digester_;
  StoredBlock block_;
  std::uint64_t commits_before_ = 0;
  std::uint64_t runs_ = 0;  // of all sound blocks
  bool has_column_blocks_ = false;
  bool unsound_ = false;    // some block could not be read
  std::map<std::string, int, std::less<>>
      wanted_;  // keys of blocks whose rows the index may tell -> finding
};

}  // namespace picket::storage
