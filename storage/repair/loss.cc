#include "storage/repair/loss.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "storage/encoding.h"
#include "storage/event_index.h"
#include "storage/integrity/ordered_check.h"
#include "storage/integrity/value_check.h"
#include "storage/stored_block.h"

namespace picket::storage {
namespace {

constexpr std::array<Evidence, 7> kValues = {
    Evidence::kHits,   Evidence::kAlert,  Evidence::kIncident, Evidence::kDocument,
    Evidence::kLedger, Evidence::kSource, Evidence::kOffset};

bool can_be_read(Evidence evidence, std::string_view value) {
  return evidence == Evidence::kHits ? hits_are_sound(value) : value_can_be_read(evidence, value);
}

}  // namespace

bool LossSearch::has_block(std::string_view key) const {
  return std::binary_search(blocks_.begin(), blocks_.end(), key);
}

Loss* LossSearch::loss_of_block(std::string_view key) {
  const auto found = lost_blocks_.find(key);
  return found == lost_blocks_.end() ? nullptr : &losses_[found->second];
}

Result<void> LossSearch::blocks(const std::function<void(std::uint64_t)>& progress) {
  rocksdb::ReadOptions how;
  how.fill_cache = false;
  how.readahead_size = 2 * 1024 * 1024;
  const std::unique_ptr<rocksdb::Iterator> at(
      store_.db().NewIterator(how, store_.family(Family::kEvents)));
  StoredBlock block;
  std::uint64_t seen = 0;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const std::string_view key = view(at->key());
    const BlockKey where = BlockKey::of(key);
    last_commit_ = std::max(last_commit_, where.commit);
    const Result<void> read = block.read(view(at->value()), where);
    if (progress) progress(++seen);
    if (!read) {
      lost_blocks_.emplace(key, losses_.size());
      losses_.push_back({Evidence::kBlock, std::string(key), where.commit, 0, read.error().what});
      continue;
    }
    if (is_old(Evidence::kBlock, key, view(at->value()))) continue;
    PICKET_TRY(const bool elsewhere,
               rows_are_elsewhere(key, head_of_block(view(at->value()), where)->runs));
    if (elsewhere) {
      returned_.emplace_back(Evidence::kBlock, key);
      continue;
    }
    blocks_.emplace_back(key);
    has_column_blocks_ |= is_column_block(view(at->value()));
    PICKET_TRY_VOID(check_runs(key, head_of_block(view(at->value()), where)->runs));
  }
  if (!at->status().ok()) return rocks_error(at->status(), "repair");
  return {};
}

// Where a file with the last version of a value is lost, the one before it comes to light, and what
// had been removed.
bool LossSearch::is_old(Evidence evidence, std::string_view key, std::string_view value) {
  if (!may_be_lost_(evidence, key)) return false;
  if (names_.was_removed(evidence, key)) {
    returned_.emplace_back(evidence, key);
    return true;
  }
  const std::string_view named = names_.digest_of(evidence, key);
  if (named.empty()) return false;
  const Digest digest = evidence_digest(digester_, evidence, key, value);
  const std::string_view found = bytes_of(digest).substr(0, named.size());
  if (found == named) return false;
  others_.emplace(std::pair(evidence, std::string(key)), found);
  return true;
}

// Of what is put again and again the version before is better than none; a block has gone into
// another since, and counts must not go back. What no link knows stays, for verification to name.
void LossSearch::sort_out_earlier() {
  for (const auto& name : names_.were_right(others_)) {
    const auto& [evidence, key] = name;
    if (evidence == Evidence::kBlock || evidence == Evidence::kLedger) {
      if (evidence == Evidence::kBlock) lost_blocks_.emplace(key, losses_.size());
      losses_.push_back({evidence, key, 0, 0, "only an earlier version of it is there"});
    } else {
      earlier_.insert(name);
    }
  }
  for (const auto& [name, digest] : others_) {  // as if it were right: it is there
    if (name.first != Evidence::kBlock || lost_blocks_.contains(name.second)) continue;
    blocks_.insert(std::lower_bound(blocks_.begin(), blocks_.end(), name.second), name.second);
  }
}

