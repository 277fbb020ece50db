// WholeBits: may a text be one of the whole values, base names or endings that a table has?
//
// A bit for each, by length and last eight bytes, so that a table is asked only where it likely
// answers. Answers true too often, never too seldom. Immutable after the last add(); any thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace picket::rules {

class WholeBits {
 public:
  enum Sort : std::uint64_t { kWhole = 1, kName = 2, kEnding = 3 };

  WholeBits() = default;  // of no texts
  // For `count` texts.
  explicit WholeBits(std::size_t count)
      : bits_(std::bit_ceil(std::clamp(count * kBitsPerText, kBitsMin, kBitsMax)) / 64),
        shift_(64 - std::countr_zero(bits_.size() * 64)) {}

  void add(std::string_view text, Sort sort) {
    const std::size_t place = slot(text, sort);
    bits_[place / 64] |= std::uint64_t{1} << (place % 64);
  }
  bool may_have(std::string_view text, Sort sort) const {
    const std::size_t place = slot(text, sort);
    return (bits_[place / 64] >> (place % 64) & 1) != 0;
  }

 private:
  static constexpr std::size_t kBitsPerText = 16;
  static constexpr std::size_t kBitsMin = 256;
  static constexpr std::size_t kBitsMax = std::size_t{1} << 18;

  std::size_t slot(std::string_view text, Sort sort) const {
    const std::size_t width = std::min<std::size_t>(text.size(), 8);
    std::uint64_t tail = 0;
    std::memcpy(&tail, text.data() + text.size() - width, width);
    tail ^= (text.size() << 2 | sort) * 0xC2B2AE3D27D4EB4FU;
    return tail * 0x9E3779B97F4A7C15U >> shift_;
  }

  std::vector<std::uint64_t> bits_ = std::vector<std::uint64_t>(4);
  int shift_ = 56;
};

}  // namespace picket::rules
