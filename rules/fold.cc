#include "rules/fold.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstring>

namespace picket::rules {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

// Lower-cases eight ASCII bytes at once: adds 0x20 where a byte is in 'A'..'Z'.
std::uint64_t lower8(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  const std::uint64_t heptets = word & ~kHighBits;
  const std::uint64_t above_z = heptets + (0x7F - 'Z') * kOnes;
  const std::uint64_t from_a = heptets + (0x80 - 'A') * kOnes;
  return word | (((from_a ^ above_z) & ~word & kHighBits) >> 2);
}

utf8proc_int32_t fold_code(utf8proc_int32_t code) { return utf8proc_tolower(utf8proc_toupper(code)); }

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

}  // namespace

std::size_t fold_into(std::string_view text, char* out) {
  char* const begin = out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & kHighBits) == 0) {
        word = lower8(word);
        std::memcpy(out, &word, 8);
        out += 8;
        at += 8;
        continue;
      }
    }
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      *out++ = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      ++at;
    } else {
      at += fold_character(text.substr(at), out);
    }
  }
  return static_cast<std::size_t>(out - begin);
}

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

std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from) {
  if (needle.size() > text.size() || from > text.size() - needle.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  const void* found = ::memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace picket::rules
