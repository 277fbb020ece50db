#include "base/time.h"

#include <array>
#include <cstdio>

namespace picket {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 86'400;

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": days since 1970-01-01.
constexpr std::int64_t days_from_civil(std::int64_t y, std::int64_t m, std::int64_t d) {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + doe - 719'468;
}

int days_in_month(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

// Reads exactly `width` digits.
bool digits(std::string_view& text, int width, int& value) {
  if (text.size() < static_cast<std::size_t>(width)) return false;
  value = 0;
  for (int i = 0; i < width; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(static_cast<std::size_t>(width));
  return true;
}

// Two digits at `at`; -1 if they are none.
int two_digits(std::string_view text, std::size_t at) {
  const auto high = static_cast<unsigned>(text[at] - '0');
  const auto low = static_cast<unsigned>(text[at + 1] - '0');
  return high < 10 && low < 10 ? static_cast<int>(high * 10 + low) : -1;
}

// "2026-01-01T09:14:41" at the begin. What of it is no date to_nanos() will see.
bool date_and_time(std::string_view text, CivilTime& c) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
    return false;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return false;
  const int century = two_digits(text, 0);
  const int years = two_digits(text, 2);
  c.year = century * 100 + years;
  c.month = two_digits(text, 5);
  c.day = two_digits(text, 8);
  c.hour = two_digits(text, 11);
  c.minute = two_digits(text, 14);
  c.second = two_digits(text, 17);
  return (century | years | c.month | c.day | c.hour | c.minute | c.second) >= 0;
}

bool literal(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

bool fraction(std::string_view& text, std::int64_t& nanos) {
  nanos = 0;
  std::int64_t scale = kSecond;
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
    if (count < 9) {
      scale /= 10;
      nanos += (text[count] - '0') * scale;
    }
    ++count;
  }
  text.remove_prefix(count);
  return count > 0;
}

}  // namespace

std::optional<std::int64_t> to_nanos(const CivilTime& c) {
  if (c.year < 1678 || c.year > 2261 || c.month < 1 || c.month > 12) return std::nullopt;
  if (c.day < 1 || c.day > days_in_month(c.year, c.month)) return std::nullopt;
  if (c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59) return std::nullopt;
  if (c.second < 0 || c.second > 60) return std::nullopt;
  const std::int64_t seconds = days_from_civil(c.year, c.month, c.day) * kDay + c.hour * 3600 +
                               c.minute * 60 + c.second;
  return seconds * kSecond + c.nanosecond;
}

CivilTime to_civil(std::int64_t time_ns) {
  std::int64_t seconds = time_ns / kSecond;
  std::int64_t nanos = time_ns % kSecond;
  if (nanos < 0) {
    nanos += kSecond;
    --seconds;
  }
  std::int64_t days = seconds / kDay;
  std::int64_t rest = seconds % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  const std::int64_t z = days + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int64_t doe = z - era * 146'097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
  return {.year = static_cast<int>(yoe + era * 400 + (month <= 2 ? 1 : 0)),
          .month = static_cast<int>(month),
          .day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1),
          .hour = static_cast<int>(rest / 3600),
          .minute = static_cast<int>(rest / 60 % 60),
          .second = static_cast<int>(rest % 60),
          .nanosecond = nanos};
}

std::string format_time(std::int64_t time_ns) {
  const CivilTime c = to_civil(time_ns);
  std::array<char, 48> text{};
  int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month,
                           c.day, c.hour, c.minute, c.second);
  if (c.nanosecond != 0) {
    int width = 9;
    std::int64_t value = c.nanosecond;
    while (width > 3 && value % 1000 == 0) {
      value /= 1000;
      width -= 3;
    }
    size += std::snprintf(text.data() + size, text.size() - static_cast<std::size_t>(size), ".%0*lld",
                          width, static_cast<long long>(value));
  }
  return std::string(text.data(), static_cast<std::size_t>(size)) + 'Z';
}

std::optional<ParsedTime> parse_time(std::string_view text) {
  CivilTime c;
  if (!date_and_time(text, c)) return std::nullopt;
  text.remove_prefix(19);
  if (literal(text, ".,") && !fraction(text, c.nanosecond)) return std::nullopt;
  const std::optional<std::int64_t> local = to_nanos(c);
  if (!local) return std::nullopt;
  if (text.empty()) return ParsedTime{*local, false};
  if (literal(text, "Zz")) return text.empty() ? std::optional(ParsedTime{*local, true}) : std::nullopt;
  const bool east = text[0] == '+';
  if (!literal(text, "+-")) return std::nullopt;
  int hours = 0;
  int minutes = 0;
  if (!digits(text, 2, hours)) return std::nullopt;
  literal(text, ":");
  if (!digits(text, 2, minutes) || !text.empty() || hours > 23 || minutes > 59) return std::nullopt;
  const std::int64_t offset = (hours * 3600LL + minutes * 60LL) * kSecond;
  return ParsedTime{east ? *local - offset : *local + offset, true};
}

}  // namespace picket
