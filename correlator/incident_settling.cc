#include "correlator/incident_settling.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "correlator/codec.h"
#include "correlator/incident_facts.h"
#include "correlator/incident_history.h"
#include "correlator/incidents.h"

namespace picket::correlator {
namespace {

// A mark that stands for an incident and not for an entity: what has no keys changes it alone.
const std::string kIncidentMark;

// The entities that were keys at any time, however many they are by now.
std::vector<Entity> all_keys_of(const Alert& alert, const IncidentOptions& options) {
  IncidentOptions all;
  all.keys_per_type_max = SIZE_MAX;
  all.stop_values = options.stop_values;
  return keys_of(alert, all);
}

// Both hold distinct values in order.
template <class T>
bool has_all(const std::vector<T>& more, const std::vector<T>& less) {
  return std::includes(more.begin(), more.end(), less.begin(), less.end());
}

bool in_order(const Alert& a, const Alert& b) {
  return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.id < b.id;
}

// A person has said something about it.
bool is_a_persons(const Incident& incident) {
  const bool open = incident.status == IncidentStatus::kNew || incident.alert_count == 0;
  return !open || !incident.assignee.empty() || !incident.apart.empty() ||
         incident.disposition != Disposition::kNone ||
         std::any_of(incident.history.begin(), incident.history.end(),
                     [](const IncidentChange& change) { return change.actor != kOwnActor; });
}

// Incidents while they are grouped anew: those of the real port are seen, but for the old ones.
class Beside final : public IncidentPort {
 public:
  Beside(IncidentPort& real, const std::set<std::string>& old) : real_(real), old_(old) {}

  const Incident* look(std::string_view id) override {
    if (Incident* const own = edit(id)) return own;
    return old_.contains(std::string(id)) ? nullptr : real_.look(id);
  }
  Incident* edit(std::string_view id) override {
    const auto found = all_.find(id);
    return found == all_.end() ? nullptr : &found->second;
  }
  std::uint64_t next_number() override { return ++numbers_; }
  Incident* put(Incident incident) override {
    std::string id = incident.id;
    return &all_.insert_or_assign(std::move(id), std::move(incident)).first->second;
  }
  void rename(std::string_view, Incident) override {}
  std::optional<Alert> alert(std::string_view id) override { return real_.alert(id); }

  // Those that are left, the oldest first.
  std::vector<Incident> take() {
    std::vector<Incident> left;
    for (auto& [id, incident] : all_) {
      if (incident.merged_into.empty() && incident.alert_count > 0) left.push_back(incident);
    }
    std::sort(left.begin(), left.end(), [](const Incident& a, const Incident& b) {
      return a.first_ns != b.first_ns ? a.first_ns < b.first_ns : a.id < b.id;
    });
    return left;
  }

 private:
  IncidentPort& real_;
  const std::set<std::string>& old_;
  std::map<std::string, Incident, std::less<>> all_;
  std::uint64_t numbers_ = 0;
};

// What does not follow from alerts stays as it was.
void go_on(Incident& made, const Incident& old) {
  made.number = old.number;
  made.created_ns = old.created_ns;
  if (made.system == old.system) made.owner = old.owner;
  made.history = old.history;
  made.history_dropped = old.history_dropped;
}

bool is_same(const Incident& a, const Incident& b) {
  return a.timeline == b.timeline && dump_json(to_json(a)) == dump_json(to_json(b));
}

std::size_t shared_alerts(const Incident& a, const Incident& b) {
  std::set<std::string_view> ids;
  for (const TimelineEntry& entry : a.timeline) ids.insert(entry.alert_id);
  return static_cast<std::size_t>(
      std::count_if(b.timeline.begin(), b.timeline.end(),
                    [&](const TimelineEntry& entry) { return ids.contains(entry.alert_id); }));
}

// Each of `made` with the old one that it goes on with, nullptr for none.
std::vector<const Incident*> matched(const std::vector<Incident>& made,
                                     std::vector<const Incident*>& old) {
  std::vector<const Incident*> found(made.size(), nullptr);
  const auto use = [&](std::size_t i, std::vector<const Incident*>::iterator which) {
    found[i] = *which;
    old.erase(which);
  };
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto same = std::find_if(old.begin(), old.end(),
                                   [&](const Incident* each) { return each->id == made[i].id; });
    if (same != old.end()) use(i, same);
  }
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (found[i] != nullptr) continue;
    const auto best =
        std::max_element(old.begin(), old.end(), [&](const Incident* a, const Incident* b) {
          return shared_alerts(made[i], *a) < shared_alerts(made[i], *b);
        });
    if (best != old.end() && shared_alerts(made[i], **best) > 0) use(i, best);
  }
  return found;
}

