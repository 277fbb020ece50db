// The binary form of correlation state: Writer and Reader (base/codec.h), and instants in keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/codec.h"

namespace picket::correlator {

// Big endian and offset, so that the order of keys is the order of instants.
inline void append_instant(std::string& key, std::int64_t time_ns) {
  const std::uint64_t bits = static_cast<std::uint64_t>(time_ns) ^ (1ULL << 63);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(bits >> shift);
}
inline std::int64_t instant_at(std::string_view key) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8 && i < key.size(); ++i) {
    bits = bits << 8 | static_cast<std::uint8_t>(key[i]);
  }
  return static_cast<std::int64_t>(bits ^ (1ULL << 63));
}

// Instants near the ends of the range must not wrap round.
inline std::int64_t add_ns(std::int64_t time_ns, std::int64_t step_ns) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(time_ns, step_ns, &sum)) return sum;
  return step_ns > 0 ? INT64_MAX : INT64_MIN;
}
inline std::int64_t subtract_ns(std::int64_t time_ns, std::int64_t step_ns) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(time_ns, step_ns, &difference)) return difference;
  return step_ns > 0 ? INT64_MIN : INT64_MAX;
}

}  // namespace picket::correlator
