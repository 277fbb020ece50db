// For each 64 bytes: a bit for each byte that is a quote, and one for each that is a backslash.
// Which bytes a backslash escapes follows by arithmetic on those words, and then the places of the
// quotes that are left are written out, some at a time whether there are so many or not: a branch
// that is guessed wrong costs more than four stores.
#include "parsers/json_scan.h"

#include <simdjson.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define PICKET_JSON_SCAN_X86 1
#endif

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kAtOnce = 8;     // quotes written, whether there are so many or not
constexpr std::size_t kCareless = 64;  // of them, past the last one
constexpr std::size_t kKeptCapacity = 1024 * 1024;  // memory for longer texts is given back

struct Bits {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
};

// The state of one pass.
struct Pass {
  const char* text;
  std::size_t size;
  std::uint32_t* quotes;       // where the next one goes
  std::uint64_t* backslashes;  // by block
  std::uint64_t carry = 0;     // the byte before was a backslash that escapes the next
  std::uint64_t any_backslash = 0;
  bool high = false;     // a byte that is not ASCII
  bool control = false;  // a byte below a space
  bool unicode = false;  // "\\u"
  bool valid = true;     // of escapes
};

// What every block changes of it: a copy that stays in registers.
struct Progress {
  std::uint32_t* quotes;
  std::uint64_t carry = 0;
  std::uint64_t any_backslash = 0;

  explicit Progress(const Pass& pass) : quotes(pass.quotes) {}
  void store(Pass& pass) const {
    pass.quotes = quotes;
    pass.carry = carry;
    pass.any_backslash = any_backslash;
  }
};

using Kernel = void (*)(Pass&);

