#include "parsers/timestamp.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/time.h"

namespace picket::parsers {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// A number of seconds has at most 10 digits until the year 2286, of milliseconds 13, ...
std::optional<std::int64_t> read_epoch(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (error != std::errc() || end != whole.data() + whole.size() || value < 0) return std::nullopt;
  if (whole.size() > 16) return value;
  if (whole.size() > 13) return value * 1000;
  if (whole.size() > 11) return value * 1'000'000;
  if (value > INT64_MAX / kSecond) return std::nullopt;
  value *= kSecond;
  if (dot == std::string_view::npos) return value;
  std::int64_t scale = kSecond;
  for (const char c : text.substr(dot + 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    scale /= 10;
    value += (c - '0') * scale;
  }
  return value;
}

bool is_epoch(std::string_view text) {
  if (text.size() < 9) return false;
  for (const char c : text) {
    if ((c < '0' || c > '9') && c != '.') return false;
  }
  return true;
}

}  // namespace

std::optional<std::int64_t> read_timestamp(std::string_view text, std::int32_t zone_offset_s) {
  if (text.size() > 64) return std::nullopt;
  if (const std::optional<ParsedTime> time = parse_time(text)) {
    return time->zone_known ? time->time_ns : time->time_ns - zone_offset_s * kSecond;
  }
  return is_epoch(text) ? read_epoch(text) : std::nullopt;
}

int month_number(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == text) return static_cast<int>(i) + 1;
  }
  return 0;
}

}  // namespace picket::parsers
