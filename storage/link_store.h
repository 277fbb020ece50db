// link_store(): the files of a store as of one instant, in a folder beside it, also while a server
// writes to it.
//
// What RocksDB's checkpoints are to the process that writes, made from outside: tables, which never
// change, are hard links, so that the server can remove its own; the list of tables and the logs
// are copied. It is whole when that list did not change meanwhile, else it is made again. Then
// every checksum of it is checked. Runs on the calling thread; the store itself is not written to.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace picket::storage {

struct LinkedStore {
  std::vector<std::string>
      tables;  // names of files, in order; they share their bytes with the store
  std::vector<std::string> others;  // the same of those that are copies
};

// `to` must not be there yet and lie on the file system of `from`; what is in it when this fails is
// the caller's to remove. `between`, of tests, is called each time that the list of tables was
// copied. kNotFound: there is no store. kIo: no hard links here, among others. kBusy: the store
// changed too often. kCorrupt: something cannot be read.
Result<LinkedStore> link_store(const std::string& from, const std::string& to,
                               const std::function<void()>& between = {});

}  // namespace picket::storage
