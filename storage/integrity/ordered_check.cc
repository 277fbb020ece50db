#include "storage/integrity/ordered_check.h"

#include <utility>

#include "storage/encoding.h"
#include "storage/event_index.h"

namespace picket::storage {
namespace {

Family family_of(Evidence evidence) {
  return evidence == Evidence::kBlock ? Family::kEvents : Family::kHits;
}

std::string key_text(Evidence evidence, std::string_view key) {
  const std::size_t size = evidence == Evidence::kBlock ? 10 : 8;
  if (key.size() != size) return "0x" + to_hex(key.substr(0, 64));
  const std::string commit = "commit " + std::to_string(Reader(key).big64());
  return evidence == Evidence::kBlock ? commit + ", part " + std::to_string(BlockKey::of(key).part)
                                      : commit;
}

}  // namespace

// The same reading as RocksStore::hits().
bool hits_are_sound(std::string_view value) {
  const Result<std::string_view> body = unwrap_value(value, "hits");
  if (!body) return false;
  Reader in(*body);
  std::uint64_t rules = 0;
  for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n, ++rules) in.text();
  for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    if (in.varint() >= rules) return false;
    in.varint();
    in.varint();
    in.signed_varint();
  }
  return in.done();
}

OrderedCheck::OrderedCheck(const RocksStore& store, Evidence evidence,
                           const std::vector<std::string>& sources, const PackedBlocks& packed,
                           VerifyReport& report)
    : store_(store), evidence_(evidence), sources_(sources), packed_(packed), report_(report) {
  rocksdb::ReadOptions how;
  how.fill_cache = false;
  how.readahead_size = 2 * 1024 * 1024;
  values_.reset(store_.db().NewIterator(how, store_.family(family_of(evidence))));
  values_->SeekToFirst();
}

std::string OrderedCheck::source_name(SourceId source) const {
  const auto index = static_cast<std::size_t>(source);
  return index < sources_.size() && !sources_[index].empty() ? sources_[index]
                                                             : "source " + std::to_string(index);
}

int OrderedCheck::add(Difference difference, std::string_view key, const Place& place,
                      std::string detail) {
  return report_.findings.add({.difference = difference,
                               .kind = std::string(evidence_name(evidence_)),
                               .key = key_text(evidence_, key),
                               .link = place.link,
                               .commit = place.commit,
                               .time_ns = place.time_ns,
                               .rows = {},
                               .detail = std::move(detail)});
}

void OrderedCheck::add_rows(int finding, const Run& run) {
  if (finding < 0 || run.rows == 0) return;
  std::vector<SeqRange>& rows = report_.findings.at(finding).rows;
  if (rows.size() < kFindingRangesMax)
    rows.push_back({source_name(run.source), run.first_seq, run.first_seq + run.rows - 1});
}

void OrderedCheck::step() {
  last_key_ = view(values_->key());
  values_->Next();
}

void OrderedCheck::expect(std::uint64_t number, const Link& link, const ChainEntry& entry) {
  if (evidence_ == Evidence::kHits && packed_.hits_are_gone(entry.key)) return;
  const PackedBlocks::Packed* const packed =
      evidence_ == Evidence::kBlock ? packed_.find(entry.key) : nullptr;
  if (packed == nullptr)
    return compare({number, link.commit, link.time_ns}, entry.key, entry.digest);
  if (packed->digest.empty()) return;  // its rows stand under another key
  compare({packed->link, packed->commit, packed->time_ns}, entry.key, packed->digest);
}

// What stands under the key with what a link said of it.
void OrderedCheck::compare(const Place& place, std::string_view key, std::string_view digest) {
  const auto missed = [&](Difference difference, std::string detail) {
    const int finding = add(difference, key, place, std::move(detail));
    if (evidence_ == Evidence::kBlock && finding >= 0) wanted_.emplace(key, finding);
    unsound_ = true;
  };
  // Behind damage, and where a forged chain goes backwards, the place is looked for anew.
  if (!values_->status().ok() || key <= last_key_) values_->Seek(slice(key));
  while (values_->Valid() && view(values_->key()) < key) {
    unexpected_value();
    step();
  }
  if (!values_->status().ok()) return missed(Difference::kDamaged, values_->status().ToString());
  if (!values_->Valid() || view(values_->key()) != key) return missed(Difference::kDeleted, "");
  const std::string_view value = view(values_->value());
  const Digest found = evidence_digest(digester_, evidence_, key, value);
  if (bytes_of(found).substr(0, digest_bytes(evidence_)) != digest) {
    missed(Difference::kEdited, "");
  } else {
    content(key, value, place);
  }
  ++report_.values[static_cast<std::size_t>(evidence_) - 1];
  step();
}

