#include "parsers/formats/escapes.h"

#include <cstdint>
#include <cstring>

namespace picket::parsers {
namespace {

// As many hexadecimal digits as `count`; -1 if there are fewer.
int hex_number(std::string_view text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (const char c : text.substr(0, count)) {
    const int digit = hex_digit(c);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// At most 3 bytes: code points below 65,536.
char* put_utf8(char* to, int code) {
  if (code >= 0xD800 && code <= 0xDFFF) code = 0xFFFD;
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
    return to;
  }
  if (code < 0x800) {
    *to++ = static_cast<char>(0xC0 | (code >> 6));
  } else {
    *to++ = static_cast<char>(0xE0 | (code >> 12));
    *to++ = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  }
  *to++ = static_cast<char>(0x80 | (code & 0x3F));
  return to;
}

// `text` begins behind a backslash and is not empty. Steps over what the escape takes.
char* put_escape(char* to, std::string_view& text) {
  const char c = text.front();
  text.remove_prefix(1);
  switch (c) {
    case 'n':
      *to++ = '\n';
      return to;
    case 'r':
      *to++ = '\r';
      return to;
    case 't':
      *to++ = '\t';
      return to;
    case '0':
      *to++ = '\0';
      return to;
    case 'x':
    case 'u':
      break;
    default:
      *to++ = c;
      return to;
  }
  const std::size_t digits = c == 'x' ? 2 : 4;
  const int code = hex_number(text, digits);
  if (code < 0) {
    *to++ = c;
    return to;
  }
  text.remove_prefix(digits);
  if (c == 'u') return put_utf8(to, code);
  *to++ = static_cast<char>(code);
  return to;
}

}  // namespace

std::string_view without_escapes(std::string_view text, Arena& arena) {
  std::size_t at = text.find('\\');
  if (at == std::string_view::npos) return text;
  char* const begin = arena.allocate(text.size());  // no escape is shorter than what it stands for
  char* to = begin;
  while (at != std::string_view::npos && at + 1 < text.size()) {
    std::memcpy(to, text.data(), at);
    to += at;
    text.remove_prefix(at + 1);
    to = put_escape(to, text);
    at = text.find('\\');
  }
  std::memcpy(to, text.data(), text.size());
  to += text.size();
  return {begin, static_cast<std::size_t>(to - begin)};
}

std::string_view without_quote_escapes(std::string_view text, char quote, char prefix,
                                       Arena& arena) {
  const char first = prefix == '\0' ? quote : prefix;
  if (text.find(first) == std::string_view::npos) return text;
  char* const begin = arena.allocate(text.size());
  char* to = begin;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == first && at + 1 < text.size() && text[at + 1] == quote) ++at;
    *to++ = text[at];
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

}  // namespace picket::parsers
