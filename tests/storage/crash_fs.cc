#include "tests/storage/crash_fs.h"

#include <algorithm>
#include <cstring>

namespace picket::storage {
namespace {

using rocksdb::IOStatus;

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}
std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}
std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

class ReadFile final : public rocksdb::FSRandomAccessFile {
 public:
  ReadFile(CrashFs& fs, CrashFs::NodePtr node) : fs_(fs), node_(std::move(node)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const rocksdb::IOOptions&,
                rocksdb::Slice* result, char* scratch, rocksdb::IODebugContext*) const override {
    return fs_.read(*node_, offset, n, result, scratch);
  }

 private:
  CrashFs& fs_;
  CrashFs::NodePtr node_;
};

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(CrashFs& fs, CrashFs::NodePtr node) : fs_(fs), node_(std::move(node)) {}
  IOStatus Read(std::size_t n, const rocksdb::IOOptions&, rocksdb::Slice* result, char* scratch,
                rocksdb::IODebugContext*) override {
    const IOStatus status = fs_.read(*node_, at_, n, result, scratch);
    if (status.ok()) at_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  CrashFs& fs_;
  CrashFs::NodePtr node_;
  std::uint64_t at_ = 0;
};

class WriteFile final : public rocksdb::FSWritableFile {
 public:
  WriteFile(CrashFs& fs, CrashFs::NodePtr node, std::uint64_t generation)
      : fs_(fs), node_(std::move(node)), generation_(generation) {}
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions&,
                  rocksdb::IODebugContext*) override {
    return fs_.append(*node_, generation_, {data.data(), data.size()});
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions&,
                    rocksdb::IODebugContext*) override {
    return fs_.truncate(*node_, generation_, size);
  }
  IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return fs_.sync(*node_, generation_);
  }
  IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  std::uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return fs_.size(*node_);
  }

 private:
  CrashFs& fs_;
  CrashFs::NodePtr node_;
  std::uint64_t generation_;
};

class OpenFolder final : public rocksdb::FSDirectory {
 public:
  OpenFolder(CrashFs& fs, std::string path, std::uint64_t generation)
      : fs_(fs), path_(std::move(path)), generation_(generation) {}
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return fs_.sync_folder(path_, generation_);
  }

 private:
  CrashFs& fs_;
  std::string path_;
  std::uint64_t generation_;
};

class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

class Lock final : public rocksdb::FileLock {};

IOStatus powerless() {
  return IOStatus::IOError("the power is off");
}
IOStatus missing(const std::string& path) {
  return IOStatus::PathNotFound(path);
}

}  // namespace

void CrashFs::arm(Fault fault, FaultAt at, std::uint64_t n) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  fault_at_ = at;
  countdown_ = n;
}

bool CrashFs::armed() {
  const std::lock_guard lock(mutex_);
  return fault_ != Fault::kNone;
}

void CrashFs::crash() {
  const std::lock_guard lock(mutex_);
  crash_locked();
}

bool CrashFs::crashed() {
  const std::lock_guard lock(mutex_);
  return dead_;
}

void CrashFs::restart() {
  const std::lock_guard lock(mutex_);
  dead_ = false;
  fault_ = Fault::kNone;
}

void CrashFs::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

std::uint64_t CrashFs::used() {
  const std::lock_guard lock(mutex_);
  return used_locked();
}

std::uint64_t CrashFs::used_locked() const {
  std::uint64_t used = 0;
  for (const auto& [path, folder] : folders_) {
    for (const auto& [name, node] : folder.live) used += node->bytes.size();
  }
  return used;
}

std::vector<std::pair<std::string, std::size_t>> CrashFs::files() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::size_t>> found;
  for (const auto& [path, folder] : folders_) {
    for (const auto& [name, node] : folder.live)
      found.emplace_back(path + "/" + name, node->bytes.size());
  }
  return found;
}

void CrashFs::flip_bit(const std::string& path, std::size_t bit) {
  const std::lock_guard lock(mutex_);
  char& byte = find(path)->bytes.at(bit / 8);
  byte = static_cast<char>(byte ^ (1 << (bit % 8)));
}

void CrashFs::survive(Node& node) {
  const std::size_t unsynced = node.bytes.size() - node.synced;
  const std::uint64_t kind =
      random_() % 4;  // nothing of the tail, all of it, or a part, maybe torn
  std::size_t kept = kind == 0 ? 0 : kind == 1 ? unsynced : random_() % (unsynced + 1);
  node.bytes.resize(node.synced + kept);
  if (kind == 3 && kept > 0) {  // the length reached the disk, some of the bytes did not
    const std::size_t from = node.synced + random_() % kept;
    std::fill(node.bytes.begin() + static_cast<std::ptrdiff_t>(from), node.bytes.end(), '\0');
  }
  node.synced = node.bytes.size();
}

