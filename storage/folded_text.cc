// contains_folded(): a place is a candidate if its first and its last byte match; both are tested
// for 16 places at once, and candidates are compared byte by byte.
#include "storage/folded_text.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace picket::storage {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equals_at(const char* text, std::string_view folded) {
  for (std::size_t i = 0; i < folded.size(); ++i) {
    if (fold(text[i]) != folded[i]) return false;
  }
  return true;
}

#ifdef __SSE2__
// One byte of the pattern, 16 times: setting bit 5 makes both cases of a letter equal.
struct Wanted {
  explicit Wanted(char c)
      : byte(_mm_set1_epi8(c)), case_bit(_mm_set1_epi8(is_lower(c) ? 0x20 : 0)) {}
  __m128i at(const char* text) const {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    return _mm_cmpeq_epi8(_mm_or_si128(bytes, case_bit), byte);
  }
  __m128i byte;
  __m128i case_bit;
};
#endif

}  // namespace

std::string fold(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) c = fold(c);
  return folded;
}

bool equals_folded(std::string_view text, std::string_view folded) {
  return text.size() == folded.size() && equals_at(text.data(), folded);
}

bool contains_folded(std::string_view text, std::string_view folded) {
  if (folded.empty()) return true;
  if (text.size() < folded.size()) return false;
  const std::size_t places = text.size() - folded.size() + 1;
  std::size_t at = 0;
#ifdef __SSE2__
  const Wanted first(folded.front());
  const Wanted last(folded.back());
  for (; at + 16 <= places; at += 16) {
    const char* const here = text.data() + at;
    const __m128i both = _mm_and_si128(first.at(here), last.at(here + folded.size() - 1));
    for (auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(both)); bits != 0;
         bits &= bits - 1) {
      if (equals_at(here + std::countr_zero(bits), folded)) return true;
    }
  }
#endif
  for (; at < places; ++at) {
    if (equals_at(text.data() + at, folded)) return true;
  }
  return false;
}

bool matches_wildcard(std::string_view text, std::string_view folded) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;  // the last '*' seen, and
  std::size_t star_text = 0;                  // where what it covers ends
  while (t < text.size()) {
    if (p < folded.size() && folded[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < folded.size() && (folded[p] == '?' || folded[p] == fold(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < folded.size() && folded[p] == '*') ++p;
  return p == folded.size();
}

}  // namespace picket::storage
