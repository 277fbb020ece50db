// IncidentIndex: which open incident an entity belongs to, which incident an alert is in, and the
// alerts that wait for one. All of it in the state, all of it forgotten when its time has passed.
//
// In the state (names begin with "i/"; every value begins with the instant at which it expires):
//   i/e/<type>/<value>   the entity: incident, first and last time, the alert groups it was seen in
//   i/h/<type>/<value>   what the entity was in before: the incident it is in, a score, its instant
//   i/a/<alert id>       the incident of an alert; empty: a person took it out of one
//   i/w/<alert id>       an alert that waits
//   i/l/<type>/<value>   waiting alerts of an entity: ids, rules, times
//   i/d/<due><name>      timers
// One thread, that of the state port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/state.h"
#include "correlator/timers.h"
#include "event/alert.h"

namespace picket::correlator {

struct EntityEntry {
  std::string incident;  // empty: of none so far
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::vector<std::uint64_t> companies;  // hashes of what it was seen together with, distinct
};

struct EntityHistory {
  std::string incident;     // the newest; not in the score
  std::uint64_t score = 0;  // of those before, in thousandths of risk, as of time_ns
  std::int64_t time_ns = 0;
};

class IncidentIndex {
 public:
  explicit IncidentIndex(StatePort& state);

  std::optional<EntityEntry> entity(const Entity& entity);
  void put_entity(const Entity& entity, const EntityEntry& entry, std::int64_t expires_ns);

  std::optional<EntityHistory> history(const Entity& entity);
  void put_history(const Entity& entity, const EntityHistory& history, std::int64_t expires_ns);

  std::optional<std::string> incident_of(std::string_view alert_id);
  void put_alert(std::string_view alert_id, std::string_view incident, std::int64_t expires_ns);
  void erase_alert(std::string_view alert_id);

  // Remembers the alert (without events and matches) under each of the entities. An entity lists at
  // most kWaitingMax alerts, the newest; the result counts those that were pushed out.
  static constexpr std::size_t kWaitingMax = 64;
  std::size_t put_waiting(const Alert& alert, const std::vector<Entity>& entities,
                          std::int64_t expires_ns);
  // How many different rules the alerts are of that wait with the entity, from an instant on.
  std::size_t waiting_rules(const Entity& entity, std::int64_t since_ns);
  // The alerts that wait with any of the entities; they wait no more.
  std::vector<Alert> take_waiting(const std::vector<Entity>& entities);
  bool is_waiting(std::string_view alert_id);
  void erase_waiting(std::string_view alert_id);

  void expire(std::int64_t watermark_ns);

 private:
  void put(std::string name, std::string value, std::int64_t expires_ns);
  std::optional<std::string> get(std::string_view name);  // without the instant

  StatePort& state_;
  Timers timers_;
};

}  // namespace picket::correlator
