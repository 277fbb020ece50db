#include "parsers/marker_filter.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "parsers/cursor.h"

namespace picket::parsers {
namespace {

bool has_vectors() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
#else
  return false;
#endif
}

bool has_wide_vectors() {
#if defined(__x86_64__)
  static const bool has =
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
  return has;
#else
  return false;
#endif
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// Of what is neither a letter nor a digit, what logs have often.
bool is_usual_sign(char c) {
  return std::string_view(".:-/=\",[]_").find(c) != std::string_view::npos;
}

// How seldom logs have a byte, about.
int rarity(char c) {
  if ((c >= 'a' && c <= 'z') || is_digit(c) || c == ' ') return 0;
  return is_upper(c) || is_usual_sign(c) ? 1 : 4;
}

// How often they have it behind another one, about; measured by what passes.
double frequency(char c) {
  if (c == ' ') return 1.5;
  if (rarity(c) == 0) return 1;
  if (is_usual_sign(c)) return 0.7;
  return is_upper(c) ? 0.6 : 0.2;
}

// Where those of a text's bytes begin that are the rarest: of equals the last. A blank at the
// text's edge tells its word from the same word in other company, in quotes for one.
std::size_t rarest(std::string_view text, std::size_t width) {
  std::size_t best = 0;
  int most = -1;
  for (std::size_t at = 0; at + width <= text.size(); ++at) {
    int sum = 0;
    for (const char c : text.substr(at, width)) sum += rarity(c);
    if (at == 0 && text.front() == ' ') sum += 3;
    if (at + width == text.size() && text.back() == ' ') sum += 6;
    if (sum < most) continue;
    most = sum;
    best = at;
  }
  return best;
}

unsigned byte_at(std::uint32_t bytes, std::size_t position) {
  return (bytes >> (8 * position)) & 0xFFU;
}

}  // namespace

MarkerFilter::MarkerFilter(const std::vector<std::string>& texts, Vectors vectors)
    : wide_(vectors == Vectors::kBest && has_wide_vectors()), texts_(texts) {
  useful_ = has_vectors() && texts.size() <= kTextsMax &&
            std::all_of(texts.begin(), texts.end(),
                        [](const std::string& text) { return text.size() >= kLeast; });
  if (!useful_) return;
  std::vector<Marker> markers;
  for (std::uint32_t id = 0; id < texts.size(); ++id) markers.push_back(marker_of(id));
  // Those with few bytes first, because what is in a bucket with one of them passes more easily;
  // and alike ones together.
  const auto place = [this](const Marker& marker) {
    return std::pair(marker.mask, std::string_view(texts_[marker.id]).substr(marker.offset));
  };
  std::sort(markers.begin(), markers.end(),
            [&](const Marker& a, const Marker& b) { return place(a) < place(b); });
  for (const Marker& marker : markers) add(marker);
}

MarkerFilter::Marker MarkerFilter::marker_of(std::uint32_t id) const {
  const std::string& text = texts_[id];
  const std::size_t width = std::min(text.size(), kWidth);
  Marker marker;
  marker.id = id;
  marker.offset = static_cast<std::uint32_t>(rarest(text, width));
  std::memcpy(&marker.bytes, text.data() + marker.offset, width);
  std::memset(&marker.mask, 0xFF, width);
  const std::size_t head = std::min(text.size(), sizeof(marker.head));
  std::memcpy(&marker.head, text.data(), head);
  std::memset(&marker.head_mask, 0xFF, head);
  return marker;
}

void MarkerFilter::add(const Marker& marker) {
  const bool is_short = texts_[marker.id].size() < kWidth;
  if (is_short) shorter_.push_back(marker);
  const std::size_t at = choose_bucket(marker);
  mark(marker, at);
  Bucket& bucket = buckets_[at];
  bucket.has_shorter |= is_short;
  const std::size_t bit = bit_of(marker.bytes);
  words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  bucket.bytes.push_back(marker.bytes);
  bucket.masks.push_back(marker.mask);
  bucket.markers.push_back(marker);
}

void MarkerFilter::mark(const Marker& marker, std::size_t bucket) {
  const auto bit = static_cast<std::uint8_t>(1U << bucket);
  for (std::size_t i = 0; i < kWidth; ++i) {
    if (byte_at(marker.mask, i) == 0) {  // any byte will do
      for (std::uint8_t& low : halves_.low[i]) low |= bit;
      for (std::uint8_t& high : halves_.high[i]) high |= bit;
      for (std::uint8_t& byte : bytes_.of[i]) byte |= bit;
      continue;
    }
    bytes_.of[i][byte_at(marker.bytes, i) & 0x7FU] |= bit;
    halves_.low[i][byte_at(marker.bytes, i) & 0xFU] |= bit;
    halves_.high[i][byte_at(marker.bytes, i) >> 4U] |= bit;
  }
}

// Of what logs hold, about how much passes a bucket: of each position the bytes that do, each as
// often as logs have it. With the marker, if one is given.
double MarkerFilter::passing_share(std::size_t bucket, const Marker* marker) const {
  double share = 1;
  for (std::size_t i = 0; i < kWidth; ++i) {
    double sum = 0;
    for (std::size_t byte = 0; byte < bytes_.of[i].size(); ++byte) {
      const bool own = marker != nullptr && (byte_at(marker->mask, i) == 0 ||
                                             (byte_at(marker->bytes, i) & 0x7FU) == byte);
      if (own || (unsigned{bytes_.of[i][byte]} >> bucket & 1U) != 0)
        sum += frequency(static_cast<char>(byte));
    }
    share *= sum;
  }
  return share;
}

// The one that lets the least more through.
std::size_t MarkerFilter::choose_wide_bucket(const Marker& marker) const {
  std::size_t best = 0;
  double least = std::numeric_limits<double>::max();
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const double more = passing_share(bucket, &marker) - passing_share(bucket, nullptr);
    if (more >= least) continue;
    least = more;
    best = bucket;
  }
  return best;
}

