// Meter: the totals of one door. Counted on the collector's thread, read by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "collector/collector.h"

namespace picket::collector {

struct Meter {
  explicit Meter(std::string n) : name(std::move(n)) {}

  DoorCounters read() const {
    DoorCounters counters;
    counters.name = name;
    counters.records = records;
    counters.bytes = bytes;
    counters.truncated = truncated;
    counters.joined = joined;
    counters.envelopes = envelopes;
    counters.rejected = rejected;
    counters.dropped = dropped;
    counters.connections = connections;
    counters.connections_refused = connections_refused;
    counters.paused = paused;
    return counters;
  }

  const std::string name;
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> truncated{0};
  std::atomic<std::uint64_t> joined{0};
  std::atomic<std::uint64_t> envelopes{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> connections_refused{0};
  std::atomic<std::uint64_t> paused{0};
};

}  // namespace picket::collector
