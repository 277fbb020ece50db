#include "storage/copy_store.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;

class Copy {
 public:
  Copy(const RocksStore& from, const RocksStore& to, const CopyOptions& options)
      : from_(from), to_(to), options_(options) {
    for (std::size_t i = 0; i < kFamilies; ++i) {
      rocksdb::ColumnFamilyHandle* const family = from.family(static_cast<Family>(i));
      if (family == nullptr) continue;
      for (const char* property :
           {"rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables"}) {
        std::uint64_t bytes = 0;
        if (from.db().GetIntProperty(family, property, &bytes)) total_ += bytes;
      }
    }
  }

  Result<CopyTotals> run() {
    for (std::size_t i = 0; i < kFamilies; ++i) {
      PICKET_TRY_VOID(family(static_cast<Family>(i)));
    }
    return totals_;
  }

 private:
  Result<void> family(Family which) {
    if (from_.family(which) == nullptr) return {};
    rocksdb::ReadOptions how;
    how.fill_cache = false;
    how.readahead_size = 2 * 1024 * 1024;
    const std::unique_ptr<rocksdb::Iterator> entries(
        from_.db().NewIterator(how, from_.family(which)));
    for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
      batch_.Put(to_.family(which), entries->key(), entries->value());
      ++totals_.values;
      totals_.bytes += entries->key().size() + entries->value().size();
      if (batch_.GetDataSize() >= kBatchBytes) {
        PICKET_TRY_VOID(write());
      }
    }
    if (!entries->status().ok()) return rocks_error(entries->status(), "copy " + options_.from);
    PICKET_TRY_VOID(write());
    // The copy has no log: it counts when its files are written and synced.
    const rocksdb::Status flushed = to_.db().Flush({}, to_.family(which));
    if (!flushed.ok()) return rocks_error(flushed, "copy to " + options_.to);
    return {};
  }

  Result<void> write() {
    rocksdb::WriteOptions how;
    how.disableWAL = true;
    const rocksdb::Status written = to_.db().Write(how, &batch_);
    batch_.Clear();
    if (!written.ok()) return rocks_error(written, "copy to " + options_.to);
    if (options_.progress) options_.progress(totals_.bytes, std::max(total_, totals_.bytes));
    return {};
  }

  const RocksStore& from_;
  const RocksStore& to_;
  const CopyOptions& options_;
  rocksdb::WriteBatch batch_;
  CopyTotals totals_;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<CopyTotals> copy_store(const CopyOptions& options) {
  StoreOptions source;
  source.path = options.from;
  source.read_only = true;
  source.env = options.env;
  PICKET_TRY(const std::unique_ptr<RocksStore> from, RocksStore::open_unread(std::move(source)));
  StoreOptions target;
  target.path = options.to;
  target.env = options.env;
  target.must_be_new = true;
  PICKET_TRY(const std::unique_ptr<RocksStore> to, RocksStore::open_unread(std::move(target)));
  return Copy(*from, *to, options).run();
}

}  // namespace picket::storage
