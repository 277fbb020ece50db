// TailFilter: may a value end as one of many texts, or be one of them, whatever its case?
//
// Looks at the last bytes of a value as it stands in the record, so that most values are done with
// before they are unescaped and folded. Answers true too often, never too seldom.
// Immutable after build(); any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace picket::rules {

class TailFilter {
 public:
  // Folded, not empty. `whole`: values that are the text, not those that end in it.
  void add(std::string_view text, bool whole);
  // Once, after the last add().
  void build();

  // `token` is plain (fold.h), and ASCII if a text is not; `escaped`: it is the inside of a JSON
  // string that has escapes.
  bool may_pass(std::string_view token, bool escaped) const;

 private:
  static constexpr std::size_t kWide = 6;  // bytes that most texts have
  static constexpr std::size_t kBits = 4096;
  using Bits = std::array<std::uint64_t, kBits / 64>;

  static bool ends_in_escape(std::string_view token);
  // The last `width` bytes of a text that has as many, at most 8.
  static std::uint64_t tail(std::string_view text, std::size_t width);
  static std::size_t slot(std::uint64_t tail) { return (tail * 0x9E3779B97F4A7C15U) >> 52; }
  static void set(Bits& bits, std::uint64_t tail) { bits[slot(tail) / 64] |= bit(slot(tail)); }
  static bool has(const Bits& bits, std::uint64_t tail) {
    return (bits[slot(tail) / 64] & bit(slot(tail))) != 0;
  }
  static std::uint64_t bit(std::size_t slot) { return std::uint64_t{1} << (slot % 64); }

  struct Text {
    std::uint64_t tail;
    std::size_t size;
    bool whole;
  };
  std::vector<Text> texts_;           // empty after build()
  Bits wide_{};                       // of texts of kWide bytes or more: their last
  Bits narrow_{};                     // of shorter endings: their last narrow_width_
  Bits whole_{};                      // of shorter whole texts
  std::size_t narrow_width_ = kWide;  // kWide: there is no shorter ending
  bool has_whole_ = false;
  bool empty_ = true;
};

}  // namespace picket::rules
