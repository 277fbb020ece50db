// Reading events and hits.
#include "storage/encoding.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

BlockKey block_key(std::string_view key) {
  Reader in(key);
  BlockKey out;
  out.commit = in.big64();
  out.part = in.big16();
  return out;
}

std::string text_of(BlockKey key) {
  std::string text;
  put_big64(text, key.commit);
  put_big16(text, key.part);
  return text;
}

class Scan {
 public:
  Scan(const ScanOptions& options, const std::function<bool(const StoredRow&)>& row)
      : options_(options), row_(row) {}

  // False when the caller has seen enough.
  Result<bool> block(std::string_view bytes, BlockKey key) {
    PICKET_TRY(const BlockHeader header, read_block_header(bytes, key));
    if (header.time_max < options_.from_ns || header.time_min >= options_.to_ns) {
      totals_.bytes_skipped += header.raw_bytes;
      return true;
    }
    PICKET_TRY_VOID(block_.read(bytes, key));
    for (std::size_t i = 0; i < block_.size(); ++i) {
      const std::size_t index = options_.newest_first ? block_.size() - 1 - i : i;
      StoredRow row = block_.row(index);
      row.position = {key.commit, key.part, static_cast<std::uint32_t>(index)};
      if (is_before_start(row.position)) continue;
      totals_.bytes_scanned += row.record.raw.size();
      if (row.time_ns < options_.from_ns || row.time_ns >= options_.to_ns) continue;
      ++totals_.rows;
      if (!row_(row)) return false;
    }
    return true;
  }

  ScanTotals& totals() { return totals_; }

 private:
  bool is_before_start(const RowPosition& position) const {
    if (!options_.after) return false;
    return options_.newest_first ? position >= *options_.after : position <= *options_.after;
  }

  const ScanOptions& options_;
  const std::function<bool(const StoredRow&)>& row_;
  RowBlock block_;
  ScanTotals totals_;
};

}  // namespace

std::string to_cursor(const RowPosition& position) {
  std::string cursor = text_of({position.commit, position.part});
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
  if (options.after) {
    const std::string start = text_of({options.after->commit, options.after->part});
    options.newest_first ? blocks->SeekForPrev(start) : blocks->Seek(start);
  } else {
    options.newest_first ? blocks->SeekToLast() : blocks->SeekToFirst();
  }
  while (blocks->Valid()) {
    const Result<bool> more = scan.block(view(blocks->value()), block_key(view(blocks->key())));
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

Result<void> RocksStore::fetch(SourceId source, std::uint64_t seq, Batch& batch) const {
  const std::string what = "record " + std::to_string(seq) + " of source " +
                           std::to_string(static_cast<std::uint32_t>(source));
  std::string wanted;
  put_big32(wanted, static_cast<std::uint32_t>(source));
  put_big64(wanted, seq);
  const auto index = iterate(Family::kEventIndex);
  index->SeekForPrev(wanted);
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

  rocksdb::PinnableSlice bytes;
  const rocksdb::Status got = db_->Get({}, family(Family::kEvents), slice(key), &bytes);
  if (got.IsNotFound()) return fail(Errc::kCorrupt, "store: the block of " + what + " is missing");
  if (!got.ok()) return rocks_error(got, what);
  RowBlock block;
  PICKET_TRY_VOID(block.read(view(bytes), block_key(key)));
  const StoredRow* const row = block.find(source, seq);
  if (row == nullptr) return fail(Errc::kCorrupt, "store: " + what + " is not in its block");
  Record& record = batch.add(row->record.raw, source, seq, row->record.received_ns);
  record.length = row->record.length;
  batch.set_heading(record, row->record.heading);
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
