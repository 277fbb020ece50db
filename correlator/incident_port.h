// IncidentPort: where incidents are. IncidentOptions: what decides how alerts are grouped and
// judged.
//
// A port belongs to the thread that correlates. What was put is found at once, before it is
// committed. An incident may have a thousand alerts, so that it is looked at and changed where it
// is, and copied for people only.
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
  // Lent until it is edited or put, or the next commit. nullptr: there is none.
  virtual const Incident* look(std::string_view id) = 0;
  // To be changed in place, until the next commit: it counts as put. nullptr: there is none.
  virtual Incident* edit(std::string_view id) = 0;
  virtual std::uint64_t next_number() = 0;  // each call gives a new one
  virtual Incident* put(Incident incident) = 0;  // lent as by edit()
  // The incident `id` has another id from now on, and this content; who asks for it by the old one
  // finds it. Ends what look() and edit() have lent.
  virtual void rename(std::string_view id, Incident incident) = 0;
  virtual std::optional<Alert> alert(std::string_view id) = 0;

  std::optional<Incident> find(std::string_view id) {
    const Incident* const found = look(id);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
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

// The incident that has the alerts of this one now: itself, or what it was merged into. Lent as by
// look().
const Incident* resolve_incident(IncidentPort& port, std::string_view id);

}  // namespace picket::correlator
