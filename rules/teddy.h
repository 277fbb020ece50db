// Teddy: the next place in a text where one of a few keys of at most four bytes may stand.
//
// The filter of that name in Hyperscan: every byte of a key goes by its two halves into tables of
// sixteen, which one shuffle looks up for 32 or 64 bytes of text at once; what passes all four
// positions is compared. Costs a tenth of a nanosecond a byte with AVX2, less with AVX-512, and
// about two without either. Immutable; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace picket::rules {

class Teddy {
 public:
  static constexpr std::size_t kKeysMax = 64;

  Teddy() = default;  // of no keys: finds nothing
  // 1 to 4 bytes each, ASCII; not more than kKeysMax. Bytes count as equal that differ in nothing
  // but the bit of lower case: letters in either case, and a few signs.
  explicit Teddy(std::span<const std::string_view> keys);

  bool empty() const { return keys_.empty(); }
  // Where at or after `from` a key stands; npos if nowhere.
  std::size_t find(std::string_view text, std::size_t from = 0) const;
  // The same with these instructions, if the machine has them.
  enum class Vectors : std::uint8_t { kNone, kAvx2, kAvx512 };
  static bool has(Vectors vectors);
  std::size_t find_with(Vectors vectors, std::string_view text, std::size_t from = 0) const;

 private:
  static constexpr std::size_t kBuckets = 8;
  static constexpr std::size_t kWidth = 4;
  static constexpr std::size_t kBlock = 32;

  struct Key {
    std::uint32_t bytes = 0;  // the first in the lowest bits; with the bit of lower case set in all
    std::uint32_t mask = 0;   // of the bytes that count
    std::uint32_t width = 0;
  };
  // Which buckets have a key whose byte at a position has this half.
  struct alignas(16) Halves {
    std::array<std::array<std::uint8_t, 16>, kWidth> low{};
    std::array<std::array<std::uint8_t, 16>, kWidth> high{};
  };

  static void mark(Halves& halves, const Key& key, std::uint8_t bucket);
  struct Passing {
    std::uint32_t low = 0, high = 0;
    std::uint32_t low_with = 0, high_with = 0;
  };
  Passing count_halves(const Key& key, std::size_t bucket, std::size_t position) const;
  std::size_t choose_bucket(const Key& key) const;
  bool stands(std::string_view text, std::size_t at, unsigned buckets) const;
  std::size_t find_portably(std::string_view text, std::size_t from) const;
  std::size_t find_by_blocks(std::string_view text, std::size_t from) const;
  std::size_t find_by_wide_blocks(std::string_view text, std::size_t from) const;
  std::size_t look_closer(const std::uint8_t* passed, std::string_view text, std::size_t at) const;
  unsigned buckets_at(std::string_view text, std::size_t at) const;

  Halves halves_;
  std::vector<Key> keys_;  // by bucket
  std::array<std::uint8_t, kBuckets + 1>
      begin_{};  // keys_[begin_[b], begin_[b + 1]) are those of b
};

}  // namespace picket::rules
