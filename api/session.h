// Sessions: who is logged in, and how often somebody may try.
//
// A session is a random 256-bit id that only the browser holds; the table keeps its SHA-256. Tables
// are bounded and live in memory: a restart logs everybody out. Server thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/world.h"

namespace picket::api {

class Sessions {
 public:
  static constexpr std::size_t kMax = 256;  // one more ends the oldest
  static constexpr std::int64_t kLifetimeSeconds = 12 * 60 * 60;

  explicit Sessions(Clock& clock) : clock_(clock) {}

  std::string begin();  // the new session's id
  bool holds(std::string_view id);
  void end(std::string_view id);

 private:
  Clock& clock_;
  std::map<std::string, Nanos> ends_;  // SHA-256 of the id -> when it expires
};

// Counts wrong tokens per address in a window of a minute. At the limit every token from there is
// refused until the minute is over, sessions go on.
class LoginLimit {
 public:
  static constexpr int kFailuresMax = 10;
  static constexpr std::int64_t kWindowSeconds = 60;
  static constexpr std::size_t kPeersMax = 1024;  // beyond, all new addresses share one count

  explicit LoginLimit(Clock& clock) : clock_(clock) {}

  bool allows(std::string_view peer);
  void failed(std::string_view peer);

 private:
  struct Count {
    Nanos since{0};
    int failures = 0;
  };
  Count& count(std::string_view peer);
  void forget_old();

  Clock& clock_;
  std::map<std::string, Count, std::less<>> counts_;
};

// Equal or not, in a time that tells nothing about where they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace picket::api
