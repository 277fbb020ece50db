#include "event/incident.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/time.h"

namespace picket {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"new", "acknowledged", "in_progress",
                                                       "resolved", "closed"};

constexpr std::array<std::string_view, 6> kDispositions = {
    "", "true_positive", "benign", "false_positive", "duplicate", "test"};

// Left out where it is not known.
void put_time(Json& json, const char* key, std::int64_t time_ns) {
  if (time_ns != 0) json[key] = format_time(time_ns);
}

std::int64_t time_from(const Json& json, const char* key) {
  const auto parsed = parse_time(json.value(key, std::string()));
  return parsed ? parsed->time_ns : 0;
}

TimelineEntry entry_from(const Json& json) {
  TimelineEntry entry;
  entry.time_ns = time_from(json, "@timestamp");
  entry.alert_id = json.value("alert", std::string());
  entry.rule_id = json.at("rule").value("id", std::string());
  entry.rule_name = json.at("rule").value("name", std::string());
  entry.level = level_of(json.at("rule").value("level", std::string()));
  entry.layer = layer_of(json.value("layer", std::string()));
  entry.risk = std::clamp(json.at("rule").value("risk", -1), -1, 100);
  entry.last_ns = json.contains("last_seen") ? time_from(json, "last_seen") : entry.time_ns;
  entry.hits = json.value("hits", std::uint64_t{1});
  entry.tactics = json.value("tactics", std::vector<std::string>());
  entry.same = json.value("same", std::string());
  return entry;
}

IncidentChange change_from(const Json& json) {
  IncidentChange change;
  change.number = json.value("number", std::uint64_t{0});
  change.time_ns = time_from(json, "at");
  change.actor = json.value("actor", std::string());
  change.verb = json.value("verb", std::string());
  change.before = json.value("before", Json::object());
  change.after = json.value("after", Json::object());
  change.comment = json.value("comment", std::string());
  change.key = json.value("key", std::string());
  change.undone_by = json.value("undone_by", std::uint64_t{0});
  return change;
}

RiskParts risk_parts_from(const Json& json) {
  return {json.value("base", 0U),   json.value("layers", 0U),    json.value("alerts", 0U),
          json.value("system", 0U), json.value("indicator", 0U), json.value("history", 0U)};
}

Json parts_json(const RiskParts& parts) {
  return {{"base", parts.base},     {"layers", parts.layers},       {"alerts", parts.alerts},
          {"system", parts.system}, {"indicator", parts.indicator}, {"history", parts.history}};
}

// What only people change, and what that left behind.
void read_care(const Json& json, Incident& incident) {
  incident.acknowledged_ns = time_from(json, "acknowledged");
  incident.resolved_ns = time_from(json, "resolved");
  incident.assignee = json.value("assignee", std::string());
  incident.disposition =
      disposition_of(json.value("disposition", std::string())).value_or(Disposition::kNone);
  incident.apart = json.value("apart", std::vector<std::string>());
  for (const Json& change : json.value("history", Json::array())) {
    incident.history.push_back(change_from(change));
  }
  incident.history_dropped = json.value("history_dropped", std::uint64_t{0});
}

void write_care(Json& json, const Incident& incident) {
  put_time(json, "acknowledged", incident.acknowledged_ns);
  put_time(json, "resolved", incident.resolved_ns);
  json["assignee"] = incident.assignee;
  json["disposition"] = disposition_name(incident.disposition);
  if (!incident.apart.empty()) json["apart"] = incident.apart;
  json["history"] = Json::array();
  for (const IncidentChange& change : incident.history) json["history"].push_back(to_json(change));
  if (incident.history_dropped > 0) json["history_dropped"] = incident.history_dropped;
}

