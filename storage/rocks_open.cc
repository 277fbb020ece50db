#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>

#include "storage/encoding.h"
#include "storage/packing.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::size_t kCacheBytes = 64 * 1024 * 1024;
constexpr std::size_t kEventMemtable = 64 * 1024 * 1024;
constexpr std::size_t kSmallMemtable = 16 * 1024 * 1024;
constexpr std::uint64_t kWalBytesMax = 256 * 1024 * 1024;
constexpr int kReadOnlyTries = 5;
// Families from here on came later: what was written before them can be read without.
constexpr auto kFirstOptional = static_cast<std::ptrdiff_t>(Family::kChain);

rocksdb::Env* env_of(const StoreOptions& options) {
  return options.env != nullptr ? options.env : rocksdb::Env::Default();
}

rocksdb::DBOptions database_options(const StoreOptions& options) {
  rocksdb::DBOptions db;
  db.env = env_of(options);
  db.create_if_missing = true;
  db.error_if_exists = options.must_be_new;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.track_and_verify_wals_in_manifest = true;  // a log that was synced and is gone is noticed
  db.max_total_wal_size = kWalBytesMax;
  db.max_bgerror_resume_count = 0;        // after a failed sync nothing is tried again
  db.avoid_flush_during_shutdown = true;  // the log has it all
  db.max_background_jobs = 2;
  db.max_file_opening_threads = 2;  // the default starts 16 for each column family
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.keep_log_file_num = 3;
  db.max_log_file_size = 4 * 1024 * 1024;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(std::string_view name, std::size_t memtable_bytes,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions family;
  const bool events = name == "events";
  family.write_buffer_size = events ? kEventMemtable : kSmallMemtable;
  if (memtable_bytes > 0) family.write_buffer_size = memtable_bytes;
  family.max_write_buffer_number = 3;
  // Event blocks are compressed by us.
  family.compression = events ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // The first hit of a group asks for what is not there; with many groups that is most of the reads.
  if (name == "state") table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

// Those that the store has. A new one begins with RocksDB's own only.
std::vector<std::string> family_names(const StoreOptions& options) {
  std::vector<std::string> names;
  const rocksdb::Status listed =
      rocksdb::DB::ListColumnFamilies(database_options(options), options.path, &names);
  if (!listed.ok()) names.clear();  // there is none yet, or open() will say what is wrong
  if (names.empty() && !options.read_only) names.push_back(rocksdb::kDefaultColumnFamilyName);
  return names;
}

Result<void> make_folder(const StoreOptions& options) {
  if (options.env != nullptr) {
    const rocksdb::Status made = options.env->CreateDirIfMissing(options.path);
    if (!made.ok()) return rocks_error(made, options.path);
    return {};
  }
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(options.path, error);
  if (error) return fail(Errc::kIo, "store " + options.path + ": " + error.message());
  if (is_new) {  // what attackers did is nobody's business but ours
    std::filesystem::permissions(options.path, std::filesystem::perms::owner_all, error);
  }
  return {};
}

tl::unexpected<Error> open_error(const rocksdb::Status& status, const std::string& path) {
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("LOCK") != std::string::npos) {
    return fail(Errc::kBusy,
                "store " + path +
                    ": already open in another process (it holds LOCK); stop that one, or "
                    "open the store read-only beside it");
  }
  return rocks_error(status, "open " + path);
}

}  // namespace

tl::unexpected<Error> rocks_error(const rocksdb::Status& status, std::string_view what) {
  Errc code = Errc::kIo;
  if (status.IsCorruption()) code = Errc::kCorrupt;
  if (status.IsNotFound()) code = Errc::kNotFound;
  if (status.IsNoSpace()) code = Errc::kFull;
  return fail(code, "store: " + std::string(what) + ": " + status.ToString());
}

std::string format_value(std::uint32_t format) {
  std::string value;
  put_little(value, format, 4);
  return value;
}

Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
  return RocksStore::open(std::move(options));
}

