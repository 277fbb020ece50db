// MarkerFilter: which of some dozens of texts a record holds, for records that mostly hold none.
//
// Of each text four neighbouring bytes that logs seldom have go by their halves into tables of
// sixteen, which shuffles look up for 32 bytes of a record at once (as Teddy of Hyperscan does);
// with AVX-512 VBMI whole bytes go into tables of 128, which are looked up for 64 bytes at once.
// Where they stand, the whole text is compared, so the answer is exact. A tenth of what a pass of
// Hyperscan costs, which begins anew for each record. Needs AVX2: ask useful(). Immutable; any
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace picket::parsers {

class MarkerFilter {
 public:
  static constexpr std::size_t kTextsMax = 256;  // more would let too much pass

  enum class Vectors : std::uint8_t { kAvx2, kBest };

  // Ids are places in `texts`. kAvx2: also where the processor has better ones.
  explicit MarkerFilter(const std::vector<std::string>& texts, Vectors vectors = Vectors::kBest);

  // False: this processor cannot, there are too many texts, or one is a single byte.
  bool useful() const { return useful_; }
  // It will be asked soon.
  void prefetch() const;
  // Ids of those that `text` holds are appended, each once, in no order. Only if it is useful.
  void find(std::string_view text, std::vector<std::uint32_t>& found) const;

 private:
  static constexpr std::size_t kBuckets = 8;
  static constexpr std::size_t kWidth = 4;
  static constexpr std::size_t kLeast = 2;  // bytes of a text
  static constexpr std::size_t kBlock = 32;
  static constexpr std::size_t kWideBlock = 64;

  struct Marker {
    std::uint32_t bytes = 0;   // those that are looked for, as they lie in memory
    std::uint32_t mask = 0;    // of them, four, or two or three of shorter texts
    std::uint32_t offset = 0;  // of these in the text
    std::uint32_t id = 0;
    std::uint64_t head = 0;  // the text's first bytes, up to eight, and
    std::uint64_t head_mask = 0;
  };
  // Which buckets have a marker whose byte at a position has this half.
  struct alignas(16) Halves {
    std::array<std::array<std::uint8_t, 16>, kWidth> low{};
    std::array<std::array<std::uint8_t, 16>, kWidth> high{};
  };

  // The same of whole bytes, but for the highest bit.
  struct alignas(64) Bytes {
    std::array<std::array<std::uint8_t, 128>, kWidth> of{};
  };

  Marker marker_of(std::uint32_t id) const;
  void add(const Marker& marker);
  std::size_t choose_bucket(const Marker& marker) const;
  std::size_t choose_wide_bucket(const Marker& marker) const;
  double passing_share(std::size_t bucket, const Marker* marker) const;
  void mark(const Marker& marker, std::size_t bucket);
  void find_narrow(std::string_view text, std::vector<std::uint32_t>& found) const;
  void find_wide(std::string_view text, std::vector<std::uint32_t>& found) const;
  void find_shorter(std::string_view text, std::vector<std::uint32_t>& found) const;
  void look_closer(const std::uint8_t* passed, std::uint64_t places, std::string_view text,
                   std::size_t at, std::vector<std::uint32_t>& found) const;
  void compare(const Marker& marker, std::string_view text, std::size_t at,
               std::vector<std::uint32_t>& found) const;

  // Of one bucket; what is compared at each place that passes lies together.
  struct Bucket {
    std::vector<std::uint32_t> bytes;
    std::vector<std::uint32_t> masks;
    std::vector<Marker> markers;
    bool has_shorter = false;  // one has fewer bytes than kWidth
  };
  // Bits by a hash of four bytes: none of the markers has those whose bit is not set.
  static constexpr std::size_t kWordBits = 4096;
  static std::size_t bit_of(std::uint32_t bytes) { return (bytes * 0x9E3779B1U) >> 20U; }

  bool useful_ = false;
  bool wide_ = false;
  std::vector<std::string> texts_;
  Halves halves_;
  Bytes bytes_;
  std::array<Bucket, kBuckets> buckets_;
  std::array<std::uint64_t, kWordBits / 64> words_{};
  std::vector<Marker> shorter_;  // those of them that have fewer bytes than kWidth
};

}  // namespace picket::parsers