// The one that lets the fewest words of four bytes more through.
std::size_t MarkerFilter::choose_bucket(const Marker& marker) const {
  if (wide_) return choose_wide_bucket(marker);
  std::size_t best = 0;
  std::uint64_t least = UINT64_MAX;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const auto has = [&](std::uint8_t buckets) { return (unsigned{buckets} >> bucket & 1U) != 0; };
    std::uint64_t before = 1;
    std::uint64_t after = 1;
    for (std::size_t i = 0; i < kWidth; ++i) {
      const auto& low = halves_.low[i];
      const auto& high = halves_.high[i];
      const auto lows = static_cast<std::uint64_t>(std::count_if(low.begin(), low.end(), has));
      const auto highs = static_cast<std::uint64_t>(std::count_if(high.begin(), high.end(), has));
      before *= lows * highs;
      if (byte_at(marker.mask, i) == 0) {
        after *= 256;
        continue;
      }
      after *= (lows + (has(low[byte_at(marker.bytes, i) & 0xFU]) ? 0U : 1U)) *
               (highs + (has(high[byte_at(marker.bytes, i) >> 4U]) ? 0U : 1U));
    }
    if (after - before >= least) continue;
    least = after - before;
    best = bucket;
  }
  return best;
}

// The bytes that are looked for stand at `at`.
void MarkerFilter::compare(const Marker& marker, std::string_view text, std::size_t at,
                           std::vector<std::uint32_t>& found) const {
  if (at < marker.offset) return;
  const std::string_view rest = text.substr(at - marker.offset);
  if (rest.size() >= sizeof(marker.head)) {  // mostly they say no
    std::uint64_t head = 0;
    std::memcpy(&head, rest.data(), sizeof(head));
    if (((marker.head ^ head) & marker.head_mask) != 0) return;
  }
  if (!rest.starts_with(texts_[marker.id])) return;
  if (std::find(found.begin(), found.end(), marker.id) == found.end()) found.push_back(marker.id);
}

