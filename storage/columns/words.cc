#include "storage/columns/words.h"

#include <algorithm>

#include "storage/folded_text.h"

namespace picket::storage {
namespace {

constexpr std::size_t kUnicodeDigits = 4;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::size_t escape_bytes(std::string_view run) {
  switch (run.front()) {
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return 1;
    case 'u': {
      const std::string_view digits = run.substr(1, kUnicodeDigits);
      const bool all =
          digits.size() == kUnicodeDigits && std::all_of(digits.begin(), digits.end(), &is_hex);
      return all ? 1 + kUnicodeDigits : 0;
    }
    default:
      return 0;
  }
}

bool has_word(std::string_view text, std::string_view folded) {
  return any_word(text, [&](std::string_view word) { return equals_folded(word, folded); });
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), &is_word_byte);
}

}  // namespace picket::storage
