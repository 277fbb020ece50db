// CycleClock: how long a few dozen instructions took. The processor's counter where there is one,
// which costs about 20 cycles to read, else the steady clock. Elapsed time, not processor time:
// what the system did in between is in it. Any thread; two readings are comparable on one machine,
// while it runs.
#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <chrono>
#endif

namespace picket {

class CycleClock {
 public:
  static std::uint64_t now() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
  }
  // Nanoseconds between two readings; the first call in a process takes half a millisecond.
  static std::uint64_t ns_between(std::uint64_t from, std::uint64_t to) {
    if (to <= from) return 0;
    return static_cast<std::uint64_t>(static_cast<double>(to - from) * ns_per_tick());
  }

 private:
  static double ns_per_tick();
};

}  // namespace picket
