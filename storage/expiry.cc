#include "storage/expiry.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "storage/encoding.h"
#include "storage/event_index.h"
#include "storage/integrity/block_links.h"
#include "storage/rocks_store.h"
#include "storage/stored_block.h"

namespace picket::storage {
namespace {

constexpr std::size_t kBlocksOfBatch = 64;

}  // namespace

Expiry::Expiry(const RocksStore& store, const Removal& removal)
    : store_(store), removal_(removal), sources_(store.source_names()) {}

// Links are in the order of time but for clocks that were set back, and then more is kept.
Result<std::uint64_t> Expiry::last_commit_before(std::int64_t time_ns) {
  if (time_ns == INT64_MIN) return 0;
  if (time_ns == INT64_MAX) return UINT64_MAX;
  if (const auto known = commits_.find(time_ns); known != commits_.end()) return known->second;
  PICKET_TRY(const std::uint64_t first,
             first_link(store_, [&](const Link& link) { return link.time_ns >= time_ns; }));
  std::uint64_t commit = 0;
  if (first > 1) {
    PICKET_TRY(const auto value, store_.get(Family::kChain, link_key(first - 1)));
    if (!value) return fail(Errc::kCorrupt, "store: a link of the chain is missing");
    PICKET_TRY(const Link link, read_link(first - 1, *value));
    commit = link.commit;
  }
  return commits_[time_ns] = commit;
}

// The blocks that have rows of this source, as far as they could go at all.
Result<void> Expiry::mark(SourceId source, std::uint64_t last, std::uint64_t latest) {
  const auto index = store_.iterate(Family::kEventIndex);
  for (index->Seek(index_key(source, 0)); index->Valid(); index->Next()) {
    const std::string_view key = view(index->key());
    if (Reader(key).big32() != static_cast<std::uint32_t>(source)) break;
    PICKET_TRY(const std::string_view entry, unwrap_value(view(index->value()), "event index"));
    const std::string name(entry.substr(0, 10));
    if (BlockKey::of(name).commit > latest) continue;  // rows that came back are of later commits
    Block& block = blocks_[name];
    block.index.emplace_back(key);
    block.last_needed = std::min(block.last_needed, last);
    (BlockKey::of(name).commit > last ? block.kept : block.may_go) = true;
  }
  if (!index->status().ok()) return rocks_error(index->status(), "retention");
  return {};
}

Result<void> Expiry::find() {
  std::vector<std::uint64_t> last(sources_.size());
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    PICKET_TRY(last[i], last_commit_before(removal_.since(sources_[i])));
  }
  const std::uint64_t latest = last.empty() ? 0 : *std::max_element(last.begin(), last.end());
  if (latest == 0) return {};
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    PICKET_TRY_VOID(mark(SourceId{static_cast<std::uint32_t>(i)}, last[i], latest));
  }
  for (const auto& [key, block] : blocks_) mixed_ += block.kept && block.may_go;
  std::erase_if(blocks_, [](const auto& one) { return one.second.kept; });
  return {};
}

// May one of its rows be meant? By the times of all its rows and the commits that they came with.
Result<bool> Expiry::is_held(const std::vector<Hold>& holds, const std::string& key,
                             const Block& block, const BlockHeader& header,
                             std::uint64_t last_commit) {
  for (const Hold& hold : holds) {
    const bool covers =
        std::any_of(block.index.begin(), block.index.end(), [&](const std::string& entry) {
          const std::uint32_t id = Reader(entry).big32();
          return id >= sources_.size() || hold.covers(sources_[id]);
        });
    if (!covers) continue;
    if (header.time_max >= hold.from_ns && header.time_min < hold.to_ns) return true;
    PICKET_TRY(const std::uint64_t before, last_commit_before(hold.from_ns));
    PICKET_TRY(const std::uint64_t end, last_commit_before(hold.to_ns));
    if (last_commit > before && BlockKey::of(key).commit <= end) return true;
  }
  return false;
}

Result<void> Expiry::hand_out(std::string_view value, const std::string& key) {
  PICKET_TRY_VOID(rows_.read(value, BlockKey::of(key)));
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    PICKET_TRY_VOID(removal_.row(rows_.row(i)));
  }
  return {};
}

// A column block has rows of several commits, the last of which is before the block behind it.
Result<bool> Expiry::remove(const std::string& key, const Block& block, rocksdb::WriteBatch& batch,
                            const std::vector<Hold>& holds, ExpiryTotals& totals) {
  const auto blocks = store_.iterate(Family::kEvents);
  blocks->Seek(key);
  if (!blocks->status().ok()) return rocks_error(blocks->status(), "retention");
  if (!blocks->Valid() || view(blocks->key()) != key) return false;  // verify tells of that
  const std::string_view value = view(blocks->value());
  const Result<BlockHeader> header = header_of_block(value, BlockKey::of(key));
  if (!header) return false;
  if (header->time_min < removal_.from_ns || header->time_max >= removal_.to_ns) return false;
  const std::uint64_t size = value.size();
  std::uint64_t last = BlockKey::of(key).commit;
  if (is_column_block(value)) {
    const auto next = store_.iterate(Family::kEvents);
    next->Seek(key);
    if (next->Valid()) next->Next();
    last = next->Valid() ? BlockKey::of(view(next->key())).commit : UINT64_MAX;
    if (!next->status().ok()) return rocks_error(next->status(), "retention");
    if (last > block.last_needed) return false;
  }
  PICKET_TRY(const bool held, is_held(holds, key, block, *header, last));
  if (held) {
    ++totals.held;
    totals.held_rows += header->rows;
    return false;
  }
  if (removal_.row && !removal_.count_only) {
    PICKET_TRY_VOID(hand_out(value, key));
  }
  batch.Delete(store_.family(Family::kEvents), key);
  for (const std::string& entry : block.index)
    batch.Delete(store_.family(Family::kEventIndex), entry);
  ++totals.blocks;
  totals.rows += header->rows;
  totals.raw_bytes += header->raw_bytes;
  totals.bytes += size;
  return true;
}

Result<bool> Expiry::next(rocksdb::WriteBatch& batch, ExpiryTotals& totals) {
  if (!found_) {
    PICKET_TRY_VOID(find());
    found_ = true;
  }
  std::size_t removed = 0;
  totals.mixed = mixed_;
  const std::vector<Hold> holds = removal_.holds ? removal_.holds() : std::vector<Hold>();
  while (!blocks_.empty() && removed < kBlocksOfBatch) {
    const auto node = blocks_.extract(blocks_.begin());
    PICKET_TRY(const bool gone, remove(node.key(), node.mapped(), batch, holds, totals));
    if (!gone) continue;
    ++removed;
    last_removed_ = node.key();
  }
  if (removed > 0) batch.Put(store_.family(Family::kMeta), "format", format_value(kFormat));
  return removed > 0;
}

}  // namespace picket::storage
