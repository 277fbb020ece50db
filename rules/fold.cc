#include "rules/fold.h"

#include <utf8proc.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace picket::rules {
namespace {

// Sixteen bytes at once, where they are ASCII. On machines without SSE2 nothing is, and every byte goes
// the slow way.
#if defined(__SSE2__)
constexpr std::size_t kBlock = 16;

struct AsciiBlock {
  __m128i bytes;
  explicit AsciiBlock(const char* at) : bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}
  // The last of a text: fewer than sixteen, and zeros behind them.
  explicit AsciiBlock(std::string_view rest) {
    char padded[kBlock] = {};
    std::memcpy(padded, rest.data(), rest.size());
    bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(padded));
  }
  // A bit for each byte that is not ASCII.
  unsigned high() const { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }
  unsigned equal(char c) const {
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))));
  }
  // Stores all sixteen in lower case; bytes that are not ASCII are compared as negative and stay.
  void store_lower(char* out) const {
    const __m128i from_a = _mm_cmpgt_epi8(bytes, _mm_set1_epi8('A' - 1));
    const __m128i to_z = _mm_cmplt_epi8(bytes, _mm_set1_epi8('Z' + 1));
    const __m128i shift = _mm_and_si128(_mm_and_si128(from_a, to_z), _mm_set1_epi8(0x20));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_or_si128(bytes, shift));
  }
};
#endif

// Simple folding (CaseFolding.txt, C and S): lower case of the upper case, but for the two letters i of
// Turkish, which fold to nothing else.
utf8proc_int32_t fold_code(utf8proc_int32_t code) {
  constexpr utf8proc_int32_t kDotlessI = 0x131;
  constexpr utf8proc_int32_t kDottedI = 0x130;
  if (code == kDotlessI || code == kDottedI) return code;
  return utf8proc_tolower(utf8proc_toupper(code));
}

// One character from `at`; a byte that is not UTF-8 is copied. Returns the bytes read.
std::size_t fold_character(std::string_view rest, char*& out) {
  utf8proc_int32_t code = 0;
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                     static_cast<utf8proc_ssize_t>(rest.size()), &code);
  if (read <= 0) {
    *out++ = rest[0];
    return 1;
  }
  out += utf8proc_encode_char(fold_code(code), reinterpret_cast<utf8proc_uint8_t*>(out));
  return static_cast<std::size_t>(read);
}

std::size_t fold_one(std::string_view rest, char*& out) {
  const auto c = static_cast<unsigned char>(rest[0]);
  if (c >= 0x80) return fold_character(rest, out);
  *out++ = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return 1;
}

// What a one-letter escape of RFC 8259 stands for; 0 for "\\u" and for what is no escape.
char unescaped(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
  }
}

}  // namespace

#if defined(__SSE2__)

AsciiBlock next_block(std::string_view text, std::size_t at) {
  return at + kBlock <= text.size() ? AsciiBlock(text.data() + at) : AsciiBlock(text.substr(at));
}

std::size_t fold_into(std::string_view text, char* out) {
  char* const begin = out;
  for (std::size_t at = 0; at < text.size();) {
    const AsciiBlock block = next_block(text, at);
    const unsigned high = block.high();
    block.store_lower(out);  // bytes that are not ASCII, and what is behind them, are written again
    const std::size_t ascii = std::min<std::size_t>(
        high == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(high)), text.size() - at);
    out += ascii;
    at += ascii;
    if (high != 0) at += fold_one(text.substr(at), out);
  }
  return static_cast<std::size_t>(out - begin);
}

