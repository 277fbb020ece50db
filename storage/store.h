// Store: the one database (RocksDB), and the one commit path.
//
// A Commit gathers everything that belongs to one step of the pipeline: events, hits, alerts,
// incidents, correlation state, read positions of doors and the ledger. commit() writes it as one
// WriteBatch and syncs it; only then may a sender be told. After a crash the store holds a prefix
// of the commits, each whole. docs/formats/store.md describes keys and values.
//
// Threads: one thread commits. Reading, runs and audit may be done from any thread.
// Errors: kFull when the disk is (nearly) full: nothing was written, commit the same again later.
// kIo: the disk failed; the store refuses everything after that, the process must end. kBusy:
// another process has the folder open. kCorrupt: names what is damaged.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/alert.h"
#include "event/event.h"
#include "event/incident.h"
#include "event/record_needs.h"

namespace rocksdb {
class Env;
}

namespace picket {
class Clock;
}

namespace picket::storage {

class Query;

struct StoreOptions {
  std::string path;
  bool sync = true;             // false only for the negative control of the crash tests
  std::size_t pack_rows = 16'384;  // of a column block, at most; tests want fewer
  bool read_only = false;       // for `search --data` beside a running server
  bool must_be_new = false;     // refuses a folder in which there is a store
  rocksdb::Env* env = nullptr;  // tests: a file system that loses unsynced bytes
  std::uint64_t reserve_bytes = 64ULL * 1024 * 1024;  // commits are refused (kFull) below this
  std::size_t memtable_bytes = 0;  // 0: 64 MiB for events, 16 MiB for the rest; tests want it small
  std::string key_file = {};   // signs the roots of the chain; made (0600) when missing, its public
                               // half beside it with ".pub". Empty: no roots
  std::string head_file = {};  // where each root is appended to as well. Empty: nowhere
  Clock* clock = nullptr;      // of the links of the chain; nullptr: the real one
};

// The hash chain over the store's history, as far as it was written; of a store that is open for
// reading alone as it was when that was opened, without what is of heads.
struct ChainStatus {
  std::string store = {};        // its id, 16 bytes; empty: there is no chain yet
  std::string hash = {};         // of the last link, 32 bytes
  std::uint64_t links = 0;       // 0: there is no chain yet
  std::uint64_t root_link = 0;   // of the last signed root, 0: none
  std::int64_t root_ns = 0;      // its time
  std::uint64_t heads = 0;       // exported since the store was opened
  std::uint64_t heads_failed = 0;
  std::string head_error;  // why the last one was not exported; empty: it was
  // The head file knew of a later link than the store when it was opened: its end was cut off, or it
  // was replaced by an older copy. 0: it did not.
  std::uint64_t head_ahead = 0;
};

// received = stored + sum(rejected) + sum(dropped) + in_flight, at any commit. The counts of parse
// status and truncation are parts of `stored`.
struct Ledger {
  std::string source;
  std::uint64_t received = 0;
  std::uint64_t stored = 0;
  std::uint64_t parsed = 0;
  std::uint64_t partial = 0;
  std::uint64_t raw = 0;
  std::uint64_t truncated = 0;
  std::uint64_t bytes = 0;
  std::map<std::string, std::uint64_t> rejected;  // by reason: "framing", "oversize", ...
  std::map<std::string, std::uint64_t> dropped;   // by reason: "queue_full", ...
  std::uint64_t in_flight = 0;                    // live only; 0 in what is stored
  std::int64_t residual() const;
};
Json to_json(const Ledger& ledger);

class Commit {
 public:
  // All records of the batch with their events, and the hits by rule id (`rule_ids[hit.rule]` names
  // a rule). Counts them as received and stored. The batch may die afterwards.
  void add(const Batch& batch, const std::function<std::string_view(std::uint32_t)>& rule_id);
  // Records that come back, which an earlier commit of this store counted: stored, and not counted.
  void add_again(const Batch& batch);
  // Only the hits, on events that an earlier commit stored.
  void add_hits(const Batch& batch, const std::function<std::string_view(std::uint32_t)>& rule_id);
  void count_rejected(SourceId source, std::string_view reason, std::uint64_t n);  // received too
  void count_dropped(SourceId source, std::string_view reason, std::uint64_t n);   // received too
  void put(const Alert& alert);                                                    // new or grown
  void delete_alert(std::string_view id);              // late events have shown that it was none
  // New or changed. Lent until the commit is cleared, and may be changed there.
  Incident* put(Incident incident);
  // One that was put, lent in the same way; nullptr: it was not.
  Incident* incident(std::string_view id);
  // Those that were put; once the commit is stored, which does not hold them any more.
  std::map<std::string, Incident, std::less<>> take_incidents();
  void put_state(std::string key, std::string value);  // correlation state
  void delete_state(std::string key);
  void put_offset(std::string name, std::string value);  // read position of a door
  // As Store::put_document(), but with all else that the commit holds.
  Result<void> put_document(std::string_view space, std::string_view key, const Json& json);
  // Compresses what was added so far, on the calling thread; else commit() does it.
  void seal();
  bool empty() const;
  void clear();
  // The state that was put and, as nullopt, deleted so far; until clear().
  using State = std::map<std::string, std::optional<std::string>, std::less<>>;
  const State& state() const;

