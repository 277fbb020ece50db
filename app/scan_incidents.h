// ScanIncidents: the incidents of alerts that nobody stores: what a server that took in the same
// records would have, when all has been told and settled (docs/decisions/0015-same-incidents.md).
//
// Holds what grouping asks of each alert, without events and most matches. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "event/alert.h"
#include "event/incident.h"
#include "response/systems.h"

namespace picket::app {

class ScanIncidents {
 public:
  static constexpr std::size_t kAlertsMax = 1'000'000;  // further ones are in no incident

  // `systems`: the register of information systems, whose levels count in the risk. Must outlive it.
  explicit ScanIncidents(const response::Systems& systems) : systems_(systems) {}

  void add(const Alert& alert);  // one that is there already takes the place of what it was
  void remove(const std::string& alert_id);
  std::uint64_t left_out() const { return left_out_; }

  // The oldest first, numbered in this order. Instants of wall time are those of the events, so that
  // the same alerts give the same incidents, byte for byte.
  std::vector<Incident> take();

 private:
  const response::Systems& systems_;
  std::map<std::string, Alert> alerts_;
  std::uint64_t left_out_ = 0;
};

}  // namespace picket::app