std::optional<std::size_t> unescape_fold_into(std::string_view token, char* out) {
  char* const begin = out;
  for (std::size_t at = 0; at < token.size();) {
    const AsciiBlock block = next_block(token, at);
    const unsigned special = block.high() | block.equal('\\');
    block.store_lower(out);
    const std::size_t plain = std::min<std::size_t>(
        special == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(special)),
        token.size() - at);
    out += plain;
    at += plain;
    if (special == 0) continue;
    if (token[at] != '\\') {
      at += fold_one(token.substr(at), out);
      continue;
    }
    const char letter = at + 1 < token.size() ? token[at + 1] : '\0';
    const char meant = unescaped(letter);
    if (meant == '\0') return std::nullopt;
    *out++ = meant;
    at += 2;
  }
  return static_cast<std::size_t>(out - begin);
}

#else

std::size_t fold_into(std::string_view text, char* out) {
  char* const begin = out;
  for (std::size_t at = 0; at < text.size();) at += fold_one(text.substr(at), out);
  return static_cast<std::size_t>(out - begin);
}

std::optional<std::size_t> unescape_fold_into(std::string_view token, char* out) {
  char* const begin = out;
  for (std::size_t at = 0; at < token.size();) {
    if (token[at] != '\\') {
      at += fold_one(token.substr(at), out);
      continue;
    }
    const char letter = at + 1 < token.size() ? token[at + 1] : '\0';
    const char meant = unescaped(letter);
    if (meant == '\0') return std::nullopt;
    *out++ = meant;
    at += 2;
  }
  return static_cast<std::size_t>(out - begin);
}

#endif

std::string fold(std::string_view text) {
  std::string folded(folded_size_max(text.size()), '\0');
  folded.resize(fold_into(text, folded.data()));
  return folded;
}

std::size_t unfold_offset(std::string_view text, std::size_t folded_offset) {
  std::size_t at = 0;
  std::size_t folded = 0;
  while (at < text.size() && folded < folded_offset) {
    char buffer[8];
    char* out = buffer;
    at += fold_character(text.substr(at), out);
    folded += static_cast<std::size_t>(out - buffer);
  }
  return at;
}

bool is_ascii(std::string_view text) {
  std::size_t at = 0;
#if defined(__SSE2__)
  for (; at + kBlock <= text.size(); at += kBlock) {
    if (AsciiBlock(text.data() + at).high() != 0) return false;
  }
#endif
  unsigned char rest = 0;
  for (; at < text.size(); ++at) rest |= static_cast<unsigned char>(text[at]);
  return rest < 0x80;
}

bool is_plain(std::string_view record) {
  std::size_t at = 0;
  unsigned carry = 0;  // the block before ended in a backslash
#if defined(__SSE2__)
  for (; at + kBlock <= record.size(); at += kBlock) {
    const AsciiBlock block(record.data() + at);
    const unsigned slashes = block.equal('\\');
    if ((((slashes << 1) | carry) & block.equal('u')) != 0) return false;
    if (block.high() != 0 && (block.equal('\xE2') | block.equal('\xC5')) != 0) return false;
    carry = slashes >> (kBlock - 1);
  }
#endif
  for (; at < record.size(); ++at) {
    if (record[at] == '\xE2' || record[at] == '\xC5' || (carry != 0 && record[at] == 'u'))
      return false;
    carry = record[at] == '\\' ? 1 : 0;
  }
  return true;
}

std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from) {
  if (needle.size() > text.size() || from > text.size() - needle.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  const std::size_t last = text.size() - needle.size();  // where it may begin at the latest
  std::size_t at = from;
#if defined(__SSE2__)
  // Candidates have the needle's first and last byte at their places; sixteen are tried at once.
  for (; at + kBlock <= last + 1; at += kBlock) {
    unsigned candidates = AsciiBlock(text.data() + at).equal(needle.front()) &
                          AsciiBlock(text.data() + at + needle.size() - 1).equal(needle.back());
    for (; candidates != 0; candidates &= candidates - 1) {
      const std::size_t here = at + static_cast<std::size_t>(std::countr_zero(candidates));
      if (std::memcmp(text.data() + here, needle.data(), needle.size()) == 0) return here;
    }
  }
#endif
  const std::size_t found = text.substr(at).find(needle);
  return found == std::string_view::npos ? found : at + found;
}

}  // namespace picket::rules