// By its first id others know the incident: runs of playbooks.
void note_first_id(Incident& incident, const std::string& id, Nanos now) {
  const auto renames = [](const IncidentChange& change) { return change.verb == "rename"; };
  if (std::any_of(incident.history.begin(), incident.history.end(), renames)) return;
  IncidentChange& change = record(incident, now, kOwnActor, "rename");
  change.before = {{"id", id}};
  change.after = {{"id", incident.id}};
}

// An old one whose alerts are in another now; nullptr: they are in none.
void give_up(Incident& old, Incident* into, Nanos now) {
  old.status = IncidentStatus::kClosed;
  if (old.resolved_ns == 0) old.resolved_ns = now.count();
  if (into == nullptr) {
    old.timeline.clear();
    old.alert_count = 0;
    return;
  }
  IncidentChange& gives = record(old, now, kOwnActor, "merge");
  gives.before = settings_of(old);
  gives.after = {{"into", into->id}, {"into_number", into->number}};
  IncidentChange& takes = record(*into, now, kOwnActor, "merge");
  takes.after = {{"from", old.id}, {"from_number", old.number}};
  old.merged_into = into->id;
}

// The entry names incidents as they are called now.
void name_incidents(IncidentIndex& index, IncidentPort& port, const Entity& key,
                    const IncidentOptions& options) {
  const auto name = [&](std::string& id) {
    const Incident* const incident = resolve_incident(port, id);
    if (incident != nullptr) id = incident->id;
  };
  if (auto entry = index.entity(key)) {
    name(entry->incident);
    for (EntityPlace& place : entry->places) name(place.incident);
    index.put_entity(key, *entry,
                     add_ns(std::max(entry->last_ns, entry->newest_ns), options.window_ns));
  }
  if (auto history = index.history(key)) {
    name(history->incident);
    for (EntityHistory& each : history->before) name(each.incident);
    index.put_history(key, *history, add_ns(history->time_ns, 8 * options.half_life_ns));
  }
}

}  // namespace

// What hangs together.
struct IncidentSettling::Component {
  bool whole = true;
  std::set<Entity> keys;
  std::set<std::string> incidents;
  std::set<std::string> ids;  // of alerts
  std::vector<Alert> alerts;
  std::deque<Entity> next;  // of `keys`, not looked at yet
};

IncidentSettling::IncidentSettling(const IncidentOptions& options, IncidentIndex& index,
                                   IncidentPort& incidents)
    : options_(options), index_(index), incidents_(incidents) {
  for (Entity& key : index_.marked()) marked_.insert(std::move(key));
}

void IncidentSettling::mark(const Entity& key) {
  if (marked_.insert(key).second && !turn_.contains(key)) index_.mark(key);
}

void IncidentSettling::keep(const Alert& alert) {
  if (at_hand_.size() >= kAlertsAtHandMax) at_hand_.clear();
  at_hand_.insert_or_assign(alert.id, without_events(alert));
}

const Alert* IncidentSettling::content(const std::string& id) {
  const auto found = at_hand_.find(id);
  if (found != at_hand_.end()) return &found->second;
  const auto alert = incidents_.alert(id);
  if (!alert) return nullptr;
  keep(*alert);
  return &at_hand_.at(id);
}

