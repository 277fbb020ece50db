#include "correlator/incident_facts.h"

#include <algorithm>
#include <unordered_map>

#include "base/hash.h"
#include "base/time.h"
#include "correlator/codec.h"
#include "correlator/entities.h"
#include "correlator/risk.h"

namespace picket::correlator {
namespace {

constexpr std::size_t kIncidentEntitiesMax = 1000;
constexpr int kMergesFollowed = 32;

// Windows writes names with their domain, syslog without.
std::string short_host(const std::string& name) {
  if (ip_entity(name)) return name;
  return name.substr(0, name.find('.'));
}

template <class T>
void add_distinct(std::vector<T>& sorted, const T& one) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), one);
  if (at == sorted.end() || *at != one) sorted.insert(at, one);
}

void add_layer(Incident& incident, Layer layer) {
  if (layer != Layer::kNone) add_distinct(incident.layers, layer);
}

void add_system(Incident& incident, const std::string& system) {
  if (system.empty()) return;
  if (incident.system.empty()) incident.system = system;
  if (incident.systems.size() < Incident::kSystemsMax) add_distinct(incident.systems, system);
}

int highest_level(const Incident& incident, const IncidentOptions& options) {
  int level = 0;
  if (!options.level_of_system) return level;
  for (const std::string& system : incident.systems) {
    level = std::max(level, options.level_of_system(system));
  }
  return level;
}

}  // namespace

const Incident* resolve_incident(IncidentPort& port, std::string_view id) {
  for (int hops = 0; hops < kMergesFollowed && !id.empty(); ++hops) {
    const Incident* const incident = port.look(id);
    if (incident == nullptr || incident->merged_into.empty()) return incident;
    id = incident->merged_into;
  }
  return nullptr;
}

Alert without_events(const Alert& alert) {
  Alert bare;
  bare.id = alert.id;
  bare.kind = alert.kind;
  bare.time_ns = alert.time_ns;
  bare.rule = alert.rule;
  bare.tags = alert.tags;
  bare.layer = alert.layer;
  bare.system = alert.system;
  bare.entities = alert.entities;
  bare.layers = alert.layers;
  bare.hit_count = alert.hit_count;
  bare.last_seen_ns = alert.last_seen_ns;
  for (const Match& match : alert.matches) {
    if (match.indicator) bare.matches.push_back(match);
  }
  return bare;
}

bool opens_incident(const Alert& alert) {
  return alert.kind == AlertKind::kCorrelation || alert.rule.level >= Level::kMedium;
}

std::vector<Entity> keys_of(const Alert& alert, const IncidentOptions& options) {
  std::vector<Entity> keys;
  for (const Entity& entity : alert.entities) {
    if (entity.type == "process") continue;
    Entity key = entity;
    if (key.type == "host") key.value = short_host(key.value);
    const auto& stops = options.stop_values;
    if (std::find(stops.begin(), stops.end(), key.type + ':' + key.value) != stops.end()) continue;
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  }
  const auto crowd = [&options, all = keys](const Entity& key) {
    const auto same = std::count_if(all.begin(), all.end(),
                                    [&](const Entity& other) { return other.type == key.type; });
    return static_cast<std::size_t>(same) > options.keys_per_type_max;
  };
  std::erase_if(keys, crowd);
  return keys;
}

TimelineEntry entry_of(const Alert& alert) {
  TimelineEntry entry;
  entry.time_ns = alert.time_ns;
  entry.last_ns = alert.last_seen_ns;
  entry.hits = alert.hit_count;
  entry.alert_id = alert.id;
  entry.rule_id = alert.rule.id;
  entry.rule_name = alert.rule.name;
  entry.level = alert.rule.level;
  entry.layer = alert.layer;
  entry.risk = alert.rule.risk;
  entry.tactics = tactics_of(alert.tags);
  std::string same = alert.rule.id;
  for (const Entity& entity : alert.entities) same += '\x1e' + entity.type + '\x1f' + entity.value;
  entry.same = hash128_hex(same).substr(0, 16);
  return entry;
}

bool earlier(const TimelineEntry& a, const TimelineEntry& b) {
  return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.alert_id < b.alert_id;
}

