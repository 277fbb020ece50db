#include "storage/repair/salvage.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "storage/integrity/chain.h"
#include "storage/repair/chain_names.h"
#include "storage/repair/damaged_scan.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;

tl::unexpected<Error> failed(const std::string& path, const std::error_code& error) {
  return fail(error == std::errc::no_space_on_device ? Errc::kFull : Errc::kIo,
              path + ": " + error.message());
}

void remove_all(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

// The files that open, and the logs, in a folder of their own. A link costs nothing; where there
// can be none it is a copy.
Result<void> link_files(const SalvageOptions& options) {
  remove_all(options.links);
  std::error_code error;
  fs::create_directories(options.links, error);
  if (error) return failed(options.links, error);
  const auto link = [&](const std::string& name) -> Result<void> {
    const fs::path from = fs::path(options.from) / name;
    const fs::path to = fs::path(options.links) / name;
    std::error_code failure;
    fs::create_hard_link(from, to, failure);
    if (failure) fs::copy_file(from, to, failure);
    if (failure) return failed(to.string(), failure);
    return {};
  };
  for (const TableFile& file : options.files) {
    if (!file.opens) continue;
    PICKET_TRY_VOID(link(file.name));
  }
  for (fs::directory_iterator at(options.from, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".log") continue;
    PICKET_TRY_VOID(link(at->path().filename().string()));
  }
  if (error) return failed(options.from, error);
  return rebuild_manifest(options.links);
}

class Salvage {
 public:
  Salvage(const RocksStore& from, const RocksStore& to, const SalvageOptions& options)
      : from_(from), to_(to), options_(options) {
    for (const TableFile& file : options.files) total_ += file.bytes;
  }

  Result<SalvageTotals> run() {
    for (std::size_t i = 0; i < kFamilies; ++i) {
      PICKET_TRY_VOID(family(static_cast<Family>(i)));
    }
    if (totals_.places > 0 || has_closed_files()) {
      PICKET_TRY_VOID(ask_by_name());
    }
    for (std::size_t i = 0; i < kFamilies; ++i) {
      const rocksdb::Status flushed = to_.db().Flush({}, to_.family(static_cast<Family>(i)));
      if (!flushed.ok()) return rocks_error(flushed, "repair " + options_.to);
    }
    return totals_;
  }

 private:
  bool has_closed_files() const {
    return std::any_of(options_.files.begin(), options_.files.end(),
                       [](const TableFile& file) { return !file.problem.empty(); });
  }

  Result<void> family(Family which) {
    if (from_.family(which) == nullptr) return {};
    rocksdb::ReadOptions how;
    how.fill_cache = false;
    DamagedScan values(
        std::unique_ptr<rocksdb::Iterator>(from_.db().NewIterator(how, from_.family(which))));
    while (values.next()) {
      PICKET_TRY_VOID(put(which, values.key(), values.value()));
    }
    totals_.places += values.places();
    return write();
  }

  Result<void> put(Family which, std::string_view key, std::string_view value) {
    batch_.Put(to_.family(which), slice(key), slice(value));
    ++totals_.values;
    totals_.bytes += key.size() + value.size();
    if (batch_.GetDataSize() < kBatchBytes) return {};
    return write();
  }

  // The new store has no log: it counts when its files are written and synced.
  Result<void> write() {
    rocksdb::WriteOptions how;
    how.disableWAL = true;
    const rocksdb::Status written = to_.db().Write(how, &batch_);
    batch_.Clear();
    if (!written.ok()) return rocks_error(written, "repair " + options_.to);
    if (options_.progress) options_.progress(totals_.bytes, std::max(total_, totals_.bytes));
    return {};
  }

  // What the chain names and the scan did not meet.
  Result<void> ask_by_name() {
    ChainNames names(to_);
    PICKET_TRY_VOID(names.read());
    Result<void> done;
    names.for_each([&](const ChainNames::Name& name) {
      if (!done) return;
      const Family which = family_of(name.evidence);
      rocksdb::PinnableSlice there;
      const rocksdb::Status has = to_.db().Get({}, to_.family(which), slice(name.key), &there);
      if (!has.IsNotFound()) return;
      const std::optional<std::string> found = find(which, name);
      if (!found) return;
      ++totals_.by_name;
      done = put(which, name.key, *found);
    });
    PICKET_TRY_VOID(done);
    return write();
  }

  bool is_named(const ChainNames::Name& name, std::string_view value) {
    const Digest digest = evidence_digest(digester_, name.evidence, name.key, value);
    return bytes_of(digest).substr(0, name.digest.size()) == name.digest;
  }

  std::optional<std::string> find(Family which, const ChainNames::Name& name) {
    const auto value = from_.get(which, name.key);
    if (value && *value && is_named(name, **value)) return **value;
    for (const TableFile& file : options_.files) {
      if (!file.opens || file.problem.empty()) continue;
      if (!file.may_have(kFamilyNames[static_cast<std::size_t>(which)], name.key)) continue;
      std::optional<std::string> in_file = find_in(file, name);
      if (in_file) return in_file;
    }
    return std::nullopt;
  }

  std::optional<std::string> find_in(const TableFile& file, const ChainNames::Name& name) {
    rocksdb::SstFileReader reader((rocksdb::Options()));
    if (!reader.Open(options_.from + "/" + file.name).ok()) return std::nullopt;
    const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator({}));
    at->Seek(slice(name.key));
    if (!at->Valid() || view(at->key()) != name.key || !is_named(name, view(at->value())))
      return std::nullopt;
    return at->value().ToString();
  }

  const RocksStore& from_;
  const RocksStore& to_;
  const SalvageOptions& options_;
  rocksdb::WriteBatch batch_;
  Digester digester_;
  SalvageTotals totals_;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<void> rebuild_manifest(const std::string& folder) {
  rocksdb::DBOptions how;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (const char* name : kFamilyNames) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  const rocksdb::Status done = rocksdb::RepairDB(folder, how, families);
  if (!done.ok()) return rocks_error(done, "repair " + folder);
  return {};
}

Result<SalvageTotals> salvage(const SalvageOptions& options) {
  StoreOptions source;
  source.path = options.from;
  const bool all_open = std::all_of(options.files.begin(), options.files.end(),
                                    [](const TableFile& file) { return file.opens; });
  Result<std::unique_ptr<RocksStore>> from = fail(Errc::kCorrupt, "");
  if (all_open) from = RocksStore::open_damaged(source);
  if (!from) {
    PICKET_TRY_VOID(link_files(options));
    source.path = options.links;
    from = RocksStore::open_unread(source);
  }
  if (!from) return tl::unexpected(from.error());
  StoreOptions target;
  target.path = options.to;
  target.must_be_new = true;
  Result<SalvageTotals> totals;
  {
    PICKET_TRY(const std::unique_ptr<RocksStore> to, RocksStore::open_unread(std::move(target)));
    totals = Salvage(**from, *to, options).run();
  }
  from->reset();
  remove_all(options.links);
  return totals;
}

}  // namespace picket::storage
