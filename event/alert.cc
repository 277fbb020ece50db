#include "event/alert.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/time.h"

namespace picket {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"detection", "correlation", "yara", "indicator"};
constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high", "critical"};

Json to_json(const EventRef& ref) {
  return {{"source", ref.source}, {"seq", ref.seq}, {"@timestamp", format_time(ref.time_ns)}};
}

Json to_json(const Match& match) {
  Json json = {{"selection", match.selection}, {"line", match.line},   {"field", match.field},
               {"rule_field", match.rule_field}, {"value", match.value},
               {"span", {match.begin, match.end}}};
  if (!match.event.source.empty()) {
    json["source"] = match.event.source;
    json["seq"] = match.event.seq;
  }
  if (match.indicator) json["indicator"] = to_json(*match.indicator);
  return json;
}

std::int64_t time_from(const Json& json, const char* key) {
  const auto parsed = parse_time(json.value(key, std::string()));
  return parsed ? parsed->time_ns : 0;
}

Indicator indicator_from(const Json& json) {
  Indicator indicator;
  indicator.type = json.value("type", std::string());
  indicator.value = json.value("value", std::string());
  indicator.source = json.value("source", std::string());
  indicator.confidence = json.value("confidence", -1);
  if (json.contains("valid_from")) indicator.valid_from_ns = time_from(json, "valid_from");
  if (json.contains("valid_until")) indicator.valid_until_ns = time_from(json, "valid_until");
  indicator.reference = json.value("reference", std::string());
  indicator.description = json.value("description", std::string());
  return indicator;
}

EventRef ref_from(const Json& json) {
  EventRef ref;
  ref.source = json.value("source", std::string());
  ref.seq = json.value("seq", std::uint64_t{0});
  ref.time_ns = time_from(json, "@timestamp");
  return ref;
}

Match match_from(const Json& json) {
  Match match;
  match.event = ref_from(json);
  match.selection = json.value("selection", std::string());
  match.line = json.value("line", 0);
  match.field = json.value("field", std::string());
  match.rule_field = json.value("rule_field", std::string());
  match.value = json.value("value", std::string());
  if (const auto span = json.find("span"); span != json.end() && span->size() == 2) {
    match.begin = (*span)[0].get<std::uint32_t>();
    match.end = (*span)[1].get<std::uint32_t>();
  }
  if (const auto indicator = json.find("indicator"); indicator != json.end()) {
    match.indicator = indicator_from(*indicator);
  }
  return match;
}

Json rule_json(const RuleIdentity& rule) {
  Json json = {{"id", rule.id},
               {"name", rule.name},
               {"level", level_name(rule.level)},
               {"hash", rule.hash},
               {"path", rule.path}};
  if (rule.risk >= 0) json["risk"] = rule.risk;
  return json;
}

void read_rule(const Json& json, RuleIdentity& rule) {
  rule.id = json.value("id", std::string());
  rule.name = json.value("name", std::string());
  rule.level = level_of(json.value("level", std::string()));
  rule.hash = json.value("hash", std::string());
  rule.path = json.value("path", std::string());
  rule.risk = std::clamp(json.value("risk", -1), -1, 100);
}

Json layers_json(const std::vector<Layer>& layers) {
  Json json = Json::array();
  for (const Layer layer : layers) json.push_back(layer_name(layer));
  return json;
}

// Reads what to_json() wrote; nlohmann throws on a value of another type, alert_from_json() catches.
Alert read_alert(const Json& json) {
  Alert alert;
  alert.id = json.at("id").get<std::string>();
  const auto kind = std::find(kKinds.begin(), kKinds.end(), json.value("kind", std::string("detection")));
  alert.kind = static_cast<AlertKind>(kind == kKinds.end() ? 0 : kind - kKinds.begin());
  alert.time_ns = time_from(json, "@timestamp");
  read_rule(json.at("rule"), alert.rule);
  alert.tags = json.value("tags", std::vector<std::string>());
  if (json.contains("observer")) alert.layer = layer_of(json["observer"].value("layer", std::string()));
  alert.system = json.value("system", std::string());
  if (json.contains("group")) {
    for (const auto& [name, value] : json["group"].items()) alert.group.emplace_back(name, value.get<std::string>());
  }
  if (json.contains("window")) {
    const Json& window = json["window"];
    alert.window = {time_from(window, "start"), time_from(window, "end"), window.value("count", 0.0)};
  }
  alert.trigger = ref_from(json.at("trigger"));
  for (const Json& ref : json.value("events", Json::array())) alert.events.push_back(ref_from(ref));
  for (const Json& match : json.value("matches", Json::array())) alert.matches.push_back(match_from(match));
  for (const Json& entity : json.value("entities", Json::array())) {
    alert.entities.push_back({entity.value("type", std::string()), entity.value("value", std::string())});
  }
  for (const Json& layer : json.value("layers", Json::array())) {
    alert.layers.push_back(layer_of(layer.get<std::string>()));
  }
  alert.hit_count = json.value("hit_count", std::uint64_t{1});
  alert.last_seen_ns = time_from(json, "last_seen");
  alert.basis = json.value("basis", std::string());
  return alert;
}

}  // namespace

