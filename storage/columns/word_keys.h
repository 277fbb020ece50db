// WordKeys: the distinct words of texts, as keys of a WordFilter. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/columns/word_filter.h"

namespace picket::storage {

class WordKeys {
 public:
  // Stops taking new ones at kFilterKeysMax; full() says so, and then no filter may be made of
  // them.
  void add_words(std::string_view text);
  bool full() const { return count_ >= kFilterKeysMax; }
  std::vector<std::uint64_t> list() const;

 private:
  void add(std::uint64_t key);
  void grow();

  std::vector<std::uint64_t> entries_;  // open addressing; a power of two; 0 is none
  std::size_t count_ = 0;
  bool zero_ = false;
  std::string folded_;
};

}  // namespace picket::storage
