// StoreLock: nobody else opens the store for writing while it lives. Private to storage/.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace rocksdb {
class FileLock;
}

namespace picket::storage {

class StoreLock {
 public:
  // kBusy: somebody has it open. kNotFound: there is no such folder.
  static Result<std::unique_ptr<StoreLock>> take(const std::string& folder);
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;
  ~StoreLock();

 private:
  explicit StoreLock(rocksdb::FileLock* lock) : lock_(lock) {}
  rocksdb::FileLock* lock_;
};

}  // namespace picket::storage