std::string_view alert_kind_name(AlertKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::string_view level_name(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

Level level_of(std::string_view name) {
  const auto* found = std::find(kLevels.begin(), kLevels.end(), name);
  return found == kLevels.end() ? Level::kMedium : static_cast<Level>(found - kLevels.begin());
}

Json to_json(const Indicator& indicator) {
  Json json = {{"type", indicator.type}, {"value", indicator.value}};
  if (!indicator.source.empty()) json["source"] = indicator.source;
  if (indicator.confidence >= 0) json["confidence"] = indicator.confidence;
  if (indicator.valid_from_ns != INT64_MIN) json["valid_from"] = format_time(indicator.valid_from_ns);
  if (indicator.valid_until_ns != INT64_MAX) json["valid_until"] = format_time(indicator.valid_until_ns);
  if (!indicator.reference.empty()) json["reference"] = indicator.reference;
  if (!indicator.description.empty()) json["description"] = indicator.description;
  return json;
}

Json to_json(const Alert& alert) {
  Json json = {{"@timestamp", format_time(alert.time_ns)},
               {"id", alert.id},
               {"kind", alert_kind_name(alert.kind)},
               {"rule", rule_json(alert.rule)},
               {"tags", alert.tags}};
  json["observer"] = {{"layer", layer_name(alert.layer)}};
  json["system"] = alert.system;
  if (alert.kind == AlertKind::kCorrelation) {
    json["group"] = Json::object();
    for (const auto& [name, value] : alert.group) json["group"][name] = value;
    json["window"] = {{"start", format_time(alert.window.start_ns)},
                      {"end", format_time(alert.window.end_ns)}};
    const bool whole = alert.window.count == static_cast<double>(static_cast<std::int64_t>(alert.window.count));
    if (whole) json["window"]["count"] = static_cast<std::int64_t>(alert.window.count);
    if (!whole) json["window"]["count"] = alert.window.count;
  }
  json["trigger"] = {{"source", alert.trigger.source}, {"seq", alert.trigger.seq},
                     {"@timestamp", format_time(alert.trigger.time_ns)}};
  json["events"] = Json::array();
  for (const EventRef& ref : alert.events) json["events"].push_back(to_json(ref));
  json["matches"] = Json::array();
  for (const Match& match : alert.matches) json["matches"].push_back(to_json(match));
  json["entities"] = Json::array();
  for (const Entity& entity : alert.entities) {
    json["entities"].push_back({{"type", entity.type}, {"value", entity.value}});
  }
  json["layers"] = layers_json(alert.layers);
  json["hit_count"] = alert.hit_count;
  json["last_seen"] = format_time(alert.last_seen_ns);
  if (!alert.basis.empty()) json["basis"] = alert.basis;
  return json;
}

Result<Alert> alert_from_json(const Json& json) {
  try {
    return read_alert(json);
  } catch (const Json::exception& error) {
    return fail(Errc::kCorrupt, std::string("alert: ") + error.what());
  }
}

std::string make_alert_id(const Alert& alert) {
  std::string text = alert.rule.id + '\x1f' + alert.rule.hash + '\x1f' + alert.trigger.source + '\x1f' +
                     std::to_string(alert.trigger.seq);
  for (const auto& [name, value] : alert.group) text += '\x1f' + name + '\x1e' + value;
  return hash128_hex(text);
}

}  // namespace picket