// Where the chain cannot say which blocks were packed, a sound index can.
Result<bool> LossSearch::rows_are_elsewhere(std::string_view key, const std::vector<Run>& runs) {
  if (names_.whole() || index_may_be_old_ || !may_be_lost_(Evidence::kBlock, key)) return false;
  for (const Run& run : runs) {
    PICKET_TRY(const auto entry, store_.get(Family::kEventIndex, index_key(run)));
    if (!entry || *entry != index_value(key, run)) return true;
  }
  return false;
}

Result<void> LossSearch::check_runs(std::string_view key, const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    PICKET_TRY(const auto entry, store_.get(Family::kEventIndex, index_key(run)));
    std::string right = index_value(key, run);
    if (!entry || *entry != right) index_to_put_.emplace(index_key(run), std::move(right));
  }
  return {};
}

Result<void> LossSearch::values(Evidence evidence) {
  const auto at = store_.iterate(family_of(evidence));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (can_be_read(evidence, view(at->value()))) {
      (void)is_old(evidence, view(at->key()), view(at->value()));
      continue;
    }
    losses_.push_back({evidence, at->key().ToString(), 0, 0, "it cannot be decoded"});
  }
  if (!at->status().ok()) return rocks_error(at->status(), "repair");
  return {};
}

// What the chain names and nobody can find.
void LossSearch::missing() {
  names_.for_each([&](const ChainNames::Name& name) {
    if (name.evidence == Evidence::kBlock) {
      if (Loss* const known = loss_of_block(name.key)) known->time_ns = name.time_ns;
      if (has_block(name.key) || lost_blocks_.contains(name.key)) return;
    } else {
      const auto value = store_.get(family_of(name.evidence), name.key);
      if (value && *value) return;
    }
    if (!may_be_lost_(name.evidence, name.key)) return;
    // The link that packed it may be among those that are lost; the index tells.
    if (name.evidence == Evidence::kBlock && !names_.whole() && !index_may_be_old_) return;
    if (name.evidence == Evidence::kBlock) lost_blocks_.emplace(name.key, losses_.size());
    losses_.push_back({name.evidence, std::string(name.key), name.commit, name.time_ns, ""});
  });
}

// Entries say which records a lost block had, also of one that is older than the chain.
Result<void> LossSearch::index() {
  const auto at = store_.iterate(Family::kEventIndex);
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    Reader key(view(at->key()));
    Run run;
    run.source = SourceId{key.big32()};
    run.first_seq = key.big64();
    Reader value(view(at->value()));
    value.take(1);
    const std::string_view block = value.take(10);
    run.rows = value.big32();
    if (!key.done() || !value.done()) {
      index_to_remove_.push_back(at->key().ToString());
      continue;
    }
    if (has_block(block)) continue;
    Loss* loss = loss_of_block(block);
    const bool speaks =
        names_.exists() && names_.whole() && BlockKey::of(block).commit > names_.commits_before();
    if (loss == nullptr && !speaks && may_be_lost_(Evidence::kBlock, block)) {
      lost_blocks_.emplace(block, losses_.size());
      losses_.push_back({Evidence::kBlock, std::string(block), BlockKey::of(block).commit, 0, ""});
      loss = &losses_.back();
    }
    if (loss == nullptr && index_may_be_old_) index_to_remove_.push_back(at->key().ToString());
    if (loss == nullptr) continue;
    loss->runs.push_back(run);
    index_to_remove_.push_back(at->key().ToString());
  }
  if (!at->status().ok()) return rocks_error(at->status(), "repair");
  return {};
}

Result<void> LossSearch::run(const std::function<void(std::uint64_t)>& progress) {
  PICKET_TRY_VOID(blocks(progress));
  for (const Evidence evidence : kValues) {
    PICKET_TRY_VOID(values(evidence));
  }
  sort_out_earlier();
  missing();
  return index();
}

}  // namespace picket::storage
