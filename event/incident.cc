#include "event/incident.h"

#include <algorithm>
#include <array>

#include "base/time.h"

namespace picket {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"new", "acknowledged", "in_progress", "resolved",
                                                       "closed"};

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
  return entry;
}

// Reads what to_json() wrote; nlohmann throws on a value of another type.
Incident read_incident(const Json& json) {
  Incident incident;
  incident.id = json.at("id").get<std::string>();
  incident.number = json.value("number", std::uint64_t{0});
  const auto status = std::find(kStatuses.begin(), kStatuses.end(), json.value("status", std::string("new")));
  incident.status = static_cast<IncidentStatus>(status == kStatuses.end() ? 0 : status - kStatuses.begin());
  incident.level = level_of(json.value("level", std::string()));
  incident.risk = json.value("risk", 0U);
  incident.first_ns = time_from(json, "first_seen");
  incident.last_ns = time_from(json, "last_seen");
  incident.created_ns = time_from(json, "created");
  incident.system = json.value("system", std::string());
  incident.owner = json.value("owner", std::string());
  incident.tags = json.value("tags", std::vector<std::string>());
  for (const Json& layer : json.value("layers", Json::array())) {
    incident.layers.push_back(layer_of(layer.get<std::string>()));
  }
  for (const Json& entity : json.value("entities", Json::array())) {
    incident.entities.push_back({entity.value("type", std::string()), entity.value("value", std::string())});
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

Json to_json(const Incident& incident) {
  Json json = {{"id", incident.id},
               {"number", incident.number},
               {"status", incident_status_name(incident.status)},
               {"level", level_name(incident.level)},
               {"risk", incident.risk},
               {"first_seen", format_time(incident.first_ns)},
               {"last_seen", format_time(incident.last_ns)},
               {"created", format_time(incident.created_ns)},
               {"system", incident.system},
               {"owner", incident.owner},
               {"tags", incident.tags}};
  json["layers"] = Json::array();
  for (const Layer layer : incident.layers) json["layers"].push_back(layer_name(layer));
  json["entities"] = Json::array();
  for (const Entity& entity : incident.entities) {
    json["entities"].push_back({{"type", entity.type}, {"value", entity.value}});
  }
  json["alert_count"] = incident.alert_count;
  if (!incident.merged_into.empty()) json["merged_into"] = incident.merged_into;
  json["timeline"] = Json::array();
  for (const TimelineEntry& entry : incident.timeline) {
    Json rule = {{"id", entry.rule_id}, {"name", entry.rule_name}, {"level", level_name(entry.level)}};
    if (entry.risk >= 0) rule["risk"] = entry.risk;
    json["timeline"].push_back(
        {{"@timestamp", format_time(entry.time_ns)},
         {"alert", entry.alert_id},
         {"rule", std::move(rule)},
         {"layer", layer_name(entry.layer)}});
  }
  return json;
}

Result<Incident> incident_from_json(const Json& json) {
  try {
    return read_incident(json);
  } catch (const Json::exception& error) {
    return fail(Errc::kCorrupt, std::string("incident: ") + error.what());
  }
}

}  // namespace picket
