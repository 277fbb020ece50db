// RocksStore: the Store over RocksDB. Private to storage/; docs/formats/store.md has keys and
// values.
//
// rocks_open.cc opens and loads, rocks_commit.cc writes, rocks_chain.cc chains what is written,
// rocks_pack.cc packs it, rocks_read.cc and rocks_events.cc read.
// What every thread may ask for often (sources, ledger, offsets) is kept in memory too, in Tables:
// loaded at open, changed only after a write succeeded, so it never runs ahead of the disk.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "storage/block.h"
#include "storage/integrity/chain.h"
#include "storage/ledger.h"
#include "storage/store.h"

namespace picket::storage {

inline constexpr std::uint32_t kFormat = 2;      // as soon as a block was replaced or removed
inline constexpr std::uint32_t kFormatRows = 1;  // until then
std::string format_value(std::uint32_t format);
inline constexpr std::size_t kSourcesMax = 1'000'000;
inline constexpr std::size_t kSourceNameMax = 1024;

enum class Family : std::uint8_t {
  kEvents,
  kEventIndex,
  kHits,
  kAlerts,
  kAlertIndex,
  kIncidents,
  kIncidentIndex,
  kState,
  kOffsets,
  kLedger,
  kSources,
  kDocuments,
  kMeta,
  kChain,
  kEntityIndex,
  kCount
};
inline constexpr std::size_t kFamilies = static_cast<std::size_t>(Family::kCount);
inline constexpr std::array<const char*, kFamilies> kFamilyNames = {
    "events", "event_index", "hits",   "alerts",  "alert_index", "incidents", "incident_index",
    "state",  "offsets",     "ledger", "sources", "documents",   "meta",   "chain",
    "entity_index"};

// A status of RocksDB as our error; `what` says what was tried.
tl::unexpected<Error> rocks_error(const rocksdb::Status& status, std::string_view what);
inline std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}
inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

class Packing;

class RocksStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(StoreOptions options);
  ~RocksStore() override;

  Result<SourceId> source_id(std::string_view name) override;
  std::vector<std::string> source_names() const override;
  std::uint64_t next_seq(SourceId source) const override;
  std::map<std::string, std::string> offsets() const override;
  Result<void> commit(const Commit& commit) override;
  std::uint64_t last_commit() const override;
  Result<std::vector<Ledger>> ledger() const override;
  ChainStatus chain() const override;
  Result<void> seal_chain() override;
  Result<bool> pack() override;
  PackStatus packing() const override;
  Result<ExpiryTotals> expire(const Removal& removal) override;
  Result<ScanTotals> scan(const ScanOptions& options,
                          const std::function<bool(const StoredRow&)>& row) const override;
  Result<void> fetch(SourceId source, std::uint64_t seq, Batch& batch) const override;
  Result<void> hits(std::uint64_t first_commit,
                    const std::function<bool(const StoredHit&)>& hit) const override;
  Result<Alert> alert(std::string_view id) const override;
  Result<std::vector<Alert>> alerts(const AlertFilter& filter, std::size_t limit,
                                    std::string& cursor) const override;
  Result<Incident> incident(std::string_view id) const override;
  Result<std::vector<Incident>> incidents(std::size_t limit, std::string& cursor) const override;
  std::uint64_t next_incident_number() const override;
  Result<std::optional<std::string>> state(std::string_view key) const override;
  Result<std::vector<std::optional<std::string>>> states(
      const std::vector<std::string>& keys) const override;
  Result<void> for_each_state(
      std::string_view prefix, std::string_view first,
      const std::function<bool(std::string_view key, std::string_view value)>& entry)
      const override;
  Result<void> put_document(std::string_view space, std::string_view key,
                            const Json& json) override;
  Result<Json> document(std::string_view space, std::string_view key) const override;
  Result<std::vector<std::pair<std::string, Json>>> documents(
      std::string_view space) const override;

  // For storage/ alone: the database as it is, nothing of it read or checked yet.
  static Result<std::unique_ptr<RocksStore>> open_unread(StoreOptions options);
  // Read-only, and also where files of it are missing or damaged: what lies in them cannot be read.
  static Result<std::unique_ptr<RocksStore>> open_damaged(StoreOptions options);
  // To write what repairs it: where its chain ends was read, and nothing else.
  static Result<std::unique_ptr<RocksStore>> open_to_repair(StoreOptions options);
  // One write with its link, outside of commits.
  Result<void> write_repair(rocksdb::WriteBatch& batch) { return write(batch); }
  rocksdb::DB& db() const { return *db_; }
  // nullptr: a store of before there was a chain, opened read-only, has no kChain.
  rocksdb::ColumnFamilyHandle* family(Family which) const {
    return families_[static_cast<std::size_t>(which)];
  }
  std::unique_ptr<rocksdb::Iterator> iterate(Family which) const;
  Result<std::optional<std::string>> get(Family which, std::string_view key) const;  // as stored
  static std::string entity_index_prefix(const Entity& entity);  // 32 bytes
  static constexpr std::string_view kEntityIndexWhole = "whole";  // the key that says so
  bool has_entity_index() const;

 private:
  struct Tables {
    std::vector<std::string> names;  // by source id
    std::map<std::string, SourceId, std::less<>> ids;
    std::vector<LedgerLine> lines;  // by source id
    std::map<std::string, std::string> offsets;
    std::uint64_t last_commit = 0;
    std::uint64_t last_incident = 0;
  };
  struct Health {
    std::optional<Error> failed;  // the disk failed: final
    bool stopped = false;         // RocksDB ran out of space: resume() before the next write
  };

  // Guards the order of the links: whoever writes evidence holds it until the write is done.
  struct Chain {
    ChainEnd end;
    std::optional<SigningKey> key;
    SignedHead signed_head;  // of the last root, exported once it is written
    ChainStatus status;  // `links` and what is of the root are filled in when asked
    Digester digester;
  };

  explicit RocksStore(StoreOptions options);
  Result<std::string> block_of_row(SourceId source, std::uint64_t seq,
                                   const std::string& what) const;
  Result<std::optional<std::string>> get_value(Family which, std::string_view key,
                                               std::string_view what) const;  // unwrapped

  Result<void> open_database();
  Result<void> create_families(const std::shared_ptr<rocksdb::Cache>& cache);
  Result<void> check_format();
  Result<void> load();
  Result<void> load_sources(Tables& tables) const;
  Result<void> load_numbers(Tables& tables) const;

  // With the link for what it holds. `commit`: its number, or 0 for a write outside of commits.
  Result<void> write(rocksdb::WriteBatch& batch, std::uint64_t commit = 0);
  Result<void> write_batch(rocksdb::WriteBatch& batch);
  Result<void> load_chain();
  Result<void> load_key(Chain& chain) const;
  Result<void> load_end(ChainEnd& end) const;
  bool had_evidence() const;
  ChainEnd extend(Chain& chain, rocksdb::WriteBatch& batch, std::uint64_t commit) const;
  void put_link(Chain& chain, rocksdb::WriteBatch& batch, LinkBuilder link, ChainEnd& end) const;
  void put_root(Chain& chain, rocksdb::WriteBatch& batch, bool closed, ChainEnd& end) const;
  void export_head(Chain& chain) const;
  Result<void> put_last_root(Chain& chain, bool closed);
  void close_chain();
  Result<void> check_space() const;
  Result<void> resume(Health& health);
  tl::unexpected<Error> note_failure(Health& health, const rocksdb::Status& status);
  Result<void> put_blocks(rocksdb::WriteBatch& batch, const Commit::Contents& contents,
                          std::uint64_t number) const;
  void put_block(rocksdb::WriteBatch& batch, std::string_view bytes, const std::vector<Run>& runs,
                 BlockKey key) const;
  void put_hits(rocksdb::WriteBatch& batch, const Commit::Contents& contents,
                std::uint64_t number) const;
  static std::string alert_index_key(std::int64_t time_ns, std::string_view id);
  void put_alert_index(rocksdb::WriteBatch& batch, const Alert& alert) const;
  Result<void> delete_alert_index(rocksdb::WriteBatch& batch, std::string_view value) const;
  Result<void> build_entity_index();
  Result<void> put_alert(rocksdb::WriteBatch& batch, const Alert& alert) const;
  Result<void> delete_alert(rocksdb::WriteBatch& batch, const std::string& id) const;
  Result<void> compact_events(const std::string& first, const std::string& last,
                              std::string_view what);
  Result<void> put_incident(rocksdb::WriteBatch& batch, const Incident& incident) const;
  void put_small(rocksdb::WriteBatch& batch, const Commit::Contents& contents) const;
  void publish(const Commit::Contents& contents, std::uint64_t number,
               std::map<SourceId, LedgerLine> lines);

  Result<std::vector<Alert>> alerts_of_incident(const AlertFilter& filter, std::size_t limit,
                                                std::string& cursor) const;

  StoreOptions options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // all that are open; freed before db_
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
  bool reads_damaged_ = false;
  Guarded<Tables> tables_;
  Guarded<Chain> chain_;
  Guarded<Health> health_;
  // Of the thread that packs:
  std::unique_ptr<Packing> packing_;
  std::uint32_t packs_ = 0;
  std::string compacted_;  // files before this key were written anew
  Guarded<PackStatus> pack_status_;
};

}  // namespace picket::storage
