// picket incident|alert ls|show: what the store holds, for people or as JSON lines.
#include <cstdio>

#include "app/command.h"
#include "app/open_store.h"
#include "app/show.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"

namespace picket::app {
namespace {

std::string entity_summary(const std::vector<Entity>& entities) {
  std::string text;
  for (const Entity& entity : entities) {
    if (text.size() > 60) return text + " …";
    text += (text.empty() ? "" : " ") + entity.value;
  }
  return text;
}

}  // namespace

int run_incident_ls(const NounCommand& command) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  std::string cursor;
  const auto incidents = (*store)->incidents(command.limit, cursor);
  if (!incidents) return complain(incidents.error().what, kUsageWrong);
  std::vector<std::vector<std::string>> rows;
  for (const Incident& incident : *incidents) {
    if (command.json) std::puts(dump_json(to_json(incident)).c_str());
    rows.push_back({"#" + std::to_string(incident.number), word("level", level_name(incident.level)),
                    std::to_string(incident.risk), word("incident", incident_status_name(incident.status)),
                    layers_text(incident.layers), std::to_string(incident.alert_count),
                    format_time(incident.last_ns), entity_summary(incident.entities)});
  }
  if (command.json) return kDone;
  if (rows.empty()) {
    std::puts(say("empty.incidents").c_str());
    return kDone;
  }
  print(table({say("column.number"), say("column.level"), say("column.risk"), say("column.status"), say("column.layers"),
               say("column.alerts"), say("column.last_seen"), say("column.entities")},
              rows));
  return kDone;
}

int run_incident_show(const NounCommand& command) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const std::string id = command.id.starts_with('#') ? command.id.substr(1) : command.id;
  const auto incident = (*store)->incident(id);
  if (!incident) return complain(incident.error().what, kUsageWrong);
  if (command.json) {
    std::puts(dump_json(to_json(*incident)).c_str());
  } else {
    print(show_incident(*incident));
  }
  return kDone;
}

int run_alert_ls(const NounCommand& command) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  std::string cursor;
  const auto alerts = (*store)->alerts({}, command.limit, cursor);
  if (!alerts) return complain(alerts.error().what, kUsageWrong);
  std::vector<std::vector<std::string>> rows;
  for (const Alert& alert : *alerts) {
    if (command.json) std::puts(dump_json(to_json(alert)).c_str());
    rows.push_back({alert.id.substr(0, 12), format_time(alert.time_ns), word("level", level_name(alert.rule.level)),
                    word("layer", layer_name(alert.layer)), alert.rule.name, std::to_string(alert.hit_count),
                    entity_summary(alert.entities)});
  }
  if (command.json) return kDone;
  if (rows.empty()) {
    std::puts(say("empty.alerts").c_str());
    return kDone;
  }
  print(table({say("column.id"), say("column.time"), say("column.level"), say("column.layer"), say("column.rule"),
               say("column.hits"), say("column.entities")},
              rows));
  return kDone;
}

int run_alert_show(const NounCommand& command) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const auto alert = find_alert(**store, command.id);
  if (!alert) return complain(alert.error().what, kUsageWrong);
  if (command.json) {
    std::puts(dump_json(to_json(*alert)).c_str());
  } else {
    print(show_alert(*alert, **store));
  }
  return kDone;
}

}  // namespace picket::app
