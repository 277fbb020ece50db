// KeyWatch: says when one correlation begins to see new keys (users, addresses: what it groups by) in
// masses, and when that is over.
//
// A flood of keys costs disk and time and hides nobody, but it is worth knowing of: somebody forges
// addresses, or the rule groups by a field that it should not. One thread; reads no clock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/world.h"

namespace picket::app {

// Groups that a rule has opened since it was put to use.
struct KeyCount {
  std::string rule;  // id
  std::string name;
  std::uint64_t keys = 0;
};

struct KeyChange {
  std::string rule;
  std::string name;
  bool flood = false;  // else it is over
  std::uint64_t keys = 0;  // new ones in the last kMinutes
};

class KeyWatch {
 public:
  static constexpr std::size_t kMinutes = 5;

  // More than `keys_max` new keys in kMinutes are a flood; a tenth of it ends it.
  explicit KeyWatch(std::uint64_t keys_max) : keys_max_(keys_max) {}

  // Rules that are not among them are forgotten. A count that is smaller than it was begins anew.
  std::vector<KeyChange> look(const std::vector<KeyCount>& counts, Nanos now);

 private:
  struct Watched {
    std::uint64_t keys = 0;
    std::array<std::uint64_t, kMinutes> minutes = {};  // by minute, modulo
    bool flood = false;
  };
  void go_on(Nanos now);

  std::uint64_t keys_max_;
  std::int64_t minute_ = INT64_MIN;
  std::map<std::string, Watched> rules_;
};

// What Picket says of it, as a record like any other (docs/formats/health-records.md).
std::string key_record(const KeyChange& change, Nanos now);

}  // namespace picket::app
