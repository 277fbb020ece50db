// IncidentIndex: which open incident an entity belongs to, which incident an alert is in, and the
// alerts that wait for one. All of it in the state, all of it forgotten when its time has passed.
//
// In the state (names begin with "i/"; every value begins with the instant at which it expires):
//   i/e/<type>/<value>   the entity: incident, first and last time, the alert groups it was seen in,
//                        the incidents that alerts which name it are in
//   i/h/<type>/<value>   what the entity was in before: the incident it is in, a score, its instant
//   i/a/<alert id>       the incident of an alert; empty: a person took it out of one
//   i/w/<alert id>       an alert that waits
//   i/l/<type>/<value>   waiting alerts of an entity: ids, rules, times
//   i/d/<due><name>      timers
//   i/r/<type>/<value>   an entity whose alerts are to be grouped anew (incident_settling.h)
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

// An incident with an alert that names an entity, be it a key of the incident or not.
struct EntityPlace {
  std::string incident;
  std::int64_t last_ns = 0;  // event time of the newest such alert
};

struct EntityEntry {
  std::string incident;  // empty: of none so far
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::vector<std::uint64_t> companies = {};  // hashes of what it was seen together with, distinct
  std::int64_t newest_ns = INT64_MIN;         // event time of the newest alert that names it
  std::vector<EntityPlace> places = {};       // distinct, in order of the first alert
  bool crowded = false;                       // in more places than are kept

  static constexpr std::size_t kPlacesMax = 64;
};

struct EntityHistory {
  std::string incident;     // the newest; not in the score
  std::uint64_t score = 0;  // of those before, in thousandths of risk, as of time_ns
  std::int64_t time_ns = 0;
  std::vector<EntityHistory> before = {};  // as it was at earlier incidents, the oldest first

  static constexpr std::size_t kBeforeMax = 8;
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

  // Remembers the alert (without events, and of its matches those of indicators) under each of the
  // entities; under those of `shared` only so that waiting_with() finds it. An entity lists at most
  // kWaitingMax alerts, those with the newest hits; the result counts those that were pushed out.
  static constexpr std::size_t kWaitingMax = 64;
  std::size_t put_waiting(const Alert& alert, const std::vector<Entity>& entities,
                          const std::vector<Entity>& shared, std::int64_t expires_ns);
  // How many different rules the alerts are of that wait with the entity, from an instant on.
  std::size_t waiting_rules(const Entity& entity, std::int64_t since_ns);
  // The alerts that wait with any of the entities and are inside [from, to]; they wait no more.
  std::vector<Alert> take_waiting(const std::vector<Entity>& entities, std::int64_t from_ns,
                                  std::int64_t to_ns);
  std::vector<std::string> waiting_with(const Entity& entity);  // ids; also where it is shared
  bool is_waiting(std::string_view alert_id);
  void erase_waiting(std::string_view alert_id);

  void mark(const Entity& entity);  // its alerts are to be grouped anew
  void unmark(const Entity& entity);
  std::vector<Entity> marked(std::size_t max = SIZE_MAX);

  // What `other` knows of the entity, or of the alert, takes the place of what is known here.
  void take_entity(IncidentIndex& other, const Entity& entity);
  void take_alert(IncidentIndex& other, std::string_view alert_id);

  void expire(std::int64_t watermark_ns);

 private:
  void put(std::string name, std::string value, std::int64_t expires_ns);
  std::optional<std::string> get(std::string_view name);  // without the instant
  std::optional<Alert> waiting(std::string_view alert_id);
  std::size_t list_waiting(const Alert& alert, const Entity& entity, bool shared,
                           std::int64_t expires_ns);
  void take(IncidentIndex& other, const std::string& name);

  StatePort& state_;
  Timers timers_;
};

}  // namespace picket::correlator
