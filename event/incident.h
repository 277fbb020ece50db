// Incident: alerts that belong together, with entities, timeline, owner and status.
//
// Owns everything. Its JSON is what the API and `incident show` give.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "event/alert.h"

namespace picket {

enum class IncidentStatus : std::uint8_t { kNew, kAcknowledged, kInProgress, kResolved, kClosed };
std::string_view incident_status_name(IncidentStatus status);  // "new", "acknowledged", ...

struct TimelineEntry {
  std::int64_t time_ns = 0;  // event time of the alert
  std::string alert_id;
  std::string rule_id;
  std::string rule_name;
  Level level = Level::kMedium;
  Layer layer = Layer::kNone;
  int risk = -1;  // of the rule, 0..100; -1: its level says
};

struct Incident {
  std::string id;              // deterministic: from its first alert
  std::uint64_t number = 0;    // for people, counts from 1
  IncidentStatus status = IncidentStatus::kNew;
  Level level = Level::kMedium;  // highest of its alerts, raised when three layers or more are crossed
  std::uint32_t risk = 0;        // 0..100
  std::int64_t first_ns = 0;     // event times of its first and last alert
  std::int64_t last_ns = 0;
  std::int64_t created_ns = 0;   // wall time
  std::string system;
  std::string owner;             // of the system
  std::vector<std::string> tags;         // of all its alerts: ATT&CK tactics and techniques
  std::vector<Layer> layers;             // crossed, sorted
  std::vector<Entity> entities;          // shared and involved, sorted
  std::vector<TimelineEntry> timeline;   // by event time; one entry an alert
  std::uint64_t alert_count = 0;
  std::string merged_into;  // id of the older incident that has this one's alerts now; then closed

  static constexpr std::size_t kTimelineMax = 10'000;
};

Json to_json(const Incident& incident);
Result<Incident> incident_from_json(const Json& json);

}  // namespace picket
