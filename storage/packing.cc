#include "storage/packing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "storage/encoding.h"
#include "storage/event_index.h"
#include "storage/integrity/block_links.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::size_t kBlocksMin = 2;  // one alone stays as it is

std::string behind(BlockKey key) {
  return key.bytes() + '\0';
}

// Of all that is known of a row.
std::uint64_t hash_of(const StoredRow& row) {
  const Record& record = row.record;
  const std::array<std::uint64_t, 10> fields = {static_cast<std::uint32_t>(record.source),
                                                record.seq,
                                                static_cast<std::uint64_t>(record.received_ns),
                                                static_cast<std::uint64_t>(row.time_ns),
                                                static_cast<std::uint64_t>(row.status),
                                                record.length,
                                                row.position.commit,
                                                row.position.part,
                                                row.position.row,
                                                hash64(record.heading)};
  const std::string_view bytes(reinterpret_cast<const char*>(fields.data()), sizeof fields);
  return hash64(record.raw, hash64(bytes));
}

}  // namespace

Packing::Packing(const RocksStore& store, std::size_t rows_max)
    : store_(store), rows_max_(std::min(rows_max, kColumnRowsMax)) {}

void Packing::leave(BlockKey key, std::string why) {
  at_.key = behind(key);
  ++status_.left;
  status_.problem = key.name() + ": " + std::move(why);
}

// Goes on behind the last column block; what is older than the chain stays as it is.
Result<void> Packing::begin() {
  const auto blocks = store_.iterate(Family::kEvents);
  for (blocks->SeekToLast(); blocks->Valid(); blocks->Prev()) {
    if (is_column_block(view(blocks->value()))) break;
  }
  BlockKey last;
  if (blocks->Valid()) {
    last = BlockKey::of(view(blocks->key()));
    at_.key = behind(last);
  }
  if (!blocks->status().ok()) return rocks_error(blocks->status(), "packing");
  PICKET_TRY(const auto first, store_.get(Family::kChain, link_key(1)));
  if (first) {
    PICKET_TRY(const Link link, read_link(1, *first));
    if (link.had_before) at_.key = std::max(at_.key, BlockKey{link.commit + 1, 0}.bytes());
  }
  PICKET_TRY(at_.link,
             first_link(store_, [&](const Link& link) { return link.commit >= last.commit; }));
  counted_ = at_.key;
  begun_ = true;
  return {};
}

// By the heads alone; each block is counted once.
Result<bool> Packing::enough() {
  const auto blocks = store_.iterate(Family::kEvents);
  for (blocks->Seek(counted_); blocks->Valid(); blocks->Next()) {
    const BlockKey key = BlockKey::of(view(blocks->key()));
    counted_ = behind(key);
    const Result<BlockHeader> header = header_of_block(view(blocks->value()), key);
    if (!header) continue;
    rows_ += header->rows;
    bytes_ += header->raw_bytes;
  }
  if (!blocks->status().ok()) return rocks_error(blocks->status(), "packing");
  return rows_ >= rows_max_ || bytes_ >= kColumnRawBytes;
}

// Is the block what the chain says? `links` stands at or before the entry, and then behind it.
Result<std::string> Packing::why_not(BlockKey key, std::string_view bytes, BlockLinks& links) {
  const std::string name = key.bytes();
  if (is_column_block(bytes)) return std::string("packed already");
  const Result<BlockHeader> header = read_block_header(bytes, key);
  if (!header) return header.error().what;
  while (!links.at_end() && (links.key() < at_.key || (links.key() < name && is_gone(links.key()))))
    links.next();
  std::string reason;
  if (links.at_end() || links.key() > name) {
    reason = "the chain does not know it";
  } else if (links.key() < name) {
    reason = "a block before it is missing";
  } else if (bytes_of(evidence_digest(digester_, Evidence::kBlock, name, bytes)) !=
             links.digest()) {
    reason = "it is not what the chain recorded";
  }
  if (links.error()) return tl::unexpected(*links.error());
  while (!links.at_end() && links.key() <= name) links.next();
  return reason;
}

// Was the block removed since, by one who may?
bool Packing::is_gone(std::string_view key) {
  if (gone_.find(key) == nullptr) gone_.read(store_);
  return gone_.find(key) != nullptr;
}

