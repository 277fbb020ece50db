#include "storage/repair/settling.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/time.h"
#include "event/alert.h"
#include "event/incident.h"
#include "storage/commit.h"
#include "storage/encoding.h"
#include "storage/event_index.h"
#include "storage/integrity/block_links.h"
#include "storage/integrity/packed_blocks.h"
#include "storage/ledger.h"
#include "storage/stored_block.h"

namespace picket::storage {
namespace {

std::string source_key(std::uint32_t id) {
  std::string key;
  put_big32(key, id);
  return key;
}

// As people read it.
std::string name_of(Evidence evidence, std::string_view key) {
  std::string text(key);
  switch (evidence) {
    case Evidence::kHits:
      return "commit " + std::to_string(Reader(key).big64());
    case Evidence::kIncident:
      return std::to_string(Reader(key).big64());
    case Evidence::kLedger:
    case Evidence::kSource:
      return "source " + std::to_string(Reader(key).big32());
    default:
      std::replace(text.begin(), text.end(), '\0', '/');
      return text;
  }
}

}  // namespace

void Settling::put(Family family, std::string_view key, std::string_view value) {
  bound_.Put(store_->family(family), slice(key), slice(value));
}

void Settling::remove(Family family, std::string_view key) {
  bound_.Delete(store_->family(family), slice(key));
}

bool Settling::lost(Evidence evidence, std::string_view key) const {
  return gone_.contains({evidence, std::string(key)});
}

bool Settling::is_damaged(Family family) const {
  const std::string_view name = kFamilyNames[static_cast<std::size_t>(family)];
  return std::any_of(files_.begin(), files_.end(), [&](const TableFile& file) {
    return !file.problem.empty() && (file.family.empty() || file.family == name);
  });
}

std::string Settling::source_name(SourceId source) const {
  const auto id = static_cast<std::size_t>(source);
  return id < sources_.size() && !sources_[id].empty() ? sources_[id]
                                                       : "source " + std::to_string(id);
}

Result<void> Settling::look() {
  names_.emplace(*store_);
  PICKET_TRY_VOID(names_->read());
  search_.emplace(*store_, *names_, is_damaged(Family::kEventIndex),
                  [this](Evidence evidence, std::string_view key) {
                    const std::string_view family =
                        kFamilyNames[static_cast<std::size_t>(family_of(evidence))];
                    return std::any_of(files_.begin(), files_.end(), [&](const TableFile& file) {
                      return !file.problem.empty() && file.may_have(family, key);
                    });
                  });
  PICKET_TRY_VOID(search_->run([&](std::uint64_t blocks) {
    if (options_.progress) options_.progress(RepairStep::kBlocks, blocks, 0);
  }));
  for (const Loss& loss : search_->losses()) gone_.emplace(loss.evidence, loss.key);
  for (const auto& name : search_->returned()) gone_.insert(name);
  return {};
}

// A chain that lost links proves nothing about what comes behind them. It lies in quarantine with
// the files; a new one begins.
Result<void> Settling::settle_chain() {
  if (!names_->exists() || !is_damaged(Family::kChain)) return {};
  PICKET_TRY(const auto meta, store_->get(Family::kMeta, "commit"));
  const std::uint64_t commit = std::max(meta ? Reader(*meta).little(8) : 0, search_->last_commit());
  const auto links = store_->iterate(Family::kChain);
  links->SeekToLast();
  const Result<Link> last =
      links->Valid() ? read_link(Reader(view(links->key())).big64(), view(links->value()))
                     : Result<Link>(Link());
  if (names_->whole() && last && last->commit >= commit) return {};
  report_.new_chain = true;
  for (links->SeekToFirst(); links->Valid(); links->Next())
    raw_.Delete(store_->family(Family::kChain), links->key());
  return {};
}

Result<void> Settling::settle_numbers() {
  PICKET_TRY(const auto format, store_->get(Family::kMeta, "format"));
  PICKET_TRY(const auto commit, store_->get(Family::kMeta, "commit"));
  PackedBlocks packed;
  packed.read(*store_);
  const bool is_packed = report_.new_chain ? search_->has_column_blocks() : !packed.empty();
  if (!format || report_.new_chain)
    raw_.Put(store_->family(Family::kMeta), "format",
             format_value(is_packed ? kFormat : kFormatRows));
  std::uint64_t right = search_->last_commit();
  names_->for_each([&](const ChainNames::Name& name) { right = std::max(right, name.commit); });
  if (commit && Reader(*commit).little(8) >= right) return {};
  if (!is_damaged(Family::kMeta)) return {};  // somebody changed it: verification says so
  std::string value;
  put_little(value, right, 8);
  raw_.Put(store_->family(Family::kMeta), "commit", value);
  return {};
}

Result<void> Settling::quarantine_values() {
  std::vector<std::pair<Evidence, std::string>> taken = search_->returned();
  for (const Loss& loss : search_->losses()) {
    if (!loss.problem.empty()) taken.emplace_back(loss.evidence, loss.key);
  }
  for (const auto& [evidence, key] : taken) {
    PICKET_TRY(const auto value, store_->get(family_of(evidence), key));
    if (!value) continue;
    const std::string folder = options_.quarantine + "/values";
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(Errc::kIo, folder + ": " + error.message());
    std::filesystem::permissions(options_.quarantine, std::filesystem::perms::owner_all, error);
    report_.quarantine = options_.quarantine;
    const std::string name =
        std::string(evidence_name(evidence)) + "-" + to_hex(std::string_view(key).substr(0, 100));
    PICKET_TRY_VOID(write_file(folder + "/" + name, *value, 0600));
  }
  return {};
}

// An earlier version gets a link of its own, which says that it counts from now on.
Result<void> Settling::bind_earlier() {
  for (const auto& [evidence, key] : search_->earlier()) {
    PICKET_TRY(const auto value, store_->get(family_of(evidence), key));
    if (!value) continue;
    put(family_of(evidence), key, *value);
    const std::string kind(evidence_name(evidence));
    ++report_.earlier[kind];
    std::vector<std::string>& names = report_.earlier_names[kind];
    if (names.size() < kLossesNamedMax) names.push_back(name_of(evidence, key));
  }
  return {};
}

// Parts of it would contradict each other: correlation begins anew.
Result<void> Settling::settle_state() {
  if (!is_damaged(Family::kState)) return {};
  report_.state_damaged = true;
  const auto state = store_->iterate(Family::kState);
  for (state->SeekToFirst(); state->Valid(); state->Next())
    raw_.Delete(store_->family(Family::kState), state->key());
  if (!state->status().ok()) return rocks_error(state->status(), "repair");
  return {};
}

void Settling::remove_losses() {
  bool blocks = false;
  for (const auto& [evidence, key] : search_->returned()) {
    remove(family_of(evidence), key);
    blocks |= evidence == Evidence::kBlock;
  }
  for (const Loss& loss : search_->losses()) {
    remove(family_of(loss.evidence), loss.key);
    blocks |= loss.evidence == Evidence::kBlock;
  }
  if (blocks) put(Family::kMeta, "format", format_value(kFormat));
}

void Settling::settle_index() {
  for (const std::string& key : search_->index_to_remove()) remove(Family::kEventIndex, key);
  for (const auto& [key, value] : search_->index_to_put()) put(Family::kEventIndex, key, value);
  report_.index_entries += search_->index_to_remove().size() + search_->index_to_put().size();
}

// Ids go without gaps, each has a name and a line of counts.
Result<void> Settling::settle_sources() {
  std::set<std::uint32_t> named;
  std::set<std::uint32_t> counted;
  std::uint32_t end = 0;
  const auto read = [&](Family family, Evidence evidence, std::set<std::uint32_t>& ids) {
    const auto at = store_->iterate(family);
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      const std::uint32_t id = Reader(view(at->key())).big32();
      if (id >= kSourcesMax) continue;
      end = std::max(end, id + 1);
      if (!lost(evidence, view(at->key()))) ids.insert(id);
    }
  };
  read(Family::kSources, Evidence::kSource, named);
  read(Family::kLedger, Evidence::kLedger, counted);
  std::set<std::uint32_t> with_rows;
  std::map<std::uint32_t, std::uint64_t> ends;  // of numbers that are there
  const auto at = store_->iterate(Family::kEventIndex);
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    Reader key(view(at->key()));
    const std::uint32_t id = key.big32();
    if (id >= kSourcesMax) continue;
    with_rows.insert(id);
    Reader value(view(at->value()));
    value.take(11);
    ends[id] = key.big64() + value.big32();
  }
  for (const auto& [key, entry] : search_->index_to_put()) with_rows.insert(Reader(key).big32());
  if (!with_rows.empty()) end = std::max(end, *with_rows.rbegin() + 1);
  for (const auto& [evidence, key] : gone_) {
    if (evidence != Evidence::kSource && evidence != Evidence::kLedger) continue;
    const std::uint32_t id = Reader(key).big32();
    if (id < kSourcesMax) end = std::max(end, id + 1);
    if (evidence == Evidence::kLedger) with_rows.insert(id);
  }
  sources_.resize(end);
  for (std::uint32_t id = 0; id < end; ++id) {
    if (named.contains(id)) {
      PICKET_TRY(const auto value, store_->get(Family::kSources, source_key(id)));
      const Result<std::string_view> name = value ? unwrap_value(*value, "a source") : "";
      if (name) sources_[id] = *name;
    } else if (is_damaged(Family::kSources) || lost(Evidence::kSource, source_key(id))) {
      sources_[id] = "lost-name-" + std::to_string(id);
      put(Family::kSources, source_key(id), versioned(sources_[id]));
    }
  }
  std::set<std::uint32_t> uncounted;
  for (const std::uint32_t id : with_rows) {
    if (counted.contains(id)) {
      PICKET_TRY(const auto value, store_->get(Family::kLedger, source_key(id)));
      const Result<LedgerLine> line = decode_ledger_line(value.value_or(""), "");
      if (line && line->next_seq >= ends[id]) continue;
    }
    if (is_damaged(Family::kLedger) || lost(Evidence::kLedger, source_key(id)))
      uncounted.insert(id);
  }
  return uncounted.empty() ? Result<void>() : count_again(uncounted);
}

