// Bigrams: which pairs of neighbouring bytes a text has, about.
//
// Tells in a few loads that a text does not hold what a pattern cannot do without, so that most of
// the patterns of a list are never begun. It may say that a pair is there which is not, never the
// other way round. A tab is a blank. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace picket::parsers {

class Bigrams {
 public:
  using Pair = std::uint16_t;

  static Pair of(char first, char second) { return pair(byte(first), byte(second)); }

  // Forgets the text before.
  void read(std::string_view text) {
    if (++number_ == 0) {  // counted once around
      numbers_.fill(0);
      number_ = 1;
    }
    unsigned before = text.empty() ? 0 : byte(text[0]);
    for (std::size_t i = 1; i < text.size(); ++i) {
      const unsigned next = byte(text[i]);
      numbers_[pair(before, next)] = number_;
      before = next;
    }
  }
  bool has(Pair pair) const { return numbers_[pair] == number_; }

 private:
  static constexpr unsigned kPairs = 4096;

  static unsigned byte(char c) { return static_cast<unsigned char>(c == '\t' ? ' ' : c); }
  static Pair pair(unsigned first, unsigned second) {
    return static_cast<Pair>(((first << 5U) ^ second) % kPairs);
  }

  std::array<std::uint8_t, kPairs> numbers_{};  // of the text that had the pair last
  std::uint8_t number_ = 0;
};

}  // namespace picket::parsers
