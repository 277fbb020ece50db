// Values separated by one character (RFC 4180 and its relatives), of one line.
//
// A value in quotes may hold the separator, and quotes written twice; RFC 4180 section 2. Also with
// backslash escapes, for programs that write them. A quote that is never closed takes the rest of
// the line; what stands between a closing quote and the separator belongs to the value. Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

struct CsvStyle {
  char separator = ',';
  char quote = '"';        // '\0': quotes are ordinary characters
  bool backslash = false;  // in quotes, \" and \\ too
  bool merge = false;      // several separators on end are one
  bool trim = false;       // blanks around a value do not belong to it
};

// The next value; false behind the last. `at` is where to read on, 0 to begin.
bool next_csv_value(std::string_view line, std::size_t& at, const CsvStyle& style, Arena& arena,
                    std::string_view& value);

// Appends the values of `line`, which is without its end; empty ones too. One at least, kPairsMax
// at most.
void read_csv(std::string_view line, const CsvStyle& style, Arena& arena,
              std::vector<std::string_view>& out);

// The values under the names of their columns. Values without a column, columns without a value,
// and columns with an empty name are left out.
void name_columns(std::span<const std::string> columns, std::span<const std::string_view> values,
                  std::vector<Pair>& out);

}  // namespace picket::parsers
