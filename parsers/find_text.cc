#include "parsers/find_text.h"

#include <bit>
#include <cstddef>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "parsers/name_table.h"

namespace picket::parsers {
namespace {

#if defined(__SSE2__)
constexpr std::size_t kBlock = 16;

// Of the places from `at` on, those whose first and last byte are the text's.
unsigned places(const char* at, std::size_t last, __m128i first_byte, __m128i last_byte) {
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(
      _mm_cmpeq_epi8(load(at), first_byte), _mm_cmpeq_epi8(load(at + last), last_byte))));
}

// `count` places at which the text could begin, at least kBlock of them.
bool find_in_blocks(const char* record, std::size_t count, std::string_view text) {
  const __m128i first_byte = _mm_set1_epi8(text.front());
  const __m128i last_byte = _mm_set1_epi8(text.back());
  const std::size_t last = text.size() - 1;
  for (std::size_t at = 0;; at += kBlock) {
    if (at + kBlock > count) at = count - kBlock;  // the rest, and some places once more
    for (unsigned found = places(record + at, last, first_byte, last_byte); found != 0;
         found &= found - 1) {
      const char* const begin = record + at + std::countr_zero(found);
      if (same_name({begin, text.size()}, text)) return true;
    }
    if (at + kBlock == count) return false;
  }
}

#define PICKET_AVX2 __attribute__((target("avx2")))

bool has_wide_vectors() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}

// The same with blocks of twice the size.
PICKET_AVX2 bool find_in_wide_blocks(const char* record, std::size_t count, std::string_view text) {
  constexpr std::size_t kWide = 2 * kBlock;
  const __m256i first_byte = _mm256_set1_epi8(text.front());
  const __m256i last_byte = _mm256_set1_epi8(text.back());
  const std::size_t last = text.size() - 1;
  for (std::size_t at = 0;; at += kWide) {
    if (at + kWide > count) at = count - kWide;
    const __m256i firsts = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(record + at));
    const __m256i lasts = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(record + at + last));
    auto found = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_and_si256(
        _mm256_cmpeq_epi8(firsts, first_byte), _mm256_cmpeq_epi8(lasts, last_byte))));
    for (; found != 0; found &= found - 1) {
      const char* const begin = record + at + std::countr_zero(found);
      if (same_name({begin, text.size()}, text)) return true;
    }
    if (at + kWide == count) return false;
  }
}

#undef PICKET_AVX2
#endif

}  // namespace

bool holds_text(std::string_view record, std::string_view text) {
#if defined(__SSE2__)
  if (!text.empty() && record.size() >= text.size() + 2 * kBlock - 1 && has_wide_vectors())
    return find_in_wide_blocks(record.data(), record.size() - text.size() + 1, text);
  if (!text.empty() && record.size() >= text.size() + kBlock - 1)
    return find_in_blocks(record.data(), record.size() - text.size() + 1, text);
#endif
  return record.find(text) != std::string_view::npos;
}

}  // namespace picket::parsers
