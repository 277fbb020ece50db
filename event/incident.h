// Incident: alerts that belong together, with entities, timeline, owner, status and the history of
// its changes.
//
// Owns everything. Its JSON is what the API and `incident show` give.
#pragma once

#include <cstdint>
#include <optional>
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
std::optional<IncidentStatus> incident_status_of(std::string_view name);
constexpr bool is_over(IncidentStatus status) {
  return status == IncidentStatus::kResolved || status == IncidentStatus::kClosed;
}

// What somebody found the incident to be.
enum class Disposition : std::uint8_t {
  kNone,
  kTruePositive,
  kBenign,
  kFalsePositive,
  kDuplicate,
  kTest
};
std::string_view disposition_name(
    Disposition disposition);  // "" for none, "true_positive", "benign", ...
std::optional<Disposition> disposition_of(std::string_view name);

struct TimelineEntry {
  std::int64_t time_ns = 0;  // event time of the alert
  std::string alert_id;
  std::string rule_id;
  std::string rule_name;
  Level level = Level::kMedium;
  Layer layer = Layer::kNone;
  int risk = -1;             // of the rule, 0..100; -1: its level says
  std::int64_t last_ns = 0;  // event time of its last hit
  std::uint64_t hits = 1;
  std::vector<std::string>
      tactics;       // of ATT&CK, as in its tags without "attack.", in order of the kill chain
  std::string same;  // equal for alerts of one rule that speak of the same entities

  friend bool operator==(const TimelineEntry&, const TimelineEntry&) = default;
};
Json to_json(const TimelineEntry& entry);
Result<TimelineEntry> timeline_entry_from_json(const Json& json);

// What a person changed, or Picket where alerts brought two incidents together. A change has a
// number within its incident; undo marks it, and is a change itself.
struct IncidentChange {
  std::uint64_t number = 0;  // counts from 1
  std::int64_t time_ns = 0;  // wall time
  std::string actor;         // "picket" for merges of its own
  std::string verb;  // "acknowledge", "assign", "comment", "merge", "split", "detach", "undo", ...
  Json before = Json::object();  // what was, of what the change touched
  Json after = Json::object();
  std::string comment;
  std::string key;              // of the request, that it is done once only; may be empty
  std::uint64_t undone_by = 0;  // number of the change that took this one back

  friend bool operator==(const IncidentChange&, const IncidentChange&) = default;
};

// What the risk of an incident is made of (correlator/risk.h says how); 100 at most in all.
struct RiskParts {
  std::uint32_t base = 0;
  std::uint32_t layers = 0;
  std::uint32_t alerts = 0;
  std::uint32_t system = 0;
  std::uint32_t indicator = 0;
  std::uint32_t history = 0;  // of its users, hosts and addresses

  friend bool operator==(const RiskParts&, const RiskParts&) = default;
};

struct Incident {
  std::string id;            // deterministic: from its first alert
  std::uint64_t number = 0;  // for people, counts from 1
  IncidentStatus status = IncidentStatus::kNew;
  Level level =
      Level::kMedium;      // highest of its alerts, raised when three layers or more are crossed
  std::uint32_t risk = 0;  // 0..100
  RiskParts risk_parts = {};
  std::int64_t first_ns = 0;  // event times of its first and last alert
  std::int64_t last_ns = 0;
  std::int64_t created_ns = 0;       // wall time
  std::int64_t acknowledged_ns = 0;  // wall time at which it was no longer new; 0: it still is
  std::int64_t resolved_ns = 0;      // wall time at which it was resolved or closed; 0: it is open
  std::string assignee;
  Disposition disposition = Disposition::kNone;
  std::string system;                   // the first that its alerts were of
  std::vector<std::string> systems;     // all of them, sorted
  std::string owner;                    // of the system
  std::vector<std::string> tags;        // of all its alerts: ATT&CK tactics and techniques
  std::vector<Layer> layers;            // crossed, sorted
  std::vector<Entity> entities;         // shared and involved, sorted
  std::vector<TimelineEntry> timeline;  // by event time; one entry an alert
  std::uint64_t alert_count = 0;
  std::string merged_into;  // id of the incident that has this one's alerts now; then closed
  std::vector<std::string>
      apart;  // ids of incidents that a person has set apart: never merged by alerts alone
  int confidence = -1;  // highest of the indicators its alerts matched, 0..100; -1: of none
  std::vector<IncidentChange> history;  // the newest kHistoryMax
  std::uint64_t history_dropped = 0;    // older changes

  static constexpr std::size_t kTimelineMax = 10'000;
  static constexpr std::size_t kHistoryMax = 1000;
  static constexpr std::size_t kSystemsMax = 64;
  static constexpr std::size_t kApartMax = 64;
};

Json to_json(const Incident& incident);
Json to_json(const IncidentChange& change);
// Changes with everything that is stored of an incident: what a person who changes it has seen.
std::string incident_version(const Incident& incident);
Result<Incident> incident_from_json(const Json& json);

}  // namespace picket
