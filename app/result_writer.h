// ResultWriter: the results of a search on standard output, as a table, as JSON lines or as CSV.
//
// Log content is hostile: a table is made visible(), and so is CSV on a terminal. CSV is RFC 4180, and a
// text that a spreadsheet would take for a formula (it begins with = + - @, a tab or a carriage return)
// gets an apostrophe in front. Events, JSON and CSV are written as they come; a table of columns is
// aligned, so it is written at finish(). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "storage/query/row.h"

namespace picket::app {

enum class ResultFormat : std::uint8_t { kTable, kJson, kCsv };
std::optional<ResultFormat> result_format(std::string_view name);

class ResultWriter {
 public:
  // `columns`: of the rows; empty when the results are events.
  ResultWriter(ResultFormat format, std::vector<std::string> columns);
  void event(const Json& event);
  void row(const std::vector<storage::Cell>& cells);
  void finish();

 private:
  void csv_line(const std::vector<std::string>& cells);

  ResultFormat format_;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> held_;  // of a table
  bool begun_ = false;
};

// One cell of CSV, quoted where it has to be.
std::string csv_cell(std::string_view text);
// The same text, so that no spreadsheet calculates it.
std::string without_formula(std::string_view text);

}  // namespace picket::app
