// Reading events and hits.
#include "storage/encoding.h"
#include "storage/event_index.h"
#include "storage/rocks_store.h"
#include "storage/stored_block.h"

namespace picket::storage {
namespace {

class Scan {
 public:
  Scan(const ScanOptions& options, const std::function<bool(const StoredRow&)>& row)
      : options_(options), row_(row) {}

  // False when the caller has seen enough.
  Result<bool> block(std::string_view bytes, BlockKey key) {
    PICKET_TRY(const BlockHeader header, header_of_block(bytes, key));
    if (header.time_max < options_.from_ns || header.time_min >= options_.to_ns) {
      totals_.bytes_skipped += header.raw_bytes;
      return !options_.go_on || options_.go_on(totals_);
    }
    PICKET_TRY_VOID(block_.read(bytes, key, options_));
    totals_.rows += block_.rows_ruled_out();
    totals_.bytes_scanned += block_.bytes_ruled_out();
    totals_.bytes_ruled_out += block_.bytes_ruled_out();
    told_ = 0;
    for (std::size_t i = 0; i < block_.size(); ++i) {
      const StoredRow row = block_.row(options_.newest_first ? block_.size() - 1 - i : i);
      tell_left_out(&row.position);
      if (is_before_start(row.position)) continue;
      totals_.bytes_scanned += row.record.raw.size();
      if (row.time_ns < options_.from_ns || row.time_ns >= options_.to_ns) continue;
      ++totals_.rows;
      if (!row_(row)) return false;
    }
    tell_left_out(nullptr);
    return !options_.go_on || options_.go_on(totals_);
  }

  ScanTotals& totals() { return totals_; }

 private:
  bool is_before_start(const RowPosition& position) const {
    if (!options_.after) return false;
    return options_.newest_first ? position >= *options_.after : position <= *options_.after;
  }

  // Those that come before this row, in the direction of the scan; nullptr: all others.
  void tell_left_out(const RowPosition* before) {
    const std::vector<RowTime>& rows = block_.left_out();
    for (; told_ < rows.size(); ++told_) {
      const RowTime& row = options_.newest_first ? rows[rows.size() - 1 - told_] : rows[told_];
      const bool later = before != nullptr &&
                         (options_.newest_first ? row.position < *before : row.position > *before);
      if (later) return;
      if (is_before_start(row.position)) continue;
      if (row.time_ns >= options_.from_ns && row.time_ns < options_.to_ns) options_.left_out(row);
    }
  }

