// PackedBlocks: what became of blocks after they were written first: which were replaced by a
// packed block, which are in one that stands under another key, and which were removed. Hits that
// were removed too. As the links say; links that cannot be read are passed over here, for ChainCheck names them. Private to
// storage/; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block.h"
#include "storage/integrity/chain.h"

namespace picket::storage {

class RocksStore;

class PackedBlocks {
 public:
  struct Packed {
    std::uint64_t link = 0;  // that put it there
    std::uint64_t commit = 0;
    std::int64_t time_ns = 0;
    std::string digest;  // of the block that stands under the key now; empty: none does
  };

  void read(const RocksStore& store);
  bool empty() const { return entries_.empty(); }
  // nullptr: the block is as it was written first.
  const Packed* find(std::string_view key) const;
  // Hits of a commit that a repair took out.
  bool hits_are_gone(std::string_view key) const { return gone_hits_.contains(key); }

 private:
  struct Entry {
    std::uint64_t commit;
    std::uint32_t packed;  // index into packed_
    std::uint16_t part;
  };
  void add(std::string_view key, std::uint32_t packed);

  std::vector<Entry> entries_;  // by key
  std::vector<Packed> packed_;
  std::set<std::string, std::less<>> gone_hits_;
};

}  // namespace picket::storage
