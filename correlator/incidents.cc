#include "correlator/incidents.h"

#include <algorithm>

#include "base/hash.h"
#include "correlator/codec.h"
#include "correlator/entities.h"
#include "correlator/risk.h"

namespace picket::correlator {
namespace {

constexpr std::size_t kIncidentEntitiesMax = 1000;
constexpr int kMergesFollowed = 32;

bool opens(const Alert& alert) {
  return alert.kind == AlertKind::kCorrelation || alert.rule.level >= Level::kMedium;
}

bool is_closed(const Incident& incident) {
  return incident.status == IncidentStatus::kResolved || incident.status == IncidentStatus::kClosed;
}

// Windows writes names with their domain, syslog without.
std::string short_host(const std::string& name) {
  if (ip_entity(name)) return name;
  return name.substr(0, name.find('.'));
}

// What else the alert speaks of: the same address with other people is another company.
std::uint64_t company_of(const Entity& key, const std::vector<Entity>& keys) {
  std::string text;
  for (const Entity& other : keys) {
    if (!(other == key)) text += other.type + '\x1f' + other.value + '\x1e';
  }
  return hash64(text);
}

void add_distinct(std::vector<Layer>& layers, Layer layer) {
  if (layer == Layer::kNone) return;
  const auto at = std::lower_bound(layers.begin(), layers.end(), layer);
  if (at == layers.end() || *at != layer) layers.insert(at, layer);
}

bool earlier(const TimelineEntry& a, const TimelineEntry& b) {
  return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.alert_id < b.alert_id;
}

void assess(Incident& incident) {
  Level highest = Level::kInformational;
  std::uint32_t base = 0;
  for (const TimelineEntry& entry : incident.timeline) {
    highest = std::max(highest, entry.level);
    base = std::max(base, alert_risk(entry.level, entry.risk));
  }
  incident.level = incident_level(highest, incident.layers.size());
  incident.risk = incident_risk(base, incident.layers.size(), incident.alert_count);
  sort_by_kill_chain(incident.tags);
}

}  // namespace

IncidentGrouper::IncidentGrouper(IncidentOptions options, StatePort& state, IncidentPort& incidents)
    : options_(std::move(options)), index_(state), incidents_(incidents) {
  options_.alerts_max = std::min(options_.alerts_max, Incident::kTimelineMax);
}

std::vector<Entity> IncidentGrouper::keys_of(const Alert& alert) const {
  std::vector<Entity> keys;
  for (const Entity& entity : alert.entities) {
    if (entity.type == "process") continue;
    Entity key = entity;
    if (key.type == "host") key.value = short_host(key.value);
    const auto& stops = options_.stop_values;
    if (std::find(stops.begin(), stops.end(), key.type + ':' + key.value) != stops.end()) continue;
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  }
  const auto crowd = [this, all = keys](const Entity& key) {
    const auto same = std::count_if(all.begin(), all.end(),
                                    [&](const Entity& other) { return other.type == key.type; });
    return static_cast<std::size_t>(same) > options_.keys_per_type_max;
  };
  std::erase_if(keys, crowd);
  return keys;
}

// The keys without those that too many share; notes this alert's company where the alert is new.
std::vector<Entity> IncidentGrouper::live_keys(const Alert& alert, const std::vector<Entity>& keys,
                                               bool again) {
  std::vector<Entity> live;
  for (const Entity& key : keys) {
    EntityEntry entry =
        index_.entity(key).value_or(EntityEntry{"", alert.time_ns, alert.time_ns, {}});
    const std::int64_t expires_ns =
        add_ns(std::max(entry.last_ns, alert.last_seen_ns), options_.window_ns);
    const std::uint64_t company = company_of(key, keys);
    const bool known =
        std::find(entry.companies.begin(), entry.companies.end(), company) != entry.companies.end();
    const bool full = entry.companies.size() >= options_.groups_per_value_max;
    if (full && !known && !again) {
      ++counters_.stopped_values;
      continue;
    }
    if (!known && !again && opens(alert)) {
      entry.companies.push_back(company);
      index_.put_entity(key, entry, expires_ns);
    }
    live.push_back(key);
  }
  return live;
}

std::optional<Incident> IncidentGrouper::resolve(std::string id) {
  for (int hops = 0; hops < kMergesFollowed; ++hops) {
    auto incident = incidents_.find(id);
    if (!incident || incident->merged_into.empty()) return incident;
    id = incident->merged_into;
  }
  return std::nullopt;
}

// The open incidents that share a key with the alert inside the window, the oldest first.
std::vector<Incident> IncidentGrouper::linked(const Alert& alert, const std::vector<Entity>& keys) {
  std::vector<Incident> found;
  const auto consider = [&](const std::string& id) {
    auto incident = resolve(id);
    if (!incident) return;
    const auto same = [&](const Incident& other) { return other.id == incident->id; };
    if (std::none_of(found.begin(), found.end(), same)) found.push_back(*std::move(incident));
  };
  for (const Entity& key : keys) {
    const auto entry = index_.entity(key);
    if (!entry || entry->incident.empty()) continue;
    if (alert.time_ns > add_ns(entry->last_ns, options_.window_ns)) continue;
    if (alert.last_seen_ns < subtract_ns(entry->first_ns, options_.window_ns)) continue;
    consider(entry->incident);
  }
  std::erase_if(found, is_closed);
  if (const auto home = index_.incident_of(alert.id)) consider(*home);  // even if closed
  std::sort(found.begin(), found.end(), [](const Incident& a, const Incident& b) {
    return a.first_ns != b.first_ns ? a.first_ns < b.first_ns : a.id < b.id;
  });
  return found;
}

std::vector<Incident> IncidentGrouper::absorb(const Alert& alert, Nanos now) {
  const bool again = index_.incident_of(alert.id).has_value() || index_.is_waiting(alert.id);
  const std::vector<Entity> keys = live_keys(alert, keys_of(alert), again);
  if (!opens(alert)) return join_or_wait(alert, keys);

  std::vector<Incident> incidents = linked(alert, keys);
  // A closed incident keeps its alerts, and takes part in no merge.
  if (incidents.size() > 1) std::erase_if(incidents, is_closed);
  const bool fresh = incidents.empty();
  if (fresh) incidents.push_back(open(alert, now));
  std::vector<Incident> changed = merge(incidents);
  Incident& incident = incidents.front();
  add(incident, alert);
  claim(incident, alert, keys);
  pull_waiting(incident, keys);
  assess(incident);
  ++(fresh ? counters_.opened : counters_.joined);
  changed.insert(changed.begin(), incident);
  for (const Incident& each : changed) incidents_.put(each);
  return changed;
}

Incident IncidentGrouper::open(const Alert& alert, Nanos now) {
  Incident incident;
  incident.id = hash128_hex("incident\x1f" + alert.id);
  incident.number = incidents_.next_number();
  incident.first_ns = alert.time_ns;
  incident.last_ns = alert.last_seen_ns;
  incident.created_ns = now.count();
  incident.system = alert.system;
  return incident;
}

// Moves the alerts of all but the first into the first. The result: the others, closed.
std::vector<Incident> IncidentGrouper::merge(std::vector<Incident>& incidents) {
  std::vector<Incident> closed;
  Incident& into = incidents.front();
  for (std::size_t i = 1; i < incidents.size(); ++i) {
    Incident& from = incidents[i];
    const std::uint64_t unlisted =
        from.alert_count - std::min<std::uint64_t>(from.alert_count, from.timeline.size());
    std::vector<TimelineEntry> both;
    std::merge(into.timeline.begin(), into.timeline.end(), from.timeline.begin(),
               from.timeline.end(), std::back_inserter(both), earlier);
    into.alert_count += unlisted + from.timeline.size();
    if (both.size() > Incident::kTimelineMax) both.resize(Incident::kTimelineMax);
    into.timeline = std::move(both);
    for (const Layer layer : from.layers) add_distinct(into.layers, layer);
    into.tags.insert(into.tags.end(), from.tags.begin(), from.tags.end());
    merge_entities(into.entities, from.entities, kIncidentEntitiesMax);
    into.first_ns = std::min(into.first_ns, from.first_ns);
    into.last_ns = std::max(into.last_ns, from.last_ns);
    if (into.system.empty()) into.system = from.system;
    from.status = IncidentStatus::kClosed;
    from.merged_into = into.id;
    closed.push_back(std::move(from));
    ++counters_.merged;
  }
  incidents.resize(1);
  return closed;
}

void IncidentGrouper::add(Incident& incident, const Alert& alert) {
  const bool known = index_.incident_of(alert.id).has_value();
  index_.put_alert(alert.id, incident.id,
                   add_ns(alert.last_seen_ns, options_.window_ns + options_.memory_ns));
  if (!known) ++incident.alert_count;
  incident.first_ns = std::min(incident.first_ns, alert.time_ns);
  incident.last_ns = std::max(incident.last_ns, alert.last_seen_ns);
  auto entry = std::find_if(incident.timeline.begin(), incident.timeline.end(),
                            [&](const TimelineEntry& each) { return each.alert_id == alert.id; });
  if (entry == incident.timeline.end()) {
    if (known || incident.timeline.size() >= options_.alerts_max) {
      if (!known) ++counters_.over_ceiling;
      return;
    }
    TimelineEntry made{alert.time_ns,   alert.id,         alert.rule.id,
                       alert.rule.name, alert.rule.level, alert.layer, alert.rule.risk};
    const auto at =
        std::upper_bound(incident.timeline.begin(), incident.timeline.end(), made, earlier);
    incident.timeline.insert(at, std::move(made));
  }
  add_distinct(incident.layers, alert.layer);
  for (const Layer layer : alert.layers) add_distinct(incident.layers, layer);
  incident.tags.insert(incident.tags.end(), alert.tags.begin(), alert.tags.end());
  sort_by_kill_chain(incident.tags);
  merge_entities(incident.entities, alert.entities, kIncidentEntitiesMax);
  if (incident.system.empty()) incident.system = alert.system;
}

// The alert's keys point to the incident from now on.
void IncidentGrouper::claim(const Incident& incident, const Alert& alert,
                            const std::vector<Entity>& keys) {
  if (incident.timeline.size() >= options_.alerts_max) return;
  for (const Entity& key : keys) {
    EntityEntry entry = index_.entity(key).value_or(EntityEntry{});
    // An entry of an incident that is over, or closed, begins anew.
    const bool same =
        !entry.incident.empty() && (entry.incident == incident.id ||
                                    resolve(entry.incident).value_or(Incident{}).id == incident.id);
    entry.first_ns = same ? std::min(entry.first_ns, alert.time_ns) : alert.time_ns;
    entry.last_ns = same ? std::max(entry.last_ns, alert.last_seen_ns) : alert.last_seen_ns;
    entry.incident = incident.id;
    index_.put_entity(key, entry, add_ns(entry.last_ns, options_.window_ns));
  }
}

std::vector<Incident> IncidentGrouper::join_or_wait(const Alert& alert,
                                                    const std::vector<Entity>& keys) {
  std::vector<Entity> telling = keys;
  std::erase_if(telling, [](const Entity& key) { return key.type == "host"; });
  std::vector<Incident> incidents = linked(alert, telling);
  if (incidents.empty()) {
    ++counters_.waiting;
    if (!telling.empty()) {
      counters_.waiting_dropped +=
          index_.put_waiting(alert, telling, add_ns(alert.last_seen_ns, options_.window_ns));
    }
    return {};
  }
  Incident& incident = incidents.front();
  index_.erase_waiting(alert.id);
  add(incident, alert);
  assess(incident);
  ++counters_.joined;
  incidents_.put(incident);
  return {incident};
}

void IncidentGrouper::pull_waiting(Incident& incident, const std::vector<Entity>& keys) {
  for (const Alert& alert : index_.take_waiting(keys)) {
    if (alert.last_seen_ns < subtract_ns(incident.first_ns, options_.window_ns) ||
        alert.time_ns > add_ns(incident.last_ns, options_.window_ns)) {
      continue;
    }
    add(incident, alert);
    ++counters_.joined;
  }
}

std::vector<Incident> IncidentGrouper::withdraw(std::string_view alert_id) {
  index_.erase_waiting(alert_id);
  const auto home = index_.incident_of(alert_id);
  if (!home) return {};
  index_.erase_alert(alert_id);
  auto incident = resolve(*home);
  if (!incident) return {};
  std::erase_if(incident->timeline,
                [&](const TimelineEntry& entry) { return entry.alert_id == alert_id; });
  if (incident->alert_count > 0) --incident->alert_count;
  if (incident->alert_count == 0) incident->status = IncidentStatus::kClosed;
  assess(*incident);
  incidents_.put(*incident);
  return {*std::move(incident)};
}

}  // namespace picket::correlator
