// BlockLinks: the blocks that the chain names, in the order in which they were written first.
//
// Links that replace or remove blocks are passed over. Reads as the caller goes; after
// a link that cannot be read there are no more, and error() says why. Private to storage/; one
// thread.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/integrity/chain.h"

namespace picket::storage {

class RocksStore;

// Puts one block in place of several, or removes some: see docs/formats/store.md.
bool removes_blocks(const Link& link);

class BlockLinks {
 public:
  // From this link on.
  BlockLinks(const RocksStore& store, std::uint64_t first_link);

  bool at_end() const { return link_.entries.size() <= entry_; }
  std::string_view key() const { return link_.entries[entry_].key; }
  std::string_view digest() const { return link_.entries[entry_].digest; }
  std::uint64_t link() const { return number_; }  // that names it
  void next();
  const std::optional<Error>& error() const { return error_; }

 private:
  void settle();

  std::unique_ptr<rocksdb::Iterator> links_;
  Link link_;
  std::uint64_t number_ = 0;
  std::size_t entry_ = 0;
  std::optional<Error> error_;
};

// The number of the first link of which `reached` is true; one behind the last if there is none.
// From there on it must be true of all. kCorrupt: a link on the way is missing or damaged.
Result<std::uint64_t> first_link(const RocksStore& store,
                                 const std::function<bool(const Link&)>& reached);

}  // namespace picket::storage