Result<std::unique_ptr<Store>> RocksStore::open(StoreOptions options) {
  PICKET_TRY(std::unique_ptr<RocksStore> store, open_unread(std::move(options)));
  PICKET_TRY_VOID(store->check_format());
  PICKET_TRY_VOID(store->load());
  PICKET_TRY_VOID(store->load_chain());
  PICKET_TRY_VOID(store->build_entity_index());
  return std::unique_ptr<Store>(std::move(store));
}

Result<std::unique_ptr<RocksStore>> RocksStore::open_damaged(StoreOptions options) {
  options.read_only = true;
  std::unique_ptr<RocksStore> store(new RocksStore(std::move(options)));
  store->reads_damaged_ = true;
  PICKET_TRY_VOID(store->open_database());
  return store;
}

Result<std::unique_ptr<RocksStore>> RocksStore::open_to_repair(StoreOptions options) {
  PICKET_TRY(std::unique_ptr<RocksStore> store, open_unread(std::move(options)));
  PICKET_TRY(const auto commit, store->get(Family::kMeta, "commit"));
  const std::uint64_t last = commit ? Reader(*commit).little(8) : 0;
  store->tables_.with([&](Tables& tables) { tables.last_commit = last; });
  PICKET_TRY_VOID(store->load_chain());
  return store;
}

Result<std::unique_ptr<RocksStore>> RocksStore::open_unread(StoreOptions options) {
  std::unique_ptr<RocksStore> store(new RocksStore(std::move(options)));
  if (!store->options_.read_only) {
    PICKET_TRY_VOID(make_folder(store->options_));
  }
  PICKET_TRY_VOID(store->open_database());
  return store;
}

RocksStore::RocksStore(StoreOptions options) : options_(std::move(options)) {}

RocksStore::~RocksStore() {
  if (!db_) return;
  close_chain();
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  db_->Close();
}

Result<void> RocksStore::open_database() {
  const auto cache = rocksdb::NewLRUCache(kCacheBytes);
  rocksdb::Status status;
  // A running server may remove a log between our listing the folder and our reading it: look
  // again.
  for (int tries = 0; tries < (options_.read_only ? kReadOnlyTries : 1); ++tries) {
    const std::vector<std::string> names = family_names(options_);
    if (names.empty())
      return fail(Errc::kNotFound, "store " + options_.path + ": there is no store here");
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names)
      families.emplace_back(name, family_options(name, options_.memtable_bytes, cache));
    rocksdb::DB* db = nullptr;
    rocksdb::DBOptions db_options = database_options(options_);
    if (reads_damaged_) {
      db_options.paranoid_checks = false;
      db_options.track_and_verify_wals_in_manifest = false;
    }
    status = options_.read_only
                 ? rocksdb::DB::OpenForReadOnly(db_options, options_.path, families, &handles_, &db)
                 : rocksdb::DB::Open(db_options, options_.path, families, &handles_, &db);
    db_.reset(db);
    if (status.ok()) break;
  }
  if (!status.ok()) return open_error(status, options_.path);
  PICKET_TRY_VOID(create_families(cache));
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    const auto* const known =
        std::find(kFamilyNames.begin(), kFamilyNames.end(), handle->GetName());
    if (known != kFamilyNames.end())
      families_[static_cast<std::size_t>(known - kFamilyNames.begin())] = handle;
  }
  const auto missing = std::find(families_.begin(), families_.end(), nullptr);
  const bool is_old = options_.read_only && missing >= families_.begin() + kFirstOptional;
  if (missing != families_.end() && !is_old) {
    return fail(Errc::kNotFound,
                "store " + options_.path + ": there is no store here, or it was never opened");
  }
  return {};
}