// As many blocks side by side as one column block can take; false: too few, and more may come.
Result<bool> Packing::gather(std::vector<Source>& sources) {
  const auto blocks = store_.iterate(Family::kEvents);
  BlockLinks links(store_, at_.link);
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  const auto drop = [&] {
    sources.clear();
    rows = bytes = 0;
  };
  for (blocks->Seek(at_.key); blocks->Valid(); blocks->Next()) {
    const BlockKey key = BlockKey::of(view(blocks->key()));
    const std::string_view value = view(blocks->value());
    const std::uint64_t link = links.link();
    PICKET_TRY(std::string reason, why_not(key, value, links));
    if (!reason.empty()) {
      if (sources.size() >= kBlocksMin) return true;
      drop();
      leave(key, std::move(reason));
      at_.link = std::max(at_.link, link);
      continue;
    }
    const BlockHeader header = *read_block_header(value, key);
    const bool fits =
        rows + header.rows <= rows_max_ && bytes + header.raw_bytes <= kColumnRawBytes;
    if (!fits && sources.size() >= kBlocksMin) return true;
    if (!fits) {  // a large one stays as it is, and there is nothing wrong with that
      at_ = {sources.empty() ? behind(key) : key.bytes(), link};
      drop();
      if (at_.key == behind(key)) continue;
    }
    sources.push_back({key, std::string(value), link});
    rows += header.rows;
    bytes += header.raw_bytes;
  }
  if (!blocks->status().ok()) return rocks_error(blocks->status(), "packing");
  return sources.size() >= kBlocksMin && (rows >= rows_max_ || bytes >= kColumnRawBytes);
}

// False: the columns are full before all rows are in them.
Result<bool> Packing::add_rows(const Source& source) {
  PICKET_TRY_VOID(block_.read(source.bytes, source.key));
  for (std::size_t i = 0; i < block_.size(); ++i) {
    if (builder_.full()) return false;
    StoredRow row = block_.row(i);
    row.position = {source.key.commit, source.key.part, static_cast<std::uint32_t>(i)};
    builder_.add(row);
    row_hashes_.push_back(hash_of(row));
  }
  return true;
}

// All rows of `sources`, which it makes fewer if need be; false: none, the first was left.
Result<bool> Packing::put_together(std::vector<Source>& sources) {
  builder_.clear();
  row_hashes_.clear();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    PICKET_TRY(const bool fits, add_rows(sources[i]));
    if (fits) continue;
    if (i < kBlocksMin) {
      at_ = {behind(sources.front().key), sources.front().link};
      return false;
    }
    sources.resize(i);
    return put_together(sources);
  }
  return true;
}

Result<bool> Packing::gives_all_back(std::string_view block, BlockKey key) {
  PICKET_TRY_VOID(columns_.open(block, key));
  RowSet all(columns_.rows());
  all.add_all();
  PICKET_TRY_VOID(ColumnRows(columns_).rebuild(all, back_));
  return back_.rows.size() == row_hashes_.size() &&
         std::equal(back_.rows.begin(), back_.rows.end(), row_hashes_.begin(),
                    [](const StoredRow& row, std::uint64_t hash) { return hash_of(row) == hash; });
}

void Packing::write(const std::vector<Source>& sources, const std::string& block,
                    const std::vector<Run>& runs, rocksdb::WriteBatch& batch) const {
  for (const Source& source : sources) {
    if (source.key.bytes() != sources.front().key.bytes())
      batch.Delete(store_.family(Family::kEvents), source.key.bytes());
    const BlockHeader header = *read_block_header(source.bytes, source.key);
    for (const Run& run : read_block_runs(source.bytes, header))
      batch.Delete(store_.family(Family::kEventIndex), index_key(run));
  }
  const std::string key = sources.front().key.bytes();
  batch.Put(store_.family(Family::kEvents), key, block);
  for (const Run& run : runs)
    batch.Put(store_.family(Family::kEventIndex), index_key(run), index_value(key, run));
  batch.Put(store_.family(Family::kMeta), "format", format_value(kFormat));
}

Result<bool> Packing::next(rocksdb::WriteBatch& batch) {
  if (!begun_) {
    PICKET_TRY_VOID(begin());
  }
  PICKET_TRY(const bool is_enough, enough());
  if (!is_enough) return false;
  std::vector<Source> sources;
  PICKET_TRY(bool found, gather(sources));
  if (found) {
    PICKET_TRY(found, put_together(sources));
  }
  count_again();
  if (!found) return false;
  const BlockKey key = sources.front().key;
  std::vector<Run> runs;
  const std::string block = builder_.build(key, runs);
  const Result<bool> sound = gives_all_back(block, key);
  if (!sound || !*sound) {
    leave(sources.back().key,
          sound ? "its columns do not give every record back" : sound.error().what);
    status_.left += sources.size() - 1;
    return false;
  }
  write(sources, block, runs, batch);
  pending_ = {1, row_hashes_.size(), block.size(), 0, ""};
  behind_ = {behind(sources.back().key), sources.back().link};
  return true;
}

void Packing::count_again() {
  counted_ = at_.key;
  rows_ = bytes_ = 0;
}

void Packing::written() {
  at_ = behind_;
  count_again();
  status_.blocks += pending_.blocks;
  status_.rows += pending_.rows;
  status_.bytes += pending_.bytes;
}

}  // namespace picket::storage
