// PRI, which both syslog formats begin with (RFC 5424 6.2.1, RFC 3164 4.1.1).
#pragma once

#include "parsers/cursor.h"

namespace picket::parsers {

// "<0>" to "<191>", without leading zeros; -1, and nothing read, for anything else.
inline int read_pri(Cursor& at) {
  const std::string_view text = at.rest;
  const std::size_t close = text.substr(0, 5).find('>');
  if (text.size() < 3 || text[0] != '<' || close == std::string_view::npos) return -1;
  const std::string_view digits = text.substr(1, close - 1);
  if (!is_number(digits) || (digits.size() > 1 && digits[0] == '0')) return -1;
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  if (value > 191) return -1;
  at.rest.remove_prefix(close + 1);
  return value;
}

}  // namespace picket::parsers
