// Timers: what is to be looked at when the watermark reaches an instant. They are keys of the
// state, ordered by instant, so that a restart loses none and they cost no memory.
//
// A timer is (instant, subject); the subject is bytes that the owner understands. Setting the same
// one twice is one timer. Same thread as the state port, which must outlive this.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "correlator/state.h"

namespace picket::correlator {

class Timers {
 public:
  // `prefix` sets these timers apart from others in the same state.
  Timers(StatePort& state, std::string prefix);

  void set(std::int64_t due_ns, std::string_view subject);
  void cancel(std::int64_t due_ns, std::string_view subject);
  // The earliest instant that was set since the last call; INT64_MAX: none. For the one who takes
  // what others set, which he is told by expect().
  std::int64_t take_earliest() { return std::exchange(earliest_ns_, INT64_MAX); }
  void expect(std::int64_t due_ns) { earliest_ns_ = std::min(earliest_ns_, due_ns); }
  // Removes and returns the subjects of at most `max` timers due at or before `now`, oldest first.
  std::vector<std::string> take_due(std::int64_t now_ns, std::size_t max);

 private:
  std::string key(std::int64_t due_ns, std::string_view subject) const;

  StatePort& state_;
  std::string prefix_;
  std::int64_t earliest_ns_;  // no timer is before it: spares looking
};

}  // namespace picket::correlator
