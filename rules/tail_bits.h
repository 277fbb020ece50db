// TailBits: may a folded text end as one of these, or be one of these?
//
// 32 bytes that say no to most texts, so that lists of rules cost nothing where they do not apply.
// Answers true too often, never too seldom. Immutable; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace picket::rules {

class TailBits {
 public:
  TailBits() = default;  // of no texts
  // `texts`: any range of them. `whole`: they are whole texts, not endings.
  template <class Texts>
  TailBits(const Texts& texts, bool whole) : whole_(whole) {
    for (const std::string_view text : texts) width_ = std::min(width_, text.size());
    for (const std::string_view text : texts) {
      const std::size_t place = slot(text);
      bits_[place / 64] |= std::uint64_t{1} << (place % 64);
    }
  }

  bool may_have(std::string_view text) const {
    if (text.size() < width_) return false;
    const std::size_t place = slot(text);
    return (bits_[place / 64] >> (place % 64) & 1) != 0;
  }

  // The bytes that it goes by, of a text that is not shorter: the last ones.
  std::uint64_t tail(std::string_view text) const {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + text.size() - width_, width_);
    return bytes;
  }

 private:
  static constexpr std::size_t kWidthMax = 8;  // bytes that are looked at

  // Of a text of width_ bytes or more.
  std::size_t slot(std::string_view text) const {
    std::uint64_t bytes = tail(text);
    if (whole_) bytes ^= text.size() << 56;
    return bytes * 0x9E3779B97F4A7C15U >> 56;
  }

  std::array<std::uint64_t, 4> bits_{};
  std::size_t width_ = kWidthMax;
  bool whole_ = false;
};

}  // namespace picket::rules
