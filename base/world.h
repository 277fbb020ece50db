// World: what the program may ask of the outside. Time first; randomness follows the same shape.
// Production passes RealClock, every test and the simulator pass their own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace picket {

// Instants and durations alike, in nanoseconds; instants count from 1970-01-01T00:00:00Z.
using Nanos = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC. Any thread.
  virtual Nanos now() = 0;
};

class RealClock final : public Clock {
 public:
  Nanos now() override {
    return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch());
  }
};

// Stands still until it is told to go on; any thread may do either.
class SimClock final : public Clock {
 public:
  explicit SimClock(Nanos start = Nanos{0}) : now_(start.count()) {}
  Nanos now() override { return Nanos(now_.load()); }
  void advance(Nanos step) { now_ += step.count(); }

 private:
  std::atomic<Nanos::rep> now_;
};

}  // namespace picket