  struct Contents;  // storage/commit.h
  Commit();
  ~Commit();
  Commit(Commit&&) noexcept;
  Commit& operator=(Commit&&) noexcept;
  const Contents& contents() const { return *contents_; }

 private:
  std::unique_ptr<Contents> contents_;
};

// Where a row is, for good: rows that come later never move it. Orders rows as they were committed.
struct RowPosition {
  std::uint64_t commit = 0;
  std::uint16_t part = 0;  // block of the commit
  std::uint32_t row = 0;   // of the block
  auto operator<=>(const RowPosition&) const = default;
};
std::string to_cursor(const RowPosition& position);               // 14 bytes
Result<RowPosition> position_of_cursor(std::string_view cursor);  // kInvalid

// One stored record, as a reader sees it; views live during the call that hands it out.
struct StoredRow {
  Record record;             // raw, received_ns, seq, source, length
  std::int64_t time_ns = 0;  // event time
  ParseStatus status = ParseStatus::kRaw;
  RowPosition position = {};
};

// When a record came; of one that a scan left out.
struct RowTime {
  RowPosition position = {};
  std::int64_t received_ns = 0;
  std::int64_t time_ns = 0;  // event time
};

struct ScanTotals {
  std::uint64_t rows = 0;            // looked at, those that were left out among them
  std::uint64_t blocks_damaged = 0;  // with skip_damaged
  std::uint64_t bytes_scanned = 0;   // raw bytes looked at
  std::uint64_t bytes_skipped = 0;   // raw bytes of blocks that the time range excluded
  std::uint64_t bytes_ruled_out = 0;  // of those looked at: rows that were left out
};

struct ScanOptions {
  std::int64_t from_ns = INT64_MIN;       // event time, inclusive
  std::int64_t to_ns = INT64_MAX;         // exclusive
  bool newest_first = true;               // by commit, and within a commit by position
  std::optional<RowPosition> after = {};  // begin behind this row, in the direction of the scan
  bool skip_damaged = false;  // go on behind a damaged block, and count it, instead of kCorrupt
  // Rows that certainly do not match the filter of this query may be left out,
  const Query* filter = nullptr;
  // and those that do not meet these needs.
  const RecordNeeds* needs = nullptr;
  // Called for the rows that were left out, in order among the others; costs a look at each.
  std::function<void(const RowTime&)> left_out = {};
  // Asked behind each block, if set; false ends the scan.
  std::function<bool(const ScanTotals&)> go_on = {};
};

// What became of packing since the store was opened; see Store::pack().
struct PackStatus {
  std::uint64_t blocks = 0;  // column blocks written
  std::uint64_t rows = 0;    // in them
  std::uint64_t bytes = 0;   // of them, as stored
  std::uint64_t left = 0;    // row blocks that are left as they are
  std::string problem;       // why the last of those was; empty: none was
};

// Since when (ns since 1970, time of storing) rows of a source are kept; INT64_MIN: all are.
using KeepSince = std::function<std::int64_t(std::string_view source)>;
// Records that stay though their time is over, of the sources that it covers: those whose own time
// or time of storing is in the range (ns since 1970).
struct Hold {
  std::function<bool(std::string_view source)> covers;
  std::int64_t from_ns = INT64_MIN;  // inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
};
using HoldsNow = std::function<std::vector<Hold>()>;  // asked before each write
// What Store::expire() is to remove: blocks whose rows are all older than they are kept.
struct Removal {
  KeepSince since;      // INT64_MAX: none of them is kept
  HoldsNow holds = {};  // may be empty: there are none
  // Only blocks whose rows all have their own times in here.
  std::int64_t from_ns = INT64_MIN;  // inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
  bool count_only = false;           // remove nothing
  // Given each row of the blocks that go next, and asked whether these may go when it has had all of
  // them. An error ends the removal, and of these blocks nothing was removed. Both or neither.
  std::function<Result<void>(const StoredRow&)> row = {};
  std::function<Result<void>()> ready = {};
};
// What Store::expire() removed, or with `count_only` what it would have.
struct ExpiryTotals {
  std::uint64_t held = 0;  // blocks that would have gone, but for a hold
  std::uint64_t held_rows = 0;
  std::uint64_t mixed = 0;  // blocks of which only some rows may go, by their sources and commits
  std::uint64_t blocks = 0;
  std::uint64_t rows = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t bytes = 0;  // as stored
};

// One stored hit; `rule_id` lives during the call that hands it out.
struct StoredHit {
  std::uint64_t commit = 0;
  std::string_view rule_id;
  SourceId source{};
  std::uint64_t seq = 0;
  std::int64_t time_ns = 0;  // event time
};

struct AlertFilter {
  std::string rule_id;      // empty: any
  std::string incident_id;  // empty: any; else `entity` is not looked at
  std::optional<Entity> entity = std::nullopt;  // spelt as in alerts
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> open(StoreOptions options);
  virtual ~Store() = default;

