#include "correlator/incident_history.h"

#include <algorithm>

#include "base/time.h"
#include "correlator/incident_facts.h"

namespace picket::correlator {
namespace {

bool lists(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void list_apart(Incident& incident, const std::string& id) {
  if (id == incident.id || lists(incident.apart, id)) return;
  if (incident.apart.size() >= Incident::kApartMax) incident.apart.erase(incident.apart.begin());
  incident.apart.push_back(id);
}

Json instant(std::int64_t time_ns) {
  return time_ns == 0 ? Json("") : Json(format_time(time_ns));
}

std::int64_t instant_from(const Json& json) {
  const auto parsed = parse_time(json.get<std::string>());
  return parsed ? parsed->time_ns : 0;
}

template <class I>
auto find_last(I& incident) -> decltype(&incident.history.back()) {
  for (auto at = incident.history.rbegin(); at != incident.history.rend(); ++at) {
    if (at->undone_by == 0 && at->verb != "undo" && at->verb != "rename") return &*at;
  }
  return nullptr;
}

}  // namespace

IncidentChange& record(Incident& incident, Nanos now, std::string_view actor,
                       std::string_view verb) {
  const std::uint64_t newest =
      incident.history.empty() ? incident.history_dropped : incident.history.back().number;
  if (incident.history.size() >= Incident::kHistoryMax) {
    incident.history.erase(incident.history.begin());
    ++incident.history_dropped;
  }
  IncidentChange& change = incident.history.emplace_back();
  change.number = newest + 1;
  change.time_ns = now.count();
  change.actor = actor;
  change.verb = verb;
  return change;
}

IncidentChange* last_change(Incident& incident) {
  return find_last(incident);
}
const IncidentChange* last_change(const Incident& incident) {
  return find_last(incident);
}

Json settings_of(const Incident& incident) {
  return {{"status", incident_status_name(incident.status)},
          {"assignee", incident.assignee},
          {"disposition", disposition_name(incident.disposition)},
          {"acknowledged", instant(incident.acknowledged_ns)},
          {"resolved", instant(incident.resolved_ns)}};
}

// They come from our own history, which was read from the store as JSON: of the right types or not
// there.
void apply_settings(Incident& incident, const Json& settings) {
  const auto text = [&](const char* name) -> const Json* {
    const auto found = settings.find(name);
    return found == settings.end() || !found->is_string() ? nullptr : &*found;
  };
  if (const Json* status = text("status")) {
    incident.status = incident_status_of(status->get<std::string>()).value_or(incident.status);
  }
  if (const Json* assignee = text("assignee")) incident.assignee = assignee->get<std::string>();
  if (const Json* disposition = text("disposition")) {
    incident.disposition =
        disposition_of(disposition->get<std::string>()).value_or(incident.disposition);
  }
  if (const Json* at = text("acknowledged")) incident.acknowledged_ns = instant_from(*at);
  if (const Json* at = text("resolved")) incident.resolved_ns = instant_from(*at);
}

void set_status(Incident& incident, IncidentStatus status, Nanos now) {
  incident.status = status;
  if (status != IncidentStatus::kNew && incident.acknowledged_ns == 0) {
    incident.acknowledged_ns = now.count();
  }
  if (!is_over(status)) {
    incident.resolved_ns = 0;
  } else if (incident.resolved_ns == 0) {
    incident.resolved_ns = now.count();
  }
}

void join(Incident& into, Incident& from, Nanos now) {
  add_facts(into, from);
  std::erase(into.apart, from.id);
  for (const std::string& id : from.apart) list_apart(into, id);
  std::erase(from.apart, into.id);
  from.status = IncidentStatus::kClosed;
  if (from.resolved_ns == 0) from.resolved_ns = now.count();
  from.merged_into = into.id;
}

void join_recorded(Incident& into, Incident& from, Nanos now, std::string_view actor) {
  IncidentChange& gives = record(from, now, actor, "merge");
  gives.before = settings_of(from);
  gives.after = {{"into", into.id}, {"into_number", into.number}};
  IncidentChange& takes = record(into, now, actor, "merge");
  takes.after = {{"from", from.id}, {"from_number", from.number}};
  join(into, from, now);
}

bool are_apart(const Incident& a, const Incident& b) {
  return lists(a.apart, b.id) || lists(b.apart, a.id);
}

void set_apart(Incident& a, Incident& b) {
  list_apart(a, b.id);
  list_apart(b, a.id);
}

}  // namespace picket::correlator
