// IncidentPort: where incidents are. IncidentOptions: what decides how alerts are grouped and
// judged.
//
// A port belongs to the thread that correlates. What was put is found at once, before it is
// committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/alert.h"
#include "event/incident.h"

namespace picket::correlator {

class IncidentPort {
 public:
  virtual ~IncidentPort() = default;
  virtual std::optional<Incident> find(std::string_view id) = 0;
  virtual std::uint64_t next_number() = 0;  // each call gives a new one
  virtual void put(const Incident& incident) = 0;
  virtual std::optional<Alert> alert(std::string_view id) = 0;
};

struct IncidentOptions {
  std::int64_t window_ns = 4LL * 3'600'000'000'000;   // of event time, between alerts
  std::int64_t memory_ns = 24LL * 3'600'000'000'000;  // how long grown alerts are recognised
  // What an entity was in weighs half as much after this time, and nothing after eight times.
  std::int64_t half_life_ns = 7LL * 24 * 3'600'000'000'000;
  std::size_t keys_per_type_max = 8;
  std::size_t low_rules_min = 3;  // different rules of low alerts that open an incident together
  std::size_t groups_per_value_max = 25;
  std::size_t alerts_max = 1000;  // of one incident; further ones are counted in it, not listed
  std::function<int(std::string_view)> level_of_system;  // 1..5, 0 for an unknown one; may be empty
  // "type:value", lower case. Names that every machine has say nothing about who it was.
  std::vector<std::string> stop_values = {
      "user:root",     "user:administrator", "user:admin",  "user:guest", "user:nobody",
      "user:www-data", "user:daemon",        "user:apache", "user:nginx", "user:sshd"};
};

// The incident that has the alerts of this one now: itself, or what it was merged into.
std::optional<Incident> resolve_incident(IncidentPort& port, std::string id);

}  // namespace picket::correlator
