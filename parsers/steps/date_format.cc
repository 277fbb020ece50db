#include "parsers/steps/date_format.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "base/time.h"
#include "parsers/cursor.h"
#include "parsers/timestamp.h"

namespace picket::parsers {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::size_t kFormatMax = 200;

struct Zone {
  std::string_view name;
  int minutes;
};
// RFC 5322 4.3 and what devices write beside it. Ambiguous ones are left out.
constexpr std::array<Zone, 30> kZones = {
    {{"Z", 0},       {"UTC", 0},     {"GMT", 0},    {"UT", 0},     {"EST", -300}, {"EDT", -240},
     {"CST", -360},  {"CDT", -300},  {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420},
     {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"WET", 0},    {"WEST", 60},  {"CET", 60},
     {"CEST", 120},  {"MEZ", 60},    {"MESZ", 120}, {"EET", 120},  {"EEST", 180}, {"MSK", 180},
     {"JST", 540},   {"KST", 540},   {"AEST", 600}, {"AEDT", 660}, {"NZST", 720}, {"ICT", 420}}};

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

int value_of(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

bool same_start(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && ascii_equal(text.substr(0, start.size()), start);
}

// "Jan", "January", in any case; 0 for anything else.
int read_month(std::string_view& rest) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    const std::string_view name = kMonths[i];
    if (!same_start(rest, name.substr(0, 3))) continue;
    rest.remove_prefix(same_start(rest, name) ? name.size() : 3);
    if (i == 8 && same_start(rest, "t") && !rest.empty()) rest.remove_prefix(1);  // "Sept"
    return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<std::int32_t> named_zone(std::string_view text) {
  for (const Zone& zone : kZones) {
    if (ascii_equal(zone.name, text)) return zone.minutes * 60;
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_epoch(std::string_view text, std::int64_t scale) {
  const bool minus = text.starts_with('-');
  if (minus) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::int64_t value = 0;
  const auto [end, bad] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (bad != std::errc() || end != whole.data() + whole.size() || whole.empty())
    return std::nullopt;
  if (__builtin_mul_overflow(value, scale, &value)) return std::nullopt;
  std::int64_t part = scale;
  if (dot != std::string_view::npos) {
    for (const char c : text.substr(dot + 1)) {
      if (!is_digit(c)) return std::nullopt;
      part /= 10;
      if (__builtin_add_overflow(value, (c - '0') * part, &value)) return std::nullopt;
    }
  }
  return minus ? -value : value;
}

}  // namespace

std::optional<std::int32_t> zone_offset(std::string_view text) {
  if (text == "+0000") return 0;  // the usual one
  if (text.starts_with("UTC") || text.starts_with("GMT")) {
    if (text.size() > 3) text.remove_prefix(3);
  }
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return named_zone(text);
  const std::string_view digits = text.substr(1);
  int hours = 0;
  int minutes = 0;
  const std::size_t colon = digits.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view behind = digits.substr(colon + 1);
    if (!is_number(digits.substr(0, colon)) || colon > 2 || !is_number(behind) ||
        behind.size() != 2)
      return std::nullopt;
    hours = value_of(digits.substr(0, colon));
    minutes = value_of(behind);
  } else {
    if (!is_number(digits) || digits.size() > 4) return std::nullopt;
    const std::size_t hour_digits = digits.size() > 2 ? digits.size() - 2 : digits.size();
    hours = value_of(digits.substr(0, hour_digits));
    minutes = value_of(digits.substr(hour_digits));
  }
  if (hours > 18 || minutes > 59) return std::nullopt;
  const std::int32_t seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

struct DateFormat::Reading {
  CivilTime civil;
  bool year = false;
  bool month = false;
  bool afternoon = false;
  bool half = false;
  std::optional<std::int32_t> zone;
};

Result<DateFormat> DateFormat::compile(std::string_view text) {
  if (text.empty() || text.size() > kFormatMax)
    return fail(Errc::kInvalid, "a date format is 1 to 200 characters");
  DateFormat made;
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kEpochs = {
      {{"epoch", kNanos},
       {"epoch_s", kNanos},
       {"epoch_ms", 1'000'000},
       {"epoch_us", 1000},
       {"epoch_ns", 1}}};
  for (const auto& [name, scale] : kEpochs) {
    if (text != name) continue;
    made.ops_.push_back({Part::kEpoch, 0, {}, scale});
    return made;
  }
  if (text == "auto" || text == "iso8601") {
    made.ops_.push_back({Part::kAuto, 0, {}, 0});
    return made;
  }
  PICKET_TRY_VOID(made.letters(text == "syslog" ? std::string_view("MMM d HH:mm:ss") : text));
  made.usual_ = text == "yyyy-MM-dd HH:mm:ss";
  return made;
}

Result<void> DateFormat::letters(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char letter = text[at];
    std::size_t count = 1;
    while (at + count < text.size() && text[at + count] == letter) ++count;
    const auto digits = static_cast<std::uint8_t>(count == 2 ? 2 : 0);
    Op op;
    switch (letter) {
      case 'y':
      case 'u':
      case 'Y':
        op.part = count == 2 ? Part::kShortYear : Part::kYear;
        break;
      case 'M':
        op.part = count > 2 ? Part::kMonthName : Part::kMonth;
        op.digits = digits;
        break;
      case 'd':
        op = {Part::kDay, digits, {}, 0};
        break;
      case 'E':
        op.part = Part::kWeekday;
        break;
      case 'H':
      case 'k':
        op = {Part::kHour, digits, {}, 0};
        break;
      case 'h':
      case 'K':
        op = {Part::kHour12, digits, {}, 0};
        break;
      case 'a':
        op.part = Part::kHalf;
        break;
      case 'm':
        op = {Part::kMinute, digits, {}, 0};
        break;
      case 's':
        op = {Part::kSecond, digits, {}, 0};
        break;
      case 'S':
      case 'n':
        op.part = Part::kFraction;
        break;
      case 'Z':
      case 'X':
      case 'x':
      case 'z':
      case 'V':
      case 'O':
        op.part = Part::kZone;
        break;
      case ' ':
        op.part = Part::kBlanks;
        break;
      case '\'': {
        const std::size_t end = text.find('\'', at + 1);
        if (end == std::string_view::npos)
          return fail(Errc::kInvalid, "a ' of a date format is not closed");
        op.literal = end == at + 1 ? "'" : std::string(text.substr(at + 1, end - at - 1));
        count = end + 1 - at;
        break;
      }
      default:
        if ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')) {
          if (letter != 'T')
            return fail(Errc::kInvalid, std::string("a date format knows no letter ") + letter);
        }
        op.literal = std::string(count, letter);
    }
    ops_.push_back(std::move(op));
    at += count;
  }
  return {};
}

namespace {

// One or two digits, or exactly `digits`; a blank may stand for the first.
bool take_number(std::string_view& rest, std::size_t digits, int& value) {
  if (rest.starts_with(' ') && rest.size() > 1 && is_digit(rest[1]))
    rest.remove_prefix(1), digits = 1;
  std::size_t length = 0;
  const std::size_t most = digits == 0 ? 2 : digits;
  while (length < most && length < rest.size() && is_digit(rest[length])) ++length;
  if (length == 0 || (digits > 2 && length != digits)) return false;
  value = value_of(rest.substr(0, length));
  rest.remove_prefix(length);
  return true;
}

bool take_fraction(std::string_view& rest, std::int64_t& nanosecond) {
  std::size_t length = 0;
  std::int64_t scale = kNanos;
  nanosecond = 0;
  for (; length < rest.size() && is_digit(rest[length]); ++length) {
    scale /= 10;  // 0 behind the ninth digit
    nanosecond += (rest[length] - '0') * scale;
  }
  rest.remove_prefix(length);
  return length > 0;
}

bool take_zone(std::string_view& rest, std::optional<std::int32_t>& zone) {
  std::size_t length = 0;
  while (length < rest.size() && rest[length] != ' ' && rest[length] != ')' && rest[length] != ']')
    ++length;
  zone = zone_offset(rest.substr(0, length));
  rest.remove_prefix(length);
  return zone.has_value();
}

}  // namespace

bool DateFormat::read_part(const Op& op, std::string_view& rest, Reading& reading) {
  CivilTime& civil = reading.civil;
  switch (op.part) {
    case Part::kAuto:
    case Part::kEpoch:
      return false;
    case Part::kLiteral:
      if (rest.empty() || rest[0] != op.literal[0]) return false;
      if (op.literal.size() > 1 && !rest.starts_with(op.literal)) return false;
      rest.remove_prefix(op.literal.size());
      return true;
    case Part::kBlanks: {
      std::size_t length = 0;
      while (length < rest.size() && (rest[length] == ' ' || rest[length] == '\t')) ++length;
      rest.remove_prefix(length);
      return length > 0;
    }
    case Part::kYear:
      reading.year = true;
      return take_number(rest, 4, civil.year);
    case Part::kShortYear:
      reading.year = true;
      if (!take_number(rest, 2, civil.year)) return false;
      civil.year += civil.year < 70 ? 2000 : 1900;
      return true;
    case Part::kMonth:
      reading.month = true;
      return take_number(rest, op.digits, civil.month);
    case Part::kMonthName:
      reading.month = true;
      civil.month = read_month(rest);
      return civil.month != 0;
    case Part::kDay:
      return take_number(rest, op.digits, civil.day);
    case Part::kWeekday: {
      std::size_t length = 0;
      while (length < rest.size() && ascii_lower(rest[length]) >= 'a' &&
             ascii_lower(rest[length]) <= 'z')
        ++length;
      rest.remove_prefix(length);
      return length >= 2;
    }
    case Part::kHour:
    case Part::kHour12:
      return take_number(rest, op.digits, civil.hour);
    case Part::kHalf:
      if (rest.size() < 2 || ascii_lower(rest[1]) != 'm') return false;
      reading.half = true;
      reading.afternoon = ascii_lower(rest[0]) == 'p';
      rest.remove_prefix(2);
      return true;
    case Part::kMinute:
      return take_number(rest, op.digits, civil.minute);
    case Part::kSecond:
      return take_number(rest, op.digits, civil.second);
    case Part::kFraction:
      return take_fraction(rest, civil.nanosecond);
    case Part::kZone:
      return take_zone(rest, reading.zone);
  }
  return false;
}

namespace {

// The year that makes it the latest time that is not in the future, as of syslog's old timestamps
// (rfc3164.cc): logs are of the past, and a clock is ahead by days at most.
std::optional<std::int64_t> latest_year(CivilTime civil, std::int64_t received_ns,
                                        std::int64_t zone_ns) {
  constexpr std::int64_t kAheadMax = 7LL * 24 * 3600 * 1'000'000'000;
  constexpr int kYearsBack = 8;  // to a 29 February, over the turn of a century too
  const int year = to_civil(received_ns + zone_ns).year;
  for (civil.year = year + 1; civil.year >= year - kYearsBack; --civil.year) {
    const std::optional<std::int64_t> time = to_nanos(civil);
    if (time && *time - zone_ns - received_ns <= kAheadMax) return *time - zone_ns;
  }
  return std::nullopt;
}

// RFC 3339, and the same with "+0200" and "+02".
std::optional<std::int64_t> read_auto(std::string_view text, std::int32_t zone_offset_s) {
  if (const auto time = read_timestamp(text, zone_offset_s)) return time;
  const std::size_t sign = text.find_last_of("+-");
  if (sign == std::string_view::npos || sign < 16) return std::nullopt;
  const std::optional<std::int32_t> zone = zone_offset(text.substr(sign));
  if (!zone) return std::nullopt;
  std::string_view local = text.substr(0, sign);
  while (local.ends_with(' ')) local.remove_suffix(1);
  return read_timestamp(local, *zone);
}

}  // namespace

namespace {

// The two digits at `at`, and above 99 if they are none.
unsigned two_digits(const char* at) {
  const unsigned tens = static_cast<unsigned>(at[0]) - '0';
  const unsigned ones = static_cast<unsigned>(at[1]) - '0';
  return tens < 10 && ones < 10 ? tens * 10 + ones : 100;
}

}  // namespace

// "2026-03-01" and "10:00:01"; what is written otherwise is left to the parts.
std::optional<std::int64_t> DateFormat::read_usual(std::string_view date, std::string_view clock,
                                                   std::int32_t zone_offset_s) {
  if (date.size() != 10 || clock.size() != 8) return std::nullopt;
  if (date[4] != '-' || date[7] != '-' || clock[2] != ':' || clock[5] != ':') return std::nullopt;
  const unsigned century = two_digits(date.data());
  const unsigned year = two_digits(date.data() + 2);
  const unsigned hour = two_digits(clock.data());
  if (century > 99 || year > 99 || hour > 23) return std::nullopt;
  const auto time = to_nanos({.year = static_cast<int>(century * 100 + year),
                              .month = static_cast<int>(two_digits(date.data() + 5)),
                              .day = static_cast<int>(two_digits(date.data() + 8)),
                              .hour = static_cast<int>(hour),
                              .minute = static_cast<int>(two_digits(clock.data() + 3)),
                              .second = static_cast<int>(two_digits(clock.data() + 6)),
                              .nanosecond = 0});
  std::int64_t made = 0;
  if (!time || __builtin_sub_overflow(*time, zone_offset_s * kNanos, &made)) return std::nullopt;
  return made;
}

std::optional<std::int64_t> DateFormat::read(std::string_view text, std::int64_t received_ns,
                                             std::int32_t zone_offset_s) const {
  text = trim(text);
  if (ops_[0].part == Part::kAuto) return read_auto(text, zone_offset_s);
  if (ops_[0].part == Part::kEpoch) return read_epoch(text, ops_[0].scale);
  if (usual_) {
    constexpr std::size_t kDate = 10;
    if (text.size() > kDate && text[kDate] == ' ') {
      const auto time = read_usual(text.substr(0, kDate), text.substr(kDate + 1), zone_offset_s);
      if (time) return time;
    }
  }
  Reading reading;
  for (const Op& op : ops_) {
    if (!read_part(op, text, reading)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  CivilTime& civil = reading.civil;
  if (reading.half) civil.hour = civil.hour % 12 + (reading.afternoon ? 12 : 0);
  if (civil.hour == 24 && civil.minute == 0 && civil.second == 0) return std::nullopt;
  const std::int64_t zone_ns = reading.zone.value_or(zone_offset_s) * kNanos;
  if (!reading.year) return latest_year(civil, received_ns, zone_ns);
  const std::optional<std::int64_t> time = to_nanos(civil);
  std::int64_t made = 0;
  if (!time || __builtin_sub_overflow(*time, zone_ns, &made)) return std::nullopt;
  return made;
}

}  // namespace picket::parsers
