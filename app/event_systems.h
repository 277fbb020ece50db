// EventSystems: which registered system an event or an alert belongs to. An event belongs to that
// of its host name; else to that with the narrowest network around host.ip, destination.ip or
// source.ip, in this order.
//
// Asked for events that a rule hit and for those that are shown, never for every event that passes
// by. Refers to a register, which must outlive it; constant, any thread.
#pragma once

#include <vector>

#include "correlator/incident_port.h"
#include "event/alert.h"
#include "event/event.h"
#include "response/systems.h"

namespace picket::app {

class EventSystems {
 public:
  explicit EventSystems(const response::Systems& systems) : systems_(systems) {}

  // nullptr: of none that is registered.
  const response::System* of(Batch& batch, const Event& event) const;
  // Of an alert over several events: by its hosts, then by its addresses.
  const response::System* of(const std::vector<Entity>& entities) const;

 private:
  const response::Systems& systems_;
};

// How incidents are grouped where these systems are registered. Refers to them.
correlator::IncidentOptions incident_options(const response::Systems& systems);

}  // namespace picket::app
