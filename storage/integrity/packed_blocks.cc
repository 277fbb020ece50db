#include "storage/integrity/packed_blocks.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "storage/encoding.h"
#include "storage/integrity/block_links.h"
#include "storage/rocks_store.h"

namespace picket::storage {

void PackedBlocks::add(std::string_view key, std::uint32_t packed) {
  const BlockKey block = BlockKey::of(key);
  entries_.push_back({block.commit, packed, block.part});
}

void PackedBlocks::read(const RocksStore& store) {
  entries_.clear();
  packed_.clear();
  gone_hits_.clear();
  if (store.family(Family::kChain) == nullptr) return;
  const auto links = store.iterate(Family::kChain);
  for (links->SeekToFirst(); links->Valid(); links->Next()) {
    const std::uint64_t number = Reader(view(links->key())).big64();
    const Result<Link> link = read_link(number, view(links->value()));
    if (!link) continue;
    for (const ChainEntry& entry : link->entries) {
      if (entry.evidence == Evidence::kHits && entry.removed) gone_hits_.emplace(entry.key);
    }
    if (!removes_blocks(*link)) continue;
    const auto gone = static_cast<std::uint32_t>(packed_.size());
    packed_.push_back({number, link->commit, link->time_ns, ""});
    for (const ChainEntry& entry : link->entries) {
      if (entry.evidence != Evidence::kBlock) continue;
      if (!entry.removed)
        packed_.push_back({number, link->commit, link->time_ns, std::string(entry.digest)});
      add(entry.key, entry.removed ? gone : static_cast<std::uint32_t>(packed_.size() - 1));
    }
  }
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.commit, a.part) < std::tie(b.commit, b.part);
  });
}

const PackedBlocks::Packed* PackedBlocks::find(std::string_view key) const {
  const BlockKey block = BlockKey::of(key);
  const auto behind = std::upper_bound(
      entries_.begin(), entries_.end(), block, [](const BlockKey& wanted, const Entry& entry) {
        return std::tie(wanted.commit, wanted.part) < std::tie(entry.commit, entry.part);
      });
  if (behind == entries_.begin()) return nullptr;
  const Entry& last = *std::prev(behind);  // of several links the last one counts
  if (last.commit != block.commit || last.part != block.part) return nullptr;
  return &packed_[last.packed];
}

}  // namespace picket::storage