void CrashFs::crash_locked() {
  if (dead_) return;
  dead_ = true;
  ++generation_;
  for (auto& [path, folder] : folders_) {
    const std::size_t kept = folder.pending.empty() ? 0 : random_() % (folder.pending.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) {
      for (auto& [name, node] : folder.pending[i]) {
        if (node) {
          folder.durable[name] = node;
        } else {
          folder.durable.erase(name);
        }
      }
    }
    folder.pending.clear();
    folder.live = folder.durable;
    for (auto& [name, node] : folder.live) {  // a copy, so that a dead writer cannot reach it
      node = std::make_shared<Node>(*node);
      survive(*node);
    }
    folder.durable = folder.live;
  }
}

IOStatus CrashFs::before(FaultAt sort) {
  if (dead_) return powerless();
  if (fault_ == Fault::kNone) return IOStatus::OK();
  if (fault_at_ != FaultAt::kAny && fault_at_ != sort) return IOStatus::OK();
  if (--countdown_ > 0) return IOStatus::OK();
  const Fault fault = std::exchange(fault_, Fault::kNone);
  if (fault == Fault::kIoError) return IOStatus::IOError("injected");
  if (fault == Fault::kNoSpace) return IOStatus::NoSpace("injected");
  crash_locked();
  return powerless();
}

void CrashFs::change(const std::string& path, Change change) {
  Folder& folder = folders_[path];
  for (const auto& [name, node] : change) {
    if (node) {
      folder.live[name] = node;
    } else {
      folder.live.erase(name);
    }
  }
  folder.pending.push_back(std::move(change));
}

CrashFs::NodePtr CrashFs::find(const std::string& path) {
  const auto folder = folders_.find(folder_of(path));
  if (folder == folders_.end()) return nullptr;
  const auto entry = folder->second.live.find(name_of(path));
  return entry == folder->second.live.end() ? nullptr : entry->second;
}

IOStatus CrashFs::append(Node& node, std::uint64_t generation, std::string_view data) {
  const std::lock_guard lock(mutex_);
  if (dead_ || generation != generation_) return powerless();
  const bool due = fault_ != Fault::kNone && fault_at_ != FaultAt::kSync && countdown_ == 1;
  if (due) node.bytes += data.substr(0, random_() % (data.size() + 1));  // a fault tears the write
  if (IOStatus status = before(FaultAt::kWrite); !status.ok()) return status;
  const std::uint64_t used = used_locked();
  if (capacity_ - std::min(capacity_, used) < data.size()) {
    node.bytes += data.substr(0, capacity_ - std::min(capacity_, used));
    return IOStatus::NoSpace("the disk is full");
  }
  node.bytes += data;
  return IOStatus::OK();
}

IOStatus CrashFs::sync(Node& node, std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return powerless();
  if (IOStatus status = before(FaultAt::kSync); !status.ok()) return status;
  node.synced = node.bytes.size();
  return IOStatus::OK();
}

IOStatus CrashFs::sync_folder(const std::string& path, std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return powerless();
  if (IOStatus status = before(FaultAt::kSync); !status.ok()) return status;
  Folder& folder = folders_[path];
  folder.durable = folder.live;
  folder.pending.clear();
  return IOStatus::OK();
}

IOStatus CrashFs::truncate(Node& node, std::uint64_t generation, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (dead_ || generation != generation_) return powerless();
  node.bytes.resize(size);
  node.synced = std::min<std::size_t>(node.synced, size);
  return IOStatus::OK();
}

IOStatus CrashFs::read(const Node& node, std::uint64_t offset, std::size_t n,
                       rocksdb::Slice* result, char* scratch) {
  const std::lock_guard lock(mutex_);
  const std::size_t at = std::min<std::size_t>(offset, node.bytes.size());
  const std::size_t size = std::min(n, node.bytes.size() - at);
  std::memcpy(scratch, node.bytes.data() + at, size);
  *result = rocksdb::Slice(scratch, size);
  return IOStatus::OK();
}

std::uint64_t CrashFs::size(const Node& node) {
  const std::lock_guard lock(mutex_);
  return node.bytes.size();
}

IOStatus CrashFs::NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                                    std::unique_ptr<rocksdb::FSSequentialFile>* result, Debug*) {
  const std::lock_guard lock(mutex_);
  if (dead_) return powerless();
  NodePtr node = find(path);
  if (!node) return missing(path);
  *result = std::make_unique<SequentialFile>(*this, std::move(node));
  return IOStatus::OK();
}

IOStatus CrashFs::NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                                      std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                      Debug*) {
  const std::lock_guard lock(mutex_);
  if (dead_) return powerless();
  NodePtr node = find(path);
  if (!node) return missing(path);
  *result = std::make_unique<ReadFile>(*this, std::move(node));
  return IOStatus::OK();
}

