#include "base/cycle_clock.h"

#include <chrono>

namespace picket {
namespace {

using Steady = std::chrono::steady_clock;

// Counters of today tick at one rate whatever the processor's own.
double measured() {
  constexpr std::chrono::microseconds kMeasure{500};
  const Steady::time_point start = Steady::now();
  const std::uint64_t from = CycleClock::now();
  Steady::time_point end = start;
  while (end - start < kMeasure) end = Steady::now();
  const std::uint64_t ticks = CycleClock::now() - from;
  if (ticks == 0) return 1;
  return std::chrono::duration<double, std::nano>(end - start).count() / static_cast<double>(ticks);
}

}  // namespace

double CycleClock::ns_per_tick() {
  static const double ratio = measured();
  return ratio;
}

}  // namespace picket
