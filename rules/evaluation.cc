#include "rules/evaluation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/time.h"
#include "rules/fold.h"
#include "rules/payload.h"

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

void EvaluationDelete::operator()(Evaluation* evaluation) const {
  delete evaluation;
}

void Evaluation::enter(const Route& route) {
  if (last_route_ == &route) return;
  const auto [found, is_new] = first_columns_.try_emplace(&route, 0);
  if (is_new) {
    route.prepare(scratch_);
    found->second = cache_.add_columns(route.columns.size());
  }
  first_column_ = found->second;
  if (stamps_.size() < route.rules.size()) stamps_.resize(route.rules.size());
  std::fill(stamps_.begin(), stamps_.end(), 0);
  stamp_ = 0;
  last_route_ = &route;
}

void Evaluation::load(Batch& batch, const Event& event, const Route& route) {
  enter(route);
  values_.load(batch, event, route);
}

// Preference among the fields of a column is left to evaluation: to wake a rule too many is no
// error.
void Evaluation::wake(Batch& batch, const Event& event, const Route& route) {
  ++stamp_;
  woken_.assign(route.always.begin(), route.always.end());
  for (const Field& field : batch.fields(event)) {
    if (field.kind == ValueKind::kNull) continue;
    for (const std::uint16_t column : route.watchers(field.id)) {
      const LiteralIndex& index = route.indexes[column];
      if (!index.wants_text()) {
        index.look_up_presence([this](std::uint32_t rule) { wake_rule(rule); });
      } else if (field.kind != ValueKind::kArray) {
        wake_by_value(batch, route, column, field);
      } else {
        for_each_value(field,
                       [&](const Field& element) { wake_by_value(batch, route, column, element); });
      }
    }
  }
  if (route.has_keywords && !route.indexes[0].empty()) wake_by_keywords(batch, event, route);
}

void Evaluation::wake_by_value(Batch& batch, const Route& route, std::uint16_t column,
                               const Field& value) {
  const ValueCache::Key key = cache_.key(first_column_ + column, value.token(), value.escaped);
  if (const auto known = cache_.find(key)) {
    for (const std::uint32_t rule : *known) wake_rule(rule);
    return;
  }
  found_.clear();
  route.indexes[column].look_up(fold_value(batch, value), scratch_,
                                [this](std::uint32_t rule) { found_.push_back(rule); });
  for (const std::uint32_t rule : found_) wake_rule(rule);
  cache_.keep(key, found_);
}

std::string_view Evaluation::fold_value(Batch& batch, const Field& value) {
  const std::size_t room = folded_size_max(value.size);
  if (folded_.size() < room) folded_.resize(room);
  if (!value.escaped) return {folded_.data(), fold_into(value.token(), folded_.data())};
  if (const auto size = unescape_fold_into(value.token(), folded_.data()))
    return {folded_.data(), *size};
  return {folded_.data(), fold_into(field_text(value, batch.arena()), folded_.data())};
}

// In the record itself when it is plain ASCII without "\u", else in its folded text: a necessary
// condition for a keyword, not a sufficient one.
void Evaluation::wake_by_keywords(Batch& batch, const Event& event, const Route& route) {
  const std::string_view raw = batch.record_of(event).raw;
  const auto on = [this](std::uint32_t rule) { wake_rule(rule); };
  if (event.plain || is_plain(raw)) {
    route.indexes[0].look_up(raw, scratch_, on);
    return;
  }
  Field whole{raw.data(), static_cast<std::uint32_t>(raw.size()), FieldId{}, ValueKind::kString,
              false};
  whole.escaped = raw.starts_with('{');  // unescaping twice-quoted text finds what its leaves hold
  route.indexes[0].look_up(fold_value(batch, whole), scratch_, on);
}

