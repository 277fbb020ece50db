#include "rules/test_value.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "base/time.h"
#include "rules/fold.h"

namespace picket::rules {
namespace {

using Shape = CompiledTest::Shape;

// The bytes of the UTF-8 character at `at`; one for a byte that is no such character.
std::size_t character_size(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size > text.size() - at) return 1;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 1;
  }
  return size;
}

bool compare(double value, Compare how, double with) {
  switch (how) {
    case Compare::kEqual:
      return value == with;
    case Compare::kNotEqual:
      return value != with;
    case Compare::kLess:
      return value < with;
    case Compare::kLessEqual:
      return value <= with;
    case Compare::kGreater:
      return value > with;
    case Compare::kGreaterEqual:
      return value >= with;
  }
  return false;
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// ISO 8601 week of a date: the week of its Thursday.
int week_of(std::int64_t time_ns) {
  constexpr std::int64_t kDay = 86'400'000'000'000;
  const std::int64_t day = time_ns >= 0 ? time_ns / kDay : (time_ns - kDay + 1) / kDay;
  const std::int64_t weekday = ((day + 3) % 7 + 7) % 7;  // Monday is 0; 1970-01-01 was a Thursday
  const std::int64_t thursday = day - weekday + 3;
  const int year = to_civil(thursday * kDay).year;
  const std::int64_t first = *to_nanos({.year = year}) / kDay;
  return static_cast<int>((thursday - first) / 7 + 1);
}

std::optional<double> part_of_time(std::string_view value, std::string_view part) {
  const auto parsed = parse_time(value);
  if (!parsed) return std::nullopt;
  const CivilTime civil = to_civil(parsed->time_ns);
  if (part == "minute") return civil.minute;
  if (part == "hour") return civil.hour;
  if (part == "day") return civil.day;
  if (part == "week") return week_of(parsed->time_ns);
  if (part == "month") return civil.month;
  if (part == "year") return civil.year;
  return std::nullopt;
}

// The bytes that one part takes at `at`; npos if it does not fit.
std::size_t match_part(const PatternPart& part, std::string_view text, std::size_t at) {
  if (part.kind == PatternPart::Kind::kText) {
    return text.substr(at).starts_with(part.text) ? part.text.size() : std::string_view::npos;
  }
  return at < text.size() ? character_size(text, at) : std::string_view::npos;
}

}  // namespace

bool refers(RefMode mode, std::string_view value, std::string_view other) {
  switch (mode) {
    case RefMode::kEqual:
      return value == other;
    case RefMode::kStartsWith:
      return value.starts_with(other);
    case RefMode::kEndsWith:
      return value.ends_with(other);
    case RefMode::kContains:
      return find_bytes(value, other) != std::string_view::npos;
  }
  return false;
}

bool glob_matches(const std::vector<PatternPart>& parts, std::string_view text) {
  // Greedy from the left with one point to come back to, the last '*' seen. Text behind a '*' is
  // found by search and nothing recurses, so hostile patterns cost text times parts at worst.
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t part = 0;
  std::size_t at = 0;
  std::size_t star_part = kNone;
  std::size_t star_at = 0;
  for (;;) {
    if (part < parts.size() && parts[part].kind == PatternPart::Kind::kAnyRun) {
      star_part = ++part;
      star_at = at;
      if (part == parts.size()) return true;
      continue;
    }
    const std::size_t used = part < parts.size() ? match_part(parts[part], text, at) : kNone;
    if (used != kNone) {
      at += used;
      ++part;
      continue;
    }
    if (part == parts.size() && at == text.size()) return true;
    if (star_part == kNone || star_at >= text.size()) return false;
    star_at += character_size(text, star_at);  // the '*' takes one character more
    if (parts[star_part].kind == PatternPart::Kind::kText) {
      star_at = find_bytes(text, parts[star_part].text, star_at);
      if (star_at == kNone) return false;
    }
    part = star_part;
    at = star_at;
  }
}

bool wants_folded(const CompiledTest& test) {
  switch (test.shape) {
    case Shape::kRegex:
    case Shape::kCidr:
    case Shape::kNumber:
    case Shape::kTime: return false;
    case Shape::kBool: return true;
    default: return !test.cased;
  }
}

bool passes(const CompiledTest& test, std::string_view subject, HyperscanScratch& scratch) {
  switch (test.shape) {
    case Shape::kAny: return true;
    case Shape::kExact: return subject == test.text;
    case Shape::kContains: return find_bytes(subject, test.text) != std::string_view::npos;
    case Shape::kPrefix: return subject.starts_with(test.text);
    case Shape::kSuffix: return subject.ends_with(test.text);
    case Shape::kGlob: return glob_matches(test.parts, subject);
    case Shape::kRegex: return test.regex->search(subject, scratch);
    case Shape::kCidr: return contains(test.cidr, subject);
    case Shape::kBool: return subject == (test.flag ? "true" : "false");
    case Shape::kNumber: {
      const std::optional<double> number = number_of(subject);
      return number && compare(*number, test.compare, test.number);
    }
    case Shape::kTime: {
      const std::optional<double> part = part_of_time(subject, test.text);
      return part && compare(*part, test.compare, test.number);
    }
    case Shape::kExists:
    case Shape::kNull:
    case Shape::kFieldRef: break;
  }
  return false;
}

}  // namespace picket::rules
