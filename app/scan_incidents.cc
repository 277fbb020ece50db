#include "app/scan_incidents.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/event_systems.h"
#include "correlator/incident_facts.h"
#include "correlator/incidents.h"
#include "correlator/map_incidents.h"

namespace picket::app {
namespace {

constexpr Nanos kLateness = std::chrono::hours(24);

std::vector<Alert> in_order(std::map<std::string, Alert> alerts) {
  std::vector<Alert> ordered;
  for (auto& [id, alert] : alerts) ordered.push_back(std::move(alert));
  std::sort(ordered.begin(), ordered.end(), [](const Alert& a, const Alert& b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.id < b.id;
  });
  return ordered;
}

}  // namespace

void ScanIncidents::add(const Alert& alert) {
  if (alerts_.size() >= kAlertsMax && !alerts_.contains(alert.id)) {
    ++left_out_;
    return;
  }
  alerts_.insert_or_assign(alert.id, correlator::without_events(alert));
}

void ScanIncidents::remove(const std::string& alert_id) { alerts_.erase(alert_id); }

std::vector<Incident> ScanIncidents::take() {
  correlator::MapState state;
  correlator::MapIncidents port;
  correlator::IncidentGrouper grouper(incident_options(systems_), state, port);
  for (Alert& alert : in_order(std::exchange(alerts_, {}))) {
    const Alert& kept = port.alerts.insert_or_assign(alert.id, std::move(alert)).first->second;
    grouper.absorb(kept, Nanos(kept.last_seen_ns));
    grouper.tick(Nanos(kept.time_ns) - kLateness);  // as a server does
  }
  std::vector<Incident> incidents;
  for (auto& [id, incident] : port.all) {
    if (incident.merged_into.empty() && incident.alert_count > 0) incidents.push_back(std::move(incident));
  }
  std::sort(incidents.begin(), incidents.end(), [](const Incident& a, const Incident& b) {
    return a.first_ns != b.first_ns ? a.first_ns < b.first_ns : a.id < b.id;
  });
  for (std::size_t i = 0; i < incidents.size(); ++i) {
    incidents[i].number = i + 1;
    if (const response::System* system = systems_.by_name(incidents[i].system)) incidents[i].owner = system->owner.name;
  }
  return incidents;
}

}  // namespace picket::app
