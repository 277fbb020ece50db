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

bool read_w3c(std::string_view line, std::span<const std::string> columns, Arena& arena,
              std::vector<Pair>& out) {
  line = without_end(line);
  if (line.empty() || line.front() == '#') return false;
  const bool tabs = line.find('\t') != std::string_view::npos;
  const CsvStyle style{.separator = tabs ? '\t' : ' ', .merge = !tabs};
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

}  // namespace picket::parsers
