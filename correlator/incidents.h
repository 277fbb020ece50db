// IncidentGrouper: alerts that share an entity inside a window become one incident.
//
// What links (docs/decisions/0004-correlation-state.md has the reasons):
// - users, hosts, addresses, hashes and domains of an alert are keys; processes never are. A value
//   of the stop list is no key, nor is one that comes along with more than keys_per_type_max others
//   of its type (the names that a guesser tried), nor one that was seen in more than
//   groups_per_value_max different companies (an address that many people share).
// - an alert opens an incident if it is of a correlation or of level medium and above. Others join
//   one that is open, and bring it no keys; or they wait for one. Where low_rules_min different
//   rules wait with one entity, they open one together.
// - an alert that links several open incidents merges them into the oldest, but for those that a
//   person has set apart: then it goes to the one with which it shares most.
//
// absorb() may be given the same alert again when it has grown, and after a restart. It puts alerts
// into incidents as they come. What the incidents are in the end depends on the alerts alone and not
// on their way: settle() sees to that (incident_settling.h). State and incidents live behind the
// ports; one thread, theirs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/world.h"
#include "correlator/incident_index.h"
#include "correlator/incident_port.h"
#include "correlator/incident_settling.h"
#include "correlator/incident_verbs.h"
#include "correlator/state.h"
#include "event/alert.h"
#include "event/incident.h"

namespace picket::correlator {

struct IncidentCounters {
  std::uint64_t opened = 0;
  std::uint64_t merged = 0;
  std::uint64_t joined = 0;
  std::uint64_t waiting = 0;          // alerts that found no incident to join
  std::uint64_t waiting_dropped = 0;  // beyond IncidentIndex::kWaitingMax for an entity
  std::uint64_t stopped_values = 0;   // keys ignored at groups_per_value_max
  std::uint64_t over_ceiling = 0;     // alerts counted only, at alerts_max
};

class IncidentGrouper {
 public:
  IncidentGrouper(IncidentOptions options, StatePort& state, IncidentPort& incidents);
  IncidentGrouper(const IncidentGrouper&) = delete;
  IncidentGrouper& operator=(const IncidentGrouper&) = delete;

  // The ids of the incidents that are new or changed, the alert's own first; the port has them.
  // `now` is wall time.
  std::vector<std::string> absorb(const Alert& alert, Nanos now);
  // Takes an alert out that late events have shown to be none (Correlator::take_withdrawn()).
  std::vector<std::string> withdraw(std::string_view alert_id);
  // What has not come in order until now is what settle() is to do.
  void next_turn() { settling_.next_turn(); }
  // Groups anew what did not come in order of event time: a part of it, so that a call stays short
  // (IncidentSettling::settle()). The ids of incidents that are not as they were; one that is unknown so
  // far may go on with the number of another that is no more.
  std::vector<std::string> settle(std::size_t alerts_max, Nanos now) {
    return settling_.settle(alerts_max, now);
  }
  // What a person asks for; see IncidentVerbs::apply().
  Result<OrderResult> change(const IncidentOrder& order, Nanos now) {
    return verbs_.apply(order, now);
  }
  // Forgets what is older than the windows.
  void tick(Nanos watermark) { index_.expire(watermark.count()); }

  const IncidentCounters& counters() const { return counters_; }
  const IncidentSettling::Counters& settled() const { return settling_.counters(); }

 private:
  struct Link {
    const Incident* incident = nullptr;  // lent
    std::size_t shared = 0;  // keys, or SIZE_MAX: the alert is in it already
  };
  std::vector<std::string> place(const Alert& alert, const std::vector<Entity>& all, bool again,
                                 Nanos now);
  std::vector<Entity> live_keys(const Alert& alert, const std::vector<Entity>& keys, bool again);
  std::vector<std::string> linked(const Alert& alert, const std::vector<Entity>& keys);
  const Incident* resolve(std::string_view id) {
    return resolve_incident(incidents_, id);
  }
  bool are_apart(const Incident& a, const Incident& b);
  void keep_apart(std::vector<Link>& links);
  Incident& open(const Alert& alert, Nanos now);
  void merge(const std::vector<std::string>& incidents, Nanos now);
  void add(Incident& incident, const Alert& alert);
  void claim(Incident& incident, const Alert& alert, const std::vector<Entity>& keys);
  void remember(Incident& incident, const Alert& alert, const Entity& key);
  std::vector<std::string> join_or_wait(const Alert& alert, const std::vector<Entity>& all,
                                        const std::vector<Entity>& keys, Nanos now);
  std::vector<std::string> wait(const Alert& alert, const std::vector<Entity>& all,
                                const std::vector<Entity>& keys, Nanos now);
  void pull_waiting(Incident& incident, const std::vector<Entity>& keys);

  IncidentOptions options_;
  IncidentIndex index_;
  IncidentPort& incidents_;
  IncidentVerbs verbs_;
  IncidentSettling settling_;
  IncidentCounters counters_;
};

}  // namespace picket::correlator
