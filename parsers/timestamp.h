// Event times as sources write them. Pure functions, any thread.
#pragma once

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

}  // namespace picket::parsers
