// copy_store(): a store as of one instant, into a new folder, also while a server writes to it.
//
// It is opened read-only, which is a snapshot, and copied value by value: so every checksum of the
// database is checked on the way, nothing of the copy shares a file with the original, and the
// server is not asked for anything. The chain is copied with the rest. Runs on the calling thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace rocksdb {
class Env;
}

namespace picket::storage {

struct CopyOptions {
  std::string from;             // folder of a store
  std::string to;               // folder of the new one; there must be none yet
  rocksdb::Env* env = nullptr;  // tests
  std::function<void(std::uint64_t bytes, std::uint64_t total)> progress =
      {};  // total: an estimate
};
struct CopyTotals {
  std::uint64_t values = 0;
  std::uint64_t bytes = 0;  // of keys and values
};

// On disk for good when it returns. kCorrupt: something of the original cannot be read; what was
// copied so far is there.
Result<CopyTotals> copy_store(const CopyOptions& options);

}  // namespace picket::storage
