// ByteMarks: where in a text the bytes of two sets are, a bit for each byte, found in one pass.
//
// A walk that goes from mark to mark never looks at the bytes between, and where the next one is
// takes a load and a count, however far away: what a text is made of does not decide how well the
// processor guesses. Memory is kept from text to text. Answers hold until the next read(). One
// thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "parsers/formats/byte_set.h"

namespace picket::parsers {

class ByteMarks {
 public:
  enum class Vectors : std::uint8_t { kNone, kSse2, kBest };

  // Of one text: a stop is a byte of `stops`, a quote one of `quotes`. `vectors`: what to use of
  // what the processor has.
  void read(std::string_view text, const ByteSet& stops, const ByteSet& quotes,
            Vectors vectors = Vectors::kBest);

  // Where the first one at or behind `from` is, which is at most the size of the text: that size if
  // there is none.
  std::size_t stop(std::size_t from) const { return next(stops_.data(), from); }
  std::size_t quote(std::size_t from) const { return next(quotes_.data(), from); }

 private:
  static constexpr std::size_t kBlock = 64;

  static std::size_t next(const std::uint64_t* words, std::size_t from) {
    if constexpr (std::endian::native == std::endian::little) {
      std::uint64_t bits = 0;  // from the byte that has the first of them: at least 57
      std::memcpy(&bits, reinterpret_cast<const char*>(words) + from / 8, sizeof(bits));
      bits >>= from % 8;
      if (bits != 0) [[likely]]
        return from + static_cast<std::size_t>(std::countr_zero(bits));
    } else {
      const std::uint64_t bits = words[from / kBlock] >> (from % kBlock);
      if (bits != 0) return from + static_cast<std::size_t>(std::countr_zero(bits));
    }
    std::size_t word = from / kBlock + 1;
    while (words[word] == 0) ++word;
    return word * kBlock + static_cast<std::size_t>(std::countr_zero(words[word]));
  }

  // One bit a byte, one behind the last byte, and a word behind that.
  std::vector<std::uint64_t> stops_;
  std::vector<std::uint64_t> quotes_;
};

}  // namespace picket::parsers