IncidentSettling::Arrival IncidentSettling::before(const Alert& alert,
                                                   const std::vector<Entity>& keys, bool again) {
  Arrival arrival;
  arrival.again = again;
  arrival.keys = keys;
  for (const Entity& key : keys) {
    arrival.entries.push_back(index_.entity(key));
    const auto& entry = arrival.entries.back();
    arrival.is_newest = arrival.is_newest && (!entry || is_newer(alert, *entry));
    const std::vector<std::string> waiting = index_.waiting_with(key);
    arrival.others_wait |= std::any_of(waiting.begin(), waiting.end(),
                                       [&](const std::string& id) { return id != alert.id; });
  }
  const auto known = at_hand_.find(alert.id);
  if (again) {
    const Alert* const was = known == at_hand_.end() ? nullptr : &known->second;
    arrival.only_grew = was != nullptr && has_all(alert.entities, was->entities) &&
                        has_all(alert.layers, was->layers) && alert.system == was->system &&
                        alert.last_seen_ns >= was->last_seen_ns;
    if (!arrival.only_grew || was->entities != alert.entities) {
      for (Entity& key : all_keys_of(was != nullptr ? *was : alert, options_)) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
          arrival.former.push_back(std::move(key));
      }
      arrival.only_grew &= arrival.former.empty();
    }
  }
  keep(alert);
  return arrival;
}

// Than all alerts that name the entity, and what these are together with.
bool IncidentSettling::is_newer(const Alert& alert, const EntityEntry& entry) {
  if (alert.time_ns <= entry.newest_ns) return false;
  return std::all_of(entry.places.begin(), entry.places.end(), [&](const EntityPlace& place) {
    const Incident* const incident = resolve_incident(incidents_, place.incident);
    return incident == nullptr || incident->timeline.empty() ||
           incident->timeline.back().time_ns < alert.time_ns;
  });
}

// All that names the entity is in this incident.
bool IncidentSettling::only_here(const EntityEntry& entry, const Incident* home) {
  return std::all_of(entry.places.begin(), entry.places.end(), [&](const EntityPlace& place) {
    return home != nullptr &&
           (place.incident == home->id || resolve_incident(incidents_, place.incident) == home);
  });
}

// Whether the incidents are certainly what they would be if all alerts had come in order: because
// this one is the last of them, or because all that it could change is in one incident anyway.
bool IncidentSettling::is_in_order(const Alert& alert, const Arrival& arrival, const Incident* home,
                                   std::size_t changed) {
  if (!arrival.again && arrival.is_newest) return true;
  if (arrival.others_wait || changed > 1 || !arrival.only_grew) return false;
  bool is_led = arrival.again || (home != nullptr && home->alert_count == 1);  // by an earlier one
  for (const std::optional<EntityEntry>& entry : arrival.entries) {
    if (!entry) continue;
    if (entry->companies.size() + 1 >= options_.groups_per_value_max) return false;
    if (!only_here(*entry, home)) return false;
    if (arrival.again || entry->incident.empty()) continue;
    const std::int64_t last_ns = std::max(entry->last_ns, alert.last_seen_ns);
    if (alert.time_ns <= entry->first_ns) return false;
    if (subtract_ns(last_ns, entry->first_ns) > options_.window_ns) return false;
    is_led = true;
  }
  if (home == nullptr) return true;
  return is_led && (alert.system.empty() || alert.system == home->system);
}

void IncidentSettling::after(const Alert& alert, const Arrival& arrival, const Incident* home,
                             std::size_t changed) {
  if (!is_in_order(alert, arrival, home, changed)) {
    for (const Entity& key : arrival.keys) mark(key);
    for (const Entity& key : arrival.former) mark(key);
    if (arrival.keys.empty() && home != nullptr) mark({kIncidentMark, home->id});
  }
  for (const Entity& key : arrival.keys) note(alert, key, home);
}

void IncidentSettling::placed(const Alert& alert, const Incident& home) {
  for (const Entity& key : keys_of(alert, options_)) note(alert, key, &home);
}