// Reads what to_json() wrote; nlohmann throws on a value of another type.
Incident read_incident(const Json& json) {
  Incident incident;
  incident.id = json.at("id").get<std::string>();
  incident.number = json.value("number", std::uint64_t{0});
  incident.status =
      incident_status_of(json.value("status", std::string())).value_or(IncidentStatus::kNew);
  incident.level = level_of(json.value("level", std::string()));
  incident.risk = json.value("risk", 0U);
  incident.risk_parts = risk_parts_from(json.value("risk_parts", Json::object()));
  incident.first_ns = time_from(json, "first_seen");
  incident.last_ns = time_from(json, "last_seen");
  incident.created_ns = time_from(json, "created");
  incident.system = json.value("system", std::string());
  incident.systems = json.value("systems", std::vector<std::string>());
  incident.owner = json.value("owner", std::string());
  incident.confidence = std::clamp(json.value("confidence", -1), -1, 100);
  read_care(json, incident);
  incident.tags = json.value("tags", std::vector<std::string>());
  for (const Json& layer : json.value("layers", Json::array())) {
    incident.layers.push_back(layer_of(layer.get<std::string>()));
  }
  for (const Json& entity : json.value("entities", Json::array())) {
    incident.entities.push_back(
        {entity.value("type", std::string()), entity.value("value", std::string())});
  }
  for (const Json& entry : json.value("timeline", Json::array())) {
    incident.timeline.push_back(entry_from(entry));
  }
  incident.alert_count = json.value("alert_count", std::uint64_t{0});
  incident.merged_into = json.value("merged_into", std::string());
  return incident;
}

}  // namespace

std::string_view incident_status_name(IncidentStatus status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

std::optional<IncidentStatus> incident_status_of(std::string_view name) {
  const auto found = std::find(kStatuses.begin(), kStatuses.end(), name);
  if (found == kStatuses.end()) return std::nullopt;
  return static_cast<IncidentStatus>(found - kStatuses.begin());
}

std::string_view disposition_name(Disposition disposition) {
  return kDispositions[static_cast<std::size_t>(disposition)];
}

std::optional<Disposition> disposition_of(std::string_view name) {
  const auto found = std::find(kDispositions.begin(), kDispositions.end(), name);
  if (found == kDispositions.end()) return std::nullopt;
  return static_cast<Disposition>(found - kDispositions.begin());
}

Json to_json(const TimelineEntry& entry) {
  Json rule = {
      {"id", entry.rule_id}, {"name", entry.rule_name}, {"level", level_name(entry.level)}};
  if (entry.risk >= 0) rule["risk"] = entry.risk;
  return {{"@timestamp", format_time(entry.time_ns)},
          {"last_seen", format_time(entry.last_ns)},
          {"hits", entry.hits},
          {"alert", entry.alert_id},
          {"rule", std::move(rule)},
          {"layer", layer_name(entry.layer)},
          {"tactics", entry.tactics},
          {"same", entry.same}};
}

Result<TimelineEntry> timeline_entry_from_json(const Json& json) {
  try {
    return entry_from(json);
  } catch (const Json::exception& error) {
    return fail(Errc::kCorrupt, std::string("timeline: ") + error.what());
  }
}

Json to_json(const IncidentChange& change) {
  Json json = {{"number", change.number}, {"at", format_time(change.time_ns)},
               {"actor", change.actor},   {"verb", change.verb},
               {"before", change.before}, {"after", change.after}};
  if (!change.comment.empty()) json["comment"] = change.comment;
  if (!change.key.empty()) json["key"] = change.key;
  if (change.undone_by != 0) json["undone_by"] = change.undone_by;
  return json;
}

Json to_json(const Incident& incident) {
  Json json = {{"id", incident.id},
               {"number", incident.number},
               {"status", incident_status_name(incident.status)},
               {"level", level_name(incident.level)},
               {"risk", incident.risk},
               {"risk_parts", parts_json(incident.risk_parts)},
               {"first_seen", format_time(incident.first_ns)},
               {"last_seen", format_time(incident.last_ns)},
               {"created", format_time(incident.created_ns)},
               {"system", incident.system},
               {"systems", incident.systems},
               {"owner", incident.owner},
               {"tags", incident.tags}};
  write_care(json, incident);
  if (incident.confidence >= 0) json["confidence"] = incident.confidence;
  json["layers"] = Json::array();
  for (const Layer layer : incident.layers) json["layers"].push_back(layer_name(layer));
  json["entities"] = Json::array();
  for (const Entity& entity : incident.entities) {
    json["entities"].push_back({{"type", entity.type}, {"value", entity.value}});
  }
  json["alert_count"] = incident.alert_count;
  if (!incident.merged_into.empty()) json["merged_into"] = incident.merged_into;
  json["timeline"] = Json::array();
  for (const TimelineEntry& entry : incident.timeline) json["timeline"].push_back(to_json(entry));
  return json;
}

std::string incident_version(const Incident& incident) {
  return hash128_hex(dump_json(to_json(incident)));
}

Result<Incident> incident_from_json(const Json& json) {
  try {
    return read_incident(json);
  } catch (const Json::exception& error) {
    return fail(Errc::kCorrupt, std::string("incident: ") + error.what());
  }
}

}  // namespace picket
