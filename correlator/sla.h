// SLA clocks: by when an incident must be acknowledged and resolved, as its level says, and whether
// it was.
//
// Pure functions, any thread. Instants are wall time. A clock starts when the incident is made; an
// incident whose level rises is due earlier.
#pragma once

#include <array>
#include <cstdint>

#include "base/json.h"
#include "base/world.h"
#include "event/incident.h"

namespace picket::correlator {

struct SlaTimes {
  std::int64_t acknowledge_ns = 0;
  std::int64_t resolve_ns = 0;
};

inline constexpr std::int64_t kMinuteNs = 60'000'000'000;

struct Sla {
  std::array<SlaTimes, 5> of_level = {
      {{72 * 60 * kMinuteNs, 336 * 60 * kMinuteNs},  // informational: 3 d, 14 d
       {24 * 60 * kMinuteNs, 168 * 60 * kMinuteNs},  // low: 1 d, 7 d
       {4 * 60 * kMinuteNs, 72 * 60 * kMinuteNs},    // medium: 4 h, 3 d
       {60 * kMinuteNs, 24 * 60 * kMinuteNs},        // high: 1 h, 1 d
       {15 * kMinuteNs, 4 * 60 * kMinuteNs}}};       // critical: 15 min, 4 h
};

struct SlaClock {
  std::int64_t due_ns = 0;
  std::int64_t met_ns = 0;  // 0: it runs
  bool breached = false;    // late, or still running when it was due
};
struct SlaState {
  SlaClock acknowledge;
  SlaClock resolve;
};

SlaState sla_of(const Incident& incident, const Sla& sla, Nanos now);
// {"acknowledge": {"due", "met"?, "breached"}, "resolve": {...}}
Json to_json(const SlaState& state);

}  // namespace picket::correlator