// Those of the buckets that what begins at these places behind `at` passes.
void MarkerFilter::look_closer(const std::uint8_t* passed, std::uint64_t places,
                               std::string_view text, std::size_t at,
                               std::vector<std::uint32_t>& found) const {
  for (; places != 0; places &= places - 1) {
    const auto place = static_cast<std::size_t>(std::countr_zero(places));
    if (text.size() <= at + place) return;
    const std::string_view rest = text.substr(at + place);
    std::uint32_t here = 0;
    if (rest.size() >= kWidth) [[likely]] {  // a copy of a known size goes to no memory
      std::memcpy(&here, rest.data(), kWidth);
    } else {
      std::memcpy(&here, rest.data(), rest.size());
    }
    const std::size_t bit = bit_of(here);
    const bool known = (words_[bit / 64] >> (bit % 64) & 1U) != 0;
    for (unsigned left = passed[place]; left != 0; left &= left - 1) {
      const Bucket& bucket = buckets_[static_cast<std::size_t>(std::countr_zero(left))];
      if (!known && !bucket.has_shorter) continue;
      for (std::size_t i = 0; i < bucket.bytes.size(); ++i) {
        if (((bucket.bytes[i] ^ here) & bucket.masks[i]) == 0)
          compare(bucket.markers[i], text, at + place, found);
      }
    }
  }
}

// At the end, where no four bytes stand.
void MarkerFilter::find_shorter(std::string_view text, std::vector<std::uint32_t>& found) const {
  const std::size_t end = text.size() - std::min(text.size(), kWidth - 1);
  for (const Marker& marker : shorter_) {
    const auto first = static_cast<char>(byte_at(marker.bytes, 0));
    for (std::size_t at = end; at + kLeast <= text.size(); ++at) {
      if (text[at] == first) compare(marker, text, at, found);
    }
  }
}

#if defined(__x86_64__)

#define PICKET_AVX2 __attribute__((target("avx2")))

namespace {

struct Tables {
  __m256i low0, low1, low2, low3;
  __m256i high0, high1, high2, high3;
};

PICKET_AVX2 inline __m256i load_table(const std::uint8_t* of) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(of)));
}

PICKET_AVX2 inline Tables load_tables(const std::uint8_t* low, const std::uint8_t* high) {
  return {load_table(low),  load_table(low + 16),  load_table(low + 32),  load_table(low + 48),
          load_table(high), load_table(high + 16), load_table(high + 32), load_table(high + 48)};
}

PICKET_AVX2 inline __m256i passing_one(__m256i low_table, __m256i high_table, const char* at) {
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
  return _mm256_and_si256(_mm256_shuffle_epi8(low_table, _mm256_and_si256(bytes, nibble)),
                          _mm256_shuffle_epi8(high_table, high));
}

// A text as blocks that may all be read whole: a short one is copied, zeros behind it. The last
// block begins where it ends with the text, so that some places are looked at once more.
struct Blocks {
  template <std::size_t kReach>
  Blocks(std::string_view text, std::array<char, kReach>& whole) : begin(text.data()) {
    if (text.size() >= kReach) {
      last = text.size() - kReach;
      return;
    }
    whole.fill('\0');
    std::memcpy(whole.data(), text.data(), text.size());
    begin = whole.data();
  }
  const char* begin;
  std::size_t last = 0;
};

// For each of the first 32 bytes of `block`, the buckets that what begins there passes.
PICKET_AVX2 inline __m256i passing(const Tables& tables, const char* block) {
  const __m256i first = _mm256_and_si256(passing_one(tables.low0, tables.high0, block),
                                         passing_one(tables.low1, tables.high1, block + 1));
  return _mm256_and_si256(first,
                          _mm256_and_si256(passing_one(tables.low2, tables.high2, block + 2),
                                           passing_one(tables.low3, tables.high3, block + 3)));
}

}  // namespace

