#include "storage/integrity/value_check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "event/alert.h"
#include "event/incident.h"
#include "storage/encoding.h"
#include "storage/ledger.h"

namespace picket::storage {
namespace {

struct Kind {
  Evidence evidence;
  Family family;
};
constexpr std::array<Kind, 6> kKinds = {{{Evidence::kAlert, Family::kAlerts},
                                         {Evidence::kIncident, Family::kIncidents},
                                         {Evidence::kDocument, Family::kDocuments},
                                         {Evidence::kLedger, Family::kLedger},
                                         {Evidence::kSource, Family::kSources},
                                         {Evidence::kOffset, Family::kOffsets}}};

std::string map_key(Evidence evidence, std::string_view key) {
  std::string text(1, static_cast<char>(evidence));
  return text.append(key);
}

Result<Alert> alert_of(std::string_view body) {
  if (body.size() < 8) return fail(Errc::kCorrupt, "cut short");
  PICKET_TRY(const Json json, parse_json(body.substr(8)));
  return alert_from_json(json);
}

Result<Incident> incident_of(std::string_view body) {
  PICKET_TRY(const Json json, parse_json(body));
  return incident_from_json(json);
}

// The id at the end of a key of the entity index.
std::string_view alert_of_entry(std::string_view key) {
  constexpr std::size_t kBefore = 32 + 8;  // entity, time
  return key.substr(std::min(kBefore, key.size()));
}

std::string alert_index_key(std::string_view body, std::string_view id) {
  std::string key;
  put_big64(key, newest_first(static_cast<std::int64_t>(Reader(body).little(8))));
  return key.append(id);
}

}  // namespace

bool value_can_be_read(Evidence evidence, std::string_view value) {
  const Result<std::string_view> body = unwrap_value(value, "value");
  if (!body) return false;
  switch (evidence) {
    case Evidence::kAlert:
      return alert_of(*body).has_value();
    case Evidence::kIncident:
      return incident_of(*body).has_value();
    case Evidence::kDocument:
      return parse_json(*body).has_value();
    case Evidence::kLedger:
      return decode_ledger_line(value, "").has_value();
    default:
      return true;
  }
}

std::string ValueCheck::key_text(Evidence evidence, std::string_view key) const {
  switch (evidence) {
    case Evidence::kIncident:
      return std::to_string(Reader(key).big64());
    case Evidence::kLedger:
    case Evidence::kSource: {
      const std::uint32_t id = Reader(key).big32();
      return id < sources_.size() && !sources_[id].empty() ? sources_[id] : std::to_string(id);
    }
    case Evidence::kDocument: {
      std::string text(key);
      std::replace(text.begin(), text.end(), '\0', '/');
      return text;
    }
    default:
      return std::string(key);
  }
}

void ValueCheck::add(Difference difference, Evidence evidence, std::string_view key,
                     const Last& last, std::string detail) {
  report_.findings.add({.difference = difference,
                        .kind = std::string(evidence_name(evidence)),
                        .key = key_text(evidence, key),
                        .link = last.link,
                        .commit = last.commit,
                        .time_ns = last.time_ns,
                        .rows = {},
                        .detail = std::move(detail)});
}

void ValueCheck::expect(std::uint64_t number, const Link& link, const ChainEntry& entry) {
  last_.insert_or_assign(
      map_key(entry.evidence, entry.key),
      Last{std::string(entry.digest), number, link.commit, link.time_ns, entry.removed});
}

void ValueCheck::run(bool check_chain, bool had_before) {
  for (const Kind& kind : kKinds) family(kind.evidence, check_chain, had_before);
  alert_index();
  entity_index();
  incident_index();
  if (!check_chain) return;
  std::vector<std::pair<std::string_view, const Last*>> missing;  // in the order of the chain
  for (const auto& [key, last] : last_) {
    if (!last.removed) missing.emplace_back(key, &last);
  }
  std::sort(missing.begin(), missing.end(),
            [](const auto& a, const auto& b) { return a.second->link < b.second->link; });
  for (const auto& [key, last] : missing)
    add(Difference::kDeleted, static_cast<Evidence>(key[0]), key.substr(1), *last, "");
}

void ValueCheck::family(Evidence evidence, bool check_chain, bool had_before) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const Kind& one) { return one.evidence == evidence; });
  const auto values = store_.iterate(kind->family);
  for (values->SeekToFirst(); values->Valid(); values->Next())
    value(evidence, view(values->key()), view(values->value()), check_chain, had_before);
  if (values->status().ok()) return;
  add(Difference::kDamaged, evidence, {}, {}, values->status().ToString());
}

void ValueCheck::value(Evidence evidence, std::string_view key, std::string_view value,
                       bool check_chain, bool had_before) {
  ++report_.values[static_cast<std::size_t>(evidence) - 1];
  const auto found = last_.find(map_key(evidence, key));
  const Last last = found == last_.end() ? Last() : found->second;
  bool is_right = true;
  if (check_chain && (found == last_.end() || last.removed)) {
    if (found == last_.end() && had_before) {
      ++report_.before_chain;
    } else {
      add(Difference::kAdded, evidence, key, last, last.removed ? "it was withdrawn" : "");
      is_right = false;
    }
  } else if (check_chain) {
    const Digest digest = evidence_digest(digester_, evidence, key, value);
    is_right = bytes_of(digest).substr(0, last.digest.size()) == last.digest;
    if (!is_right) add(Difference::kEdited, evidence, key, last, "");
    last_.erase(found);
  }
  if (is_right && !content(evidence, key, value))
    add(Difference::kDamaged, evidence, key, last, "it, or its index, cannot be read");
}

