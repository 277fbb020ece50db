#include "storage/query/row.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "storage/folded_text.h"
#include "storage/query/reader.h"

namespace picket::storage {
namespace {

std::string number_text(double number) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return error == std::errc() ? std::string(text, end) : std::string();
}

std::optional<double> cell_number(const Cell& cell) {
  if (const auto* const whole = std::get_if<std::int64_t>(&cell))
    return static_cast<double>(*whole);
  if (const auto* const number = std::get_if<double>(&cell)) return *number;
  if (const auto* const text = std::get_if<std::string>(&cell)) return parse_number(*text);
  return {};
}

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

Cell cell_of(std::vector<std::string> values) {
  if (values.empty()) return {};
  if (values.size() == 1) return std::move(values.front());
  return values;
}

Cell number_cell(double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::fabs(number) < kExact && number == std::floor(number))
    return static_cast<std::int64_t>(number);
  return number;
}

std::string cell_text(const Cell& cell) {
  if (const auto* const whole = std::get_if<std::int64_t>(&cell)) return std::to_string(*whole);
  if (const auto* const number = std::get_if<double>(&cell)) return number_text(*number);
  if (const auto* const text = std::get_if<std::string>(&cell)) return *text;
  std::string out;
  if (const auto* const list = std::get_if<std::vector<std::string>>(&cell)) {
    for (const std::string& one : *list) out += (&one == list->data() ? "" : ", ") + one;
  }
  return out;
}

Json cell_json(const Cell& cell) {
  if (const auto* const whole = std::get_if<std::int64_t>(&cell)) return *whole;
  if (const auto* const number = std::get_if<double>(&cell)) return *number;
  if (const auto* const text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* const list = std::get_if<std::vector<std::string>>(&cell)) return *list;
  return nullptr;
}

std::size_t cell_bytes(const Cell& cell) {
  std::size_t bytes = sizeof(Cell);
  any_text(cell, [&](std::string_view text) {
    bytes += sizeof(std::string) + text.size();
    return false;
  });
  return bytes;
}

std::size_t row_bytes(const ResultRow& row) {
  std::size_t bytes = sizeof(ResultRow);
  for (const Cell& cell : row.cells) bytes += cell_bytes(cell);
  return row.record ? bytes + sizeof(RecordCopy) + row.record->raw.size() : bytes;
}

int compare_cells(const Cell& a, const Cell& b) {
  const bool a_empty = std::holds_alternative<std::monostate>(a);
  const bool b_empty = std::holds_alternative<std::monostate>(b);
  if (a_empty || b_empty) return order(a_empty, b_empty);
  const std::optional<double> x = cell_number(a);
  const std::optional<double> y = cell_number(b);
  if (x && y) return order(*x, *y);
  if (x || y) return x ? -1 : 1;
  const std::string text_a = cell_text(a);
  const std::string text_b = cell_text(b);
  const int folded = order(fold(text_a), fold(text_b));
  return folded != 0 ? folded : order(text_a, text_b);
}

void append_key(std::string& key, const Cell& cell) {
  key += static_cast<char>('0' + cell.index());
  std::size_t count = 0;
  std::string values;
  any_text(cell, [&](std::string_view text) {
    values += std::to_string(text.size()) + ":";
    values += text;
    ++count;
    return false;
  });
  key += std::to_string(count) + "," + values;
}

}  // namespace picket::storage
