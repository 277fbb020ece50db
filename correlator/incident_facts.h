// What an incident knows of its alerts: entities, layers, tactics, systems, level and risk. All of
// it can be built anew from the alerts, which is what happens when some of them leave.
//
// Pure functions but for the port they read. One thread, that of the port.
#pragma once

#include <vector>

#include "correlator/incident_port.h"
#include "event/alert.h"
#include "event/incident.h"

namespace picket::correlator {

// What grouping asks of an alert, and what an incident tells of it: no events, and of its matches
// those of indicators.
Alert without_events(const Alert& alert);

// Of a correlation, or of level medium and above. Others join an incident and never make one.
bool opens_incident(const Alert& alert);

// The entities by which the alert is linked to others: no processes, no stop values, no crowds.
std::vector<Entity> keys_of(const Alert& alert, const IncidentOptions& options);

TimelineEntry entry_of(const Alert& alert);
bool earlier(const TimelineEntry& a, const TimelineEntry& b);  // the order of a timeline

// Alerts of one rule that speak of the same entities, counted together.
struct RepeatedAlert {
  const TimelineEntry* first = nullptr;  // of the incident's timeline
  std::string newest;                    // id of the newest alert
  std::uint64_t alerts = 0;
  std::uint64_t hits = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
};
// In order of their first alert. Lives as long as the incident is not changed.
std::vector<RepeatedAlert> repeated_alerts(const Incident& incident);
Json to_json(const RepeatedAlert& alert);

// Adds what the alert says; its timeline entry is the caller's.
void add_facts(Incident& incident, const Alert& alert);
// Adds what another incident knows, its timeline and its count too.
void add_facts(Incident& into, const Incident& from);
// The same from the alerts in its timeline alone. Of an alert that is gone, what its entry says.
void rebuild_facts(Incident& incident, IncidentPort& port);

// Level, risk and the order of tags, from the facts.
void assess(Incident& incident, const IncidentOptions& options);

}  // namespace picket::correlator
