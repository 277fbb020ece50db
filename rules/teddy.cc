#include "rules/teddy.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace picket::rules {
namespace {

constexpr std::uint32_t kLowerCase = 0x20202020;

}  // namespace

void Teddy::mark(Halves& halves, const Key& key, std::uint8_t bucket) {
  const auto bit = static_cast<std::uint8_t>(1U << bucket);
  for (std::size_t i = 0; i < kWidth; ++i) {
    if (i >= key.width) {  // any byte will do
      for (std::uint8_t& low : halves.low[i]) low |= bit;
      for (std::uint8_t& high : halves.high[i]) high |= bit;
      continue;
    }
    const std::uint32_t byte = (key.bytes >> (8 * i)) & 0xFF;
    halves.low[i][byte & 0xF] |= bit;
    // The bit of lower case lies in the upper half. It was set in all bytes, so both forms are
    // taken.
    halves.high[i][byte >> 4] |= bit;
    halves.high[i][(byte & ~0x20U) >> 4] |= bit;
  }
}

// How many of the 16 halves pass `bucket` at a position, as it is and with the key.
Teddy::Passing Teddy::count_halves(const Key& key, std::size_t bucket, std::size_t position) const {
  const auto& low = halves_.low[position];
  const auto& high = halves_.high[position];
  const auto has = [bucket](std::uint8_t buckets) { return (buckets >> bucket & 1) != 0; };
  Passing count;
  for (const std::uint8_t buckets : low) count.low += has(buckets) ? 1U : 0U;
  for (const std::uint8_t buckets : high) count.high += has(buckets) ? 1U : 0U;
  if (position >= key.width) {  // any byte will do
    count.low_with = 16;
    count.high_with = 16;
    return count;
  }
  const std::uint32_t byte = (key.bytes >> (8 * position)) & 0xFF;
  count.low_with = count.low + (has(low[byte & 0xF]) ? 0U : 1U);
  count.high_with = count.high;  // mark() takes both cases, which differ in the upper half
  for (const std::uint32_t form : {byte, byte & ~0x20U})
    count.high_with += has(high[form >> 4]) ? 0U : 1U;
  return count;
}

// The one that lets the fewest bytes more through.
std::size_t Teddy::choose_bucket(const Key& key) const {
  std::size_t best = 0;
  std::uint64_t least = UINT64_MAX;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    std::uint64_t before = 1;  // of 256 to the power of kWidth
    std::uint64_t after = 1;
    for (std::size_t i = 0; i < kWidth; ++i) {
      const Passing count = count_halves(key, bucket, i);
      before *= count.low * count.high;
      after *= count.low_with * count.high_with;
    }
    if (after - before >= least) continue;
    least = after - before;
    best = bucket;
  }
  return best;
}

Teddy::Teddy(std::span<const std::string_view> keys) {
  PICKET_CHECK(keys.size() <= kKeysMax);
  std::vector<std::pair<std::size_t, Key>> placed;
  for (const std::string_view text : keys) {
    PICKET_CHECK(!text.empty() && text.size() <= kWidth);
    Key key{.width = static_cast<std::uint32_t>(text.size())};
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
      PICKET_CHECK(byte < 0x80);
      key.bytes |= (byte | 0x20) << (8 * i);
      key.mask |= 0xFFU << (8 * i);
    }
    const std::size_t bucket = choose_bucket(key);
    mark(halves_, key, static_cast<std::uint8_t>(bucket));
    placed.emplace_back(bucket, key);
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [bucket, key] : placed) {
    keys_.push_back(key);
    for (std::size_t later = bucket + 1; later <= kBuckets; ++later) ++begin_[later];
  }
}

bool Teddy::stands(std::string_view text, std::size_t at, unsigned buckets) const {
  std::uint32_t here = 0;
  const std::size_t rest = text.size() - at;
  std::memcpy(&here, text.data() + at, std::min(rest, kWidth));
  const std::uint32_t lower = here | kLowerCase;
  for (; buckets != 0; buckets &= buckets - 1) {
    const auto bucket = static_cast<std::size_t>(std::countr_zero(buckets));
    for (std::size_t i = begin_[bucket]; i < begin_[bucket + 1]; ++i) {
      const Key& key = keys_[i];
      if (key.width > rest || ((lower ^ key.bytes) & key.mask) != 0) continue;
      return true;
    }
  }
  return false;
}

unsigned Teddy::buckets_at(std::string_view text, std::size_t at) const {
  unsigned buckets = 0xFF;
  for (std::size_t i = 0; i < kWidth && buckets != 0; ++i) {
    const auto byte = at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    buckets &= unsigned{halves_.low[i][byte & 0xF]} & unsigned{halves_.high[i][byte >> 4]};
  }
  return buckets;
}

std::size_t Teddy::find_portably(std::string_view text, std::size_t from) const {
  if (keys_.empty()) return std::string_view::npos;
  for (std::size_t at = from; at < text.size(); ++at) {
    const unsigned buckets = buckets_at(text, at);
    if (buckets != 0 && stands(text, at, buckets)) return at;
  }
  return std::string_view::npos;
}

#if defined(__x86_64__)

#define PICKET_AVX2 __attribute__((target("avx2")))

namespace {

struct Tables {
  __m256i low[4];
  __m256i high[4];
};

PICKET_AVX2 inline __m256i load_table(const std::uint8_t* of) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(of)));
}

