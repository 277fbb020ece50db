// Instants as text: RFC 3339 (section 5.6), always written in UTC.
//
// An instant is a signed count of nanoseconds since 1970-01-01T00:00:00Z, which reaches from 1677 to
// 2262; what lies outside is refused when read. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace picket {

// "2026-01-01T09:14:41Z", with as many digits of the fraction as are not zero (3, 6 or 9).
std::string format_time(std::int64_t time_ns);

// RFC 3339 with any offset, 'T' or a space between date and time, one to nine digits of fraction
// after '.' or ','. A missing offset is read as UTC (`zone_known` tells). Nothing may follow.
struct ParsedTime {
  std::int64_t time_ns;
  bool zone_known;
};
std::optional<ParsedTime> parse_time(std::string_view text);

// A civil date and time as nanoseconds since the epoch, in UTC; nullopt if there is no such day.
struct CivilTime {
  int year = 1970;
  int month = 1;   // 1..12
  int day = 1;     // 1..31
  int hour = 0;    // 0..23
  int minute = 0;  // 0..59
  int second = 0;  // 0..60, a leap second counts as the next one
  std::int64_t nanosecond = 0;
};
std::optional<std::int64_t> to_nanos(const CivilTime& civil);
CivilTime to_civil(std::int64_t time_ns);

}  // namespace picket
