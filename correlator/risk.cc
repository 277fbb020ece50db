#include "correlator/risk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace picket::correlator {
namespace {

// ATT&CK Enterprise, in its own order. Sigma writes them with '-' (or, before v2, with '_').
constexpr std::array<std::string_view, 14> kTactics = {"reconnaissance",  "resource-development",
                                                       "initial-access",  "execution",
                                                       "persistence",     "privilege-escalation",
                                                       "defense-evasion", "credential-access",
                                                       "discovery",       "lateral-movement",
                                                       "collection",      "command-and-control",
                                                       "exfiltration",    "impact"};

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

std::uint32_t incident_risk(std::uint32_t base, std::size_t layers, std::uint64_t alerts) {
  const auto crossing = static_cast<std::uint32_t>(5 * (std::clamp<std::size_t>(layers, 1, 4) - 1));
  const auto log2 =
      static_cast<std::uint32_t>(std::bit_width(std::max<std::uint64_t>(alerts, 1)) - 1);
  return std::min(100U, base + crossing + std::min(10U, 2 * log2));
}

void sort_by_kill_chain(std::vector<std::string>& tags) {
  std::sort(tags.begin(), tags.end(), [](const std::string& a, const std::string& b) {
    return std::pair(rank(a), std::string_view(a)) < std::pair(rank(b), std::string_view(b));
  });
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
}

}  // namespace picket::correlator
