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
  std::string rule;
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
  put(entity_name("i/e/", entity), writer.take(), expires_ns);
}

std::optional<EntityHistory> IncidentIndex::history(const Entity& entity) {
  const auto value = get(entity_name("i/h/", entity));
  if (!value) return std::nullopt;
  Reader reader(*value);
  EntityHistory history;
  history.incident = reader.text();
  history.score = reader.number();
  history.time_ns = reader.integer();
  if (!reader.done()) return std::nullopt;
  return history;
}

void IncidentIndex::put_history(const Entity& entity, const EntityHistory& history,
                                std::int64_t expires_ns) {
  Writer writer;
  writer.text(history.incident);
  writer.number(history.score);
  writer.integer(history.time_ns);
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
                                       std::int64_t expires_ns) {
  Alert kept = alert;
  kept.events.clear();
  kept.matches.clear();
  put(alert_name("i/w/", alert.id), dump_json(to_json(kept)), expires_ns);
  std::size_t pushed_out = 0;
  for (const Entity& entity : entities) {
    const std::string name = entity_name("i/l/", entity);
    std::vector<Waiting> list = read_waiting(get(name).value_or(""));
    std::erase_if(list, [&](const Waiting& one) { return one.alert == alert.id; });
    list.push_back({alert.id, alert.rule.id, alert.last_seen_ns});
    if (list.size() > kWaitingMax) {
      list.erase(list.begin());
      ++pushed_out;
    }
    Writer writer;
    for (const Waiting& one : list) {
      writer.text(one.alert);
      writer.text(one.rule);
      writer.integer(one.last_ns);
    }
    put(name, writer.take(), expires_ns);
  }
  return pushed_out;
}

std::size_t IncidentIndex::waiting_rules(const Entity& entity, std::int64_t since_ns) {
  std::set<std::string> rules;
  for (Waiting& one : read_waiting(get(entity_name("i/l/", entity)).value_or(""))) {
    if (one.last_ns >= since_ns && !rules.contains(one.rule) && is_waiting(one.alert))
      rules.insert(std::move(one.rule));
  }
  return rules.size();
}

std::vector<Alert> IncidentIndex::take_waiting(const std::vector<Entity>& entities) {
  std::vector<Alert> alerts;
  for (const Entity& entity : entities) {
    const std::string name = entity_name("i/l/", entity);
    const auto list = get(name);
    if (!list) continue;
    for (const Waiting& one : read_waiting(*list)) {
      const auto text = get(alert_name("i/w/", one.alert));
      if (!text) continue;
      erase_waiting(one.alert);
      const auto json = parse_json(*text);
      if (!json) continue;
      if (auto alert = alert_from_json(*json)) alerts.push_back(*std::move(alert));
    }
    state_.erase(name);
  }
  return alerts;
}

bool IncidentIndex::is_waiting(std::string_view alert_id) {
  return state_.get(alert_name("i/w/", alert_id)).has_value();
}

void IncidentIndex::erase_waiting(std::string_view alert_id) {
  state_.erase(alert_name("i/w/", alert_id));
}

void IncidentIndex::expire(std::int64_t watermark_ns) {
  constexpr std::size_t kStep = 1024;
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
