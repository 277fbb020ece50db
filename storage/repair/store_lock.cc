#include "storage/repair/store_lock.h"

#include <rocksdb/env.h>

#include <filesystem>
#include <system_error>

namespace picket::storage {

Result<std::unique_ptr<StoreLock>> StoreLock::take(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return fail(Errc::kNotFound, "store " + folder + ": there is no store here");
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status taken = rocksdb::Env::Default()->LockFile(folder + "/LOCK", &lock);
  if (!taken.ok()) {
    return fail(Errc::kBusy, "store " + folder + ": a server has it open; stop that one first (" +
                                 taken.ToString() + ")");
  }
  return std::unique_ptr<StoreLock>(new StoreLock(lock));
}

StoreLock::~StoreLock() {
  rocksdb::Env::Default()->UnlockFile(lock_);
}

}  // namespace picket::storage
