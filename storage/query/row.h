// Cell, ResultRow: what commands of a query work on.
//
// A row of events carries its record, so that the event can be shown in the end, and the cells that
// the commands need; a row of a table has its cells only. The columns of a row are those of its
// stage, see pipe.h. Rows own everything.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "event/record.h"

namespace picket::storage {

// Nothing, a whole number, a number, a text, several texts.
using Cell =
    std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::string>>;

struct RecordCopy {
  std::string raw;
  SourceId source{};
  std::uint64_t seq = 0;
  std::int64_t received_ns = 0;
  std::uint32_t length = 0;
  std::string heading;
};

struct ResultRow {
  std::vector<Cell> cells;
  std::unique_ptr<RecordCopy> record;  // of an event, else null
};

Cell cell_of(std::vector<std::string> values);
Cell number_cell(double number);          // a whole one where that is exact
std::string cell_text(const Cell& cell);  // several texts with ", " between them
Json cell_json(const Cell& cell);
std::size_t cell_bytes(const Cell& cell);  // of memory, about
std::size_t row_bytes(const ResultRow& row);

// Numbers (and texts that are numbers) by value, before texts without regard to case, before
// nothing. A total order: what compares as 0 is spelt the same, or is the same number.
int compare_cells(const Cell& a, const Cell& b);

// Appends a spelling of the cell that no other has, nor the beginning of another.
void append_key(std::string& key, const Cell& cell);

// Calls f(std::string_view) for each value until it answers true; so does this, then.
template <class F>
bool any_text(const Cell& cell, F f) {
  if (std::holds_alternative<std::monostate>(cell)) return false;
  if (const auto* const list = std::get_if<std::vector<std::string>>(&cell)) {
    for (const std::string& one : *list) {
      if (f(std::string_view(one))) return true;
    }
    return false;
  }
  if (const auto* const text = std::get_if<std::string>(&cell)) return f(std::string_view(*text));
  const std::string number = cell_text(cell);
  return f(std::string_view(number));
}

}  // namespace picket::storage
