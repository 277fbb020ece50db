#include "correlator/risk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace picket::correlator {
namespace {

// ATT&CK Enterprise, in its own order. Sigma writes them with '-' (or, before v2, with '_'). Its
// version 19 has stealth and defense impairment where there was defense evasion.
constexpr std::array<std::string_view, 16> kTactics = {
    "reconnaissance",     "resource-development", "initial-access",  "execution",
    "persistence",        "privilege-escalation", "defense-evasion", "stealth",
    "defense-impairment", "credential-access",    "discovery",       "lateral-movement",
    "collection",         "command-and-control",  "exfiltration",    "impact"};

std::size_t rank(std::string_view tag) {
  constexpr std::string_view kPrefix = "attack.";
  if (!tag.starts_with(kPrefix)) return kTactics.size();
  std::string name(tag.substr(kPrefix.size()));
  std::replace(name.begin(), name.end(), '_', '-');
  return static_cast<std::size_t>(std::find(kTactics.begin(), kTactics.end(), name) -
                                  kTactics.begin());
}

}  // namespace

Level incident_level(Level highest, std::size_t layers) {
  if (layers < 3 || highest == Level::kCritical) return highest;
  return static_cast<Level>(static_cast<std::uint8_t>(highest) + 1);
}

std::uint32_t alert_risk(Level level, int rule_risk) {
  constexpr std::array<std::uint32_t, 5> kOfLevel = {10, 25, 45, 65, 85};
  if (rule_risk < 0) return kOfLevel[static_cast<std::size_t>(level)];
  return static_cast<std::uint32_t>(std::min(rule_risk, 100));
}

RiskParts risk_parts(const RiskFacts& facts) {
  constexpr std::array<std::uint32_t, 6> kOfSystem = {0, 0, 2, 4, 7, 10};
  RiskParts parts;
  parts.base = facts.base;
  parts.layers = static_cast<std::uint32_t>(5 * (std::clamp<std::size_t>(facts.layers, 1, 4) - 1));
  const auto log2 =
      static_cast<std::uint32_t>(std::bit_width(std::max<std::uint64_t>(facts.alerts, 1)) - 1);
  parts.alerts = std::min(10U, 2 * log2);
  parts.system = kOfSystem[static_cast<std::size_t>(std::clamp(facts.system_level, 0, 5))];
  parts.indicator = static_cast<std::uint32_t>(std::clamp(facts.confidence, 0, 100)) / 10;
  parts.history = std::min(10U, facts.history);
  return parts;
}

std::uint32_t total_risk(const RiskParts& parts) {
  return std::min(100U, parts.base + parts.layers + parts.alerts + parts.system + parts.indicator +
                            parts.history);
}

std::uint64_t decayed(std::uint64_t score, std::int64_t after_ns, std::int64_t half_life_ns) {
  if (after_ns <= 0 || half_life_ns <= 0) return score;
  const std::int64_t halves = after_ns / half_life_ns;
  if (halves >= 64) return 0;
  score >>= static_cast<unsigned>(halves);
  // Between two halvings along a straight line, in steps of a thousandth.
  const auto part = static_cast<std::uint64_t>(after_ns % half_life_ns / (half_life_ns / 1000 + 1));
  return score - score * part / 2000;
}

std::uint32_t history_points(std::uint64_t score) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(10, score / 15'000));
}

void sort_by_kill_chain(std::vector<std::string>& tags) {
  std::sort(tags.begin(), tags.end(), [](const std::string& a, const std::string& b) {
    return std::pair(rank(a), std::string_view(a)) < std::pair(rank(b), std::string_view(b));
  });
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
}

std::vector<std::string> tactics_of(const std::vector<std::string>& tags) {
  std::vector<std::string> tactics;
  for (const std::string& tag : tags) {
    if (rank(tag) == kTactics.size()) continue;
    tactics.emplace_back(kTactics[rank(tag)]);
  }
  std::sort(tactics.begin(), tactics.end(), [](const std::string& a, const std::string& b) {
    return rank("attack." + a) < rank("attack." + b);
  });
  tactics.erase(std::unique(tactics.begin(), tactics.end()), tactics.end());
  return tactics;
}

}  // namespace picket::correlator