// The entity was named by an alert of this incident.
void IncidentSettling::note(const Alert& alert, const Entity& key, const Incident* home) {
  EntityEntry entry = index_.entity(key).value_or(EntityEntry{"", alert.time_ns, alert.time_ns});
  entry.newest_ns = std::max(entry.newest_ns, alert.time_ns);
  if (home != nullptr) {
    const auto here =
        std::find_if(entry.places.begin(), entry.places.end(),
                     [&](const EntityPlace& place) { return place.incident == home->id; });
    if (here != entry.places.end()) {
      here->last_ns = std::max(here->last_ns, alert.last_seen_ns);
    } else {
      const std::int64_t old_ns =
          subtract_ns(entry.newest_ns, add_ns(options_.memory_ns, options_.window_ns));
      std::erase_if(entry.places, [&](const EntityPlace& place) { return place.last_ns < old_ns; });
      if (entry.places.empty()) entry.crowded = false;
      if (entry.places.size() < EntityEntry::kPlacesMax) {
        entry.places.push_back({home->id, alert.last_seen_ns});
      } else {
        entry.crowded = true;
      }
    }
  }
  const std::int64_t last_ns = std::max({entry.last_ns, entry.newest_ns, alert.last_seen_ns});
  index_.put_entity(key, entry, add_ns(last_ns, options_.window_ns));
}

void IncidentSettling::withdrawn(std::string_view alert_id, const std::string& home) {
  mark({kIncidentMark, home});
  const Alert* const alert = content(std::string(alert_id));
  if (alert == nullptr) return;
  for (const Entity& key : all_keys_of(*alert, options_)) mark(key);
  at_hand_.erase(alert->id);
}

std::vector<std::string> IncidentSettling::settle(std::size_t alerts_max, Nanos now) {
  std::vector<std::string> changed;
  for (std::size_t handled = 0; !turn_.empty() && handled < alerts_max;) {
    const Entity seed = *turn_.begin();
    Component part = gather(seed);
    handled += part.alerts.size() + 1;
    counters_.alerts += part.alerts.size() + 1;
    part.keys.insert(seed);
    for (const Entity& key : part.keys) {
      if (marked_.erase(key) + turn_.erase(key) > 0) index_.unmark(key);
    }
    ++(part.whole ? counters_.settled : counters_.unsettled);
    if (!part.whole) continue;
    for (std::string& id : regroup(part, now)) changed.push_back(std::move(id));
  }
  return changed;
}

// The seed, what it is in, what that names, and so on.
IncidentSettling::Component IncidentSettling::gather(const Entity& seed) {
  Component part;
  if (seed.type == kIncidentMark) {
    part.whole = reach(part, seed.value);
  } else {
    part.keys.insert(seed);
    part.next.push_back(seed);
  }
  while (part.whole && !part.next.empty()) {
    const Entity key = std::move(part.next.front());
    part.next.pop_front();
    const auto entry = index_.entity(key);
    part.whole = !entry || !entry->crowded;
    for (std::size_t i = 0; part.whole && entry && i < entry->places.size(); ++i)
      part.whole = reach(part, entry->places[i].incident);
    if (part.whole && entry && !entry->incident.empty()) part.whole = reach(part, entry->incident);
    for (const std::string& id : index_.waiting_with(key))
      part.whole = part.whole && take(part, id);
  }
  return part;
}

// False: what hangs together cannot be grouped anew.
bool IncidentSettling::reach(Component& part, const std::string& id) {
  const Incident* const incident = resolve_incident(incidents_, id);
  if (incident == nullptr || !part.incidents.insert(incident->id).second) return true;
  if (is_a_persons(*incident)) return false;
  if (incident->alert_count != incident->timeline.size()) return false;
  return std::all_of(incident->timeline.begin(), incident->timeline.end(),
                     [&](const TimelineEntry& entry) { return take(part, entry.alert_id); });
}

