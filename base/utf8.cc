#include "base/utf8.h"

#include <cstddef>

namespace picket {
namespace {

bool is_between(std::string_view text, std::size_t at, unsigned char least, unsigned char most) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= least && byte <= most;
}

// Bytes of the character that begins there; 0: none does.
std::size_t length_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const auto more = [&](std::size_t n, unsigned char least, unsigned char most) -> std::size_t {
    if (!is_between(text, at + 1, least, most)) return 0;
    for (std::size_t i = 2; i < n; ++i) {
      if (!is_between(text, at + i, 0x80, 0xbf)) return 0;
    }
    return n;
  };
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return more(2, 0x80, 0xbf);
  if (first < 0xf0) return more(3, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
  if (first < 0xf5) return more(4, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_at(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace picket