// Counts of records that are there, and those that are lost, which were stored once; nobody knows
// any more what was rejected or dropped.
Result<void> Settling::count_again(const std::set<std::uint32_t>& sources) {
  std::map<std::uint32_t, LedgerLine> lines;
  for (const std::uint32_t id : sources) lines[id];
  const ScanOptions options{.newest_first = false, .skip_damaged = true};
  const auto count = [&](const StoredRow& row) {
    const auto found = lines.find(static_cast<std::uint32_t>(row.record.source));
    if (found == lines.end()) return true;
    Ledger& ledger = found->second.ledger;
    ++(row.status == ParseStatus::kParsed    ? ledger.parsed
       : row.status == ParseStatus::kPartial ? ledger.partial
                                             : ledger.raw);
    if (row.record.length > row.record.raw.size()) ++ledger.truncated;
    ledger.bytes += row.record.raw.size();
    found->second.next_seq = std::max(found->second.next_seq, row.record.seq + 1);
    return true;
  };
  PICKET_TRY_VOID(store_->scan(options, count));
  for (const Loss& loss : search_->losses()) {
    for (const Run& run : loss.runs) {
      const auto found = lines.find(static_cast<std::uint32_t>(run.source));
      if (found != lines.end())
        found->second.next_seq = std::max(found->second.next_seq, run.first_seq + run.rows);
    }
  }
  for (auto& [id, line] : lines) {
    Ledger& ledger = line.ledger;
    ledger.received = ledger.stored = line.next_seq;
    ledger.raw = line.next_seq - ledger.parsed - ledger.partial;
    put(Family::kLedger, source_key(id), encode(line));
    report_.recounted.push_back(source_name(SourceId{id}));
  }
  return {};
}

