// Event times as sources write them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace picket::parsers {

// RFC 3339 and its relatives ("2026-01-01 09:14:41.123"), or a number of seconds, milliseconds,
// microseconds or nanoseconds since 1970, told apart by size. Times without a zone are
// `zone_offset_s` east of UTC.
std::optional<std::int64_t> read_timestamp(std::string_view text, std::int32_t zone_offset_s);

// "Jan" to 1; 0 for anything else. Case counts, as RFC 3164 4.1.2 has it.
int month_number(std::string_view text);

// The same, for timestamps one after the other: most are within the minute of the one before, so
// what is read anew is what follows the minute. One per thread.
class TimestampReader {
 public:
  std::optional<std::int64_t> read(std::string_view text, std::int32_t zone_offset_s);

 private:
  static constexpr std::size_t kMinuteLength = 16;  // "2026-03-01T10:02"

  std::optional<std::int64_t> within_minute(std::string_view text,
                                            std::int32_t zone_offset_s) const;

  std::array<char, kMinuteLength> minute_{};
  std::int64_t minute_ns_ = 0;  // in UTC, if no zone is named
  bool known_ = false;
};

}  // namespace picket::parsers