  const ScanOptions& options_;
  const std::function<bool(const StoredRow&)>& row_;
  std::size_t told_ = 0;  // of the rows that were left out
  StoredBlock block_;
  ScanTotals totals_;
};

}  // namespace

namespace {

// A column block has the key of its first rows, so the last block at or before a row may have it.
void seek_start(const ScanOptions& options, rocksdb::Iterator& blocks) {
  if (!options.after) {
    options.newest_first ? blocks.SeekToLast() : blocks.SeekToFirst();
    return;
  }
  blocks.SeekForPrev(BlockKey{options.after->commit, options.after->part}.bytes());
  if (!options.newest_first && !blocks.Valid() && blocks.status().ok()) blocks.SeekToFirst();
}

}  // namespace

std::string to_cursor(const RowPosition& position) {
  std::string cursor = BlockKey{position.commit, position.part}.bytes();
  put_big32(cursor, position.row);
  return cursor;
}

Result<RowPosition> position_of_cursor(std::string_view cursor) {
  Reader in(cursor);
  RowPosition position;
  position.commit = in.big64();
  position.part = in.big16();
  position.row = in.big32();
  if (!in.done()) return fail(Errc::kInvalid, "this is not a cursor that a search gave");
  return position;
}

Result<ScanTotals> RocksStore::scan(const ScanOptions& options,
                                    const std::function<bool(const StoredRow&)>& row) const {
  rocksdb::ReadOptions how;
  how.fill_cache = false;
  how.readahead_size = 2 * 1024 * 1024;
  const std::unique_ptr<rocksdb::Iterator> blocks(db_->NewIterator(how, family(Family::kEvents)));
  Scan scan(options, row);
  seek_start(options, *blocks);
  while (blocks->Valid()) {
    const Result<bool> more = scan.block(view(blocks->value()), BlockKey::of(view(blocks->key())));
    if (!more) {
      if (!options.skip_damaged || more.error().code != Errc::kCorrupt)
        return tl::unexpected(more.error());
      ++scan.totals().blocks_damaged;
    } else if (!*more) {
      return scan.totals();
    }
    options.newest_first ? blocks->Prev() : blocks->Next();
  }
  if (!blocks->status().ok()) return rocks_error(blocks->status(), "scan events");
  return scan.totals();
}

// The key of the block that has the record, as the index says.
Result<std::string> RocksStore::block_of_row(SourceId source, std::uint64_t seq,
                                             const std::string& what) const {
  const auto index = iterate(Family::kEventIndex);
  index->SeekForPrev(index_key(source, seq));
  if (!index->status().ok()) return rocks_error(index->status(), what);
  if (!index->Valid()) return fail(Errc::kNotFound, "store: no " + what);
  Reader run(view(index->key()));
  const bool same_source = run.big32() == static_cast<std::uint32_t>(source);
  const std::uint64_t first_seq = run.big64();
  PICKET_TRY(const std::string_view entry, unwrap_value(view(index->value()), "index of " + what));
  Reader in(entry);
  const std::string_view key = in.take(10);
  const std::uint32_t rows = in.big32();
  if (!run.done() || !in.done())
    return fail(Errc::kCorrupt, "store: index of " + what + " is damaged");
  if (!same_source || seq - first_seq >= rows) return fail(Errc::kNotFound, "store: no " + what);
  return std::string(key);
}

Result<void> RocksStore::fetch(SourceId source, std::uint64_t seq, Batch& batch) const {
  const std::string what = "record " + std::to_string(seq) + " of source " +
                           std::to_string(static_cast<std::uint32_t>(source));
  rocksdb::PinnableSlice bytes;
  std::string key;
  rocksdb::Status got = rocksdb::Status::NotFound();
  // Between our reading the index and the block it may have been packed: then the index knows
  // better.
  for (int tries = 0; tries < 2 && got.IsNotFound(); ++tries) {
    PICKET_TRY(key, block_of_row(source, seq, what));
    got = db_->Get({}, family(Family::kEvents), slice(key), &bytes);
  }
  if (got.IsNotFound()) return fail(Errc::kCorrupt, "store: the block of " + what + " is missing");
  if (!got.ok()) return rocks_error(got, what);
  StoredBlock block;
  PICKET_TRY(const bool found, block.fetch(view(bytes), BlockKey::of(key), source, seq, batch));
  if (!found) return fail(Errc::kCorrupt, "store: " + what + " is not in its block");
  return {};
}

Result<void> RocksStore::hits(std::uint64_t first_commit,
                              const std::function<bool(const StoredHit&)>& hit) const {
  std::string first;
  put_big64(first, first_commit);
  const auto commits = iterate(Family::kHits);
  for (commits->Seek(first); commits->Valid(); commits->Next()) {
    StoredHit out;
    out.commit = Reader(view(commits->key())).big64();
    const std::string what = "hits of commit " + std::to_string(out.commit);
    PICKET_TRY(const std::string_view body, unwrap_value(view(commits->value()), what));
    Reader in(body);
    std::vector<std::string_view> rules;
    for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) rules.push_back(in.text());
    for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
      const std::uint64_t rule = in.varint();
      out.source = SourceId{static_cast<std::uint32_t>(in.varint())};
      out.seq = in.varint();
      out.time_ns = in.signed_varint();
      if (!in.ok() || rule >= rules.size())
        return fail(Errc::kCorrupt, "store: " + what + " are damaged");
      out.rule_id = rules[rule];
      if (!hit(out)) return {};
    }
    if (!in.done()) return fail(Errc::kCorrupt, "store: " + what + " are damaged");
  }
  if (!commits->status().ok()) return rocks_error(commits->status(), "hits");
  return {};
}

}  // namespace picket::storage