Result<void> Settling::settle_alerts() {
  Index by_time;
  Index by_entity = {{std::string(RocksStore::kEntityIndexWhole), versioned()}};
  const auto alerts = store_->iterate(Family::kAlerts);
  for (alerts->SeekToFirst(); alerts->Valid(); alerts->Next()) {
    if (lost(Evidence::kAlert, view(alerts->key()))) continue;
    const std::string_view body = view(alerts->value()).substr(1);  // it was decoded before
    PICKET_TRY(const Json json, parse_json(body.substr(8)));
    PICKET_TRY(const Alert alert, alert_from_json(json));
    std::string key;
    put_big64(key, newest_first(static_cast<std::int64_t>(Reader(body).little(8))));
    key.append(view(alerts->key()));
    for (const Entity& entity : alert.entities)
      by_entity.emplace(RocksStore::entity_index_prefix(entity) + key, versioned(alert.rule.id));
    by_time.emplace(std::move(key), versioned(alert.rule.id));
  }
  settle_index(Family::kAlertIndex, std::move(by_time));
  settle_index(Family::kEntityIndex, std::move(by_entity));
  return {};
}

Result<void> Settling::settle_incidents() {
  Index by_id;
  const auto incidents = store_->iterate(Family::kIncidents);
  for (incidents->SeekToFirst(); incidents->Valid(); incidents->Next()) {
    if (lost(Evidence::kIncident, view(incidents->key()))) continue;
    PICKET_TRY(const Json json, parse_json(view(incidents->value()).substr(1)));
    PICKET_TRY(const Incident incident, incident_from_json(json));
    by_id[incident.id] = versioned(view(incidents->key()));
  }
  settle_index(Family::kIncidentIndex, std::move(by_id));
  return {};
}

// Puts what is missing or differs, and removes what leads nowhere.
void Settling::settle_index(Family family, Index right) {
  const auto entries = store_->iterate(family);
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const auto found = right.find(entries->key().ToString());
    if (found != right.end() && found->second == view(entries->value())) {
      right.erase(found);
      continue;
    }
    if (found == right.end()) remove(family, view(entries->key()));
    ++report_.index_entries;
  }
  for (const auto& [key, value] : right) put(family, key, value);
  report_.index_entries += right.size();
}

