// Alerts in RocksDB, and the indexes that lead to them: by time, and by each entity of an alert.
#include <algorithm>

#include "base/hash.h"
#include "storage/encoding.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::size_t kIndexBatchBytes = 4 * 1024 * 1024;

Result<Alert> read_alert(std::string_view value) {
  if (value.size() < 8) return fail(Errc::kCorrupt, "store: an alert is cut short");
  PICKET_TRY(const Json json, parse_json(value.substr(8)));
  return alert_from_json(json);
}

bool speaks_of(const Alert& alert, const Entity& entity) {
  return std::find(alert.entities.begin(), alert.entities.end(), entity) != alert.entities.end();
}

}  // namespace

std::string RocksStore::alert_index_key(std::int64_t time_ns, std::string_view id) {
  std::string key;
  put_big64(key, newest_first(time_ns));
  return key.append(id);
}

std::string RocksStore::entity_index_prefix(const Entity& entity) {
  return hash128_hex(entity.type + '\x1f' + entity.value);
}

// The entries that lead to an alert, by time and by each of its entities.
void RocksStore::put_alert_index(rocksdb::WriteBatch& batch, const Alert& alert) const {
  const std::string by_time = alert_index_key(alert.time_ns, alert.id);
  const std::string value = versioned(alert.rule.id);
  batch.Put(family(Family::kAlertIndex), by_time, value);
  for (const Entity& entity : alert.entities)
    batch.Put(family(Family::kEntityIndex), entity_index_prefix(entity) + by_time, value);
}

// Those of an alert as it is stored, `value` without its version.
Result<void> RocksStore::delete_alert_index(rocksdb::WriteBatch& batch,
                                            std::string_view value) const {
  PICKET_TRY(const Alert alert, read_alert(value));
  const std::string by_time = alert_index_key(alert.time_ns, alert.id);
  batch.Delete(family(Family::kAlertIndex), by_time);
  for (const Entity& entity : alert.entities)
    batch.Delete(family(Family::kEntityIndex), entity_index_prefix(entity) + by_time);
  return {};
}

Result<void> RocksStore::delete_alert(rocksdb::WriteBatch& batch, const std::string& id) const {
  PICKET_TRY(const auto before, get_value(Family::kAlerts, id, "alert " + id));
  if (!before) return {};
  batch.Delete(family(Family::kAlerts), id);
  return delete_alert_index(batch, *before);
}

Result<void> RocksStore::put_alert(rocksdb::WriteBatch& batch, const Alert& alert) const {
  PICKET_TRY(const auto before, get_value(Family::kAlerts, alert.id, "alert " + alert.id));
  if (before && static_cast<std::int64_t>(Reader(*before).little(8)) != alert.time_ns) {
    PICKET_TRY_VOID(delete_alert_index(batch, *before));
  }
  std::string value = versioned();
  put_little(value, static_cast<std::uint64_t>(alert.time_ns), 8);
  value += dump_json(to_json(alert));
  batch.Put(family(Family::kAlerts), alert.id, value);
  put_alert_index(batch, alert);
  return {};
}

// For stores of before there was one, and of which a crash left a part.
Result<void> RocksStore::build_entity_index() {
  if (options_.read_only) return {};
  PICKET_TRY(const auto whole, get(Family::kEntityIndex, kEntityIndexWhole));
  if (whole) return {};
  rocksdb::WriteBatch batch;
  const auto alerts = iterate(Family::kAlerts);
  for (alerts->SeekToFirst(); alerts->Valid(); alerts->Next()) {
    PICKET_TRY(const std::string_view value, unwrap_value(view(alerts->value()), "an alert"));
    const Result<Alert> alert = read_alert(value);
    if (alert) put_alert_index(batch, *alert);  // a damaged one is told of when it is read
    if (batch.GetDataSize() < kIndexBatchBytes) continue;
    PICKET_TRY_VOID(write(batch));
    batch.Clear();
  }
  if (!alerts->status().ok()) return rocks_error(alerts->status(), "alerts");
  batch.Put(family(Family::kEntityIndex), kEntityIndexWhole, versioned());
  return write(batch);
}

Result<Alert> RocksStore::alert(std::string_view id) const {
  PICKET_TRY(const auto value, get_value(Family::kAlerts, id, "alert " + std::string(id)));
  if (!value) return fail(Errc::kNotFound, "no alert " + std::string(id));
  return read_alert(*value);
}

Result<std::vector<Alert>> RocksStore::alerts(const AlertFilter& filter, std::size_t limit,
                                              std::string& cursor) const {
  if (!filter.incident_id.empty()) return alerts_of_incident(filter, limit, cursor);
  Family family = Family::kAlertIndex;
  std::string prefix;
  if (filter.entity && has_entity_index()) {
    family = Family::kEntityIndex;
    prefix = entity_index_prefix(*filter.entity);
  }
  PICKET_TRY(const std::string after, key_of_cursor(cursor));
  if (!after.starts_with(prefix) && !after.empty()) {
    return fail(Errc::kInvalid, "store: not a cursor of ours");
  }
  const auto index = iterate(family);
  index->Seek(after.empty() ? prefix : after);
  if (!after.empty() && index->Valid() && view(index->key()) == after) index->Next();
  std::vector<Alert> page;
  cursor.clear();
  for (std::string last; index->Valid() && index->key().starts_with(slice(prefix)); index->Next()) {
    PICKET_TRY(const std::string_view rule_id, unwrap_value(view(index->value()), "alert index"));
    if (!filter.rule_id.empty() && rule_id != filter.rule_id) continue;
    const std::string_view key = view(index->key());
    Result<Alert> alert = this->alert(key.substr(std::min(prefix.size() + 8, key.size())));
    // The index is seen as it was when the walk began; an alert can be withdrawn since.
    if (!alert && alert.error().code == Errc::kNotFound) continue;
    if (!alert) return tl::unexpected(alert.error());
    if (filter.entity && !speaks_of(*alert, *filter.entity)) continue;
    if (page.size() == limit) {  // there is more
      cursor = cursor_of_key(last);
      break;
    }
    last = key;
    page.push_back(*std::move(alert));
  }
  if (!index->status().ok()) return rocks_error(index->status(), "alerts");
  return page;
}

// False in a store that was written before there was one, and is read only.
bool RocksStore::has_entity_index() const {
  if (family(Family::kEntityIndex) == nullptr) return false;
  const auto whole = get(Family::kEntityIndex, kEntityIndexWhole);
  return whole && *whole;
}

Result<std::vector<Alert>> RocksStore::alerts_of_incident(const AlertFilter& filter,
                                                          std::size_t limit,
                                                          std::string& cursor) const {
  PICKET_TRY(const Incident incident, this->incident(filter.incident_id));
  PICKET_TRY(const std::string after, key_of_cursor(cursor));
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
      cursor = cursor_of_key(*std::prev(key));
      break;
    }
    Result<Alert> alert = this->alert(std::string_view(*key).substr(8));
    if (!alert && alert.error().code == Errc::kNotFound) continue;  // its retention ended first
    if (!alert) return tl::unexpected(alert.error());
    page.push_back(*std::move(alert));
  }
  return page;
}

}  // namespace picket::storage
