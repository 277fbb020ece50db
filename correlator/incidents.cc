#include "correlator/incidents.h"

#include <algorithm>

#include "base/hash.h"
#include "correlator/codec.h"
#include "correlator/incident_facts.h"
#include "correlator/incident_history.h"
#include "correlator/risk.h"

namespace picket::correlator {
namespace {

bool is_closed(const Incident& incident) {
  return is_over(incident.status);
}

// What an incident says of who was in it: nothing, if it was found to be none.
std::uint64_t worth_of(const Incident& incident) {
  const bool real = incident.disposition == Disposition::kNone ||
                    incident.disposition == Disposition::kTruePositive;
  return real ? incident.risk * 1000ULL : 0;
}

// What else the alert speaks of: the same address with other people is another company.
std::uint64_t company_of(const Entity& key, const std::vector<Entity>& keys) {
  std::string text;
  for (const Entity& other : keys) {
    if (!(other == key)) text += other.type + '\x1f' + other.value + '\x1e';
  }
  return hash64(text);
}

}  // namespace

IncidentGrouper::IncidentGrouper(IncidentOptions options, StatePort& state, IncidentPort& incidents)
    : options_(std::move(options)),
      index_(state),
      incidents_(incidents),
      verbs_(options_, index_, incidents),
      settling_(options_, index_, incidents) {
  options_.alerts_max = std::min(options_.alerts_max, Incident::kTimelineMax);
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
    // What it was seen with before it was not seen for so long says nothing of now.
    const std::int64_t seen_ns = std::max(entry.last_ns, entry.newest_ns);
    if (!again && alert.time_ns > add_ns(seen_ns, options_.window_ns)) entry.companies.clear();
    const std::uint64_t company = company_of(key, keys);
    const bool known =
        std::find(entry.companies.begin(), entry.companies.end(), company) != entry.companies.end();
    const bool full = entry.companies.size() >= options_.groups_per_value_max;
    if (full && !known && !again) {
      ++counters_.stopped_values;
      continue;
    }
    if (!known && !again && opens_incident(alert)) {
      entry.companies.push_back(company);
      index_.put_entity(key, entry, expires_ns);
    }
    live.push_back(key);
  }
  return live;
}

// What either was set apart from may have been merged into the other's like.
bool IncidentGrouper::are_apart(const Incident& a, const Incident& b) {
  if (correlator::are_apart(a, b)) return true;
  const auto leads = [&](const Incident& from, const Incident& to) {
    return std::any_of(from.apart.begin(), from.apart.end(), [&](const std::string& id) {
      const Incident* const incident = resolve(id);
      return incident != nullptr && incident->id == to.id;
    });
  };
  return leads(a, b) || leads(b, a);
}

// Leaves the incident that shares most with the alert, and those that nobody set apart from what is
// left.
void IncidentGrouper::keep_apart(std::vector<Link>& links) {
  std::stable_sort(links.begin(), links.end(),
                   [](const Link& a, const Link& b) { return a.shared > b.shared; });
  std::vector<Link> kept;
  for (Link& link : links) {
    const auto apart = [&](const Link& other) { return are_apart(*other.incident, *link.incident); };
    if (std::none_of(kept.begin(), kept.end(), apart)) kept.push_back(link);
  }
  links = std::move(kept);
}

// The open incidents that share a key with the alert inside the window, the oldest first; of several
// only open ones: a closed incident keeps its alerts, and takes part in no merge.
std::vector<std::string> IncidentGrouper::linked(const Alert& alert, const std::vector<Entity>& keys) {
  std::vector<Link> links;
  const auto consider = [&](const std::string& id, bool home) {
    const Incident* const incident = resolve(id);
    if (incident == nullptr || (!home && is_closed(*incident))) return;
    const auto same = [&](const Link& other) { return other.incident == incident; };
    auto found = std::find_if(links.begin(), links.end(), same);
    if (found == links.end()) found = links.insert(links.end(), Link{incident, 0});
    found->shared = home ? SIZE_MAX : found->shared + 1;
  };
  for (const Entity& key : keys) {
    const auto entry = index_.entity(key);
    if (!entry || entry->incident.empty()) continue;
    if (alert.time_ns > add_ns(entry->last_ns, options_.window_ns)) continue;
    if (alert.last_seen_ns < subtract_ns(entry->first_ns, options_.window_ns)) continue;
    consider(entry->incident, false);
  }
  if (const auto home = index_.incident_of(alert.id)) consider(*home, true);  // even if closed
  const auto older = [](const Link& a, const Link& b) {
    return a.incident->first_ns != b.incident->first_ns
               ? a.incident->first_ns < b.incident->first_ns
               : a.incident->id < b.incident->id;
  };
  std::sort(links.begin(), links.end(), older);
  if (links.size() > 1) {
    keep_apart(links);
    std::sort(links.begin(), links.end(), older);
  }
  const bool several = links.size() > 1;
  std::vector<std::string> found;
  for (const Link& link : links) {
    if (!several || !is_closed(*link.incident)) found.push_back(link.incident->id);
  }
  return found;
}