// The bytes that a backslash escapes, of 64. In a run of backslashes every second one is escaped:
// an addition carries from where a run begins to where it ends, once for runs that begin at odd
// places.
[[gnu::always_inline]] inline std::uint64_t escaped_bytes(std::uint64_t backslashes,
                                                          std::uint64_t& carry) {
  constexpr std::uint64_t kEven = 0x5555555555555555u;
  backslashes &= ~carry;
  const std::uint64_t follows = (backslashes << 1) | carry;
  const std::uint64_t odd_starts = backslashes & ~kEven & ~follows;
  const std::uint64_t even_runs = odd_starts + backslashes;
  carry = even_runs < backslashes ? 1 : 0;
  return (kEven ^ (even_runs << 1)) & follows;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RFC 8259 section 7. `bits` are the escaped bytes from `base` that are neither quote nor
// backslash.
void check_escapes(Pass& pass, std::size_t base, std::uint64_t bits) {
  for (; bits != 0; bits &= bits - 1) {
    const std::size_t at = base + static_cast<std::size_t>(std::countr_zero(bits));
    const char c = at < pass.size ? pass.text[at] : '\0';
    if (c == 'n' || c == 't' || c == 'r' || c == '/' || c == 'b' || c == 'f') continue;
    pass.unicode = true;
    bool valid = c == 'u' && pass.size - at > 4;
    for (std::size_t digit = 1; valid && digit <= 4; ++digit) valid = is_hex(pass.text[at + digit]);
    pass.valid &= valid;
  }
}

// Writes out the places of the first kCount bits, or of more than there are: what is written too
// much is written over.
template <std::size_t... kIndex>
[[gnu::always_inline]] inline void write_bits(std::uint32_t* out, std::uint32_t base,
                                              std::uint64_t& bits, std::index_sequence<kIndex...>) {
  const auto write = [&](std::size_t i) __attribute__((always_inline)) {
    out[i] = base + static_cast<std::uint32_t>(std::countr_zero(bits));
    bits &= bits - 1;
  };
  (write(kIndex), ...);
}

// Of a block's quotes those that are not escaped; notes its backslashes. Inlined into kernels, so
// that each has it in its own instructions.
[[gnu::always_inline]] inline std::uint64_t unescaped_quotes(Pass& pass, Progress& progress,
                                                             std::size_t block, const Bits& bits) {
  const std::uint64_t escaped = escaped_bytes(bits.backslashes, progress.carry);
  pass.backslashes[block] = bits.backslashes;
  progress.any_backslash |= bits.backslashes;
  const std::uint64_t to_check = escaped & ~bits.backslashes & ~bits.quotes;
  if (to_check != 0) [[unlikely]]
    check_escapes(pass, block * kBlock, to_check);
  return bits.quotes & ~escaped;
}

[[gnu::always_inline]] inline void add_block(Pass& pass, Progress& progress, std::size_t block,
                                             const Bits& bits) {
  const std::size_t base = block * kBlock;
  std::uint64_t quotes = unescaped_quotes(pass, progress, block, bits);
  const auto count = static_cast<std::size_t>(std::popcount(quotes));
  std::uint32_t* out = progress.quotes;
  progress.quotes += count;
  const auto first = static_cast<std::uint32_t>(base);
  write_bits(out, first, quotes, std::make_index_sequence<kAtOnce>());
  while (quotes != 0) {
    out += kAtOnce;
    write_bits(out, first, quotes, std::make_index_sequence<kAtOnce>());
  }
}

// What is left behind the last whole block, filled up with spaces.
std::array<char, kBlock> last_block(const Pass& pass) {
  std::array<char, kBlock> rest;
  rest.fill(' ');
  const std::size_t left = pass.size % kBlock;
  if (left > 0) std::memcpy(rest.data(), pass.text + pass.size - left, left);
  return rest;
}

void scan_portable(Pass& pass) {
  Progress progress(pass);
  const auto add = [&](const char* bytes, std::size_t block) {
    Bits bits;
    for (unsigned i = 0; i < kBlock; ++i) {
      bits.quotes |= static_cast<std::uint64_t>(bytes[i] == '"') << i;
      bits.backslashes |= static_cast<std::uint64_t>(bytes[i] == '\\') << i;
      pass.high |= static_cast<unsigned char>(bytes[i]) >= 0x80;
      pass.control |= static_cast<unsigned char>(bytes[i]) < 0x20;
    }
    add_block(pass, progress, block, bits);
  };
  const std::size_t whole = pass.size / kBlock;
  for (std::size_t block = 0; block < whole; ++block) add(pass.text + block * kBlock, block);
  add(last_block(pass).data(), whole);
  progress.store(pass);
}

#if defined(PICKET_JSON_SCAN_X86)

void scan_sse2(Pass& pass) {
  Progress progress(pass);
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  __m128i all = _mm_setzero_si128();
  __m128i least = _mm_set1_epi8(' ');
  const auto add = [&](const char* bytes, std::size_t block) {
    Bits bits;
    for (unsigned i = 0; i < 4; ++i) {
      const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i));
      const auto mask = [&](__m128i wanted) {
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, wanted)));
        return static_cast<std::uint64_t>(found) << (16 * i);
      };
      bits.quotes |= mask(quote);
      bits.backslashes |= mask(backslash);
      all = _mm_or_si128(all, part);
      least = _mm_min_epu8(least, part);
    }
    add_block(pass, progress, block, bits);
  };
  const std::size_t whole = pass.size / kBlock;
  for (std::size_t block = 0; block < whole; ++block) add(pass.text + block * kBlock, block);
  add(last_block(pass).data(), whole);
  progress.store(pass);
  const __m128i spaces = _mm_cmpeq_epi8(least, _mm_set1_epi8(' '));
  pass.high = _mm_movemask_epi8(all) != 0;
  pass.control = _mm_movemask_epi8(spaces) != 0xFFFF;
}

#define PICKET_AVX2 target("avx2,bmi,popcnt")

