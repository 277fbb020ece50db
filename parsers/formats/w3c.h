// W3C Extended Log File Format (W3C working draft WD-logfile-960323), as IIS, Exchange and
// proxies write it.
//
// A line is values between blanks (IIS) or tabs, under the columns that the last "#Fields:" line
// before it names. Zeek's own logs are of the same shape. Which columns those are is for the caller
// to say, because a reader that remembered them would make the meaning of a record depend on which
// records it happened to see before. So: columns are configured with the source or definition, or
// they came with the record itself, from the door that reads the file and keeps the directive next
// to its read position. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

// The columns of "#Fields: date time c-ip ..."; false for any other line.
bool read_w3c_fields(std::string_view line, std::vector<std::string>& columns);

// How the lines behind a heading are written. Zeek's "#fields", which is always followed by tabs
// (its "#separator \x09"), is one too; its values have no quotes.
struct W3cColumns {
  std::vector<std::string> names;
  char separator = ' ';  // blanks, or tabs if a line has them; ',' (Exchange); '\t' (Zeek)
  char quote = '"';
};
bool read_w3c_heading(std::string_view heading, W3cColumns& columns);

// Appends the values of `line` under their columns; "-" is no value and left out. False for a
// directive (a line with "#") and when the line has another number of values than there are
// columns.
bool read_w3c(std::string_view line, std::span<const std::string> columns, Arena& arena,
              std::vector<Pair>& out);
bool read_w3c(std::string_view line, const W3cColumns& columns, Arena& arena,
              std::vector<Pair>& out);

}  // namespace picket::parsers
