// Backslash escapes of text formats, taken out. Any thread.
#pragma once

#include <string_view>

#include "base/arena.h"

namespace picket::parsers {

// \n \r \t \0 are the control characters, \xNN a byte, \uNNNN a code point in UTF-8 (a surrogate
// becomes U+FFFD); any other character behind a backslash stands for itself. Without a backslash
// the text itself is the answer, else its copy in `arena`.
std::string_view without_escapes(std::string_view text, Arena& arena);

// `quote` twice becomes `quote` once, or where `prefix` is given, `prefix` and `quote`.
std::string_view without_quote_escapes(std::string_view text, char quote, char prefix,
                                       Arena& arena);

// The value of a hexadecimal digit; -1 for anything else.
inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace picket::parsers
