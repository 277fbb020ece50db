// Numbers and times as records write them, if they can be written back byte for byte.
//
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace picket::storage {

inline constexpr std::size_t kNumberTextMax = 32;  // no text of write_*() is longer

// "0", "-7", "812345": no leading zero, no "-0", at most 18 digits.
std::optional<std::int64_t> canonical_integer(std::string_view text);

// How a time is written: digits of the fraction, plus kTimeSpace for a space instead of the T, plus
// kTimeZulu for a Z at the end.
using TimeFormat = std::uint8_t;
inline constexpr TimeFormat kTimeSpace = 16;
inline constexpr TimeFormat kTimeZulu = 32;
bool is_time_format(TimeFormat format);

struct CanonicalTime {
  TimeFormat format = 0;
  std::int64_t units = 0;  // of the last digit that is written, since 1970
};
// "2026-03-01T10:00:00.123Z" and its like, of years 1700 to 2250.
std::optional<CanonicalTime> canonical_time(std::string_view text);

// Into a buffer of kNumberTextMax bytes; the view is of it. Any number is written; one that stands
// for no year of four digits is not as it was, and is no time either.
std::string_view write_integer(std::int64_t value, char* buffer);
std::string_view write_time(TimeFormat format, std::int64_t units, char* buffer);

}  // namespace picket::storage