[[gnu::PICKET_AVX2]] void scan_avx2(Pass& pass) {
  Progress progress(pass);
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i backslash = _mm256_set1_epi8('\\');
  __m256i all = _mm256_setzero_si256();
  __m256i least = _mm256_set1_epi8(' ');
  const auto mask = [](__m256i low, __m256i high) __attribute__((PICKET_AVX2, always_inline)) {
    const auto first = static_cast<std::uint32_t>(_mm256_movemask_epi8(low));
    const auto second = static_cast<std::uint32_t>(_mm256_movemask_epi8(high));
    return first | (std::uint64_t{second} << 32);
  };
  const auto add = [&](const char* bytes, std::size_t block)
      __attribute__((PICKET_AVX2, always_inline)) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32));
    const Bits bits{
        .quotes = mask(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote)),
        .backslashes = mask(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash))};
    all = _mm256_or_si256(all, _mm256_or_si256(low, high));
    least = _mm256_min_epu8(least, _mm256_min_epu8(low, high));
    add_block(pass, progress, block, bits);
  };
  const std::size_t whole = pass.size / kBlock;
  for (std::size_t block = 0; block < whole; ++block) add(pass.text + block * kBlock, block);
  add(last_block(pass).data(), whole);
  progress.store(pass);
  const __m256i spaces = _mm256_cmpeq_epi8(least, _mm256_set1_epi8(' '));
  pass.high = _mm256_movemask_epi8(all) != 0;
  pass.control = _mm256_movemask_epi8(spaces) != -1;
}

#define PICKET_AVX512 target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")

// Sixteen quotes' places at once, whether there are so many or not.
[[gnu::PICKET_AVX512, gnu::always_inline]] inline void write_places(std::uint32_t* out,
                                                                    std::uint32_t base,
                                                                    std::uint64_t quotes) {
  constexpr int kWrittenAtOnce = 16;
  constexpr __mmask16 kAll =
      0xFFFF;  // with a mask: g++ 12 warns of what the others leave undefined
  static constexpr std::array<std::uint8_t, kBlock> kPlaces = [] {
    std::array<std::uint8_t, kBlock> places{};
    for (std::size_t i = 0; i < kBlock; ++i) places[i] = static_cast<std::uint8_t>(i);
    return places;
  }();
  __m512i places = _mm512_maskz_compress_epi8(quotes, _mm512_loadu_si512(kPlaces.data()));
  const __m512i first = _mm512_set1_epi32(static_cast<int>(base));
  for (int left = std::popcount(quotes);;) {
    const __m512i wide =
        _mm512_maskz_cvtepu8_epi32(kAll, _mm512_maskz_extracti32x4_epi32(0xF, places, 0));
    _mm512_storeu_si512(out, _mm512_add_epi32(wide, first));
    left -= kWrittenAtOnce;
    if (left <= 0) [[likely]]
      return;
    out += kWrittenAtOnce;
    places =
        _mm512_maskz_alignr_epi32(kAll, _mm512_setzero_si512(), places, 4);  // sixteen bytes on
  }
}

[[gnu::PICKET_AVX512]] void scan_avx512(Pass& pass) {
  Progress progress(pass);
  const __m512i quote = _mm512_set1_epi8('"');
  const __m512i backslash = _mm512_set1_epi8('\\');
  __m512i all = _mm512_setzero_si512();
  __m512i least = _mm512_set1_epi8(' ');
  const auto add = [&](__m512i bytes, std::size_t block)
      __attribute__((PICKET_AVX512, always_inline)) {
    const Bits bits{.quotes = _mm512_cmpeq_epi8_mask(bytes, quote),
                    .backslashes = _mm512_cmpeq_epi8_mask(bytes, backslash)};
    all = _mm512_or_si512(all, bytes);
    least = _mm512_min_epu8(least, bytes);
    const std::uint64_t quotes = unescaped_quotes(pass, progress, block, bits);
    write_places(progress.quotes, static_cast<std::uint32_t>(block * kBlock), quotes);
    progress.quotes += std::popcount(quotes);
  };
  const std::size_t whole = pass.size / kBlock;
  for (std::size_t block = 0; block < whole; ++block)
    add(_mm512_loadu_si512(pass.text + block * kBlock), block);
  const std::uint64_t rest = (std::uint64_t{1} << pass.size % kBlock) - 1;
  add(_mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), rest, pass.text + whole * kBlock), whole);
  progress.store(pass);
  pass.high = _mm512_movepi8_mask(all) != 0;
  pass.control = _mm512_cmplt_epu8_mask(least, _mm512_set1_epi8(' ')) != 0;
}

#endif

