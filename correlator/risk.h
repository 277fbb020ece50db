// How bad an incident is, as a pure function of its alerts, and the order of ATT&CK's kill chain.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/alert.h"

namespace picket::correlator {

// The highest level of the alerts, one step up when three layers or more are crossed.
Level incident_level(Level highest, std::size_t layers);

// What one alert weighs: what its rule says (RuleIdentity::risk), or if that is -1 its level:
// informational 10, low 25, medium 45, high 65, critical 85.
std::uint32_t alert_risk(Level level, int rule_risk);

// 0..100 = base + crossing + volume:
//   base      the highest alert_risk() of the alerts
//   crossing  5 for each layer beyond the first
//   volume    2 * log2(number of alerts), at most 10
std::uint32_t incident_risk(std::uint32_t base, std::size_t layers, std::uint64_t alerts);

// Tactics in the order of the kill chain (reconnaissance first), then other tags by name; distinct.
void sort_by_kill_chain(std::vector<std::string>& tags);

}  // namespace picket::correlator
