// ByteSet: which of the 256 bytes belong to it. One load and a shift to ask, and a constant where
// its members are. Small sets are searched for 16 bytes at a time.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace picket::parsers {

// Where `c` is at or behind `from`; the size of `text` if it is not. For values as short as most
// are, for which the way to memchr() costs more than it saves.
inline std::size_t find_byte(std::string_view text, char c, std::size_t from) {
#ifdef __SSE2__
  const __m128i wanted = _mm_set1_epi8(c);
  for (; from + 16 <= text.size(); from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)));
    if (found != 0) return from + static_cast<std::size_t>(__builtin_ctz(found));
  }
#endif
  while (from < text.size() && text[from] != c) ++from;
  return from;
}

class ByteSet {
 public:
  static constexpr std::size_t kFew = 4;  // members of which member() knows

  constexpr ByteSet() = default;
  constexpr explicit ByteSet(std::string_view members) {
    for (const char c : members) add(c);
  }
  constexpr void add(char c) {
    if (has(c)) return;
    const auto byte = static_cast<unsigned char>(c);
    words_[byte >> 6U] |= std::uint64_t{1} << (byte & 63U);
    for (std::size_t i = count_; i < few_.size(); ++i)
      few_[i] = byte * kEachByte;  // what is unused repeats the last
    ++count_;
  }
  constexpr bool has(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return ((words_[byte >> 6U] >> (byte & 63U)) & 1U) != 0;
  }
  constexpr bool empty() const { return count_ == 0; }
  constexpr std::size_t size() const { return count_; }
  // One of the first kFew, in the order in which they came.
  constexpr char member(std::size_t at) const { return static_cast<char>(few_[at] & 0xFFU); }
  // Of both.
  constexpr ByteSet with(const ByteSet& other) const {
    ByteSet both = *this;
    for (std::size_t i = 0; i < other.count_ && i < few_.size(); ++i)
      both.add(static_cast<char>(other.few_[i] & 0xFFU));
    if (other.count_ > few_.size()) {
      for (int c = 0; c < 256; ++c) {
        if (other.has(static_cast<char>(c))) both.add(static_cast<char>(c));
      }
    }
    return both;
  }

  // Where the first member at or behind `from` is; the size of `text` if there is none.
  std::size_t find(std::string_view text, std::size_t from = 0) const {
#ifdef __SSE2__
    if (count_ == 0) return text.size();
    if (count_ <= few_.size()) {
      for (; from + 16 <= text.size(); from += 16) {
        const unsigned found = members_in(text.data() + from);
        if (found != 0) return from + static_cast<std::size_t>(__builtin_ctz(found));
      }
    }
#endif
    while (from < text.size() && !has(text[from])) ++from;
    return from;
  }
  // Where the first byte that is no member is.
  constexpr std::size_t find_other(std::string_view text, std::size_t from = 0) const {
    while (from < text.size() && has(text[from])) ++from;
    return from;
  }

 private:
#ifdef __SSE2__
  // Bit i: the i-th of 16 bytes is one.
  unsigned members_in(const char* at) const {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto equal = [&](std::size_t i) {
      return _mm_cmpeq_epi8(bytes, _mm_set1_epi64x(static_cast<long long>(few_[i])));
    };
    return static_cast<unsigned>(_mm_movemask_epi8(
        _mm_or_si128(_mm_or_si128(equal(0), equal(1)), _mm_or_si128(equal(2), equal(3)))));
  }
#endif

  static constexpr std::uint64_t kEachByte = 0x0101'0101'0101'0101;

  std::array<std::uint64_t, 4> words_{};
  std::array<std::uint64_t, kFew> few_{};  // the first members, eight times each
  std::size_t count_ = 0;
};

}  // namespace picket::parsers
