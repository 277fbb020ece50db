#include <array>
#include <cstddef>

#include "base/time.h"
#include "parsers/cursor.h"
#include "parsers/steps/date_format.h"
#include "parsers/syslog.h"
#include "parsers/syslog_pri.h"
#include "parsers/timestamp.h"

namespace picket::parsers {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kHostMax = 255;
constexpr std::size_t kTagMax = 64;  // 4.1.3 says 32; longer ones are sent

// Two digits, or a space and a digit, at `at`.
int two_digits(std::string_view text, std::size_t at) {
  if (text.size() < at + 2 || !is_digit(text[at + 1])) return -1;
  if (text[at] == ' ') return text[at + 1] - '0';
  return is_digit(text[at]) ? (text[at] - '0') * 10 + (text[at + 1] - '0') : -1;
}

constexpr std::int64_t kAheadMax = 7LL * 24 * 3600 * kSecond;
constexpr std::int64_t kNearlyYear = 350LL * 24 * 3600 * kSecond;  // next year's is ahead

bool is_likely(std::int64_t time_ns, std::int64_t received_ns) {
  const std::int64_t age = received_ns - time_ns;
  return age >= -kAheadMax && age < kNearlyYear;
}

std::int64_t of_day(const CivilTime& civil) {
  return (civil.hour * 3600 + civil.minute * 60 + civil.second) * kSecond + civil.nanosecond;
}

// In the year in which it was received, nearly always, or in the one before.
std::optional<std::int64_t> this_year(CivilTime civil, std::int64_t received_ns,
                                      std::int64_t zone_ns, BsdDay& day) {
  const std::int64_t local_ns = received_ns + zone_ns;
  const bool known = day.month == civil.month && day.day == civil.day &&
                     local_ns >= day.year_begin_ns && local_ns < day.year_end_ns;
  if (!known) {
    civil.year = to_civil(local_ns).year;
    const auto year_begin = to_nanos({.year = civil.year});
    const auto year_end = to_nanos({.year = civil.year + 1});
    const auto begin = to_nanos({.year = civil.year, .month = civil.month, .day = civil.day});
    if (!year_begin || !year_end || !begin) return std::nullopt;
    day = {.month = civil.month,
           .day = civil.day,
           .begin_ns = *begin,
           .year_begin_ns = *year_begin,
           .year_end_ns = *year_end,
           .begin_before_ns =
               to_nanos({.year = civil.year - 1, .month = civil.month, .day = civil.day})};
  }
  if (civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
  const std::int64_t time_ns = day.begin_ns + of_day(civil) - zone_ns;
  if (is_likely(time_ns, received_ns)) return time_ns;
  // Read in January, or long after: of the year before, if it had the day.
  if (time_ns - received_ns <= kAheadMax || !day.begin_before_ns || civil.second > 59)
    return std::nullopt;
  return *day.begin_before_ns + of_day(civil) - zone_ns;
}

// The year that makes it the latest time that is not in the future: logs are of the past. A
// device's clock may be ahead, but not by more than a week.
std::optional<std::int64_t> latest_year(CivilTime civil, std::int64_t received_ns,
                                        std::int64_t zone_ns, BsdDay& day) {
  if (const auto time_ns = this_year(civil, received_ns, zone_ns, day)) return time_ns;
  constexpr int kYearsBack = 8;  // to a 29 February, over the turn of a century too
  const int year = to_civil(received_ns + zone_ns).year;
  for (civil.year = year + 1; civil.year >= year - kYearsBack; --civil.year) {
    const std::optional<std::int64_t> time = to_nanos(civil);
    if (time && *time - zone_ns - received_ns <= kAheadMax) return *time - zone_ns;
  }
  return std::nullopt;
}

bool clock_time(std::string_view text, CivilTime& civil) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return false;
  civil.hour = two_digits(text, 0);
  civil.minute = two_digits(text, 3);
  civil.second = two_digits(text, 6);
  return civil.hour >= 0 && civil.minute >= 0 && civil.second >= 0 && text[0] != ' ';
}

// Does it begin with a year and what ends a word? Reads it.
bool year_at(std::string_view text, CivilTime& civil) {
  if (text.size() < 5 || (text[4] != ' ' && text[4] != ':') || !is_number(text.substr(0, 4)))
    return false;
  civil.year = two_digits(text, 0) * 100 + two_digits(text, 2);
  return civil.year >= 1970 && civil.year < 2100;
}

// The zone behind a time: "+0100" at once, " UTC" or " CET" as a word. Moves behind it.
std::optional<std::int32_t> read_zone(std::string_view& text) {
  const std::size_t begin = text.starts_with(' ') ? 1 : 0;
  std::size_t end = begin;
  const auto is_part = [&](char c) {
    return begin == 0 ? is_digit(c) || c == '+' || c == '-' || c == ':' : c >= 'A' && c <= 'Z';
  };
  while (end < text.size() && end <= begin + 6 && is_part(text[end])) ++end;
  if (end < begin + 3 || end == text.size()) return std::nullopt;
  if (begin == 0 && text[end - 1] == ':') --end;
  if (text[end] != ' ' && text[end] != ':') return std::nullopt;
  const auto offset = zone_offset(text.substr(begin, end - begin));
  if (offset) text.remove_prefix(end);
  return offset;
}

// What may stand behind the clock: a year if there was none, and a zone.
void behind_clock(std::string_view& text, CivilTime& civil, bool& with_year,
                  std::int64_t& zone_ns) {
  CivilTime year;
  if (!with_year && text.starts_with(' ') && year_at(text.substr(1), year)) {
    with_year = true;
    civil.year = year.year;
    text.remove_prefix(5);
  }
  const bool attached = !text.empty() && (text[0] == '+' || text[0] == '-');
  const bool named = text.size() > 3 && text[0] == ' ' && text[1] >= 'A' && text[1] <= 'Z' &&
                     text[2] >= 'A' && text[2] <= 'Z';
  if (!attached && !named) return;
  if (const auto offset = read_zone(text)) zone_ns = *offset * kSecond;
}

// "Mmm dd hh:mm:ss" with ".fraction", with a year before all, before the clock or behind it, and
// with a zone; moves behind it.
std::optional<std::int64_t> bsd_time(Cursor& at, std::int64_t received_ns, std::int64_t zone_ns,
                                     BsdDay& day) {
  std::string_view text = at.rest;
  if (text.size() < 15) return std::nullopt;
  CivilTime civil;
  bool with_year = is_digit(text[0]) && year_at(text, civil);
  if (with_year) text.remove_prefix(5);
  if (text.size() < 15 || text[3] != ' ') return std::nullopt;
  civil.month = month_number(text.substr(0, 3));
  if (civil.month == 0) return std::nullopt;
  std::size_t next = 6;
  civil.day = two_digits(text, 4);
  if (civil.day < 0 && is_digit(text[4])) {  // "Jan 1 ...": one digit, no padding
    civil.day = text[4] - '0';
    next = 5;
  }
  if (civil.day < 1 || text[next] != ' ') return std::nullopt;
  text.remove_prefix(next + 1);
  if (!with_year && text.size() > 5 && text[4] == ' ' && is_number(text.substr(0, 4))) {
    with_year = true;
    civil.year = two_digits(text, 0) * 100 + two_digits(text, 2);
    text.remove_prefix(5);
  }
  if (!clock_time(text, civil)) return std::nullopt;
  text.remove_prefix(8);
  if (text.size() > 1 && text[0] == '.' && is_digit(text[1])) {
    std::int64_t scale = kSecond;
    for (text.remove_prefix(1); !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
      scale /= 10;
      civil.nanosecond += (text[0] - '0') * scale;
    }
  }
  if (!text.empty()) behind_clock(text, civil, with_year, zone_ns);
  if (!text.empty() && text[0] != ' ' && text[0] != ':') return std::nullopt;
  std::optional<std::int64_t> time =
      with_year ? to_nanos(civil) : latest_year(civil, received_ns, zone_ns, day);
  if (time && with_year) *time -= zone_ns;
  if (time) at.rest = text;
  return time;
}

// "2026-01-01T09:14:41.123456+07:00", or with a space between date and time.
std::optional<std::int64_t> iso_time(Cursor& at, std::int64_t zone_ns) {
  const std::string_view text = at.rest;
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[13] != ':') return std::nullopt;
  if (text[10] != 'T' && text[10] != ' ') return std::nullopt;
  const std::size_t length = text.substr(0, 48).find(' ', 11);
  const std::string_view token = text.substr(0, length);
  const auto time = parse_time(token);
  if (!time) return std::nullopt;
  at.rest.remove_prefix(token.size());
  return time->zone_known ? time->time_ns : time->time_ns - zone_ns;
}

