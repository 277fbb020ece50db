#include "parsers/formats/csv.h"

#include <algorithm>
#include <cstring>

#include "parsers/cursor.h"

namespace picket::parsers {
namespace {

// A value that began with a quote, with the quotes taken out. Steps to the separator or the end.
std::string_view quoted(std::string_view line, std::size_t& at, const CsvStyle& style,
                        Arena& arena) {
  const std::size_t begin = at + 1;
  const std::size_t close = line.find(style.quote, begin);
  const bool whole = close != std::string_view::npos &&
                     (close + 1 == line.size() || line[close + 1] == style.separator);
  const std::string_view simple = line.substr(begin, close - begin);
  if (whole && !(style.backslash && simple.find('\\') != std::string_view::npos)) {
    at = close + 1;
    return simple;
  }
  char* const made = arena.allocate(line.size() - begin);
  char* to = made;
  bool inside = true;
  for (at = begin; at < line.size(); ++at) {
    const char c = line[at];
    if (!inside && c == style.separator) break;
    const char next = at + 1 < line.size() ? line[at + 1] : '\0';
    if (inside && style.backslash && c == '\\' && (next == style.quote || next == '\\')) {
      *to++ = next;
      ++at;
    } else if (c == style.quote) {
      const bool twice = inside && next == style.quote;
      if (twice) *to++ = line[at++];
      if (!twice) inside = !inside;
    } else {
      *to++ = c;
    }
  }
  return {made, static_cast<std::size_t>(to - made)};
}

}  // namespace

bool next_csv_value(std::string_view line, std::size_t& at, const CsvStyle& style, Arena& arena,
                    std::string_view& value) {
  if (at == std::string_view::npos) return false;
  const bool first = at == 0;
  while (at < line.size() && ((style.trim && line[at] == ' ' && style.separator != ' ') ||
                              (style.merge && line[at] == style.separator))) {
    ++at;
  }
  if (style.merge && !first && at == line.size()) return false;
  std::size_t end = 0;
  if (style.quote != '\0' && at < line.size() && line[at] == style.quote) {
    value = quoted(line, at, style, arena);
    end = line.find(style.separator, at);
  } else {
    end = line.find(style.separator, at);
    value = line.substr(at, end - at);
  }
  if (style.trim) value = trim(value);
  at = end == std::string_view::npos ? end : end + 1;
  return true;
}

void read_csv(std::string_view line, const CsvStyle& style, Arena& arena,
              std::vector<std::string_view>& out) {
  std::size_t at = 0;
  std::string_view value;
  for (std::size_t count = 0; count < kPairsMax; ++count) {
    if (!next_csv_value(line, at, style, arena, value)) return;
    out.push_back(value);
  }
}

void name_columns(std::span<const std::string> columns, std::span<const std::string_view> values,
                  std::vector<Pair>& out) {
  const std::size_t count = std::min({columns.size(), values.size(), kPairsMax});
  for (std::size_t i = 0; i < count; ++i) {
    if (!columns[i].empty()) out.push_back({columns[i], values[i]});
  }
}

}  // namespace picket::parsers
