#include "rules/tail_filter.h"

#include <algorithm>
#include <cstring>

namespace picket::rules {
namespace {

constexpr std::uint64_t kLowerCase = 0x2020202020202020U;

}  // namespace

// Inside an escape, or behind its first byte, bytes are not what they stand for.
bool TailFilter::ends_in_escape(std::string_view token) {
  const std::size_t width = std::min(token.size(), kWide + 1);
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, token.data() + token.size() - width, width);
  const std::uint64_t zero_if_backslash = bytes ^ 0x5C5C5C5C5C5C5C5CU;
  return ((zero_if_backslash - 0x0101010101010101U) & ~zero_if_backslash & 0x8080808080808080U) !=
         0;
}

std::uint64_t TailFilter::tail(std::string_view text, std::size_t width) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text.data() + text.size() - width, width);
  return bytes |
         (kLowerCase & (width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * width)) - 1));
}

void TailFilter::add(std::string_view text, bool whole) {
  empty_ = false;
  const std::size_t width = std::min(text.size(), kWide);
  texts_.push_back({.tail = tail(text, width), .size = text.size(), .whole = whole});
  if (!whole) narrow_width_ = std::min(narrow_width_, width);
  has_whole_ = has_whole_ || (whole && text.size() < kWide);
}

void TailFilter::build() {
  for (const Text& text : texts_) {
    if (text.size >= kWide) {
      set(wide_, text.tail);
    } else if (text.whole) {
      set(whole_, text.tail);
    } else {  // the last bytes of a tail are its upper ones
      set(narrow_, text.tail >> (8 * (text.size - narrow_width_)));
    }
  }
  texts_ = {};
}

bool TailFilter::may_pass(std::string_view token, bool escaped) const {
  if (empty_ || token.empty()) return false;
  if (escaped && ends_in_escape(token)) return true;
  if (narrow_width_ < kWide && token.size() >= narrow_width_ &&
      has(narrow_, tail(token, narrow_width_)))
    return true;
  if (token.size() >= kWide) return has(wide_, tail(token, kWide));
  return has_whole_ && has(whole_, tail(token, token.size()));
}

}  // namespace picket::rules
