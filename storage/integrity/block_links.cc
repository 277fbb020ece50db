#include "storage/integrity/block_links.h"

#include <algorithm>

#include "storage/encoding.h"
#include "storage/rocks_store.h"

namespace picket::storage {

bool removes_blocks(const Link& link) {
  return std::any_of(link.entries.begin(), link.entries.end(), [](const ChainEntry& entry) {
    return entry.evidence == Evidence::kBlock && entry.removed;
  });
}

BlockLinks::BlockLinks(const RocksStore& store, std::uint64_t first_link)
    : links_(store.iterate(Family::kChain)) {
  links_->Seek(link_key(first_link));
  settle();
}

void BlockLinks::next() {
  ++entry_;
  settle();
}

// Goes on to an entry of a block, if it is not at one.
void BlockLinks::settle() {
  for (;;) {
    for (; entry_ < link_.entries.size(); ++entry_) {
      if (link_.entries[entry_].evidence == Evidence::kBlock) return;
    }
    link_.entries.clear();
    entry_ = 0;
    if (number_ != 0 && links_->Valid()) links_->Next();
    if (!links_->Valid()) {
      if (!links_->status().ok()) error_ = rocks_error(links_->status(), "chain").value();
      return;
    }
    number_ = Reader(view(links_->key())).big64();
    Result<Link> link = read_link(number_, view(links_->value()));
    if (!link) {
      error_ = link.error();
      return;
    }
    if (!removes_blocks(*link)) link_ = *std::move(link);
  }
}

Result<std::uint64_t> first_link(const RocksStore& store,
                                 const std::function<bool(const Link&)>& reached) {
  const auto last = store.iterate(Family::kChain);
  last->SeekToLast();
  if (!last->status().ok()) return rocks_error(last->status(), "chain");
  std::uint64_t low = 1;
  std::uint64_t high = last->Valid() ? Reader(view(last->key())).big64() + 1 : 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    PICKET_TRY(const auto value, store.get(Family::kChain, link_key(middle)));
    if (!value)
      return fail(Errc::kCorrupt,
                  "store: link " + std::to_string(middle) + " of the chain is missing");
    PICKET_TRY(const Link link, read_link(middle, *value));
    if (reached(link)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace picket::storage
