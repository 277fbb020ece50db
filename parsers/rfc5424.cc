#include <cstddef>

#include "base/time.h"
#include "parsers/cursor.h"
#include "parsers/syslog.h"
#include "parsers/syslog_pri.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kTimestampMax = 32;  // "2003-08-24T05:14:15.000003-07:00"

bool is_printable(char c) {
  return c > ' ' && c <= '~';
}

// NILVALUE, or up to `length_max` of PRINTUSASCII, and the space behind it.
bool header_field(Cursor& at, std::size_t length_max, std::string_view& out) {
  std::size_t length = 0;
  while (length < at.rest.size() && is_printable(at.rest[length])) ++length;
  if (length == 0 || length > length_max) return false;
  out = at.rest.substr(0, length);
  if (out == "-") out = {};
  at.rest.remove_prefix(length);
  return true;
}

bool version(Cursor& at, Syslog& out) {
  std::size_t length = 0;
  while (length < at.rest.size() && length < 4 && is_digit(at.rest[length])) ++length;
  if (length == 0 || length > 3 || at.rest[0] == '0') return false;
  out.version_text = at.rest.substr(0, length);
  out.version = 0;
  for (const char c : out.version_text) out.version = out.version * 10 + (c - '0');
  at.rest.remove_prefix(length);
  return true;
}

// Section 6.2.3 is stricter than RFC 3339: upper case T and Z, at most six digits of fraction, a
// zone always, no leap second.
bool timestamp(Cursor& at, Syslog& out) {
  if (at.rest.starts_with("- ")) {
    at.rest.remove_prefix(1);
    return true;
  }
  const std::string_view text = at.rest.substr(0, at.rest.find(' '));
  if (text.size() < 20 || text.size() > kTimestampMax || text[10] != 'T') return false;
  if (text.substr(17, 2) == "60" || text.find(',') != std::string_view::npos) return false;
  std::size_t digits = 0;
  if (text[19] == '.') {
    while (20 + digits < text.size() && is_digit(text[20 + digits])) ++digits;
    if (digits == 0 || digits > 6) return false;
  }
  const std::size_t zone_at = text[19] == '.' ? 20 + digits : 19;
  if (zone_at == text.size()) return false;  // the text ends with the fraction
  const char zone = text[zone_at];
  if (zone != 'Z' && zone != '+' && zone != '-') return false;
  const auto time = parse_time(text);
  if (!time || !time->zone_known) return false;
  out.time_ns = time->time_ns;
  at.rest.remove_prefix(text.size());
  return true;
}

// SD-NAME: the length of the name at the start of `text`, 0 if there is none.
std::size_t sd_name(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_printable(text[length]) && text[length] != '=' &&
         text[length] != ']' && text[length] != '"') {
    ++length;
  }
  return length > 32 ? 0 : length;
}

// Behind the opening quote: the length of the value, npos if it does not end. Section 6.3.3: a
// backslash before anything but '"', '\' and ']' stands for itself.
std::size_t param_value(std::string_view text, bool& escaped) {
  escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return i;
    if (text[i] == ']') return std::string_view::npos;
    if (text[i] != '\\' || i + 1 == text.size()) continue;
    const char next = text[i + 1];
    if (next == '"' || next == '\\' || next == ']') {
      escaped = true;
      ++i;
    }
  }
  return std::string_view::npos;
}

// One "[id name="value" ...]"; moves `at` behind it.
bool sd_element(std::string_view text, std::size_t& at) {
  std::size_t name = sd_name(text.substr(at + 1));
  if (name == 0) return false;
  at += 1 + name;
  while (at < text.size() && text[at] == ' ') {
    name = sd_name(text.substr(at + 1));
    if (name == 0 || text.substr(at + 1 + name, 2) != "=\"") return false;
    at += 1 + name + 2;
    bool escaped = false;
    const std::size_t length = param_value(text.substr(at), escaped);
    if (length == std::string_view::npos) return false;
    at += length + 1;
  }
  if (at >= text.size() || text[at] != ']') return false;
  ++at;
  return true;
}

bool structured_data(Cursor& at, Syslog& out) {
  if (at.skip("-")) return true;
  std::size_t end = 0;
  while (end < at.rest.size() && at.rest[end] == '[') {
    if (!sd_element(at.rest, end)) return false;
  }
  out.structured_data = at.rest.substr(0, end);
  at.rest.remove_prefix(end);
  return end > 0;
}

}  // namespace

bool read_rfc5424(std::string_view text, Syslog& out) {
  Cursor at{text};
  const int priority = read_pri(at);
  // Lines of the old format, which come here too, are told by that.
  if (priority < 0 || at.done() || !is_digit(at.rest[0])) return false;
  clear(out);
  out.priority = priority;
  if (!version(at, out) || !at.skip(" ")) return false;
  if (!timestamp(at, out) || !at.skip(" ")) return false;
  if (!header_field(at, 255, out.hostname) || !at.skip(" ")) return false;
  if (!header_field(at, 48, out.appname) || !at.skip(" ")) return false;
  if (!header_field(at, 128, out.procid) || !at.skip(" ")) return false;
  if (!header_field(at, 32, out.msgid) || !at.skip(" ")) return false;
  if (!structured_data(at, out)) return false;
  if (!at.done() && !at.skip(" ")) return false;
  at.skip("\xEF\xBB\xBF");
  out.message = at.rest;
  out.header = true;
  return true;
}

bool next_sd_param(std::string_view data, std::size_t& at, SdParam& param) {
  if (at >= data.size()) return false;
  if (data[at] == '[') {
    const std::size_t name = sd_name(data.substr(at + 1));
    param = {.id = data.substr(at + 1, name), .name = {}, .value = {}, .escaped = false};
    at += 1 + name;
    if (data[at] == ']') {
      ++at;
      return true;
    }
  }
  if (data[at] != ' ') return false;
  const std::size_t name = sd_name(data.substr(at + 1));
  param.name = data.substr(at + 1, name);
  at += 1 + name + 2;
  const std::size_t length = param_value(data.substr(at), param.escaped);
  param.value = data.substr(at, length);
  at += length + 1;
  if (data[at] == ']') ++at;
  return true;
}

}  // namespace picket::parsers
