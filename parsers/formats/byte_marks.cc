#include "parsers/formats/byte_marks.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>

namespace picket::parsers {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kKeptWords = 16 * 1024;  // memory for longer texts is given back

// Where the bits of a text go.
struct Words {
  std::uint64_t* stops;
  std::uint64_t* quotes;
};

void mark_bytes(std::string_view text, const ByteSet& stops, const ByteSet& quotes, Words words) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    words.stops[at / kBlock] |= std::uint64_t{stops.has(text[at])} << (at % kBlock);
    words.quotes[at / kBlock] |= std::uint64_t{quotes.has(text[at])} << (at % kBlock);
  }
}

#if defined(__x86_64__)

// Bit i: the i-th of 64 bytes is a member.
std::uint64_t members(const __m128i* bytes, const ByteSet& set) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const __m128i wanted = _mm_set1_epi8(set.member(i));
    for (unsigned part = 0; part < 4; ++part) {
      const auto equal =
          static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes[part], wanted)));
      found |= std::uint64_t{equal} << (16 * part);
    }
  }
  return found;
}

void mark_sse2(std::string_view text, const ByteSet& stops, const ByteSet& quotes, Words words) {
  const auto mark = [&](const char* block, std::size_t word) {
    __m128i bytes[4];
    for (unsigned part = 0; part < 4; ++part)
      bytes[part] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * part));
    words.stops[word] = members(bytes, stops);
    words.quotes[word] = members(bytes, quotes);
  };
  const std::size_t whole = text.size() / kBlock;
  for (std::size_t word = 0; word < whole; ++word) mark(text.data() + word * kBlock, word);
  const std::string_view rest = text.substr(whole * kBlock);
  if (rest.empty()) return;
  std::array<char, kBlock> copy{};
  std::copy(rest.begin(), rest.end(), copy.begin());
  mark(copy.data(), whole);
  const std::uint64_t there = (std::uint64_t{1} << rest.size()) - 1;
  words.stops[whole] &= there;  // a set may have the zero byte
  words.quotes[whole] &= there;
}

#define PICKET_AVX512 __attribute__((target("avx512f,avx512bw")))

bool has_wide_vectors() {
  static const bool has = __builtin_cpu_supports("avx512bw");
  return has;
}

PICKET_AVX512 void mark_avx512(std::string_view text, const ByteSet& stops, const ByteSet& quotes,
                               Words words) {
  __m512i wanted[2 * ByteSet::kFew];
  for (std::size_t i = 0; i < stops.size(); ++i) wanted[i] = _mm512_set1_epi8(stops.member(i));
  for (std::size_t i = 0; i < quotes.size(); ++i)
    wanted[ByteSet::kFew + i] = _mm512_set1_epi8(quotes.member(i));
  for (std::size_t at = 0; at < text.size(); at += kBlock) {
    const std::size_t left = text.size() - at;
    const __mmask64 there = left >= kBlock ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const __m512i bytes = _mm512_maskz_loadu_epi8(there, text.data() + at);
    __mmask64 stop = 0;
    __mmask64 quote = 0;
    for (std::size_t i = 0; i < stops.size(); ++i)
      stop |= _mm512_mask_cmpeq_epi8_mask(there, bytes, wanted[i]);
    for (std::size_t i = 0; i < quotes.size(); ++i)
      quote |= _mm512_mask_cmpeq_epi8_mask(there, bytes, wanted[ByteSet::kFew + i]);
    words.stops[at / kBlock] = stop;
    words.quotes[at / kBlock] = quote;
  }
}

#undef PICKET_AVX512

#endif

}  // namespace

void ByteMarks::read(std::string_view text, const ByteSet& stops, const ByteSet& quotes,
                     Vectors vectors) {
  const std::size_t size = text.size() / kBlock + 2;
  if (stops_.size() < size || stops_.size() > std::max(size, kKeptWords)) {
    stops_ = std::vector<std::uint64_t>(std::bit_ceil(size));
    quotes_ = std::vector<std::uint64_t>(std::bit_ceil(size));
  }
  const std::size_t end = text.size() / kBlock;
  stops_[end] = 0;
  quotes_[end] = 0;
  const Words words{stops_.data(), quotes_.data()};
#if defined(__x86_64__)
  const bool few = stops.size() <= ByteSet::kFew && quotes.size() <= ByteSet::kFew;
  if (!few) vectors = Vectors::kNone;
  if (vectors == Vectors::kBest && has_wide_vectors()) {
    mark_avx512(text, stops, quotes, words);
  } else if (vectors != Vectors::kNone) {
    mark_sse2(text, stops, quotes, words);
  }
#else
  vectors = Vectors::kNone;
#endif
  if (vectors == Vectors::kNone) {
    std::fill_n(stops_.begin(), end, 0);
    std::fill_n(quotes_.begin(), end, 0);
    mark_bytes(text, stops, quotes, words);
  }
  const std::uint64_t behind = std::uint64_t{1} << (text.size() % kBlock);
  stops_[end] |= behind;
  quotes_[end] |= behind;
}

}  // namespace picket::parsers