bool ValueCheck::content(Evidence evidence, std::string_view key, std::string_view value) {
  const Result<std::string_view> body = unwrap_value(value, "value");
  if (!body) return false;
  switch (evidence) {
    case Evidence::kAlert: {
      ++alerts_;
      const Result<Alert> alert = alert_of(*body);
      if (!alert || alert->id != key) return false;
      const std::string by_time = alert_index_key(*body, key);
      const auto index = store_.get(Family::kAlertIndex, by_time);
      return entities_lead_here(*alert, by_time) && index && *index && **index == std::string(1, kValueVersion) + alert->rule.id;
    }
    case Evidence::kIncident: {
      ++incidents_;
      const Result<Incident> incident = incident_of(*body);
      if (!incident) return false;
      const auto index = store_.get(Family::kIncidentIndex, incident->id);
      return index && *index && **index == std::string(1, kValueVersion).append(key);
    }
    default:
      return value_can_be_read(evidence, value);
  }
}

// Entries that lead nowhere, or to something else.
void ValueCheck::alert_index() {
  const auto entries = store_.iterate(Family::kAlertIndex);
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const std::string_view key = view(entries->key());
    const std::string_view id = key.substr(std::min<std::size_t>(8, key.size()));
    const auto alert = store_.get(Family::kAlerts, id);
    if (alert && *alert && !(*alert)->empty() &&
        alert_index_key(std::string_view(**alert).substr(1), id) == key)
      continue;
    report_.findings.add({.difference = Difference::kAdded,
                          .kind = "alert_index",
                          .key = std::string(id),
                          .rows = {},
                          .detail = "no alert has this entry"});
  }
  if (entries->status().ok()) return;
  report_.findings.add({.difference = Difference::kDamaged,
                        .kind = "alert_index",
                        .key = "",
                        .rows = {},
                        .detail = entries->status().ToString()});
}

bool ValueCheck::entities_lead_here(const Alert& alert, std::string_view by_time) const {
  if (!store_.has_entity_index()) return true;
  return std::all_of(alert.entities.begin(), alert.entities.end(), [&](const Entity& entity) {
    std::string key = RocksStore::entity_index_prefix(entity);
    const auto index = store_.get(Family::kEntityIndex, key.append(by_time));
    return index && *index && **index == std::string(1, kValueVersion) + alert.rule.id;
  });
}

void ValueCheck::entity_index() {
  if (store_.family(Family::kEntityIndex) == nullptr) return;  // of before there was one
  const auto tell = [&](Difference difference, std::string_view key, std::string detail) {
    report_.findings.add({.difference = difference,
                          .kind = "entity_index",
                          .key = std::string(key),
                          .rows = {},
                          .detail = std::move(detail)});
  };
  const auto whole = store_.get(Family::kEntityIndex, RocksStore::kEntityIndexWhole);
  if (whole && !(*whole && **whole == versioned()))
    tell(*whole ? Difference::kEdited : Difference::kDeleted, RocksStore::kEntityIndexWhole, "");
  const auto entries = store_.iterate(Family::kEntityIndex);
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const std::string_view key = view(entries->key());
    if (key == RocksStore::kEntityIndexWhole || leads_to_its_alert(key)) continue;
    tell(Difference::kAdded, alert_of_entry(key), "no alert has this entry");
  }
  if (!entries->status().ok()) tell(Difference::kDamaged, "", entries->status().ToString());
}

bool ValueCheck::leads_to_its_alert(std::string_view key) const {
  const std::string_view id = alert_of_entry(key);
  const auto value = store_.get(Family::kAlerts, id);
  if (!value || !*value || (*value)->empty()) return false;
  const std::string_view body = std::string_view(**value).substr(1);
  const Result<Alert> alert = alert_of(body);
  const auto leads = [&](const Entity& entity) {
    return key == RocksStore::entity_index_prefix(entity) + alert_index_key(body, id);
  };
  return alert && std::any_of(alert->entities.begin(), alert->entities.end(), leads);
}

// An incident that got another id is found by those that it had; its history says that it had one.
void ValueCheck::incident_index() {
  const auto renames = [](const IncidentChange& change) { return change.verb == "rename"; };
  const auto entries = store_.iterate(Family::kIncidentIndex);
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const std::string_view id = view(entries->key());
    const std::string_view value = view(entries->value());
    const auto incident =
        store_.get(Family::kIncidents, value.substr(std::min<std::size_t>(1, value.size())));
    if (incident && *incident) {
      const Result<std::string_view> body = unwrap_value(**incident, "incident");
      const Result<Incident> read = body ? incident_of(*body) : tl::unexpected(body.error());
      if (read && read->id == id) continue;
      if (read && std::any_of(read->history.begin(), read->history.end(), renames)) continue;
    }
    report_.findings.add({.difference = Difference::kAdded,
                          .kind = "incident_index",
                          .key = std::string(id),
                          .rows = {},
                          .detail = "no incident has this entry"});
  }
  if (entries->status().ok()) return;
  report_.findings.add({.difference = Difference::kDamaged,
                        .kind = "incident_index",
                        .key = "",
                        .rows = {},
                        .detail = entries->status().ToString()});
}

}  // namespace picket::storage