std::vector<std::string> IncidentGrouper::absorb(const Alert& alert, Nanos now) {
  const auto home = index_.incident_of(alert.id);
  if (home && home->empty()) return {};  // a person took it out of its incident
  const bool again = home.has_value() || index_.is_waiting(alert.id);
  const std::vector<Entity> keys = keys_of(alert, options_);
  const IncidentSettling::Arrival arrival = settling_.before(alert, keys, again);
  std::vector<std::string> changed = place(alert, keys, again, now);
  const auto placed = index_.incident_of(alert.id);
  settling_.after(alert, arrival, placed ? resolve(*placed) : nullptr, changed.size());
  return changed;
}

std::vector<std::string> IncidentGrouper::place(const Alert& alert, const std::vector<Entity>& all,
                                                bool again, Nanos now) {
  const std::vector<Entity> keys = live_keys(alert, all, again);
  if (!opens_incident(alert)) return join_or_wait(alert, all, keys, now);

  std::vector<std::string> changed = linked(alert, keys);
  const bool fresh = changed.empty();
  if (fresh) changed.push_back(open(alert, now).id);
  merge(changed, now);
  Incident* const incident = incidents_.edit(changed.front());
  if (incident == nullptr) return {};  // the store has an error, and the port has it
  add(*incident, alert);
  claim(*incident, alert, keys);
  pull_waiting(*incident, keys);
  assess(*incident, options_);
  ++(fresh ? counters_.opened : counters_.joined);
  return changed;
}

Incident& IncidentGrouper::open(const Alert& alert, Nanos now) {
  Incident incident;
  incident.id = hash128_hex("incident\x1f" + alert.id);
  incident.number = incidents_.next_number();
  incident.first_ns = alert.time_ns;
  incident.last_ns = alert.last_seen_ns;
  incident.created_ns = now.count();
  incident.system = alert.system;
  return *incidents_.put(std::move(incident));
}

// Moves the alerts of all but the first into the first, and closes the others.
void IncidentGrouper::merge(const std::vector<std::string>& incidents, Nanos now) {
  if (incidents.size() < 2) return;
  Incident* const first = incidents_.edit(incidents.front());
  for (std::size_t i = 1; first != nullptr && i < incidents.size(); ++i) {
    Incident* const other = incidents_.edit(incidents[i]);
    if (other == nullptr) continue;
    join_recorded(*first, *other, now, kOwnActor);
    ++counters_.merged;
  }
}

void IncidentGrouper::add(Incident& incident, const Alert& alert) {
  const bool known = index_.incident_of(alert.id).has_value();
  index_.put_alert(alert.id, incident.id,
                   add_ns(alert.last_seen_ns, options_.window_ns + options_.memory_ns));
  if (!known) ++incident.alert_count;
  incident.first_ns = std::min(incident.first_ns, alert.time_ns);
  incident.last_ns = std::max(incident.last_ns, alert.last_seen_ns);
  const auto entry =
      std::find_if(incident.timeline.begin(), incident.timeline.end(),
                   [&](const TimelineEntry& each) { return each.alert_id == alert.id; });
  if (entry == incident.timeline.end()) {
    if (known || incident.timeline.size() >= options_.alerts_max) {
      if (!known) ++counters_.over_ceiling;
      return;
    }
    TimelineEntry made = entry_of(alert);
    const auto at =
        std::upper_bound(incident.timeline.begin(), incident.timeline.end(), made, earlier);
    incident.timeline.insert(at, std::move(made));
  } else {
    *entry = entry_of(alert);
  }
  add_facts(incident, alert);
}

// The alert's keys point to the incident from now on.
void IncidentGrouper::claim(Incident& incident, const Alert& alert,
                            const std::vector<Entity>& keys) {
  if (incident.timeline.size() >= options_.alerts_max) return;
  for (const Entity& key : keys) {
    EntityEntry entry = index_.entity(key).value_or(EntityEntry{});
    bool same = entry.incident == incident.id;
    // An entry of an incident that is over, or closed, begins anew.
    const Incident* const owner =
        same || entry.incident.empty() ? nullptr : resolve(entry.incident);
    same = same || owner == &incident;
    // Of one that a person has set apart, it stays there.
    if (owner != nullptr && !same && !is_closed(*owner) && are_apart(*owner, incident)) continue;
    entry.first_ns = same ? std::min(entry.first_ns, alert.time_ns) : alert.time_ns;
    entry.last_ns = same ? std::max(entry.last_ns, alert.last_seen_ns) : alert.last_seen_ns;
    entry.incident = incident.id;
    index_.put_entity(key, entry, add_ns(entry.last_ns, options_.window_ns));
    remember(incident, alert, key);
  }
}