// All that are missing in one call: RocksDB then writes its OPTIONS file once, not once for each. A
// crash in between leaves some of them, and the next open makes the rest.
Result<void> RocksStore::create_families(const std::shared_ptr<rocksdb::Cache>& cache) {
  if (options_.read_only) return {};
  std::vector<rocksdb::ColumnFamilyDescriptor> missing;
  for (const char* name : kFamilyNames) {
    const bool there = std::any_of(handles_.begin(), handles_.end(),
                                   [&](const auto* handle) { return handle->GetName() == name; });
    if (!there) missing.emplace_back(name, family_options(name, options_.memtable_bytes, cache));
  }
  if (missing.empty()) return {};
  std::vector<rocksdb::ColumnFamilyHandle*> made;
  const rocksdb::Status status = db_->CreateColumnFamilies(missing, &made);
  handles_.insert(handles_.end(), made.begin(), made.end());
  if (!status.ok()) return rocks_error(status, "open " + options_.path);
  return {};
}

Result<void> RocksStore::check_format() {
  static_assert(static_cast<std::size_t>(Family::kEntityIndex) == kFamilies - 1);
  PICKET_TRY(const auto stored, get(Family::kMeta, "format"));
  if (stored) {
    const std::uint64_t format = Reader(*stored).little(4);
    if (format <= kFormat && format > 0) return {};
    return fail(Errc::kInvalid, "store " + options_.path + ": written by a newer version (format " +
                                    std::to_string(format) + ", this one reads up to " +
                                    std::to_string(kFormat) + ")");
  }
  if (options_.read_only) return {};  // nothing was ever written
  rocksdb::WriteBatch batch;
  batch.Put(family(Family::kMeta), "format", format_value(kFormatRows));
  return write(batch);
}

Result<void> RocksStore::load() {
  Tables tables;
  PICKET_TRY_VOID(load_sources(tables));
  PICKET_TRY_VOID(load_numbers(tables));
  const auto offsets = iterate(Family::kOffsets);
  for (offsets->SeekToFirst(); offsets->Valid(); offsets->Next()) {
    PICKET_TRY(const std::string_view value,
               unwrap_value(view(offsets->value()), "a read position"));
    tables.offsets.emplace(view(offsets->key()), value);
  }
  if (!offsets->status().ok()) return rocks_error(offsets->status(), "read positions");
  tables_.with([&](Tables& own) { own = std::move(tables); });
  return {};
}

Result<void> RocksStore::load_sources(Tables& tables) const {
  const auto sources = iterate(Family::kSources);
  for (sources->SeekToFirst(); sources->Valid(); sources->Next()) {
    PICKET_TRY(const std::string_view name, unwrap_value(view(sources->value()), "a source"));
    Reader key(view(sources->key()));
    if (key.big32() != tables.names.size() || !key.done()) {
      return fail(Errc::kCorrupt,
                  "store: source " + std::to_string(tables.names.size()) + " is missing");
    }
    tables.ids.emplace(name, SourceId{static_cast<std::uint32_t>(tables.names.size())});
    tables.names.emplace_back(name);
    tables.lines.emplace_back().ledger.source = name;
  }
  if (!sources->status().ok()) return rocks_error(sources->status(), "sources");
  const auto lines = iterate(Family::kLedger);
  for (lines->SeekToFirst(); lines->Valid(); lines->Next()) {
    const std::uint32_t id = Reader(view(lines->key())).big32();
    if (id >= tables.names.size())
      return fail(Errc::kCorrupt, "store: a ledger line without a source");
    PICKET_TRY(tables.lines[id], decode_ledger_line(view(lines->value()), tables.names[id]));
  }
  if (!lines->status().ok()) return rocks_error(lines->status(), "ledger");
  return {};
}

Result<void> RocksStore::load_numbers(Tables& tables) const {
  PICKET_TRY(const auto commit, get(Family::kMeta, "commit"));
  if (commit) tables.last_commit = Reader(*commit).little(8);
  const auto incidents = iterate(Family::kIncidents);
  incidents->SeekToLast();
  if (incidents->Valid()) tables.last_incident = Reader(view(incidents->key())).big64();
  if (!incidents->status().ok()) return rocks_error(incidents->status(), "incidents");
  return {};
}

}  // namespace picket::storage
