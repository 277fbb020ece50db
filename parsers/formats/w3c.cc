#include "parsers/formats/w3c.h"

#include <algorithm>

#include "parsers/cursor.h"
#include "parsers/formats/csv.h"

namespace picket::parsers {
namespace {

std::string_view without_end(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\n'))
    line.remove_suffix(1);
  return line;
}

bool read_values(std::string_view line, std::span<const std::string> columns, const CsvStyle& style,
                 Arena& arena, std::vector<Pair>& out) {
  line = without_end(line);
  if (line.empty() || line.front() == '#') return false;
  const std::size_t before = out.size();
  std::size_t at = 0;
  std::size_t column = 0;
  std::string_view value;
  while (next_csv_value(line, at, style, arena, value)) {
    if (column < columns.size() && !value.empty() && value != "-")
      out.push_back({columns[column], value});
    ++column;
  }
  if (column == columns.size()) return true;
  out.resize(before);
  return false;
}

}  // namespace

bool read_w3c_fields(std::string_view line, std::vector<std::string>& columns) {
  constexpr std::string_view kDirective = "#Fields:";
  if (!line.starts_with(kDirective)) return false;
  columns.clear();
  std::string_view rest = without_end(line.substr(kDirective.size()));
  while (!rest.empty() && columns.size() < kPairsMax) {
    const std::size_t end = std::min(rest.find_first_of(" \t,"), rest.size());
    if (end > 0) columns.emplace_back(rest.substr(0, std::min(end, kPairNameMax)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return !columns.empty();
}

bool read_w3c_heading(std::string_view heading, W3cColumns& columns) {
  constexpr std::string_view kZeek = "#fields\t";
  if (!heading.starts_with(kZeek)) {
    columns.separator = heading.find(',') == std::string_view::npos ? ' ' : ',';
    columns.quote = '"';
    return read_w3c_fields(heading, columns.names);
  }
  columns.separator = '\t';
  columns.quote = '\0';
  columns.names.clear();
  std::string_view rest = without_end(heading.substr(kZeek.size()));
  while (!rest.empty() && columns.names.size() < kPairsMax) {
    const std::string_view name = rest.substr(0, rest.find('\t'));
    columns.names.emplace_back(name.substr(0, kPairNameMax));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return !columns.names.empty();
}

bool read_w3c(std::string_view line, std::span<const std::string> columns, Arena& arena,
              std::vector<Pair>& out) {
  const bool tabs = line.find('\t') != std::string_view::npos;
  const CsvStyle style{.separator = tabs ? '\t' : ' ', .merge = !tabs};
  return read_values(line, columns, style, arena, out);
}

bool read_w3c(std::string_view line, const W3cColumns& columns, Arena& arena,
              std::vector<Pair>& out) {
  if (columns.separator == ' ') return read_w3c(line, columns.names, arena, out);
  const CsvStyle style{.separator = columns.separator, .quote = columns.quote};
  return read_values(line, columns.names, style, arena, out);
}

}  // namespace picket::parsers
