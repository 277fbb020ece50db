// CrashFs: a disk in memory that can lose its power, fill up or fail, for RocksDB.
//
// What is on such a disk after crash(): of each file the synced bytes and a random part of the
// rest, sometimes torn to zeros; of each folder the entries as of its last fsync and a random
// number of the later changes, in their order, as a journaling file system keeps them. From crash()
// to restart() every operation fails, and files that were open stay dead afterwards; so the owner
// of a store destroys it, calls restart() and opens it again from what survived.
//
// Any thread (RocksDB flushes on its own). Deterministic for one seed as far as RocksDB's threads
// are.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace picket::storage {

enum class Fault : std::uint8_t { kNone, kCrash, kIoError, kNoSpace };
enum class FaultAt : std::uint8_t { kAny, kWrite, kSync };

class CrashFs final : public rocksdb::FileSystem {
 public:
  explicit CrashFs(std::uint64_t seed) : random_(seed) {}

  // The n-th operation of that sort from now on (1 is the next) meets the fault, once.
  void arm(Fault fault, FaultAt at, std::uint64_t n);
  bool armed();  // still waiting for its operation
  void disarm() { arm(Fault::kNone, FaultAt::kAny, 0); }
  void crash();
  void restart();
  bool crashed();
  // Writes beyond this many bytes in all files meet "no space", like a disk of that size.
  void set_capacity(std::uint64_t bytes);
  std::uint64_t used();
  void flip_bit(const std::string& path, std::size_t bit);
  std::vector<std::pair<std::string, std::size_t>> files();  // path and size

  struct Node {
    std::string bytes;
    std::size_t synced = 0;
  };
  using NodePtr = std::shared_ptr<Node>;

  // For the open files.
  rocksdb::IOStatus append(Node& node, std::uint64_t generation, std::string_view data);
  rocksdb::IOStatus sync(Node& node, std::uint64_t generation);
  rocksdb::IOStatus sync_folder(const std::string& path, std::uint64_t generation);
  rocksdb::IOStatus read(const Node& node, std::uint64_t offset, std::size_t n,
                         rocksdb::Slice* result, char* scratch);
  std::uint64_t size(const Node& node);
  rocksdb::IOStatus truncate(Node& node, std::uint64_t generation, std::uint64_t size);

  // rocksdb::FileSystem
  using Status = rocksdb::IOStatus;
  using Options = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;
  const char* Name() const override { return "CrashFs"; }
  Status NewSequentialFile(const std::string&, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSSequentialFile>*, Debug*) override;
  Status NewRandomAccessFile(const std::string&, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>*, Debug*) override;
  Status NewWritableFile(const std::string&, const rocksdb::FileOptions&,
                         std::unique_ptr<rocksdb::FSWritableFile>*, Debug*) override;
  Status NewDirectory(const std::string&, const Options&, std::unique_ptr<rocksdb::FSDirectory>*,
                      Debug*) override;
  Status FileExists(const std::string&, const Options&, Debug*) override;
  Status GetChildren(const std::string&, const Options&, std::vector<std::string>*,
                     Debug*) override;
  Status DeleteFile(const std::string&, const Options&, Debug*) override;
  Status CreateDir(const std::string&, const Options&, Debug*) override;
  Status CreateDirIfMissing(const std::string&, const Options&, Debug*) override;
  Status DeleteDir(const std::string&, const Options&, Debug*) override;
  Status GetFileSize(const std::string&, const Options&, std::uint64_t*, Debug*) override;
  Status GetFileModificationTime(const std::string&, const Options&, std::uint64_t*,
                                 Debug*) override;
  Status RenameFile(const std::string&, const std::string&, const Options&, Debug*) override;
  Status LockFile(const std::string&, const Options&, rocksdb::FileLock**, Debug*) override;
  Status UnlockFile(rocksdb::FileLock*, const Options&, Debug*) override;
  Status GetTestDirectory(const Options&, std::string*, Debug*) override;
  Status NewLogger(const std::string&, const Options&, std::shared_ptr<rocksdb::Logger>*,
                   Debug*) override;
  Status GetAbsolutePath(const std::string&, const Options&, std::string*, Debug*) override;
  Status IsDirectory(const std::string&, const Options&, bool*, Debug*) override;
  Status GetFreeSpace(const std::string&, const Options&, std::uint64_t*, Debug*) override;

 private:
  using Change =
      std::vector<std::pair<std::string, NodePtr>>;  // name -> node, or nullptr: gone; at once
  struct Folder {
    std::map<std::string, NodePtr> live;
    std::map<std::string, NodePtr> durable;
    std::vector<Change> pending;  // since the last fsync of the folder
  };

  Status before(FaultAt sort);  // under mutex_: counts an operation and answers its fault
  void crash_locked();
  void change(const std::string& folder, Change change);
  NodePtr find(const std::string& path);
  std::uint64_t used_locked() const;
  void survive(Node& node);

  std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<std::string, Folder> folders_;
  std::uint64_t generation_ = 0;  // grows with each crash: files opened before it are dead
  bool dead_ = false;
  Fault fault_ = Fault::kNone;
  FaultAt fault_at_ = FaultAt::kAny;
  std::uint64_t countdown_ = 0;
  std::uint64_t capacity_ = UINT64_MAX;
};

}  // namespace picket::storage
