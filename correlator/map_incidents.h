// MapIncidents: incidents in memory: for `scan`, which has no store, and for tests.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "correlator/incident_port.h"

namespace picket::correlator {

class MapIncidents final : public IncidentPort {
 public:
  const Incident* look(std::string_view id) override { return edit(id); }
  Incident* edit(std::string_view id) override;
  std::uint64_t next_number() override { return ++numbers_; }
  Incident* put(Incident incident) override;
  void rename(std::string_view id, Incident incident) override;
  std::optional<Alert> alert(std::string_view id) override;

  std::map<std::string, Incident, std::less<>> all;  // those that were merged into others as well
  std::map<std::string, Alert, std::less<>> alerts;  // what alert() knows: the caller's to fill

 private:
  std::map<std::string, std::string, std::less<>> renamed_;  // old id to new
  std::uint64_t numbers_ = 0;
};

}  // namespace picket::correlator
