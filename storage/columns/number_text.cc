// Days are counted as in Howard Hinnant's "chrono-compatible low-level date algorithms": years that
// begin in March, eras of 400 of them.
#include "storage/columns/number_text.h"

#include <array>
#include <charconv>

namespace picket::storage {
namespace {

constexpr std::size_t kIntegerDigitsMax = 18;
constexpr unsigned kFractionMax = 9;
constexpr unsigned kFractionMask = 15;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::size_t kSecondsEnd = 19;  // of "2026-03-01T10:00:00"
constexpr int kYearMin = 1700;           // nanoseconds of these years fit into 64 bits
constexpr int kYearMax = 2250;

constexpr std::array<std::int64_t, 10> kPowers = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// -1 if one of the `size` characters is no digit.
std::int64_t digits(std::string_view text, std::size_t at, std::size_t size) {
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + size; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

struct Day {
  std::int64_t year;
  std::int64_t month;
  std::int64_t day;
};
Day day_of(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year + era * 400 + (month <= 2 ? 1 : 0), month, of_year - (153 * shifted + 2) / 5 + 1};
}

char* put_digits(char* at, std::int64_t value, unsigned count) {
  for (unsigned i = count; i > 0; --i) {
    at[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + count;
}

}  // namespace

std::optional<std::int64_t> canonical_integer(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  const std::size_t first = negative ? 1 : 0;
  const std::size_t count = text.size() - first;
  if (count == 0 || count > kIntegerDigitsMax) return {};
  if (text[first] == '0' && (negative || count > 1)) return {};
  const std::int64_t value = digits(text, first, count);
  if (value < 0) return {};
  return negative ? -value : value;
}

bool is_time_format(TimeFormat format) {
  return format < 64 && (format & kFractionMask) <= kFractionMax;
}

std::optional<CanonicalTime> canonical_time(std::string_view text) {
  if (text.size() < kSecondsEnd || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
      text[16] != ':' || (text[10] != 'T' && text[10] != ' ')) {
    return {};
  }
  const std::int64_t year = digits(text, 0, 4);
  const std::int64_t month = digits(text, 5, 2);
  const std::int64_t day = digits(text, 8, 2);
  const std::int64_t hour = digits(text, 11, 2);
  const std::int64_t minute = digits(text, 14, 2);
  const std::int64_t second = digits(text, 17, 2);
  if (year < kYearMin || year > kYearMax || month < 1 || month > 12 || day < 1 || day > 31 ||
      hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return {};
  }
  std::string_view rest = text.substr(kSecondsEnd);
  CanonicalTime time;
  if (text[10] == ' ') time.format |= kTimeSpace;
  if (!rest.empty() && rest.back() == 'Z') {
    time.format |= kTimeZulu;
    rest.remove_suffix(1);
  }
  std::int64_t fraction = 0;
  std::size_t count = 0;
  if (!rest.empty()) {
    count = rest.size() - 1;
    if (rest.front() != '.' || count == 0 || count > kFractionMax) return {};
    fraction = digits(rest, 1, count);
    if (fraction < 0) return {};
  }
  const std::int64_t days = days_of(year, month, day);
  const Day back = day_of(days);  // the 30th of February is another day
  if (back.month != month || back.day != day) return {};
  time.format = static_cast<TimeFormat>(time.format | count);
  time.units =
      (days * kDaySeconds + hour * 3600 + minute * 60 + second) * kPowers[count] + fraction;
  return time;
}

std::string_view write_integer(std::int64_t value, char* buffer) {
  const auto [end, error] = std::to_chars(buffer, buffer + kNumberTextMax, value);
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

std::string_view write_time(TimeFormat format, std::int64_t units, char* buffer) {
  const unsigned count = format & kFractionMask;
  const std::int64_t power = kPowers[count <= kFractionMax ? count : 0];
  std::int64_t seconds = units / power;
  std::int64_t fraction = units % power;
  if (fraction < 0) {
    fraction += power;
    --seconds;
  }
  std::int64_t days = seconds / kDaySeconds;
  std::int64_t of_day = seconds % kDaySeconds;
  if (of_day < 0) {
    of_day += kDaySeconds;
    --days;
  }
  const Day day = day_of(days);
  const std::int64_t year = day.year < 0 ? 0 : day.year % 10'000;  // damaged: any year will do
  char* at = put_digits(buffer, year, 4);
  *at++ = '-';
  at = put_digits(at, day.month, 2);
  *at++ = '-';
  at = put_digits(at, day.day, 2);
  *at++ = (format & kTimeSpace) != 0 ? ' ' : 'T';
  at = put_digits(at, of_day / 3600, 2);
  *at++ = ':';
  at = put_digits(at, of_day / 60 % 60, 2);
  *at++ = ':';
  at = put_digits(at, of_day % 60, 2);
  if (count > 0) {
    *at++ = '.';
    at = put_digits(at, fraction, count);
  }
  if ((format & kTimeZulu) != 0) *at++ = 'Z';
  return {buffer, static_cast<std::size_t>(at - buffer)};
}

}  // namespace picket::storage
