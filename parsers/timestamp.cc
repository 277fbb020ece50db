#include "parsers/timestamp.h"

#include <array>
#include <charconv>
#include <cstring>

#include "base/time.h"

namespace picket::parsers {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kLengthMax = 64;

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
  if (text.size() > kLengthMax) return std::nullopt;
  if (const std::optional<ParsedTime> time = parse_time(text)) {
    return time->zone_known ? time->time_ns : time->time_ns - zone_offset_s * kSecond;
  }
  return is_epoch(text) ? read_epoch(text) : std::nullopt;
}

// As parse_time() reads it; nullopt for all that has to be read in full.
std::optional<std::int64_t> TimestampReader::within_minute(std::string_view text,
                                                           std::int32_t zone_offset_s) const {
  constexpr std::size_t kSecondsEnd = kMinuteLength + 3;
  if (text.size() < kSecondsEnd || text.size() > kLengthMax || !known_) return std::nullopt;
  if (std::memcmp(text.data(), minute_.data(), kMinuteLength) != 0) return std::nullopt;
  const auto digit = [&text](std::size_t at) { return static_cast<unsigned>(text[at]) - '0'; };
  if (text[kMinuteLength] != ':' || digit(17) > 5 || digit(18) > 9) return std::nullopt;
  std::int64_t time = minute_ns_ + (digit(17) * 10 + digit(18)) * kSecond;
  std::size_t at = kSecondsEnd;
  if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
    const std::size_t first = ++at;
    std::int64_t scale = kSecond;
    for (; at < text.size() && digit(at) <= 9; ++at) {
      scale /= 10;  // 0 behind the ninth digit
      time += digit(at) * scale;
    }
    if (at == first) return std::nullopt;
  }
  if (at == text.size()) return time - zone_offset_s * kSecond;
  if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) return time;
  return std::nullopt;
}

std::optional<std::int64_t> TimestampReader::read(std::string_view text,
                                                  std::int32_t zone_offset_s) {
  if (const auto time = within_minute(text, zone_offset_s)) return time;
  const std::optional<std::int64_t> time = read_timestamp(text, zone_offset_s);
  if (!time || text.size() < kMinuteLength || text[4] != '-') return time;
  std::array<char, kMinuteLength + 3> whole{};
  std::memcpy(whole.data(), text.data(), kMinuteLength);
  std::memcpy(whole.data() + kMinuteLength, ":00", 3);
  const std::optional<ParsedTime> minute = parse_time({whole.data(), whole.size()});
  known_ = minute.has_value();
  if (!known_) return time;
  std::memcpy(minute_.data(), text.data(), kMinuteLength);
  minute_ns_ = minute->time_ns;
  return time;
}

int month_number(std::string_view text) {
  constexpr auto packed = [](std::string_view three) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(three[0])) << 16 |
           static_cast<std::uint32_t>(static_cast<unsigned char>(three[1])) << 8 |
           static_cast<std::uint32_t>(static_cast<unsigned char>(three[2]));
  };
  if (text.size() != 3) return 0;
  switch (packed(text)) {
    case packed("Jan"): return 1;
    case packed("Feb"): return 2;
    case packed("Mar"): return 3;
    case packed("Apr"): return 4;
    case packed("May"): return 5;
    case packed("Jun"): return 6;
    case packed("Jul"): return 7;
    case packed("Aug"): return 8;
    case packed("Sep"): return 9;
    case packed("Oct"): return 10;
    case packed("Nov"): return 11;
    case packed("Dec"): return 12;
    default: return 0;
  }
}

}  // namespace picket::parsers
