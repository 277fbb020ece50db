// Packing and retention in the commit path: as every other write they are batches with their links.
#include "storage/expiry.h"
#include "storage/packing.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::uint32_t kPacksOfCompaction = 32;  // about 0.5 GB of raw bytes

}  // namespace

// Space comes back, and reading stops going over it, when files are written anew without what was
// removed. `first` may be empty: from the beginning.
Result<void> RocksStore::compact_events(const std::string& first, const std::string& last,
                                        std::string_view what) {
  rocksdb::CompactRangeOptions how;
  how.exclusive_manual_compaction = false;
  const rocksdb::Slice begin = first;
  const rocksdb::Slice end = last;
  const rocksdb::Status done =
      db_->CompactRange(how, family(Family::kEvents), first.empty() ? nullptr : &begin, &end);
  if (!done.ok()) return rocks_error(done, what);
  return {};
}

Result<bool> RocksStore::pack() {
  if (options_.read_only)
    return fail(Errc::kInvalid, "store " + options_.path + ": opened read-only");
  if (!packing_) packing_ = std::make_unique<Packing>(*this, options_.pack_rows);
  rocksdb::WriteBatch batch;
  const Result<bool> found = packing_->next(batch);
  Result<bool> done = found;
  if (found && *found) {
    const Result<void> written = write(batch);
    if (written) packing_->written();
    if (!written) done = tl::unexpected(written.error());
    if (written && ++packs_ % kPacksOfCompaction == 0) {
      const Result<void> compacted = compact_events(compacted_, packing_->end(), "packing");
      if (!compacted) done = tl::unexpected(compacted.error());
      compacted_ = packing_->end();
    }
  }
  pack_status_.with([&](PackStatus& status) { status = packing_->status(); });
  return done;
}

Result<ExpiryTotals> RocksStore::expire(const Removal& removal) {
  if (options_.read_only && !removal.count_only)
    return fail(Errc::kInvalid, "store " + options_.path + ": opened read-only");
  ExpiryTotals totals;
  Expiry expiry(*this, removal);
  for (;;) {
    rocksdb::WriteBatch batch;
    ExpiryTotals now = totals;
    PICKET_TRY(const bool more, expiry.next(batch, now));
    totals.held = now.held;
    totals.held_rows = now.held_rows;
    totals.mixed = now.mixed;
    if (!more) break;
    if (removal.count_only) {
      totals = now;
      continue;
    }
    if (removal.ready) {
      PICKET_TRY_VOID(removal.ready());
    }
    PICKET_TRY_VOID(write(batch));
    totals = now;
  }
  if (totals.blocks == 0 || removal.count_only) return totals;
  PICKET_TRY_VOID(compact_events({}, expiry.last_removed(), "retention"));
  return totals;
}

PackStatus RocksStore::packing() const {
  return pack_status_.with([](const PackStatus& status) { return status; });
}

}  // namespace picket::storage