IOStatus CrashFs::NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                  std::unique_ptr<rocksdb::FSWritableFile>* result, Debug*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = before(FaultAt::kWrite); !status.ok()) return status;
  auto node = std::make_shared<Node>();
  change(folder_of(path), {{name_of(path), node}});
  *result = std::make_unique<WriteFile>(*this, std::move(node), generation_);
  return IOStatus::OK();
}

IOStatus CrashFs::NewDirectory(const std::string& path, const Options&,
                               std::unique_ptr<rocksdb::FSDirectory>* result, Debug*) {
  const std::lock_guard lock(mutex_);
  if (dead_) return powerless();
  *result = std::make_unique<OpenFolder>(*this, without_slash(path), generation_);
  return IOStatus::OK();
}

IOStatus CrashFs::FileExists(const std::string& path, const Options&, Debug*) {
  const std::lock_guard lock(mutex_);
  if (dead_) return powerless();
  return find(path) || folders_.contains(without_slash(path)) ? IOStatus::OK()
                                                              : IOStatus::NotFound(path);
}

IOStatus CrashFs::GetChildren(const std::string& path, const Options&,
                              std::vector<std::string>* result, Debug*) {
  const std::lock_guard lock(mutex_);
  if (dead_) return powerless();
  result->clear();
  const auto folder = folders_.find(without_slash(path));
  if (folder == folders_.end()) return IOStatus::NotFound(path);
  for (const auto& [name, node] : folder->second.live) result->push_back(name);
  return IOStatus::OK();
}

IOStatus CrashFs::DeleteFile(const std::string& path, const Options&, Debug*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = before(FaultAt::kAny); !status.ok()) return status;
  if (!find(path)) return missing(path);
  change(folder_of(path), {{name_of(path), nullptr}});
  return IOStatus::OK();
}

IOStatus CrashFs::CreateDir(const std::string& path, const Options& options, Debug* debug) {
  return CreateDirIfMissing(path, options, debug);
}

// Folders themselves are durable at once: the store makes one only, before anything else.
IOStatus CrashFs::CreateDirIfMissing(const std::string& path, const Options&, Debug*) {
  const std::lock_guard lock(mutex_);
  if (dead_) return powerless();
  folders_.try_emplace(without_slash(path));
  return IOStatus::OK();
}

IOStatus CrashFs::DeleteDir(const std::string& path, const Options&, Debug*) {
  const std::lock_guard lock(mutex_);
  folders_.erase(without_slash(path));
  return IOStatus::OK();
}

IOStatus CrashFs::GetFileSize(const std::string& path, const Options&, std::uint64_t* size,
                              Debug*) {
  const std::lock_guard lock(mutex_);
  if (dead_) return powerless();
  const NodePtr node = find(path);
  if (!node) return missing(path);
  *size = node->bytes.size();
  return IOStatus::OK();
}

IOStatus CrashFs::GetFileModificationTime(const std::string&, const Options&, std::uint64_t* time,
                                          Debug*) {
  *time = 0;
  return IOStatus::OK();
}

IOStatus CrashFs::RenameFile(const std::string& from, const std::string& to, const Options&,
                             Debug*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = before(FaultAt::kAny); !status.ok()) return status;
  NodePtr node = find(from);
  if (!node) return missing(from);
  change(folder_of(to), {{name_of(to), std::move(node)}, {name_of(from), nullptr}});
  return IOStatus::OK();
}

IOStatus CrashFs::LockFile(const std::string&, const Options&, rocksdb::FileLock** lock, Debug*) {
  *lock = new Lock;  // freed by UnlockFile(), as RocksDB has it
  return IOStatus::OK();
}

IOStatus CrashFs::UnlockFile(rocksdb::FileLock* lock, const Options&, Debug*) {
  delete static_cast<Lock*>(lock);
  return IOStatus::OK();
}

IOStatus CrashFs::GetTestDirectory(const Options&, std::string* path, Debug*) {
  *path = "/test";
  return IOStatus::OK();
}

IOStatus CrashFs::NewLogger(const std::string&, const Options&,
                            std::shared_ptr<rocksdb::Logger>* result, Debug*) {
  *result = std::make_shared<NoLog>();
  return IOStatus::OK();
}

IOStatus CrashFs::GetAbsolutePath(const std::string& path, const Options&, std::string* out,
                                  Debug*) {
  *out = path;
  return IOStatus::OK();
}

IOStatus CrashFs::IsDirectory(const std::string& path, const Options&, bool* is_folder, Debug*) {
  const std::lock_guard lock(mutex_);
  *is_folder = folders_.contains(without_slash(path));
  return IOStatus::OK();
}

IOStatus CrashFs::GetFreeSpace(const std::string&, const Options&, std::uint64_t* free, Debug*) {
  const std::lock_guard lock(mutex_);
  *free = capacity_ - std::min(capacity_, used_locked());
  return IOStatus::OK();
}

}  // namespace picket::storage
