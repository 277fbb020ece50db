// IncidentSettling: incidents become what they would be had their alerts come in order.
//
// Alerts are put into incidents as they come, so that people see them at once. What belongs
// together is another question: it is said of the alerts as they stand in the end, taken in order
// of (time, id). An alert that comes behind a later one, that grows or that is withdrawn may make a
// difference there. Where it may, its entities are marked, and settle() groups anew what hangs
// together with them: all incidents and waiting alerts that share entities, over any number of
// steps.
//
// Not touched: what a person has changed, and what is larger than kAlertsMax. The marks are in the
// state ("i/r/"), so a restart loses none. One thread, that of the ports.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/world.h"
#include "correlator/incident_index.h"
#include "correlator/incident_port.h"
#include "event/alert.h"
#include "event/incident.h"

namespace picket::correlator {

class IncidentSettling {
 public:
  static constexpr std::size_t kAlertsMax = 2000;  // of what hangs together

  struct Counters {
    std::uint64_t settled = 0;    // times that something was grouped anew
    std::uint64_t unsettled = 0;  // times that it was too large, or a person's
    std::uint64_t alerts = 0;     // that were looked at for that, and the marks
  };

  // What was known of an alert and its keys before it is put into an incident.
  struct Arrival {
    bool again = false;     // it was there before
    bool only_grew = true;  // and says all that it said then
    std::vector<Entity> keys;
    std::vector<Entity> former;                       // keys that it has no more
    std::vector<std::optional<EntityEntry>> entries;  // of `keys`
    bool others_wait = false;                         // with one of them
    bool is_newest = true;                            // of all that is in the incidents of its keys
  };

  IncidentSettling(const IncidentOptions& options, IncidentIndex& index, IncidentPort& incidents);

  Arrival before(const Alert& alert, const std::vector<Entity>& keys, bool again);
  // `home`: its incident now; nullptr: it waits. `changed`: how many incidents it has changed.
  void after(const Alert& alert, const Arrival& arrival, const Incident* home, std::size_t changed);
  // It has waited, and is in this incident now.
  void placed(const Alert& alert, const Incident& home);
  // It is in no incident any more.
  void withdrawn(std::string_view alert_id, const std::string& home);

  // What is marked now is what settle() is to do.
  void next_turn() { turn_.merge(marked_); }
  // Groups anew what it is to do, until so many alerts were looked at: at most kAlertsMax more. The
  // ids of incidents that are not as they were. `now` is wall time. What is marked meanwhile waits
  // for the next turn: one that gets alerts all the time is not grouped anew each time.
  std::vector<std::string> settle(std::size_t alerts_max, Nanos now);

  const Counters& counters() const { return counters_; }

 private:
  struct Component;

  bool is_newer(const Alert& alert, const EntityEntry& entry);
  bool is_in_order(const Alert& alert, const Arrival& arrival, const Incident* home,
                   std::size_t changed);
  bool only_here(const EntityEntry& entry, const Incident* home);
  void note(const Alert& alert, const Entity& key, const Incident* home);
  void mark(const Entity& key);
  void keep(const Alert& alert);
  const Alert* content(const std::string& id);
  Component gather(const Entity& seed);
  bool reach(Component& part, const std::string& incident);
  bool take(Component& part, const std::string& alert);
  std::optional<EntityHistory> history_before(const Component& part, const Entity& key);
  std::vector<std::string> regroup(Component& part, Nanos now);
  std::vector<std::string> replace(const Component& part, std::vector<Incident> made, Nanos now);

  static constexpr std::size_t kAlertsAtHandMax = 10'000;

  const IncidentOptions& options_;
  IncidentIndex& index_;
  IncidentPort& incidents_;
  std::set<Entity> marked_;  // since the turn began
  std::set<Entity> turn_;    // what settle() is to do
  std::unordered_map<std::string, Alert> at_hand_;  // without events, and but few matches
  Counters counters_;
};

}  // namespace picket::correlator