bool IncidentSettling::take(Component& part, const std::string& id) {
  if (!part.ids.insert(id).second) return true;
  const Alert* const alert = content(id);
  if (alert == nullptr || part.alerts.size() >= kAlertsMax) return false;
  part.alerts.push_back(*alert);
  for (Entity& key : keys_of(*alert, options_)) {
    if (part.keys.insert(key).second) part.next.push_back(std::move(key));
  }
  return true;
}

// What the entity had been in before any of these incidents.
std::optional<EntityHistory> IncidentSettling::history_before(const Component& part,
                                                              const Entity& key) {
  auto history = index_.history(key);
  while (history) {
    const Incident* const incident = resolve_incident(incidents_, history->incident);
    if (incident == nullptr || !part.incidents.contains(incident->id)) break;
    if (history->before.empty()) return std::nullopt;
    std::vector<EntityHistory> before = std::move(history->before);
    EntityHistory last = std::move(before.back());
    before.pop_back();
    last.before = std::move(before);
    history = std::move(last);
  }
  return history;
}

// The alerts once more, in order, into incidents beside those that are; then these take their
// place.
std::vector<std::string> IncidentSettling::regroup(Component& part, Nanos now) {
  MapState state;
  IncidentIndex index(state);
  Beside beside(incidents_, part.incidents);
  for (const Entity& key : part.keys) {
    if (const auto history = history_before(part, key)) index.put_history(key, *history, INT64_MAX);
  }
  std::sort(part.alerts.begin(), part.alerts.end(), in_order);
  IncidentGrouper grouper(options_, state, beside);
  for (const Alert& alert : part.alerts) grouper.absorb(alert, now);
  for (const Entity& key : part.keys) {
    name_incidents(index, beside, key, options_);
    index_.take_entity(index, key);
  }
  for (const Alert& alert : part.alerts) {
    const auto home = index.incident_of(alert.id);
    const Incident* const incident = home ? resolve_incident(beside, *home) : nullptr;
    if (incident != nullptr) {
      index.put_alert(alert.id, incident->id,
                      add_ns(alert.last_seen_ns, options_.window_ns + options_.memory_ns));
    }
    index_.take_alert(index, alert.id);
  }
  return replace(part, beside.take(), now);
}

// Incidents keep their number where they go on under another id; nobody is left without a trace.
std::vector<std::string> IncidentSettling::replace(const Component& part,
                                                   std::vector<Incident> made, Nanos now) {
  std::vector<Incident> old;
  for (const std::string& id : part.incidents) {
    if (const Incident* const incident = incidents_.look(id)) old.push_back(*incident);
  }
  std::vector<const Incident*> left;
  for (const Incident& incident : old) left.push_back(&incident);
  const std::vector<const Incident*> former = matched(made, left);
  for (std::size_t i = 0; i < made.size(); ++i) {
    made[i].history.clear();  // of merges on the way
    made[i].history_dropped = 0;
    const Incident* const before = former[i] != nullptr ? former[i] : incidents_.look(made[i].id);
    if (before != nullptr && (before == former[i] || before->id == made[i].id)) {
      go_on(made[i], *before);
    } else {
      made[i].number = incidents_.next_number();
    }
  }
  std::vector<std::string> changed;
  for (const Incident* each : left) {
    if (each->alert_count == 0 && each->status == IncidentStatus::kClosed) continue;
    const auto most =
        std::max_element(made.begin(), made.end(), [&](const Incident& a, const Incident& b) {
          return shared_alerts(a, *each) < shared_alerts(b, *each);
        });
    Incident gone = *each;
    const bool some = most != made.end() && shared_alerts(*most, gone) > 0;
    give_up(gone, some ? &*most : nullptr, now);
    changed.push_back(gone.id);
    incidents_.put(std::move(gone));
  }
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (former[i] != nullptr && is_same(made[i], *former[i])) continue;
    changed.push_back(made[i].id);
    if (former[i] != nullptr && former[i]->id != made[i].id) {
      note_first_id(made[i], former[i]->id, now);
      incidents_.rename(former[i]->id, std::move(made[i]));
    } else {
      incidents_.put(std::move(made[i]));
    }
  }
  return changed;
}

}  // namespace picket::correlator
