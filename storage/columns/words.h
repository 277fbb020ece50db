// Words of a record, as column blocks know them: docs/formats/column-blocks.md, "Words".
//
// Pure functions, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace picket::storage {

inline constexpr std::array<bool, 256> kWordBytes = [] {
  std::array<bool, 256> is_word{};
  for (std::size_t c = 0; c < is_word.size(); ++c) {
    is_word[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                 c == '_' || c > 127;
  }
  return is_word;
}();
inline bool is_word_byte(char c) {
  return kWordBytes[static_cast<unsigned char>(c)];
}

// How many bytes at the beginning of `run`, a longest run of word bytes behind a backslash, belong
// to an escape of JSON: 0, 1 or 5.
std::size_t escape_bytes(std::string_view run);

// Calls f(word) for each, as it stands, until f answers true; so does this, then.
template <class F>
bool any_word(std::string_view text, F f) {
  bool escaped = false;  // the byte before is a backslash that escapes the one at `at`
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word_byte(text[at])) {
      escaped = text[at] == '\\' && !escaped;
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    while (end < text.size() && is_word_byte(text[end])) ++end;
    const std::string_view run = text.substr(at, end - at);
    if (f(run)) return true;
    const std::size_t skip = escaped ? escape_bytes(run) : 0;
    if (skip > 0 && skip < run.size() && f(run.substr(skip))) return true;
    escaped = false;
    at = end;
  }
  return false;
}

// `folded` is one word in lower case.
bool has_word(std::string_view text, std::string_view folded);
bool is_word(std::string_view text);

}  // namespace picket::storage
