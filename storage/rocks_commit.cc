// The one commit path, and what is done when the disk says no.
//
// Out of space (statvfs says so beforehand, or RocksDB meets ENOSPC): nothing of the batch is
// visible, readers go on, and the next write first asks RocksDB to resume. Any other failed write
// or fsync is final: after a failed fsync the kernel may have dropped the dirty pages, so trying
// again would report bytes as safe that are gone.
#include <algorithm>
#include <limits>
#include <utility>

#include "storage/commit.h"
#include "storage/encoding.h"
#include "storage/event_index.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

std::string source_key(SourceId source) {
  std::string key;
  put_big32(key, static_cast<std::uint32_t>(source));
  return key;
}

std::string megabytes(std::uint64_t bytes) {
  return std::to_string(bytes / (1024 * 1024)) + " MiB";
}

}  // namespace

Result<void> RocksStore::check_space() const {
  rocksdb::Env* const env = options_.env != nullptr ? options_.env : rocksdb::Env::Default();
  std::uint64_t free = 0;
  if (!env->GetFreeSpace(options_.path, &free).ok() || free >= options_.reserve_bytes) return {};
  return fail(Errc::kFull, "store " + options_.path + ": the disk is nearly full (" +
                               megabytes(free) + " free, " + megabytes(options_.reserve_bytes) +
                               " are kept in reserve)");
}

Result<void> RocksStore::resume(Health& health) {
  if (!health.stopped) return {};
  const rocksdb::Status resumed = db_->Resume();
  if (resumed.ok()) {
    health.stopped = false;
    return {};
  }
  if (resumed.IsBusy())
    return fail(Errc::kFull, "store " + options_.path + ": still recovering space");
  return note_failure(health, resumed);
}

tl::unexpected<Error> RocksStore::note_failure(Health& health, const rocksdb::Status& status) {
  const tl::unexpected<Error> error = rocks_error(status, "write " + options_.path);
  if (error.value().code == Errc::kFull) {
    health.stopped = true;
  } else {
    health.failed = error.value();
  }
  return error;
}

Result<void> RocksStore::write_batch(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions how;
  how.sync = options_.sync;
  const rocksdb::Status status = db_->Write(how, &batch);
  if (status.ok()) return {};
  return health_.with([&](Health& health) -> Result<void> { return note_failure(health, status); });
}

Result<void> RocksStore::write(rocksdb::WriteBatch& batch, std::uint64_t commit) {
  if (options_.read_only)
    return fail(Errc::kInvalid, "store " + options_.path + ": opened read-only");
  return chain_.with([&](Chain& chain) -> Result<void> {
    PICKET_TRY_VOID(health_.with([&](Health& health) -> Result<void> {
      if (health.failed) return tl::unexpected(*health.failed);
      PICKET_TRY_VOID(check_space());
      return resume(health);
    }));
    const std::uint64_t root_before = chain.end.root_link;
    ChainEnd end = extend(chain, batch, commit);
    PICKET_TRY_VOID(write_batch(batch));
    chain.end = std::move(end);
    if (chain.end.root_link != root_before) export_head(chain);
    return {};
  });
}

Result<SourceId> RocksStore::source_id(std::string_view name) {
  if (name.empty() || name.size() > kSourceNameMax) {
    return fail(Errc::kInvalid, "store: the name of a source has 1 to " +
                                    std::to_string(kSourceNameMax) + " bytes");
  }
  // Under the lock all the way, so that two threads never give out one id.
  return tables_.with([&](Tables& tables) -> Result<SourceId> {
    if (const auto found = tables.ids.find(name); found != tables.ids.end()) return found->second;
    if (options_.read_only) return fail(Errc::kNotFound, "store: no source " + std::string(name));
    if (tables.names.size() >= kSourcesMax) return fail(Errc::kLimit, "store: too many sources");
    const SourceId id{static_cast<std::uint32_t>(tables.names.size())};
    rocksdb::WriteBatch batch;
    batch.Put(family(Family::kSources), source_key(id), versioned(name));
    PICKET_TRY_VOID(write(batch));
    tables.names.emplace_back(name);
    tables.ids.emplace(name, id);
    tables.lines.emplace_back().ledger.source = name;
    return id;
  });
}

Result<void> RocksStore::commit(const Commit& commit) {
  if (commit.empty()) return {};
  const Commit::Contents& contents = commit.contents();
  std::map<SourceId, LedgerLine> lines;  // as they will be
  const std::uint64_t number = tables_.with([&](const Tables& tables) {
    for (const auto& [source, counts] : contents.counts) {
      const auto index = static_cast<std::size_t>(source);
      if (index < tables.lines.size()) add(lines[source] = tables.lines[index], counts);
    }
    return tables.last_commit + 1;
  });
  if (lines.size() != contents.counts.size()) {
    return fail(Errc::kInvalid, "store: a commit names a source that has no id here");
  }
  rocksdb::WriteBatch batch;
  PICKET_TRY_VOID(put_blocks(batch, contents, number));
  put_hits(batch, contents, number);
  for (const auto& [id, alert] : contents.alerts) {
    PICKET_TRY_VOID(put_alert(batch, alert));
  }
  for (const std::string& id : contents.deleted_alerts) {
    PICKET_TRY_VOID(delete_alert(batch, id));
  }
  for (const auto& [id, incident] : contents.incidents) {
    PICKET_TRY_VOID(put_incident(batch, incident));
  }
  put_small(batch, contents);
  for (const auto& [source, line] : lines)
    batch.Put(family(Family::kLedger), source_key(source), encode(line));
  std::string last;
  put_little(last, number, 8);
  batch.Put(family(Family::kMeta), "commit", last);
  PICKET_TRY_VOID(write(batch, number));
  publish(contents, number, std::move(lines));
  return {};
}