PICKET_AVX2 void MarkerFilter::find_narrow(std::string_view text,
                                           std::vector<std::uint32_t>& found) const {
  constexpr std::size_t kReach = kBlock + kWidth - 1;
  std::array<char, kReach> whole;
  const Blocks blocks(text, whole);
  const Tables tables = load_tables(halves_.low[0].data(), halves_.high[0].data());
  alignas(kBlock) std::uint8_t buckets[kBlock];
  for (std::size_t at = 0;; at = std::min(at + kBlock, blocks.last)) {
    const __m256i passed = passing(tables, blocks.begin + at);
    if (_mm256_testz_si256(passed, passed) == 0) [[unlikely]] {
      _mm256_store_si256(reinterpret_cast<__m256i*>(buckets), passed);
      const auto places = ~static_cast<std::uint32_t>(
          _mm256_movemask_epi8(_mm256_cmpeq_epi8(passed, _mm256_setzero_si256())));
      look_closer(buckets, places, text, at, found);
    }
    if (at == blocks.last) break;
  }
}

#define PICKET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi")))

namespace {

// One by one, because a loop over them would keep them in memory.
struct WideTables {
  __m512i low0, low1, low2, low3;
  __m512i high0, high1, high2, high3;
};

PICKET_AVX512 inline WideTables load_wide_tables(const std::uint8_t* bytes) {
  return {_mm512_load_si512(bytes),       _mm512_load_si512(bytes + 128),
          _mm512_load_si512(bytes + 256), _mm512_load_si512(bytes + 384),
          _mm512_load_si512(bytes + 64),  _mm512_load_si512(bytes + 192),
          _mm512_load_si512(bytes + 320), _mm512_load_si512(bytes + 448)};
}

PICKET_AVX512 inline __m512i passing_wide_one(__m512i low, __m512i high, const char* at) {
  return _mm512_permutex2var_epi8(low, _mm512_loadu_si512(at), high);
}

// For each of the first 64 bytes of `block`, the buckets that what begins there passes.
PICKET_AVX512 inline __m512i passing_wide(const WideTables& tables, const char* block) {
  const __m512i first = _mm512_and_si512(passing_wide_one(tables.low0, tables.high0, block),
                                         passing_wide_one(tables.low1, tables.high1, block + 1));
  return _mm512_and_si512(first,
                          _mm512_and_si512(passing_wide_one(tables.low2, tables.high2, block + 2),
                                           passing_wide_one(tables.low3, tables.high3, block + 3)));
}

}  // namespace

PICKET_AVX512 void MarkerFilter::find_wide(std::string_view text,
                                           std::vector<std::uint32_t>& found) const {
  constexpr std::size_t kReach = kWideBlock + kWidth - 1;
  std::array<char, kReach> whole;
  const Blocks blocks(text, whole);
  const WideTables tables = load_wide_tables(bytes_.of[0].data());
  alignas(kWideBlock) std::uint8_t buckets[kWideBlock];
  std::uint64_t fresh = ~std::uint64_t{0};  // places that the block before had not
  for (std::size_t at = 0;;) {
    const __m512i passed = passing_wide(tables, blocks.begin + at);
    const std::uint64_t places = _mm512_test_epi8_mask(passed, passed) & fresh;
    if (places != 0) [[unlikely]] {
      _mm512_store_si512(buckets, passed);
      look_closer(buckets, places, text, at, found);
    }
    if (at == blocks.last) break;
    const std::size_t next = std::min(at + kWideBlock, blocks.last);
    fresh <<= kWideBlock - (next - at);
    at = next;
  }
}

#undef PICKET_AVX512
#undef PICKET_AVX2

#else

void MarkerFilter::find_narrow(std::string_view, std::vector<std::uint32_t>&) const {}
void MarkerFilter::find_wide(std::string_view, std::vector<std::uint32_t>&) const {}

#endif

void MarkerFilter::prefetch() const {
  const char* const begin = wide_ ? reinterpret_cast<const char*>(bytes_.of[0].data())
                                  : reinterpret_cast<const char*>(halves_.low[0].data());
  const std::size_t size = wide_ ? sizeof(bytes_) : sizeof(halves_);
  for (std::size_t at = 0; at < size; at += kWideBlock) __builtin_prefetch(begin + at);
}

void MarkerFilter::find(std::string_view text, std::vector<std::uint32_t>& found) const {
  if (wide_) {
    find_wide(text, found);
  } else {
    find_narrow(text, found);
  }
  find_shorter(text, found);
}

}  // namespace picket::parsers
