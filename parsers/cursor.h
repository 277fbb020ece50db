// Cursor: reads a text from left to right. The small words that every text parser is made of.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace picket::parsers {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_number(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

// As std::from_chars() reads all of it. Quick for what is usual, at most 18 digits.
inline bool read_int(std::string_view text, std::int64_t& number) {
  constexpr std::size_t kUsualMax = 18;
  if (text.size() <= kUsualMax && !text.empty()) {
    std::uint64_t made = 0;
    bool digits = true;
    for (const char c : text) {
      const auto digit = static_cast<unsigned>(c) - '0';
      digits &= digit < 10;
      made = made * 10 + digit;
    }
    if (digits) {
      number = static_cast<std::int64_t>(made);
      return true;
    }
  }
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  return bad == std::errc() && end == text.data() + text.size();
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Cursor {
  std::string_view rest;

  bool done() const { return rest.empty(); }
  // Steps over `text` if it comes next.
  bool skip(std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
  }
  // Up to `text`, which is stepped over too; false, and nothing read, if it does not come.
  bool until(std::string_view text, std::string_view& out) {
    const std::size_t at = rest.find(text);
    if (at == std::string_view::npos) return false;
    out = rest.substr(0, at);
    rest.remove_prefix(at + text.size());
    return true;
  }
  // Up to a space, which is stepped over, or the end. May be empty.
  std::string_view word() {
    const std::size_t at = rest.find(' ');
    const std::string_view found = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return found;
  }
  void spaces() {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
};

}  // namespace picket::parsers