  // The id of a source by name, made durable if it is new.
  virtual Result<SourceId> source_id(std::string_view name) = 0;
  virtual std::vector<std::string> source_names() const = 0;  // indexed by id
  virtual std::uint64_t next_seq(SourceId source) const = 0;  // as committed
  virtual std::map<std::string, std::string> offsets() const = 0;

  virtual Result<void> commit(const Commit& commit) = 0;
  virtual std::uint64_t last_commit() const = 0;  // counts from 1; 0: none yet

  virtual Result<std::vector<Ledger>> ledger() const = 0;
  virtual ChainStatus chain() const = 0;
  // Writes a root when one is due by the clock, so that the end of a burst does not stay unsigned until
  // something else is written. Cheap when none is; any thread.
  virtual Result<void> seal_chain() = 0;

  // Makes one column block of row blocks that were committed one after the other, as soon as there
  // are rows enough; true: it did. Answers, cursors and numbers of rows stay as they are. For a
  // thread in the background; one at a time. kFull: try again later.
  virtual Result<bool> pack() = 0;
  virtual PackStatus packing() const = 0;
  // Removes blocks whose rows are all older than they are kept; a block of several sources goes when
  // the last of them may, and no block with a row under a hold does. For the thread that packs, but
  // from any where it only counts. The chain records what was removed.
  virtual Result<ExpiryTotals> expire(const Removal& removal) = 0;

  // Calls row(StoredRow) until it returns false.
  virtual Result<ScanTotals> scan(const ScanOptions& options,
                                  const std::function<bool(const StoredRow&)>& row) const = 0;
  // Appends the record to `batch`. kNotFound if there is none.
  virtual Result<void> fetch(SourceId source, std::uint64_t seq, Batch& batch) const = 0;
  // The hits of `first_commit` and later, in order of commit, until hit() returns false.
  virtual Result<void> hits(std::uint64_t first_commit,
                            const std::function<bool(const StoredHit&)>& hit) const = 0;

  virtual Result<Alert> alert(std::string_view id) const = 0;
  // Newest first by event time; `cursor` is empty to begin and empty again when there is no more.
  virtual Result<std::vector<Alert>> alerts(const AlertFilter& filter, std::size_t limit,
                                            std::string& cursor) const = 0;
  virtual Result<Incident> incident(std::string_view id) const = 0;  // by id or by number ("12")
  virtual Result<std::vector<Incident>> incidents(std::size_t limit, std::string& cursor) const = 0;
  virtual std::uint64_t next_incident_number() const = 0;  // committing thread only

  virtual Result<std::optional<std::string>> state(std::string_view key) const = 0;
  // The same of many keys, in their order, which is cheaper than asking for each.
  virtual Result<std::vector<std::optional<std::string>>> states(
      const std::vector<std::string>& keys) const;
  // In order of keys, those from `first` on, until entry() returns false.
  virtual Result<void> for_each_state(
      std::string_view prefix, std::string_view first,
      const std::function<bool(std::string_view key, std::string_view value)>& entry) const = 0;

  // Journals of response runs and similar small documents: namespaced keys, each put synced by
  // itself.
  virtual Result<void> put_document(std::string_view space, std::string_view key,
                                    const Json& json) = 0;
  virtual Result<Json> document(std::string_view space, std::string_view key) const = 0;
  virtual Result<std::vector<std::pair<std::string, Json>>> documents(
      std::string_view space) const = 0;
};

}  // namespace picket::storage