void Evaluation::evaluate(Batch& batch, const Event& event, const Route& route,
                          std::vector<std::uint32_t>& rules) {
  ++counters_.events;
  if (route.rules.empty()) return;
  enter(route);
  wake(batch, event, route);
  if (woken_.empty()) return;
  counters_.woken += woken_.size();
  values_.load(batch, event, route);
  const std::size_t before = rules.size();
  for (const std::uint32_t index : woken_) {
    const RouteRule& rule = route.rules[index];
    if (holds(route, rule.root)) rules.push_back(rule.rule);
  }
  counters_.hits += rules.size() - before;
  std::sort(rules.begin() + static_cast<std::ptrdiff_t>(before), rules.end());
}

std::vector<std::uint32_t> Evaluation::scan_payloads(Batch& batch, const Event& event) {
  if (!scanner_) return {};
  PayloadScan scan = rules::scan_payloads(batch, event, *scanner_);
  counters_.payloads_timed_out += scan.timed_out;
  counters_.payloads_too_large += scan.too_large;
  return std::move(scan.rules);
}

bool Evaluation::holds(const Route& route, std::uint32_t index) {
  const CompiledNode& node = route.nodes[index];
  switch (node.kind) {
    case CompiledNode::Kind::kTest:
      return test_holds(route.tests[node.index]);
    case CompiledNode::Kind::kNot:
      return !holds(route, node.first);
    case CompiledNode::Kind::kSet: {
      const ValueSet& set = route.sets[node.index];
      return values_.any(set.column, [&](std::uint32_t value) {
        return set.values.find(values_.folded(value)) != set.values.end();
      });
    }
    case CompiledNode::Kind::kLiterals: {
      const ColumnLiterals& list = route.literals[node.index];
      return values_.any(list.column, [&](std::uint32_t value) {
        return list.literals->matches(values_.folded(value), scratch_);
      });
    }
    case CompiledNode::Kind::kAnd:
      for (std::uint32_t i = 0; i < node.count; ++i) {
        if (!holds(route, node.first + i)) return false;
      }
      return true;
    case CompiledNode::Kind::kOr:
      for (std::uint32_t i = 0; i < node.count; ++i) {
        if (holds(route, node.first + i)) return true;
      }
      return false;
  }
  return false;
}

bool Evaluation::test_holds(const CompiledTest& test) {
  if (test.shape == Shape::kExists) return values_.has(test.column) == test.flag;
  if (test.shape == Shape::kNull) return !values_.has(test.column);
  return values_.any(test.column, [&](std::uint32_t value) { return value_passes(test, value); });
}

bool Evaluation::value_passes(const CompiledTest& test, std::uint32_t value) {
  const auto subject = [&] { return test.cased ? values_.text(value) : values_.folded(value); };
  switch (test.shape) {
    case Shape::kAny:
      return true;
    case Shape::kExact:
      return subject() == test.text;
    case Shape::kContains:
      return find_bytes(subject(), test.text) != std::string_view::npos;
    case Shape::kPrefix:
      return subject().starts_with(test.text);
    case Shape::kSuffix:
      return subject().ends_with(test.text);
    case Shape::kGlob:
      return glob_matches(test.parts, subject());
    case Shape::kRegex:
      return test.regex->search(values_.text(value), scratch_);
    case Shape::kCidr:
      return contains(test.cidr, values_.text(value));
    case Shape::kNumber: {
      const std::optional<double> number = number_of(values_.text(value));
      return number && compare(*number, test.compare, test.number);
    }
    case Shape::kBool:
      return values_.folded(value) == (test.flag ? "true" : "false");
    case Shape::kTime: {
      const std::optional<double> part = part_of_time(values_.text(value), test.text);
      return part && compare(*part, test.compare, test.number);
    }
    case Shape::kFieldRef:
      return values_.any(test.other, [&](std::uint32_t other) {
        return test.cased ? refers(test.ref, values_.text(value), values_.text(other))
                          : refers(test.ref, values_.folded(value), values_.folded(other));
      });
    case Shape::kExists:
    case Shape::kNull:
      break;
  }
  return false;
}

}  // namespace picket::rules