std::vector<RepeatedAlert> repeated_alerts(const Incident& incident) {
  std::vector<RepeatedAlert> groups;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const TimelineEntry& entry : incident.timeline) {
    const std::string_view same = entry.same.empty() ? entry.alert_id : entry.same;
    const auto [at, fresh] = places.try_emplace(same, groups.size());
    if (fresh) groups.push_back({&entry, {}, 0, 0, entry.time_ns, entry.last_ns});
    RepeatedAlert& group = groups[at->second];
    group.newest = entry.alert_id;
    ++group.alerts;
    group.hits += entry.hits;
    group.last_ns = std::max(group.last_ns, entry.last_ns);
  }
  return groups;
}

Json to_json(const RepeatedAlert& alert) {
  return {{"rule",
           {{"id", alert.first->rule_id},
            {"name", alert.first->rule_name},
            {"level", level_name(alert.first->level)}}},
          {"layer", layer_name(alert.first->layer)},
          {"tactics", alert.first->tactics},
          {"first_seen", format_time(alert.first_ns)},
          {"last_seen", format_time(alert.last_ns)},
          {"alerts", alert.alerts},
          {"hits", alert.hits},
          {"newest", alert.newest}};
}

void add_facts(Incident& incident, const Alert& alert) {
  add_layer(incident, alert.layer);
  for (const Layer layer : alert.layers) add_layer(incident, layer);
  incident.tags.insert(incident.tags.end(), alert.tags.begin(), alert.tags.end());
  sort_by_kill_chain(incident.tags);
  merge_entities(incident.entities, alert.entities, kIncidentEntitiesMax);
  add_system(incident, alert.system);
  for (const Match& match : alert.matches) {
    if (match.indicator)
      incident.confidence = std::max(incident.confidence, match.indicator->confidence);
  }
}

void add_facts(Incident& into, const Incident& from) {
  const std::uint64_t unlisted =
      from.alert_count - std::min<std::uint64_t>(from.alert_count, from.timeline.size());
  std::vector<TimelineEntry> both;
  std::merge(into.timeline.begin(), into.timeline.end(), from.timeline.begin(), from.timeline.end(),
             std::back_inserter(both), earlier);
  into.alert_count += unlisted + from.timeline.size();
  if (both.size() > Incident::kTimelineMax) both.resize(Incident::kTimelineMax);
  into.timeline = std::move(both);
  for (const Layer layer : from.layers) add_layer(into, layer);
  into.tags.insert(into.tags.end(), from.tags.begin(), from.tags.end());
  merge_entities(into.entities, from.entities, kIncidentEntitiesMax);
  into.first_ns = std::min(into.first_ns, from.first_ns);
  into.last_ns = std::max(into.last_ns, from.last_ns);
  into.confidence = std::max(into.confidence, from.confidence);
  into.risk_parts.history = std::max(into.risk_parts.history, from.risk_parts.history);
  add_system(into, from.system);
  for (const std::string& system : from.systems) add_system(into, system);
}

void rebuild_facts(Incident& incident, IncidentPort& port) {
  incident.layers.clear();
  incident.tags.clear();
  incident.entities.clear();
  incident.systems.clear();
  incident.system.clear();
  incident.confidence = -1;
  if (incident.timeline.empty()) return;
  incident.first_ns = INT64_MAX;
  incident.last_ns = INT64_MIN;
  for (const TimelineEntry& entry : incident.timeline) {
    incident.first_ns = std::min(incident.first_ns, entry.time_ns);
    incident.last_ns = std::max(incident.last_ns, entry.last_ns);
    if (const auto alert = port.alert(entry.alert_id)) {
      add_facts(incident, *alert);
      continue;
    }
    add_layer(incident, entry.layer);
    for (const std::string& tactic : entry.tactics) incident.tags.push_back("attack." + tactic);
  }
  sort_by_kill_chain(incident.tags);
}

void assess(Incident& incident, const IncidentOptions& options) {
  Level highest = Level::kInformational;
  RiskFacts facts;
  for (const TimelineEntry& entry : incident.timeline) {
    highest = std::max(highest, entry.level);
    facts.base = std::max(facts.base, alert_risk(entry.level, entry.risk));
  }
  facts.layers = incident.layers.size();
  facts.alerts = incident.alert_count;
  facts.system_level = highest_level(incident, options);
  facts.confidence = incident.confidence;
  facts.history = incident.risk_parts.history;
  incident.level = incident_level(highest, incident.layers.size());
  incident.risk_parts = risk_parts(facts);
  incident.risk = total_risk(incident.risk_parts);
  sort_by_kill_chain(incident.tags);
}

}  // namespace picket::correlator
