#include "correlator/incident_verbs.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "correlator/codec.h"
#include "correlator/incident_facts.h"
#include "correlator/incident_history.h"

namespace picket::correlator {
namespace {

std::string name_of(const Incident& incident) {
  return "incident #" + std::to_string(incident.number);
}

Result<void> check_sizes(const IncidentOrder& order) {
  if (order.comment.size() > IncidentOrder::kCommentMax) {
    return fail(Errc::kLimit, "a comment has at most 4096 bytes");
  }
  if (order.assignee && order.assignee->size() > IncidentOrder::kAssigneeMax) {
    return fail(Errc::kLimit, "an assignee has at most 128 bytes");
  }
  if (order.alerts.size() > IncidentOrder::kAlertsMax) {
    return fail(Errc::kLimit, "at most 1000 alerts at a time");
  }
  return {};
}

// What an order with this key has done already; nullptr if there was none.
const IncidentChange* done_before(const Incident& incident, const std::string& key) {
  if (key.empty()) return nullptr;
  const auto same = [&](const IncidentChange& change) { return change.key == key; };
  const auto found = std::find_if(incident.history.begin(), incident.history.end(), same);
  return found == incident.history.end() ? nullptr : &*found;
}

// The member as text; "" if it is not there or something else.
std::string text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

IncidentChange& note(Incident& incident, const IncidentOrder& order, Nanos now,
                     std::string_view verb) {
  IncidentChange& change = record(incident, now, order.actor, verb);
  change.comment = order.comment;
  change.key = order.key;
  return change;
}

// Marks the last change as undone, and says so in a change.
void note_undo(Incident& incident, const IncidentOrder& order, Nanos now) {
  IncidentChange* const last = last_change(incident);
  const std::uint64_t number = last->number;
  const Json before = last->after;
  const Json after = last->before;
  const std::string verb = last->verb;
  IncidentChange& change = note(incident, order, now, "undo");
  change.before = before;
  change.after = after;
  change.after["change"] = number;
  change.after["verb"] = verb;
  const std::uint64_t by = change.number;
  for (IncidentChange& each : incident.history) {
    if (each.number == number) each.undone_by = by;
  }
}

void drop_entries(Incident& incident, const std::vector<TimelineEntry>& entries) {
  std::set<std::string_view> ids;
  for (const TimelineEntry& entry : entries) ids.insert(entry.alert_id);
  std::erase_if(incident.timeline,
                [&](const TimelineEntry& entry) { return ids.contains(entry.alert_id); });
  incident.alert_count -= std::min<std::uint64_t>(incident.alert_count, entries.size());
}

}  // namespace

Result<OrderResult> IncidentVerbs::apply(const IncidentOrder& order, Nanos now) {
  PICKET_TRY_VOID(check_sizes(order));
  std::optional<Incident> incident = port_.find(order.incident);
  if (!incident) return fail(Errc::kNotFound, "there is no incident '" + order.incident + "'");
  if (done_before(*incident, order.key) != nullptr) {
    return OrderResult{OrderResult::Outcome::kUnchanged, {*std::move(incident)}};
  }
  if (!order.version.empty() && order.version != incident_version(*incident)) {
    return OrderResult{OrderResult::Outcome::kStale, {*std::move(incident)}};
  }
  if (order.kind == IncidentOrder::Kind::kUndo) return undo(order, *std::move(incident), now);
  if (!incident->merged_into.empty()) {
    const Incident* const into = resolve_incident(port_, incident->merged_into);
    if (into == nullptr) return fail(Errc::kInvalid, name_of(*incident) + " was merged already");
    return fail(Errc::kInvalid,
                name_of(*incident) + " was merged into #" + std::to_string(into->number));
  }
  switch (order.kind) {
    case IncidentOrder::Kind::kMerge:
      return merge(order, *std::move(incident), now);
    case IncidentOrder::Kind::kSplit:
      return split(order, *std::move(incident), now);
    case IncidentOrder::Kind::kDetach:
      return detach(order, *std::move(incident), now);
    case IncidentOrder::Kind::kEdit:
    case IncidentOrder::Kind::kUndo:
      break;
  }
  return edit(order, *std::move(incident), now);
}

// Each incident as it is put, the first one first.
OrderResult IncidentVerbs::put(Incident first, std::vector<Incident> others) {
  OrderResult result;
  result.outcome = OrderResult::Outcome::kChanged;
  result.incidents.push_back(std::move(first));
  std::move(others.begin(), others.end(), std::back_inserter(result.incidents));
  for (const Incident& incident : result.incidents) port_.put(incident);
  return result;
}

Result<OrderResult> IncidentVerbs::edit(const IncidentOrder& order, Incident incident, Nanos now) {
  const Json was = settings_of(incident);
  if (order.status && *order.status != incident.status) {
    const bool opens = !is_over(*order.status) && order.verb != "reopen" && order.verb != "update";
    if (is_over(incident.status) && opens) {
      return fail(Errc::kInvalid, name_of(incident) + " is closed; reopen it first");
    }
    set_status(incident, *order.status, now);
  }
  if (order.assignee) incident.assignee = *order.assignee;
  if (order.disposition) incident.disposition = *order.disposition;
  const Json is = settings_of(incident);
  Json before = Json::object();
  Json after = Json::object();
  for (const auto& [name, value] : is.items()) {
    if (was.at(name) == value) continue;
    before[name] = was.at(name);
    after[name] = value;
  }
  if (after.empty() && order.comment.empty()) {
    return OrderResult{OrderResult::Outcome::kUnchanged, {std::move(incident)}};
  }
  IncidentChange& change = note(incident, order, now, order.verb);
  change.before = std::move(before);
  change.after = std::move(after);
  return put(std::move(incident));
}

Result<OrderResult> IncidentVerbs::merge(const IncidentOrder& order, Incident incident, Nanos now) {
  std::optional<Incident> from = port_.find(order.other);
  if (!from) return fail(Errc::kNotFound, "there is no incident '" + order.other + "'");
  if (from->id == incident.id)
    return fail(Errc::kInvalid, "an incident cannot be merged with itself");
  if (from->merged_into == incident.id) {
    return OrderResult{OrderResult::Outcome::kUnchanged, {std::move(incident)}};
  }
  if (!from->merged_into.empty())
    return fail(Errc::kInvalid, name_of(*from) + " was merged already");
  if (is_over(incident.status)) {
    return fail(Errc::kInvalid, name_of(incident) + " is closed; reopen it first");
  }
  join_recorded(incident, *from, now, order.actor);
  for (Incident* each : {&incident, &*from}) {
    each->history.back().comment = order.comment;
    each->history.back().key = order.key;
  }
  assess(incident, options_);
  return put(std::move(incident), {*std::move(from)});
}

// The entries of the order's alerts, which must be in the incident and not all that it has.
Result<std::vector<TimelineEntry>> IncidentVerbs::take_entries(const IncidentOrder& order,
                                                               Incident& incident) const {
  if (order.alerts.empty()) return fail(Errc::kInvalid, "name the alerts");
  std::vector<TimelineEntry> taken;
  for (const std::string& id : std::set<std::string>(order.alerts.begin(), order.alerts.end())) {
    const auto same = [&](const TimelineEntry& entry) { return entry.alert_id == id; };
    const auto found = std::find_if(incident.timeline.begin(), incident.timeline.end(), same);
    if (found == incident.timeline.end()) {
      return fail(Errc::kNotFound, name_of(incident) + " has no alert '" + id.substr(0, 64) + "'");
    }
    taken.push_back(*found);
  }
  if (taken.size() == incident.timeline.size()) {
    return fail(Errc::kInvalid, "an incident keeps one alert at least; close it instead");
  }
  std::sort(taken.begin(), taken.end(), earlier);
  drop_entries(incident, taken);
  return taken;
}

Result<OrderResult> IncidentVerbs::split(const IncidentOrder& order, Incident incident, Nanos now) {
  PICKET_TRY(std::vector<TimelineEntry> taken, take_entries(order, incident));
  Incident made;
  IncidentChange& gives = note(incident, order, now, "split");
  made.id = hash128_hex("split\x1f" + incident.id + '\x1f' + std::to_string(gives.number));
  made.number = port_.next_number();
  gives.after = {{"to", made.id}, {"to_number", made.number}, {"alerts", taken.size()}};
  IncidentChange& takes = note(made, order, now, "split");
  takes.after = {{"of", incident.id}, {"of_number", incident.number}};
  made.status = incident.status;  // its clocks go on where those of the whole were
  made.created_ns = incident.created_ns;
  made.acknowledged_ns = incident.acknowledged_ns;
  made.resolved_ns = incident.resolved_ns;
  made.assignee = incident.assignee;
  made.owner = incident.owner;
  made.risk_parts.history = incident.risk_parts.history;
  made.alert_count = taken.size();
  made.timeline = taken;
  for (Incident* each : {&incident, &made}) {
    rebuild_facts(*each, port_);
    assess(*each, options_);
  }
  set_apart(incident, made);
  move_home(taken, made.id);
  OrderResult result = put(std::move(incident), {std::move(made)});
  divide(result.incidents[0], result.incidents[1]);
  return result;
}

Result<OrderResult> IncidentVerbs::detach(const IncidentOrder& order, Incident incident,
                                          Nanos now) {
  PICKET_TRY(const std::vector<TimelineEntry> taken, take_entries(order, incident));
  IncidentChange& change = note(incident, order, now, "detach");
  Json entries = Json::array();
  Json ids = Json::array();
  for (const TimelineEntry& entry : taken) {
    entries.push_back(to_json(entry));
    ids.push_back(entry.alert_id);
  }
  change.before = {{"entries", std::move(entries)}};
  change.after = {{"alerts", std::move(ids)}};
  rebuild_facts(incident, port_);
  assess(incident, options_);
  move_home(taken, "");
  OrderResult result = put(std::move(incident));
  release(result.incidents[0], taken);
  return result;
}

Result<OrderResult> IncidentVerbs::undo(const IncidentOrder& order, Incident incident, Nanos now) {
  const IncidentChange* const last = last_change(incident);
  if (last == nullptr) return fail(Errc::kInvalid, name_of(incident) + " has nothing to undo");
  if (order.change != 0 && order.change != last->number) {
    return fail(Errc::kInvalid, "change " + std::to_string(order.change) + " is not the last of " +
                                    name_of(incident) + ", which is " +
                                    std::to_string(last->number));
  }
  if (last->verb == "detach") return undo_detach(order, std::move(incident), now);
  if (last->verb != "merge" && last->verb != "split") {
    apply_settings(incident, last->before);
    note_undo(incident, order, now);
    return put(std::move(incident));
  }
  // One change in two incidents: it must be the last of the other one, too.
  const bool split = last->verb == "split";
  const bool gave = last->after.contains(split ? "to" : "into");
  const std::string other_id =
      text_in(last->after, split ? (gave ? "to" : "of") : (gave ? "into" : "from"));
  std::optional<Incident> other = port_.find(other_id);
  if (!other) return fail(Errc::kNotFound, "there is no incident '" + other_id + "'");
  const IncidentChange* const theirs = last_change(*other);
  const char* const back = split ? (gave ? "of" : "to") : (gave ? "from" : "into");
  if (theirs == nullptr || theirs->verb != last->verb ||
      text_in(theirs->after, back) != incident.id) {
    return fail(Errc::kInvalid, "undo the later changes of " + name_of(*other) + " first");
  }
  // Of a split the one that was there, of a merge the one that is left.
  const bool is_first = split == gave;
  Incident first = is_first ? std::move(incident) : *std::move(other);
  Incident second = is_first ? *std::move(other) : std::move(incident);
  Result<OrderResult> result = split ? undo_split(order, std::move(first), std::move(second), now)
                                     : undo_merge(order, std::move(first), std::move(second), now);
  if (result && !is_first) std::swap(result->incidents[0], result->incidents[1]);
  return result;
}

Result<OrderResult> IncidentVerbs::undo_merge(const IncidentOrder& order, Incident into,
                                              Incident from, Nanos now) {
  std::map<std::string_view, const TimelineEntry*> there;
  for (const TimelineEntry& entry : into.timeline) there.emplace(entry.alert_id, &entry);
  const bool cut = into.timeline.size() >= Incident::kTimelineMax;
  const std::uint64_t unlisted =
      from.alert_count - std::min<std::uint64_t>(from.alert_count, from.timeline.size());
  std::vector<TimelineEntry> back;
  for (const TimelineEntry& entry : from.timeline) {
    const auto found = there.find(entry.alert_id);  // not there: late events took it out
    if (found != there.end()) back.push_back(*found->second);
    if (found == there.end() && cut) back.push_back(entry);
  }
  apply_settings(from, last_change(from)->before);
  note_undo(into, order, now);
  note_undo(from, order, now);
  drop_entries(into, back);
  into.alert_count -= std::min(into.alert_count, unlisted);
  from.merged_into.clear();
  from.alert_count = unlisted + back.size();
  from.timeline = std::move(back);
  for (Incident* each : {&into, &from}) {
    rebuild_facts(*each, port_);
    assess(*each, options_);
  }
  set_apart(into, from);
  move_home(from.timeline, from.id);
  OrderResult result = put(std::move(into), {std::move(from)});
  divide(result.incidents[0], result.incidents[1]);
  return result;
}

// The made incident cannot be unmade, its number is known: it is closed, and leads to the whole.
Result<OrderResult> IncidentVerbs::undo_split(const IncidentOrder& order, Incident of, Incident to,
                                              Nanos now) {
  note_undo(of, order, now);
  note_undo(to, order, now);
  move_home(to.timeline, of.id);
  join(of, to, now);
  assess(of, options_);
  return put(std::move(of), {std::move(to)});
}

Result<OrderResult> IncidentVerbs::undo_detach(const IncidentOrder& order, Incident incident,
                                               Nanos now) {
  std::vector<TimelineEntry> back;
  const Json entries = last_change(incident)->before.value("entries", Json::array());
  for (const Json& json : entries) {
    const auto entry = timeline_entry_from_json(json);
    if (!entry) continue;
    // What late events withdrew in the meantime does not come back; what grew has grown.
    if (const auto alert = port_.alert(entry->alert_id)) back.push_back(entry_of(*alert));
  }
  note_undo(incident, order, now);
  for (const TimelineEntry& entry : back) {
    incident.timeline.insert(
        std::upper_bound(incident.timeline.begin(), incident.timeline.end(), entry, earlier),
        entry);
  }
  incident.alert_count += back.size();
  rebuild_facts(incident, port_);
  assess(incident, options_);
  move_home(back, incident.id);
  Incident those;  // what comes back, alone
  those.timeline = std::move(back);
  const OrderResult result = put(std::move(incident));
  for (const auto& [key, span] : keys_in(those)) {
    auto entry = index_.entity(key);
    if (!entry || !entry->incident.empty()) continue;  // it may be another's by now
    entry->incident = result.incidents[0].id;
    entry->first_ns = span.first_ns;
    entry->last_ns = span.last_ns;
    index_.put_entity(key, *entry, add_ns(span.last_ns, options_.window_ns));
  }
  return result;
}

// The keys of its alerts, and when they spoke of them.
IncidentVerbs::Keys IncidentVerbs::keys_in(const Incident& incident) {
  Keys keys;
  for (const TimelineEntry& entry : incident.timeline) {
    const auto alert = port_.alert(entry.alert_id);
    if (!alert || !opens_incident(*alert)) continue;
    for (const Entity& key : keys_of(*alert, options_)) {
      Span& span = keys.try_emplace(key, Span{alert->time_ns, alert->last_seen_ns}).first->second;
      span.first_ns = std::min(span.first_ns, alert->time_ns);
      span.last_ns = std::max(span.last_ns, alert->last_seen_ns);
    }
  }
  return keys;
}

bool IncidentVerbs::owns(const Incident& incident, const Entity& key, EntityEntry& entry) {
  const auto known = index_.entity(key);
  if (!known || known->incident.empty()) return false;
  entry = *known;
  if (entry.incident == incident.id) return true;
  const Incident* const owner = resolve_incident(port_, entry.incident);
  return owner != nullptr && owner->id == incident.id;
}

// A key of both stays with the first.
void IncidentVerbs::divide(const Incident& first, const Incident& second) {
  const Keys firsts = keys_in(first);
  const Keys seconds = keys_in(second);
  const auto give = [&](const Keys& keys, const Incident& to, const Keys* except) {
    for (const auto& [key, span] : keys) {
      EntityEntry entry;
      if (except != nullptr && except->contains(key)) continue;
      if (!owns(first, key, entry) && !owns(second, key, entry)) continue;
      entry.incident = to.id;
      entry.first_ns = span.first_ns;
      entry.last_ns = span.last_ns;
      index_.put_entity(key, entry, add_ns(span.last_ns, options_.window_ns));
    }
  };
  give(firsts, first, nullptr);
  give(seconds, second, &firsts);
}

// What only the alerts that are gone spoke of leads to the incident no more.
void IncidentVerbs::release(const Incident& incident, const std::vector<TimelineEntry>& gone) {
  Incident those;
  those.timeline = gone;
  const Keys kept = keys_in(incident);
  for (const auto& [key, span] : keys_in(those)) {
    EntityEntry entry;
    if (kept.contains(key) || !owns(incident, key, entry)) continue;
    entry.incident.clear();
    index_.put_entity(key, entry, add_ns(entry.last_ns, options_.window_ns));
  }
}

void IncidentVerbs::move_home(const std::vector<TimelineEntry>& entries,
                              const std::string& incident) {
  for (const TimelineEntry& entry : entries) {
    index_.put_alert(entry.alert_id, incident,
                     add_ns(entry.last_ns, options_.window_ns + options_.memory_ns));
  }
}

}  // namespace picket::correlator