// What the entity was in before counts for this incident, and this one for those that come later.
void IncidentGrouper::remember(Incident& incident, const Alert& alert, const Entity& key) {
  const auto known = index_.history(key);
  EntityHistory history = known.value_or(EntityHistory{incident.id, 0, alert.time_ns});
  if (known && history.incident != incident.id) {
    const Incident* const before = resolve(history.incident);
    if (before != &incident) {
      history.before.push_back({history.incident, history.score, history.time_ns});
      if (history.before.size() > EntityHistory::kBeforeMax)
        history.before.erase(history.before.begin());
      history.score =
          decayed(history.score, alert.time_ns - history.time_ns, options_.half_life_ns);
      if (before != nullptr) {
        history.score +=
            decayed(worth_of(*before), alert.time_ns - before->last_ns, options_.half_life_ns);
      }
      history.time_ns = alert.time_ns;
    }
    history.incident = incident.id;
  }
  std::uint32_t& points = incident.risk_parts.history;
  points = std::max(points, history_points(history.score));
  if (known && known->incident == history.incident && known->time_ns == history.time_ns) return;
  index_.put_history(key, history, add_ns(alert.time_ns, 8 * options_.half_life_ns));
}

std::vector<std::string> IncidentGrouper::join_or_wait(const Alert& alert,
                                                       const std::vector<Entity>& all,
                                                       const std::vector<Entity>& keys,
                                                       Nanos now) {
  const std::vector<std::string> found = linked(alert, keys);
  Incident* const incident = found.empty() ? nullptr : incidents_.edit(found.front());
  if (incident == nullptr) return wait(alert, all, keys, now);
  index_.erase_waiting(alert.id);
  add(*incident, alert);
  assess(*incident, options_);
  ++counters_.joined;
  return {incident->id};
}

// Several low alerts that are not of one kind are no chance any more.
std::vector<std::string> IncidentGrouper::wait(const Alert& alert, const std::vector<Entity>& all,
                                               const std::vector<Entity>& keys, Nanos now) {
  ++counters_.waiting;
  if (all.empty()) return {};
  std::vector<Entity> shared = all;
  std::erase_if(shared, [&](const Entity& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  });
  counters_.waiting_dropped +=
      index_.put_waiting(alert, keys, shared, add_ns(alert.last_seen_ns, options_.window_ns));
  const std::int64_t since_ns = subtract_ns(alert.time_ns, options_.window_ns);
  std::vector<Entity> telling = keys;
  std::erase_if(telling, [&](const Entity& key) {
    return index_.waiting_rules(key, since_ns) < options_.low_rules_min;
  });
  if (telling.empty()) return {};
  Incident& incident = open(alert, now);
  claim(incident, alert, telling);
  pull_waiting(incident, telling);  // itself among them
  assess(incident, options_);
  ++counters_.opened;
  return {incident.id};
}

void IncidentGrouper::pull_waiting(Incident& incident, const std::vector<Entity>& keys) {
  const std::int64_t from_ns = subtract_ns(incident.first_ns, options_.window_ns);
  const std::int64_t to_ns = add_ns(incident.last_ns, options_.window_ns);
  for (const Alert& alert : index_.take_waiting(keys, from_ns, to_ns)) {
    add(incident, alert);
    settling_.placed(alert, incident);
    ++counters_.joined;
  }
}

std::vector<std::string> IncidentGrouper::withdraw(std::string_view alert_id) {
  index_.erase_waiting(alert_id);
  const auto home = index_.incident_of(alert_id);
  settling_.withdrawn(alert_id, home.value_or(""));
  if (!home) return {};
  index_.erase_alert(alert_id);
  if (home->empty()) return {};
  const Incident* const found = resolve(*home);
  Incident* const incident = found == nullptr ? nullptr : incidents_.edit(found->id);
  if (incident == nullptr) return {};
  std::erase_if(incident->timeline,
                [&](const TimelineEntry& entry) { return entry.alert_id == alert_id; });
  if (incident->alert_count > 0) --incident->alert_count;
  if (incident->alert_count == 0) incident->status = IncidentStatus::kClosed;
  assess(*incident, options_);
  return {incident->id};
}

}  // namespace picket::correlator
