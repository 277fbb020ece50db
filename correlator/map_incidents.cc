#include "correlator/map_incidents.h"

#include <utility>

namespace picket::correlator {

Incident* MapIncidents::edit(std::string_view id) {
  if (const auto now = renamed_.find(id); now != renamed_.end()) return edit(now->second);
  const auto found = all.find(id);
  return found == all.end() ? nullptr : &found->second;
}

Incident* MapIncidents::put(Incident incident) {
  renamed_.erase(incident.id);
  std::string id = incident.id;
  return &all.insert_or_assign(std::move(id), std::move(incident)).first->second;
}

void MapIncidents::rename(std::string_view id, Incident incident) {
  if (const auto old = all.find(id); old != all.end()) all.erase(old);
  renamed_.insert_or_assign(std::string(id), incident.id);
  put(std::move(incident));
}

std::optional<Alert> MapIncidents::alert(std::string_view id) {
  const auto found = alerts.find(id);
  return found == alerts.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace picket::correlator