void Settling::tell_losses() {
  std::vector<Run> runs;
  for (const Loss& loss : search_->losses()) {
    if (loss.evidence == Evidence::kBlock) {
      ++report_.blocks;
      report_.blocks_unknown += loss.runs.empty() ? 1U : 0U;
      runs.insert(runs.end(), loss.runs.begin(), loss.runs.end());
      continue;
    }
    const std::string kind(evidence_name(loss.evidence));
    ++report_.lost[kind];
    std::vector<std::string>& names = report_.names[kind];
    if (names.size() < kLossesNamedMax) names.push_back(name_of(loss.evidence, loss.key));
  }
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) {
    return std::pair(a.source, a.first_seq) < std::pair(b.source, b.first_seq);
  });
  const Run* before = nullptr;
  for (const Run& run : runs) {
    report_.records += run.rows;
    if (run.rows == 0) continue;
    const bool joins = before != nullptr && before->source == run.source &&
                       before->first_seq + before->rows == run.first_seq;
    before = &run;
    if (joins && report_.ranges.back().rows.last + 1 == run.first_seq) {
      report_.ranges.back().rows.last = run.first_seq + run.rows - 1;
    } else if (report_.ranges.size() < kLossesNamedMax) {
      report_.ranges.push_back(
          {{source_name(run.source), run.first_seq, run.first_seq + run.rows - 1}, 0, 0});
    }
  }
}

// When they were stored: between the commit of their block and that of the block behind it.
Result<void> Settling::tell_times() {
  if (!names_->whole() || !names_->exists()) return {};
  const auto blocks = store_->iterate(Family::kEvents);
  const auto time_of = [&](std::uint64_t commit, std::int64_t& time_ns) {
    const Result<std::uint64_t> link =
        first_link(*store_, [&](const Link& one) { return one.commit >= commit; });
    if (!link) return;
    const auto value = store_->get(Family::kChain, link_key(*link));
    if (!value || !*value) return;
    const Result<Link> read = read_link(*link, **value);
    if (read) time_ns = read->time_ns;
  };
  for (LostRecords& range : report_.ranges) {
    for (const Loss& loss : search_->losses()) {
      if (loss.evidence != Evidence::kBlock) continue;
      for (const Run& run : loss.runs) {
        const std::uint64_t end = run.first_seq + run.rows;
        if (source_name(run.source) != range.rows.source || run.rows == 0) continue;
        if (run.first_seq == range.rows.first) time_of(loss.commit, range.from_ns);
        if (end != range.rows.last + 1) continue;
        blocks->Seek(loss.key);
        std::uint64_t last = loss.commit;
        while (blocks->Valid() && BlockKey::of(view(blocks->key())).commit <= loss.commit)
          blocks->Next();
        if (blocks->Valid()) last = BlockKey::of(view(blocks->key())).commit;
        time_of(last, range.to_ns);
      }
    }
  }
  return {};
}

Result<bool> Settling::run(const std::string& path) {
  StoreOptions options;
  options.path = path;
  PICKET_TRY(store_, RocksStore::open_unread(options));
  PICKET_TRY_VOID(look());
  PICKET_TRY_VOID(settle_chain());
  PICKET_TRY_VOID(settle_numbers());
  PICKET_TRY_VOID(quarantine_values());
  remove_losses();  // before what takes their place
  PICKET_TRY_VOID(bind_earlier());
  PICKET_TRY_VOID(settle_state());
  PICKET_TRY_VOID(settle_sources());
  tell_losses();
  PICKET_TRY_VOID(tell_times());
  const bool has_raw = raw_.Count() > 0;
  if (has_raw) {
    rocksdb::WriteOptions how;
    how.sync = true;
    const rocksdb::Status written = store_->db().Write(how, &raw_);
    if (!written.ok()) return rocks_error(written, "repair " + path);
  }
  settle_index();
  PICKET_TRY_VOID(settle_alerts());
  PICKET_TRY_VOID(settle_incidents());
  report_.changed = has_raw || report_.new_store || bound_.Count() > 0;
  if (!report_.changed) return false;
  store_.reset();
  options.key_file = options_.key_file;
  options.head_file = options_.head_file;
  options.clock = options_.clock;
  PICKET_TRY(store_, RocksStore::open_to_repair(options));
  PICKET_TRY(const std::string key, document_key(kRepairSpace, format_time(report_.time_ns)));
  put(Family::kDocuments, key, versioned(dump_json(to_json(report_))));
  PICKET_TRY_VOID(store_->write_repair(bound_));
  store_.reset();
  return true;
}

}  // namespace picket::storage
