// Reading everything but events: tables, alerts, incidents, state, documents.
#include <algorithm>
#include <charconv>
#include <tuple>

#include "storage/encoding.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

Result<Incident> read_incident(std::string_view value) {
  PICKET_TRY(const Json json, parse_json(value));
  return incident_from_json(json);
}

bool starts_with(const rocksdb::Slice& key, std::string_view prefix) {
  return key.starts_with(slice(prefix));
}

}  // namespace

std::unique_ptr<rocksdb::Iterator> RocksStore::iterate(Family which) const {
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator({}, family(which)));
}

Result<std::optional<std::string>> RocksStore::get(Family which, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get({}, family(which), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return rocks_error(status, kFamilyNames[static_cast<std::size_t>(which)]);
  return std::optional(std::move(value));
}

Result<std::optional<std::string>> RocksStore::get_value(Family which, std::string_view key,
                                                         std::string_view what) const {
  PICKET_TRY(auto value, get(which, key));
  if (!value) return value;
  PICKET_TRY_VOID(unwrap_value(*value, what));
  value->erase(0, 1);
  return value;
}

std::vector<std::string> RocksStore::source_names() const {
  return tables_.with([](const Tables& tables) { return tables.names; });
}

std::uint64_t RocksStore::next_seq(SourceId source) const {
  const auto index = static_cast<std::size_t>(source);
  return tables_.with([&](const Tables& tables) {
    return index < tables.lines.size() ? tables.lines[index].next_seq : 0;
  });
}

std::map<std::string, std::string> RocksStore::offsets() const {
  return tables_.with([](const Tables& tables) { return tables.offsets; });
}

std::uint64_t RocksStore::last_commit() const {
  return tables_.with([](const Tables& tables) { return tables.last_commit; });
}

std::uint64_t RocksStore::next_incident_number() const {
  return tables_.with([](const Tables& tables) { return tables.last_incident + 1; });
}

Result<std::vector<Ledger>> RocksStore::ledger() const {
  return tables_.with([](const Tables& tables) -> Result<std::vector<Ledger>> {
    std::vector<Ledger> lines;
    for (const LedgerLine& line : tables.lines) lines.push_back(line.ledger);
    return lines;
  });
}

Result<Incident> RocksStore::incident(std::string_view id) const {
  const std::string what = "incident " + std::string(id);
  PICKET_TRY(auto key, get_value(Family::kIncidentIndex, id, what));
  if (!key) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (id.empty() || error != std::errc() || end != id.data() + id.size()) {
      return fail(Errc::kNotFound, "no " + what);
    }
    put_big64(key.emplace(), number);
  }
  PICKET_TRY(const auto value, get_value(Family::kIncidents, *key, what));
  if (!value) return fail(Errc::kNotFound, "no " + what);
  return read_incident(*value);
}

Result<std::vector<Incident>> RocksStore::incidents(std::size_t limit, std::string& cursor) const {
  PICKET_TRY(const std::string after, key_of_cursor(cursor));
  const auto entries = iterate(Family::kIncidents);
  if (after.empty()) {
    entries->SeekToLast();
  } else {
    entries->SeekForPrev(after);
    if (entries->Valid() && view(entries->key()) == after) entries->Prev();
  }
  std::vector<Incident> page;
  cursor.clear();
  for (std::string last; entries->Valid(); entries->Prev()) {
    if (page.size() == limit) {
      cursor = cursor_of_key(last);
      break;
    }
    last = view(entries->key());
    PICKET_TRY(const std::string_view value, unwrap_value(view(entries->value()), "incident"));
    PICKET_TRY(Incident incident, read_incident(value));
    page.push_back(std::move(incident));
  }
  if (!entries->status().ok()) return rocks_error(entries->status(), "incidents");
  return page;
}

Result<std::optional<std::string>> RocksStore::state(std::string_view key) const {
  return get_value(Family::kState, key, "correlation state");
}

Result<std::vector<std::optional<std::string>>> RocksStore::states(
    const std::vector<std::string>& keys) const {
  const std::size_t count = keys.size();
  std::vector<rocksdb::Slice> slices;
  slices.reserve(count);
  for (const std::string& key : keys) slices.push_back(slice(key));
  std::vector<rocksdb::PinnableSlice> found(count);
  std::vector<rocksdb::Status> statuses(count);
  db_->MultiGet({}, family(Family::kState), count, slices.data(), found.data(), statuses.data());
  std::vector<std::optional<std::string>> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return rocks_error(statuses[i], "correlation state");
    PICKET_TRY(const std::string_view value, unwrap_value(view(found[i]), "correlation state"));
    values[i].emplace(value);
  }
  return values;
}

Result<void> RocksStore::for_each_state(
    std::string_view prefix, std::string_view first,
    const std::function<bool(std::string_view key, std::string_view value)>& entry) const {
  const auto entries = iterate(Family::kState);
  for (entries->Seek(slice(std::max(prefix, first))); entries->Valid() && starts_with(entries->key(), prefix);
       entries->Next()) {
    PICKET_TRY(const std::string_view value,
               unwrap_value(view(entries->value()), "correlation state"));
    if (!entry(view(entries->key()), value)) return {};
  }
  if (!entries->status().ok()) return rocks_error(entries->status(), "correlation state");
  return {};
}

Result<Json> RocksStore::document(std::string_view space, std::string_view key) const {
  const std::string what = std::string(space) + " " + std::string(key);
  std::string full(space);
  full += '\0';
  full += key;
  PICKET_TRY(const auto value, get_value(Family::kDocuments, full, what));
  if (!value) return fail(Errc::kNotFound, "no " + what);
  return parse_json(*value);
}

Result<std::vector<std::pair<std::string, Json>>> RocksStore::documents(
    std::string_view space) const {
  std::string prefix(space);
  prefix += '\0';
  std::vector<std::pair<std::string, Json>> found;
  const auto entries = iterate(Family::kDocuments);
  for (entries->Seek(prefix); entries->Valid() && starts_with(entries->key(), prefix);
       entries->Next()) {
    PICKET_TRY(const std::string_view value,
               unwrap_value(view(entries->value()), "a document of " + std::string(space)));
    PICKET_TRY(Json json, parse_json(value));
    found.emplace_back(view(entries->key()).substr(prefix.size()), std::move(json));
  }
  if (!entries->status().ok()) return rocks_error(entries->status(), "documents");
  return found;
}

}  // namespace picket::storage