// Letters, digits and these.
class Characters {
 public:
  explicit constexpr Characters(std::string_view more) {
    for (char c = '0'; c <= '9'; ++c) has_[static_cast<unsigned char>(c)] = true;
    for (char c = 'a'; c <= 'z'; ++c) has_[static_cast<unsigned char>(c)] = true;
    for (char c = 'A'; c <= 'Z'; ++c) has_[static_cast<unsigned char>(c)] = true;
    for (const char c : more) has_[static_cast<unsigned char>(c)] = true;
  }
  constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> has_{};
};
constexpr Characters kTag("-_./()@+");
constexpr Characters kHost("-_.:");

// "Some Program[123]:": the length of the name, 0 if it is none. Names with blanks have a number.
std::size_t spaced_tag(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && length <= kTagMax &&
         (kTag.has(text[length]) || (text[length] == ' ' && length > 0 && text[length - 1] != ' ')))
    ++length;
  if (length > kTagMax || length + 3 > text.size() || text[length] != '[') return 0;
  std::size_t digits = length + 1;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  return digits > length + 1 && text.substr(digits).starts_with("]:") ? length : 0;
}

// "tag[pid]:", "tag:" or "tag[pid]"; moves behind it and the space that follows.
bool read_tag(Cursor& at, Syslog& out) {
  const std::string_view text = at.rest;
  std::size_t length = 0;
  while (length < text.size() && length <= kTagMax && kTag.has(text[length])) ++length;
  if (length == 0 || length > kTagMax || length == text.size()) return false;
  if (text[length] == ' ') length = spaced_tag(text);
  if (length == 0) return false;
  std::string_view procid;
  std::size_t next = length;
  if (text[next] == '[') {
    const std::size_t close = text.substr(0, next + 130).find(']', next);
    if (close == std::string_view::npos) return false;
    procid = text.substr(next + 1, close - next - 1);
    if (procid.find(' ') != std::string_view::npos) return false;
    next = close + 1;
    if (next < text.size() && text[next] != ':' && text[next] != ' ') return false;
    if (next < text.size() && text[next] == ':') ++next;
  } else if (text[next] == ':' && (next + 1 == text.size() || text[next + 1] == ' ')) {
    ++next;
  } else {
    return false;
  }
  out.appname = text.substr(0, length);
  out.procid = procid;
  at.rest.remove_prefix(next);
  at.skip(" ");
  return true;
}

