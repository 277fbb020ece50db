#include "api/raw_span.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/json.h"

namespace picket::api {
namespace {

constexpr int kOccurrencesMax = 1000;  // of a value in one record; beyond, the best so far counts

// How many bytes of token and of value the character at `at` takes (RFC 8259 section 7).
struct Step {
  std::size_t token = 1;
  std::size_t value = 1;
};

unsigned hex4(std::string_view digits) {
  unsigned code = 0;
  for (const char c : digits.substr(0, 4)) {
    code *= 16;
    if (c >= '0' && c <= '9') code += static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') code += static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') code += static_cast<unsigned>(c - 'A' + 10);
  }
  return code;
}

Step step_at(std::string_view token, std::size_t at) {
  if (token[at] != '\\' || at + 1 >= token.size()) return {};
  if (token[at + 1] != 'u' || at + 6 > token.size()) return {.token = 2, .value = 1};
  const unsigned code = hex4(token.substr(at + 2));
  const bool high = code >= 0xD800 && code < 0xDC00;
  if (high && token.substr(at + 6, 2) == "\\u" && at + 12 <= token.size()) {
    return {.token = 12, .value = 4};
  }
  if (code < 0x80) return {.token = 6, .value = 1};
  return {.token = 6, .value = code < 0x800 ? 2U : 3U};
}

// The span of `match` in one scalar, if the scalar lies in the record and has that value.
std::optional<Span> in_scalar(Batch& batch, std::string_view raw, const Field& field,
                              const Match& match) {
  const std::string_view text = field_text(field, batch.arena());
  if (!text.starts_with(match.value)) return std::nullopt;  // values in alerts may be cut
  const bool inside = std::less_equal<>()(raw.data(), field.data) &&
                      std::less_equal<>()(field.data + field.size, raw.data() + raw.size());
  if (!inside || field.size == 0) return std::nullopt;
  Span span = value_span(match, text.size());
  if (field.escaped) span = escaped_span(field.token(), span);
  const auto offset = static_cast<std::size_t>(field.data - raw.data());
  return Span{offset + span.begin, offset + span.end};
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Higher is better: after the field's name, and not inside a longer word.
int rank(std::string_view raw, Span place, const std::array<std::string_view, 3>& names) {
  int points = 0;
  const bool open_left = place.begin == 0 || !is_word(raw[place.begin - 1]);
  const bool open_right = place.end >= raw.size() || !is_word(raw[place.end]);
  if (open_left && open_right) points += 1;
  const std::size_t from = place.begin > 64 ? place.begin - 64 : 0;
  std::string_view before = raw.substr(from, place.begin - from);
  while (!before.empty() && !is_word(before.back())) before.remove_suffix(1);
  for (const std::string_view name : names) {
    if (!name.empty() && before.ends_with(name)) points += 4;
  }
  return points;
}

std::optional<Span> best_place(std::string_view raw, std::string_view needle, const Match& match) {
  if (needle.empty()) return std::nullopt;
  const std::size_t dot = match.field.rfind('.');
  const std::string_view field = match.field;
  const std::array<std::string_view, 3> names = {
      match.rule_field, field, dot == std::string::npos ? field : field.substr(dot + 1)};
  std::optional<Span> best;
  int best_rank = -1;
  std::size_t at = raw.find(needle);
  for (int i = 0; i < kOccurrencesMax && at != std::string_view::npos; ++i) {
    const Span place{at, at + needle.size()};
    const int points = rank(raw, place, names);
    if (points > best_rank) best = place;
    best_rank = std::max(best_rank, points);
    at = raw.find(needle, at + 1);
  }
  // One or two characters that stand anywhere prove nothing.
  if (needle.size() < 3 && best_rank < 1) return std::nullopt;
  return best;
}

}  // namespace

Span value_span(const Match& match, std::size_t value_size) {
  if (match.end > match.begin && match.end <= value_size) return {match.begin, match.end};
  return {0, value_size};
}

Span escaped_span(std::string_view token, Span value) {
  Span span{token.size(), token.size()};
  std::size_t in_value = 0;
  std::size_t at = 0;
  while (at < token.size() && in_value < value.end) {
    const Step step = step_at(token, at);
    if (span.begin == token.size() && in_value + step.value > value.begin) span.begin = at;
    at += step.token;
    in_value += step.value;
  }
  span.end = std::min(at, token.size());
  return span;
}

std::optional<Span> find_value(std::string_view raw, const Match& match) {
  if (const auto place = best_place(raw, match.value, match)) {
    const Span span = value_span(match, match.value.size());
    return Span{place->begin + span.begin, place->begin + span.end};
  }
  const std::string quoted = json_quoted(match.value);
  const std::string_view token = std::string_view(quoted).substr(1, quoted.size() - 2);
  if (const auto place = best_place(raw, token, match)) {
    const Span span = escaped_span(token, value_span(match, match.value.size()));
    return Span{place->begin + span.begin, place->begin + span.end};
  }
  return std::nullopt;
}

std::optional<Span> raw_span(Batch& batch, const Event& event, const Match& match) {
  const std::string_view raw =
      batch.records()[static_cast<std::size_t>(&event - batch.events().data())].raw;
  const EventKind& kind = kind_of(event.kind);
  std::optional<Span> found;
  for (const Field& field : batch.fields(event)) {
    const bool named =
        field_name(kind.ecs_of(field.id)) == match.field || field_name(field.id) == match.field;
    if (!named || found) continue;
    for_each_value(field, [&](const Field& element) {
      if (!found && element.kind != ValueKind::kArray) {
        found = in_scalar(batch, raw, element, match);
      }
    });
  }
  return found ? found : find_value(raw, match);
}

}  // namespace picket::api
