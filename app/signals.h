// SIGINT, SIGTERM and SIGHUP as values: blocked in all threads, taken by one that waits.
#pragma once

#include <chrono>
#include <optional>

namespace picket::app {

class Signals {
 public:
  Signals();  // before any thread is started
  // The next signal, or nullopt after the timeout.
  std::optional<int> wait(std::chrono::milliseconds timeout);
};

}  // namespace picket::app
