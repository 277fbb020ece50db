// The lines of a recording dealt out to many hosts, as a collector of a fleet sees them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace picket::perf {

// Each host goes through its own window of the lines, row by row in turn, and has its own name
// where the record says "Hostname".
inline std::vector<std::string> fleet_of(const std::vector<std::string>& lines, std::size_t hosts) {
  constexpr std::string_view kHost = "\"Hostname\":\"";
  std::vector<std::string> fleet;
  for (std::size_t i = 0; fleet.size() < lines.size(); ++i) {
    for (std::size_t host = 0; host < hosts && fleet.size() < lines.size(); ++host) {
      std::string line = lines[(host * (lines.size() / hosts) + i) % lines.size()];
      const std::size_t at = line.find(kHost);
      const std::size_t end = at == std::string::npos ? at : line.find('"', at + kHost.size());
      if (end != std::string::npos) {
        line.replace(at + kHost.size(), end - at - kHost.size(),
                     "ws-" + std::to_string(host) + ".corp.example");
      }
      fleet.push_back(std::move(line));
    }
  }
  return fleet;
}

}  // namespace picket::perf
