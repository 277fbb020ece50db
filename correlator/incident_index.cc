#include "correlator/incident_index.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "correlator/codec.h"

namespace picket::correlator {
namespace {

std::string entity_name(std::string_view prefix, const Entity& entity) {
  return std::string(prefix) + entity.type + '/' + entity.value;
}

std::string alert_name(std::string_view prefix, std::string_view id) {
  return std::string(prefix) + std::string(id);
}

// An alert in an entity's list of those that wait.
struct Waiting {
  std::string alert;
  std::string rule;  // empty: the entity is shared by too many to say something of the alert
  std::int64_t last_ns = 0;
};

std::vector<Waiting> read_waiting(std::string_view list) {
  std::vector<Waiting> all;
  for (Reader reader(list); !reader.done() && reader.ok();) {
    Waiting one;
    one.alert = reader.text();
    one.rule = reader.text();
    one.last_ns = reader.integer();
    if (reader.ok()) all.push_back(std::move(one));
  }
  return all;
}

std::string written(const std::vector<Waiting>& list) {
  Writer writer;
  for (const Waiting& one : list) {
    writer.text(one.alert);
    writer.text(one.rule);
    writer.integer(one.last_ns);
  }
  return writer.take();
}

void write_frame(Writer& writer, const EntityHistory& history) {
  writer.text(history.incident);
  writer.number(history.score);
  writer.integer(history.time_ns);
}

EntityHistory read_frame(Reader& reader) {
  EntityHistory history;
  history.incident = reader.text();
  history.score = reader.number();
  history.time_ns = reader.integer();
  return history;
}

}  // namespace

IncidentIndex::IncidentIndex(StatePort& state) : state_(state), timers_(state, "i/d/") {}

void IncidentIndex::put(std::string name, std::string value, std::int64_t expires_ns) {
  std::string bytes;
  append_instant(bytes, expires_ns);
  // An entry has one timer. When its time was put off, expire() finds that out and sets the next.
  if (!state_.get(name)) timers_.set(expires_ns, name);
  state_.put(std::move(name), bytes + value);
}

std::optional<std::string> IncidentIndex::get(std::string_view name) {
  auto value = state_.get(name);
  if (!value || value->size() < 8) return std::nullopt;
  value->erase(0, 8);
  return value;
}

std::optional<EntityEntry> IncidentIndex::entity(const Entity& entity) {
  const auto value = get(entity_name("i/e/", entity));
  if (!value) return std::nullopt;
  Reader reader(*value);
  EntityEntry entry;
  entry.incident = reader.text();
  entry.first_ns = reader.integer();
  entry.last_ns = reader.integer();
  for (std::size_t left = reader.count(); left > 0; --left)
    entry.companies.push_back(reader.number());
  entry.newest_ns = entry.last_ns;
  if (reader.done()) return entry;  // of before places were kept
  entry.newest_ns = reader.integer();
  entry.crowded = reader.byte() != 0;
  for (std::size_t left = reader.count(); left > 0; --left) {
    EntityPlace& place = entry.places.emplace_back();
    place.incident = reader.text();
    place.last_ns = reader.integer();
  }
  if (!reader.done()) return std::nullopt;
  return entry;
}

void IncidentIndex::put_entity(const Entity& entity, const EntityEntry& entry,
                               std::int64_t expires_ns) {
  Writer writer;
  writer.text(entry.incident);
  writer.integer(entry.first_ns);
  writer.integer(entry.last_ns);
  writer.number(entry.companies.size());
  for (const std::uint64_t company : entry.companies) writer.number(company);
  writer.integer(entry.newest_ns);
  writer.byte(entry.crowded ? 1 : 0);
  writer.number(entry.places.size());
  for (const EntityPlace& place : entry.places) {
    writer.text(place.incident);
    writer.integer(place.last_ns);
  }
  put(entity_name("i/e/", entity), writer.take(), expires_ns);
}

std::optional<EntityHistory> IncidentIndex::history(const Entity& entity) {
  const auto value = get(entity_name("i/h/", entity));
  if (!value) return std::nullopt;
  Reader reader(*value);
  EntityHistory history = read_frame(reader);
  while (!reader.done() && reader.ok()) history.before.push_back(read_frame(reader));
  if (!reader.ok()) return std::nullopt;
  return history;
}

void IncidentIndex::put_history(const Entity& entity, const EntityHistory& history,
                                std::int64_t expires_ns) {
  Writer writer;
  write_frame(writer, history);
  for (const EntityHistory& earlier : history.before) write_frame(writer, earlier);
  put(entity_name("i/h/", entity), writer.take(), expires_ns);
}

std::optional<std::string> IncidentIndex::incident_of(std::string_view alert_id) {
  return get(alert_name("i/a/", alert_id));
}

void IncidentIndex::put_alert(std::string_view alert_id, std::string_view incident,
                              std::int64_t expires_ns) {
  put(alert_name("i/a/", alert_id), std::string(incident), expires_ns);
}

void IncidentIndex::erase_alert(std::string_view alert_id) {
  state_.erase(alert_name("i/a/", alert_id));
}

std::size_t IncidentIndex::put_waiting(const Alert& alert, const std::vector<Entity>& entities,
                                       const std::vector<Entity>& shared, std::int64_t expires_ns) {
  Alert kept = alert;
  kept.events.clear();
  std::erase_if(kept.matches, [](const Match& match) { return !match.indicator; });
  put(alert_name("i/w/", alert.id), dump_json(to_json(kept)), expires_ns);
  std::size_t pushed_out = 0;
  for (const Entity& entity : entities) pushed_out += list_waiting(alert, entity, false, expires_ns);
  for (const Entity& entity : shared) list_waiting(alert, entity, true, expires_ns);
  return pushed_out;
}

std::size_t IncidentIndex::list_waiting(const Alert& alert, const Entity& entity, bool shared,
                                        std::int64_t expires_ns) {
  const std::string name = entity_name("i/l/", entity);
  std::vector<Waiting> list = read_waiting(get(name).value_or(""));
  std::erase_if(list, [&](const Waiting& one) { return one.alert == alert.id; });
  Waiting made{alert.id, shared ? "" : alert.rule.id, alert.last_seen_ns};
  const auto earlier = [](const Waiting& a, const Waiting& b) {
    return a.last_ns != b.last_ns ? a.last_ns < b.last_ns : a.alert < b.alert;
  };
  list.insert(std::upper_bound(list.begin(), list.end(), made, earlier), made);
  const bool full = list.size() > kWaitingMax;
  if (full) list.erase(list.begin());
  put(name, written(list), expires_ns);
  return full ? 1 : 0;
}

std::size_t IncidentIndex::waiting_rules(const Entity& entity, std::int64_t since_ns) {
  std::set<std::string> rules;
  for (Waiting& one : read_waiting(get(entity_name("i/l/", entity)).value_or(""))) {
    if (one.last_ns >= since_ns && !one.rule.empty() && !rules.contains(one.rule) && is_waiting(one.alert))
      rules.insert(std::move(one.rule));
  }
  return rules.size();
}

std::optional<Alert> IncidentIndex::waiting(std::string_view alert_id) {
  const auto text = get(alert_name("i/w/", alert_id));
  const auto json = parse_json(text.value_or(""));
  if (!json) return std::nullopt;
  auto alert = alert_from_json(*json);
  return alert ? std::optional(*std::move(alert)) : std::nullopt;
}

std::vector<Alert> IncidentIndex::take_waiting(const std::vector<Entity>& entities,
                                               std::int64_t from_ns, std::int64_t to_ns) {
  std::vector<Alert> alerts;
  for (const Entity& entity : entities) {
    const std::string name = entity_name("i/l/", entity);
    const auto value = state_.get(name);
    if (!value || value->size() < 8) continue;
    std::vector<Waiting> left;
    const std::vector<Waiting> list = read_waiting(std::string_view(*value).substr(8));
    for (const Waiting& one : list) {
      if (one.last_ns < from_ns || one.rule.empty()) {
        left.push_back(one);
        continue;
      }
      std::optional<Alert> alert = waiting(one.alert);
      if (!alert) continue;
      if (alert->time_ns > to_ns) {
        left.push_back(one);
        continue;
      }
      erase_waiting(one.alert);
      alerts.push_back(*std::move(alert));
    }
    if (left.size() == list.size()) continue;
    if (left.empty()) state_.erase(name);
    if (!left.empty()) put(name, written(left), instant_at(*value));
  }
  return alerts;
}

std::vector<std::string> IncidentIndex::waiting_with(const Entity& entity) {
  std::vector<std::string> ids;
  for (Waiting& one : read_waiting(get(entity_name("i/l/", entity)).value_or(""))) {
    if (is_waiting(one.alert)) ids.push_back(std::move(one.alert));
  }
  return ids;
}

void IncidentIndex::mark(const Entity& entity) {
  state_.put(entity_name("i/r/", entity), "");
}

void IncidentIndex::unmark(const Entity& entity) {
  state_.erase(entity_name("i/r/", entity));
}

std::vector<Entity> IncidentIndex::marked(std::size_t max) {
  constexpr std::string_view kPrefix = "i/r/";
  std::vector<Entity> all;
  state_.for_each(kPrefix, [&](std::string_view key, std::string_view) {
    key.remove_prefix(kPrefix.size());
    const std::size_t slash = std::min(key.find('/'), key.size() - 1);
    all.push_back({std::string(key.substr(0, slash)), std::string(key.substr(slash + 1))});
    return all.size() < max;
  });
  return all;
}

void IncidentIndex::take(IncidentIndex& other, const std::string& name) {
  const auto value = other.state_.get(name);
  if (!value || value->size() < 8) return state_.erase(name);
  put(name, value->substr(8), instant_at(*value));
}

void IncidentIndex::take_entity(IncidentIndex& other, const Entity& entity) {
  for (const char* prefix : {"i/e/", "i/h/", "i/l/"}) take(other, entity_name(prefix, entity));
}

void IncidentIndex::take_alert(IncidentIndex& other, std::string_view alert_id) {
  for (const char* prefix : {"i/a/", "i/w/"}) take(other, alert_name(prefix, alert_id));
}

bool IncidentIndex::is_waiting(std::string_view alert_id) {
  return state_.get(alert_name("i/w/", alert_id)).has_value();
}

void IncidentIndex::erase_waiting(std::string_view alert_id) {
  state_.erase(alert_name("i/w/", alert_id));
}

// While alerts are to be grouped anew, what they were grouped by is kept for longer.
void IncidentIndex::expire(std::int64_t watermark_ns) {
  constexpr std::size_t kStep = 1024;
  constexpr std::int64_t kHeldNs = 24LL * 3'600'000'000'000;
  if (!marked(1).empty()) watermark_ns = subtract_ns(watermark_ns, kHeldNs);
  for (std::vector<std::string> names; !(names = timers_.take_due(watermark_ns, kStep)).empty();) {
    for (std::string& name : names) {
      const auto value = state_.get(name);
      if (!value) continue;
      const std::int64_t expires_ns = instant_at(*value);
      if (expires_ns > watermark_ns) {
        timers_.set(expires_ns, name);
      } else {
        state_.erase(std::move(name));
      }
    }
  }
}

}  // namespace picket::correlator