// For each of the first 32 bytes of `block`, the buckets that what begins there passes.
PICKET_AVX2 inline __m256i passing(const Tables& tables, const char* block) {
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  __m256i passed = _mm256_set1_epi8(-1);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + i));
    const __m256i low = _mm256_and_si256(bytes, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
    passed = _mm256_and_si256(passed, _mm256_shuffle_epi8(tables.low[i], low));
    passed = _mm256_and_si256(passed, _mm256_shuffle_epi8(tables.high[i], high));
  }
  return passed;
}

}  // namespace

// `passed` is of the kBlock bytes of `text` from `at` on.
PICKET_AVX2 std::size_t Teddy::look_closer(const std::uint8_t* passed, std::string_view text,
                                           std::size_t at) const {
  const __m256i buckets = _mm256_load_si256(reinterpret_cast<const __m256i*>(passed));
  auto places = ~static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(buckets, _mm256_setzero_si256())));
  for (; places != 0; places &= places - 1) {
    const auto place = static_cast<std::size_t>(std::countr_zero(places));
    if (at + place >= text.size()) break;
    if (stands(text, at + place, passed[place])) return at + place;
  }
  return std::string_view::npos;
}

PICKET_AVX2 std::size_t Teddy::find_by_blocks(std::string_view text, std::size_t from) const {
  constexpr std::size_t kReach = kBlock + kWidth - 1;
  Tables tables;
  for (std::size_t i = 0; i < kWidth; ++i) {
    tables.low[i] = load_table(halves_.low[i].data());
    tables.high[i] = load_table(halves_.high[i].data());
  }
  alignas(kBlock) std::uint8_t buckets[kBlock];
  for (std::size_t at = from; at < text.size(); at += kBlock) {
    char rest[kReach];
    const char* block = text.data() + at;
    if (text.size() - at < kReach) {  // the end of the text, and zeros behind it
      std::memset(rest, 0, kReach);
      std::memcpy(rest, block, text.size() - at);
      block = rest;
    }
    const __m256i passed = passing(tables, block);
    if (_mm256_testz_si256(passed, passed) != 0) [[likely]]
      continue;
    _mm256_store_si256(reinterpret_cast<__m256i*>(buckets), passed);
    const std::size_t found = look_closer(buckets, text, at);
    if (found != std::string_view::npos) return found;
  }
  return std::string_view::npos;
}

#undef PICKET_AVX2
#define PICKET_AVX512 __attribute__((target("avx512f,avx512bw,bmi,bmi2")))

namespace {

PICKET_AVX512 inline __m512i wide_table(const std::uint8_t* of) {
  constexpr __mmask16 kAll = 0xFFFF;  // with a mask: g++ 12 warns of what is left undefined else
  return _mm512_maskz_broadcast_i32x4(kAll, _mm_load_si128(reinterpret_cast<const __m128i*>(of)));
}

}  // namespace

// 64 bytes at once; the end of a text is read by a mask and nothing behind it.
PICKET_AVX512 std::size_t Teddy::find_by_wide_blocks(std::string_view text,
                                                     std::size_t from) const {
  constexpr std::size_t kWideBlock = 64;
  const __m512i nibble = _mm512_set1_epi8(0x0F);
  alignas(kWideBlock) std::uint8_t buckets[kWideBlock];
  for (std::size_t at = from; at < text.size(); at += kWideBlock) {
    const std::size_t rest = text.size() - at;
    __m512i passed = _mm512_set1_epi8(-1);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kWidth; ++i) {
      const auto left = static_cast<unsigned>(std::min(rest - std::min(rest, i), kWideBlock));
      const __m512i bytes =
          _mm512_maskz_loadu_epi8(_bzhi_u64(~std::uint64_t{0}, left), text.data() + at + i);
      const __m512i low = _mm512_and_si512(bytes, nibble);
      const __m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
      const __m512i either =
          _mm512_and_si512(_mm512_shuffle_epi8(wide_table(halves_.low[i].data()), low),
                           _mm512_shuffle_epi8(wide_table(halves_.high[i].data()), high));
      passed = _mm512_and_si512(passed, either);
    }
    std::uint64_t places = _mm512_test_epi8_mask(passed, passed);
    if (places == 0) [[likely]]
      continue;
    _mm512_store_si512(buckets, passed);
    for (; places != 0; places &= places - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(places));
      if (place >= rest) break;
      if (stands(text, at + place, buckets[place])) return at + place;
    }
  }
  return std::string_view::npos;
}

#undef PICKET_AVX512

bool Teddy::has(Vectors vectors) {
  if (vectors == Vectors::kAvx512)
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2");
  return vectors == Vectors::kNone || __builtin_cpu_supports("avx2");
}

std::size_t Teddy::find_with(Vectors vectors, std::string_view text, std::size_t from) const {
  if (keys_.empty()) return std::string_view::npos;
  if (vectors == Vectors::kAvx512) return find_by_wide_blocks(text, from);
  return vectors == Vectors::kAvx2 ? find_by_blocks(text, from) : find_portably(text, from);
}

std::size_t Teddy::find(std::string_view text, std::size_t from) const {
  static const Vectors best = has(Vectors::kAvx512) ? Vectors::kAvx512
                              : has(Vectors::kAvx2) ? Vectors::kAvx2
                                                    : Vectors::kNone;
  return find_with(best, text, from);
}

#else

bool Teddy::has(Vectors vectors) {
  return vectors == Vectors::kNone;
}

std::size_t Teddy::find_with(Vectors, std::string_view text, std::size_t from) const {
  return find_portably(text, from);
}

std::size_t Teddy::find(std::string_view text, std::size_t from) const {
  return find_portably(text, from);
}

#endif

}  // namespace picket::rules