Kernel function_of(JsonScan::Kernel kernel) {
#if defined(PICKET_JSON_SCAN_X86)
  if (kernel == JsonScan::Kernel::kAvx512) return scan_avx512;
  if (kernel == JsonScan::Kernel::kAvx2) return scan_avx2;
  if (kernel == JsonScan::Kernel::kSse2) return scan_sse2;
#endif
  PICKET_CHECK(kernel == JsonScan::Kernel::kPortable);
  return scan_portable;
}

// May a character that is not ASCII be one of the two that folding makes ASCII, the Kelvin sign and
// the long s? Says so of all that begin like them.
bool folds_to_ascii(std::string_view text) {
  return text.find('\xE2') != std::string_view::npos || text.find('\xC5') != std::string_view::npos;
}

}  // namespace

bool JsonScan::has(Kernel kernel) {
#if defined(PICKET_JSON_SCAN_X86)
  if (kernel == Kernel::kSse2) return true;
  if (kernel == Kernel::kAvx2) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
  }
  if (kernel == Kernel::kAvx512) {
    return has(Kernel::kAvx2) && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi2");
  }
#endif
  return kernel == Kernel::kPortable;
}

JsonScan::Kernel JsonScan::best() {
  static const Kernel kernel = has(Kernel::kAvx512) ? Kernel::kAvx512
                               : has(Kernel::kAvx2) ? Kernel::kAvx2
                               : has(Kernel::kSse2) ? Kernel::kSse2
                                                    : Kernel::kPortable;
  return kernel;
}

JsonScan::JsonScan(Kernel kernel) : kernel_(kernel) {
  PICKET_CHECK(has(kernel));
}

void JsonScan::reserve(std::size_t size) {
  if (size <= capacity_ && quotes_ != nullptr) return;
  const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(size, 4096));
  quotes_.reset();
  quotes_ = std::make_unique_for_overwrite<std::uint32_t[]>(wanted + kCareless);
  backslashes_.resize(wanted / kBlock + 2);
  capacity_ = wanted;
}

void JsonScan::shrink() {
  if (capacity_ <= kKeptCapacity) return;
  quotes_.reset();
  backslashes_ = {};
  capacity_ = 0;
}

bool JsonScan::run(std::string_view json) {
  reserve(json.size());
  Pass pass{.text = json.data(),
            .size = json.size(),
            .quotes = quotes_.get(),
            .backslashes = backslashes_.data()};
  function_of(kernel_)(pass);
  quote_count_ = static_cast<std::uint32_t>(pass.quotes - quotes_.get());
  pass.quotes[0] = kNoQuote;
  pass.quotes[1] = kNoQuote;
  any_backslash_ = pass.any_backslash != 0;
  plain_ = !pass.unicode && (!pass.high || !folds_to_ascii(json));
  if (!pass.valid || pass.carry != 0 || quote_count_ % 2 != 0) return false;
  if (pass.control && controls_in_strings(json)) return false;
  return !pass.high || simdjson::validate_utf8(json.data(), json.size());
}

// RFC 8259 section 7. Texts with control characters between their strings are the indented ones.
bool JsonScan::controls_in_strings(std::string_view json) const {
  for (std::uint32_t i = 0; i < quote_count_; i += 2) {
    bool found = false;
    for (std::uint32_t at = quotes_[i] + 1; at < quotes_[i + 1]; ++at) {
      found |= static_cast<unsigned char>(json[at]) < 0x20;
    }
    if (found) return true;
  }
  return false;
}

bool JsonScan::escaped_long(std::size_t begin, std::size_t end) const {
  if (begin == end) return false;
  const std::size_t first = begin / kBlock;
  const std::size_t last = (end - 1) / kBlock;
  const std::uint64_t from = ~std::uint64_t{0} << (begin % kBlock);
  const std::uint64_t to = ~std::uint64_t{0} >> (kBlock - 1 - (end - 1) % kBlock);
  if (first == last) return (backslashes_[first] & from & to) != 0;
  if ((backslashes_[first] & from) != 0 || (backslashes_[last] & to) != 0) return true;
  for (std::size_t i = first + 1; i < last; ++i) {
    if (backslashes_[i] != 0) return true;
  }
  return false;
}

}  // namespace picket::parsers
