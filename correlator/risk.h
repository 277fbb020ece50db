// How bad an incident is, as a pure function of its alerts, and the order of ATT&CK's kill chain.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/alert.h"
#include "event/incident.h"

namespace picket::correlator {

// The highest level of the alerts, one step up when three layers or more are crossed.
Level incident_level(Level highest, std::size_t layers);

// What one alert weighs: what its rule says (RuleIdentity::risk), or if that is -1 its level:
// informational 10, low 25, medium 45, high 65, critical 85.
std::uint32_t alert_risk(Level level, int rule_risk);

// What the risk of an incident follows from.
struct RiskFacts {
  std::uint32_t base = 0;  // the highest alert_risk() of its alerts
  std::size_t layers = 0;  // crossed
  std::uint64_t alerts = 0;
  int system_level = 0;       // 1..5, the highest of its systems; 0: of none that is registered
  int confidence = -1;        // 0..100, the highest of the indicators that matched; -1: none did
  std::uint32_t history = 0;  // history_points() of its entities, the highest
};

// The points of each, which are added up to 100:
//   layers     5 for each layer beyond the first
//   alerts     2 * log2(number of alerts), at most 10
//   system     0, 2, 4, 7, 10 for the levels 1 to 5
//   indicator  a tenth of the confidence
//   history    as given, at most 10
RiskParts risk_parts(const RiskFacts& facts);
std::uint32_t total_risk(const RiskParts& parts);

// What an entity has behind it: the risks of earlier incidents, in thousandths, each worth half as
// much after every half-life. Whole numbers, so that every machine says the same.
std::uint64_t decayed(std::uint64_t score, std::int64_t after_ns, std::int64_t half_life_ns);
std::uint32_t history_points(std::uint64_t score);  // 0..10: a point for each 15 of risk

// Tactics in the order of the kill chain (reconnaissance first), then other tags by name; distinct.
void sort_by_kill_chain(std::vector<std::string>& tags);
// The tactics among tags, without "attack.", in that order.
std::vector<std::string> tactics_of(const std::vector<std::string>& tags);

}  // namespace picket::correlator
