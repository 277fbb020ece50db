// WordFilter: is a word in a block? "No" is certain, "yes" is wrong in 0.4 % of absent words.
//
// A binary fuse filter with three places a key and fingerprints of 8 bits (Graf and Lemire, "Binary
// Fuse Filters: Fast and Smaller Than Xor Filters", 2022): 9 to 10 bits a key. Keys are hashes of
// words in lower case (word_key()); each filter has a salt, so that two filters do not err alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace picket::storage {

inline constexpr std::uint32_t kFilterKeysMax = 1U << 24;

std::uint64_t word_key(std::string_view folded);

// `keys` are all different, at most kFilterKeysMax of them; none give an empty text.
std::string build_word_filter(const std::vector<std::uint64_t>& keys, std::uint64_t salt);

class WordFilter {
 public:
  // Views `bytes`. False if they are no filter; then, and before, it may contain everything.
  bool read(std::string_view bytes);
  bool may_contain(std::uint64_t key) const;
  std::uint32_t keys() const { return keys_; }

 private:
  std::string_view fingerprints_;
  std::uint64_t salt_ = 0;
  std::uint32_t keys_ = 0;
  std::uint32_t segment_ = 0;
  std::uint32_t segments_ = 0;
  bool nothing_ = false;  // it was read, and is empty
};

}  // namespace picket::storage
