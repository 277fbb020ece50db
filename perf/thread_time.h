// The processor time of this thread, for benchmarks on machines with other work to do.
#pragma once

#include <ctime>

namespace picket::perf {

inline double thread_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace picket::perf
