// What both syslog formats begin with: an envelope in which is nothing, and PRI (RFC 5424 6.2.1,
// RFC 3164 4.1.1).
#pragma once

#include <algorithm>
#include <cstddef>

#include "parsers/cursor.h"
#include "parsers/syslog.h"

namespace picket::parsers {

// "<0>" to "<191>", without leading zeros; -1, and nothing read, for anything else.
inline int read_pri(Cursor& at) {
  constexpr std::size_t kEndMax = 4;  // where the '>' of three digits is
  const std::string_view text = at.rest;
  if (text.size() < 3 || text[0] != '<') return -1;
  int value = 0;
  std::size_t close = 1;
  for (; close < std::min(kEndMax, text.size()) && is_digit(text[close]); ++close)
    value = value * 10 + (text[close] - '0');
  if (close == 1 || close == text.size() || text[close] != '>') return -1;
  if (value > 191 || (close > 2 && text[1] == '0')) return -1;
  at.rest.remove_prefix(close + 1);
  return value;
}

// As if nothing had been read. One after the other: a whole one would be made beside it and copied,
// which takes as long as reading the header.
inline void clear(Syslog& out) {
  out.priority = -1;
  out.version = 0;
  out.time_ns.reset();
  out.version_text = {};
  out.hostname = {};
  out.appname = {};
  out.procid = {};
  out.msgid = {};
  out.structured_data = {};
  out.message = {};
  out.header = false;
}

}  // namespace picket::parsers