void OrderedCheck::unexpected_value() {
  const std::string key(view(values_->key()));
  const Place place{0, Reader(key).big64(), 0};
  ++report_.values[static_cast<std::size_t>(evidence_) - 1];
  if (place.commit > 0 && place.commit <= commits_before_) {  // commits count from 1
    ++report_.before_chain;
    content(key, view(values_->value()), place);
    return;
  }
  const int finding = add(Difference::kAdded, key, place, "");
  unsound_ = true;
  if (evidence_ == Evidence::kBlock && finding >= 0) wanted_.emplace(key, finding);
}

void OrderedCheck::read_all() {
  commits_before_ = UINT64_MAX;
  finish();
}

void OrderedCheck::finish() {
  for (; values_->Valid(); step()) unexpected_value();
  if (!values_->status().ok()) {
    add(Difference::kDamaged, last_key_, {}, "behind this key: " + values_->status().ToString());
    unsound_ = true;
  }
}

bool OrderedCheck::content(std::string_view key, std::string_view value, const Place& place) {
  if (evidence_ == Evidence::kBlock) return block(key, value, place);
  if (hits_are_sound(value)) return true;
  add(Difference::kDamaged, key, place, "cannot be decoded");
  return false;
}

bool OrderedCheck::block(std::string_view key, std::string_view value, const Place& place) {
  const BlockKey where = BlockKey::of(key);
  const Result<void> read = block_.read(value, where);
  if (!read) {
    const int finding = add(Difference::kDamaged, key, place, read.error().what);
    if (finding >= 0) wanted_.emplace(key, finding);
    unsound_ = true;
    return false;
  }
  const BlockHead head = *head_of_block(value, where);
  has_column_blocks_ |= is_column_block(value);
  report_.rows += head.header.rows;
  report_.raw_bytes += head.header.raw_bytes;
  check_runs(key, head.runs, place);
  return true;
}

void OrderedCheck::check_runs(std::string_view key, const std::vector<Run>& runs,
                              const Place& place) {
  runs_ += runs.size();
  for (const Run& run : runs) {
    const auto entry = store_.get(Family::kEventIndex, index_key(run));
    if (entry && *entry && **entry == index_value(key, run)) continue;
    const Difference difference = !entry    ? Difference::kDamaged
                                  : !*entry ? Difference::kDeleted
                                            : Difference::kEdited;
    const int finding = add(difference, key, place, entry ? "" : entry.error().what);
    if (finding >= 0) report_.findings.at(finding).kind = "event_index";
    add_rows(finding, run);
  }
}

void OrderedCheck::check_index() {
  const auto index = store_.iterate(Family::kEventIndex);
  std::uint64_t entries = 0;
  for (index->SeekToFirst(); index->Valid(); index->Next()) {
    ++entries;
    if (wanted_.empty()) continue;
    Reader key(view(index->key()));
    Run run;
    run.source = SourceId{key.big32()};
    run.first_seq = key.big64();
    Reader value(view(index->value()));
    value.take(1);
    const auto wanted = wanted_.find(value.take(10));
    run.rows = value.big32();
    if (wanted != wanted_.end() && key.done() && value.done()) add_rows(wanted->second, run);
  }
  if (!index->status().ok()) {
    report_.findings.add({.difference = Difference::kDamaged,
                          .kind = "event_index",
                          .key = "",
                          .rows = {},
                          .detail = index->status().ToString()});
  }
  if (entries == runs_ || (unsound_ && entries > runs_)) return;
  // Each run was found, so there are entries too many: whose block does not know them?
  for (index->SeekToFirst(); index->Valid(); index->Next())
    check_index_entry(view(index->key()), view(index->value()));
}

void OrderedCheck::check_index_entry(std::string_view key, std::string_view value) {
  const std::string_view block = value.substr(0, 11).substr(std::min<std::size_t>(1, value.size()));
  const auto bytes = store_.get(Family::kEvents, block);
  if (bytes && *bytes && block.size() == 10) {
    const Result<BlockHead> head = head_of_block(**bytes, BlockKey::of(block));
    if (!head) return;  // the block has its own finding
    for (const Run& run : head->runs) {
      if (index_key(run) == key && index_value(block, run) == value) return;
    }
  }
  report_.findings.add({.difference = Difference::kAdded,
                        .kind = "event_index",
                        .key = "0x" + to_hex(key.substr(0, 64)),
                        .rows = {},
                        .detail = "no block has these rows"});
}

}  // namespace picket::storage