Result<void> RocksStore::put_blocks(rocksdb::WriteBatch& batch, const Commit::Contents& contents,
                                    std::uint64_t number) const {
  if (contents.blocks.size() >= std::numeric_limits<std::uint16_t>::max()) {
    return fail(Errc::kLimit, "store: a commit of more than 65,535 blocks");
  }
  BlockKey key{number, 0};
  for (const EncodedBlock& block : contents.blocks) {
    put_block(batch, block.bytes, block.runs, key);
    ++key.part;
  }
  if (!contents.rows.empty()) {
    std::vector<Run> runs;
    const std::string block = contents.rows.build(runs);
    put_block(batch, block, runs, key);
  }
  return {};
}

void RocksStore::put_block(rocksdb::WriteBatch& batch, std::string_view bytes,
                           const std::vector<Run>& runs, BlockKey key) const {
  const std::string block_key = key.bytes();
  const std::string checksum = block_checksum(bytes, key);
  const rocksdb::Slice keys[] = {block_key};
  const rocksdb::Slice values[] = {slice(bytes), checksum};
  batch.Put(family(Family::kEvents), rocksdb::SliceParts(keys, 1), rocksdb::SliceParts(values, 2));
  for (const Run& run : runs)
    batch.Put(family(Family::kEventIndex), index_key(run), index_value(block_key, run));
}

void RocksStore::put_hits(rocksdb::WriteBatch& batch, const Commit::Contents& contents,
                          std::uint64_t number) const {
  if (contents.hits.empty()) return;
  std::string value = versioned();
  put_varint(value, contents.rules.size());
  for (const std::string& rule : contents.rules) put_text(value, rule);
  put_varint(value, contents.hits.size());
  for (const HitRow& hit : contents.hits) {
    put_varint(value, hit.rule);
    put_varint(value, static_cast<std::uint32_t>(hit.source));
    put_varint(value, hit.seq);
    put_signed(value, hit.time_ns);
  }
  std::string key;
  put_big64(key, number);
  batch.Put(family(Family::kHits), key, value);
}

Result<void> RocksStore::put_incident(rocksdb::WriteBatch& batch, const Incident& incident) const {
  std::string key;
  put_big64(key, incident.number);
  PICKET_TRY(const auto before,
             get_value(Family::kIncidentIndex, incident.id, "incident " + incident.id));
  if (before && *before != key) {
    // Unless that incident goes by another id now, and this one was its name before.
    PICKET_TRY(const auto value, get_value(Family::kIncidents, *before, "incident"));
    const auto json = parse_json(value.value_or(""));
    if (json && json->value("id", "") == incident.id)
      batch.Delete(family(Family::kIncidents), *before);
  }
  batch.Put(family(Family::kIncidents), key, versioned(dump_json(to_json(incident))));
  batch.Put(family(Family::kIncidentIndex), incident.id, versioned(key));
  return {};
}

void RocksStore::put_small(rocksdb::WriteBatch& batch, const Commit::Contents& contents) const {
  const std::string version = versioned();
  for (const auto& [key, value] : contents.state) {
    if (value) {
      const rocksdb::Slice name = slice(key);
      const rocksdb::Slice parts[] = {slice(version), slice(*value)};
      batch.Put(family(Family::kState), rocksdb::SliceParts(&name, 1), rocksdb::SliceParts(parts, 2));
    } else {
      batch.Delete(family(Family::kState), key);
    }
  }
  for (const auto& [name, value] : contents.offsets)
    batch.Put(family(Family::kOffsets), name, versioned(value));
  for (const auto& [key, json] : contents.documents)
    batch.Put(family(Family::kDocuments), key, versioned(json));
}

void RocksStore::publish(const Commit::Contents& contents, std::uint64_t number,
                         std::map<SourceId, LedgerLine> lines) {
  tables_.with([&](Tables& tables) {
    tables.last_commit = number;
    for (auto& [source, line] : lines)
      tables.lines[static_cast<std::size_t>(source)] = std::move(line);
    for (const auto& [name, value] : contents.offsets) tables.offsets[name] = value;
    for (const auto& [id, incident] : contents.incidents) {
      tables.last_incident = std::max(tables.last_incident, incident.number);
    }
  });
}

Result<void> RocksStore::put_document(std::string_view space, std::string_view key,
                                      const Json& json) {
  PICKET_TRY(const std::string full, document_key(space, key));
  rocksdb::WriteBatch batch;
  batch.Put(family(Family::kDocuments), full, versioned(dump_json(json)));
  return write(batch);
}

}  // namespace picket::storage
