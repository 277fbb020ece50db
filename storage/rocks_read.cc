// Reading everything but events: tables, alerts, incidents, state, documents.
#include <algorithm>
#include <charconv>
#include <tuple>

#include "storage/encoding.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

// Cursors are keys in hexadecimal: safe in a URL, opaque to everybody else.
std::string to_cursor(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string cursor;
  for (const char c : key) {
    cursor += kDigits[static_cast<unsigned char>(c) >> 4];
    cursor += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return cursor;
}

Result<std::string> from_cursor(std::string_view cursor) {
  std::string key;
  for (std::size_t at = 0; at + 1 < cursor.size(); at += 2) {
    unsigned byte = 0;
    const char* const end = cursor.data() + at + 2;
    if (std::from_chars(cursor.data() + at, end, byte, 16).ptr != end) break;
    key += static_cast<char>(byte);
  }
  if (key.size() * 2 != cursor.size()) return fail(Errc::kInvalid, "store: not a cursor of ours");
  return key;
}

Result<Alert> read_alert(std::string_view value) {
  if (value.size() < 8) return fail(Errc::kCorrupt, "store: an alert is cut short");
  PICKET_TRY(const Json json, parse_json(value.substr(8)));
  return alert_from_json(json);
}

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

Result<Alert> RocksStore::alert(std::string_view id) const {
  PICKET_TRY(const auto value, get_value(Family::kAlerts, id, "alert " + std::string(id)));
  if (!value) return fail(Errc::kNotFound, "no alert " + std::string(id));
  return read_alert(*value);
}

Result<std::vector<Alert>> RocksStore::alerts(const AlertFilter& filter, std::size_t limit,
                                              std::string& cursor) const {
  if (!filter.incident_id.empty()) return alerts_of_incident(filter, limit, cursor);
  PICKET_TRY(const std::string after, from_cursor(cursor));
  const auto index = iterate(Family::kAlertIndex);
  index->Seek(after);
  if (!after.empty() && index->Valid() && view(index->key()) == after) index->Next();
  std::vector<Alert> page;
  cursor.clear();
  for (std::string last; index->Valid(); index->Next()) {
    PICKET_TRY(const std::string_view rule_id, unwrap_value(view(index->value()), "alert index"));
    if (!filter.rule_id.empty() && rule_id != filter.rule_id) continue;
    if (page.size() == limit) {  // there is more
      cursor = to_cursor(last);
      break;
    }
    last = view(index->key());
    Result<Alert> alert =
        this->alert(std::string_view(last).substr(std::min<std::size_t>(8, last.size())));
    // The index is seen as it was when the walk began; an alert can be withdrawn since.
    if (!alert && alert.error().code == Errc::kNotFound) continue;
    if (!alert) return tl::unexpected(alert.error());
    page.push_back(*std::move(alert));
  }
  if (!index->status().ok()) return rocks_error(index->status(), "alerts");
  return page;
}

Result<std::vector<Alert>> RocksStore::alerts_of_incident(const AlertFilter& filter,
                                                          std::size_t limit,
                                                          std::string& cursor) const {
  PICKET_TRY(const Incident incident, this->incident(filter.incident_id));
  PICKET_TRY(const std::string after, from_cursor(cursor));
  std::vector<std::string> keys;
  for (const TimelineEntry& entry : incident.timeline) {
    if (!filter.rule_id.empty() && entry.rule_id != filter.rule_id) continue;
    std::string key;
    put_big64(key, newest_first(entry.time_ns));
    keys.push_back(key += entry.alert_id);
  }
  std::sort(keys.begin(), keys.end());
  auto key = after.empty() ? keys.begin() : std::upper_bound(keys.begin(), keys.end(), after);
  std::vector<Alert> page;
  cursor.clear();
  for (; key != keys.end(); ++key) {
    if (page.size() == limit) {
      cursor = to_cursor(*std::prev(key));
      break;
    }
    Result<Alert> alert = this->alert(std::string_view(*key).substr(8));
    if (!alert && alert.error().code == Errc::kNotFound) continue;  // its retention ended first
    if (!alert) return tl::unexpected(alert.error());
    page.push_back(*std::move(alert));
  }
  return page;
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
  PICKET_TRY(const std::string after, from_cursor(cursor));
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
      cursor = to_cursor(last);
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