// A host name is a word that is no tag; moves behind it and the space that follows.
bool read_host(Cursor& at, Syslog& out) {
  std::size_t length = 0;
  while (length < at.rest.size() && length <= kHostMax && kHost.has(at.rest[length])) ++length;
  if (length == 0 || length > kHostMax || length == at.rest.size()) return false;
  const std::string_view word = at.rest.substr(0, length);
  if (at.rest[length] != ' ' || word.back() == ':') return false;
  out.hostname = word;
  at.rest.remove_prefix(word.size() + 1);
  return true;
}

}  // namespace

bool read_rfc3164(std::string_view text, std::int64_t received_ns, std::int32_t zone_offset_s,
                  Syslog& out) {
  BsdDay day;
  return read_rfc3164(text, received_ns, zone_offset_s, day, out);
}

bool read_rfc3164(std::string_view text, std::int64_t received_ns, std::int32_t zone_offset_s,
                  BsdDay& day, Syslog& out) {
  clear(out);
  Cursor at{text};
  out.priority = read_pri(at);
  at.spaces();
  const Cursor behind_pri = at;
  if (out.priority >= 0 && at.skip(":")) at.spaces();  // Cisco's EMBLEM
  at.skip("*");                                        // Cisco: the clock is not synchronised
  const std::int64_t zone_ns = zone_offset_s * kSecond;
  out.time_ns = bsd_time(at, received_ns, zone_ns, day);
  const bool bsd = out.time_ns.has_value();
  if (!bsd) out.time_ns = iso_time(at, zone_ns);
  if (out.time_ns) {
    out.header = true;
    at.skip(":");
    at.spaces();
    const bool named = read_host(at, out);
    const bool tagged = read_tag(at, out);
    if (!named && !tagged) at.spaces();
    // Any program's own log begins with such a date: only a tag makes it syslog.
    if (!bsd && !tagged && out.priority < 0) return false;
  } else if (out.priority >= 0) {
    if (behind_pri.rest.starts_with(':')) at = behind_pri;
    read_tag(at, out);
  }
  out.message = at.rest;
  return out.priority >= 0 || out.header;
}

bool looks_like_syslog(std::string_view text) {
  if (text.size() < 3) return false;
  if (text[0] == '<') return is_digit(text[1]);
  if (text.size() < 15) return false;
  if (is_digit(text[0]))
    return text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ');
  return text[3] == ' ' && month_number(text.substr(0, 3)) != 0;
}

}  // namespace picket::parsers
