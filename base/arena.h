// Arena: bump allocator for the bytes of one batch.
//
// Lifetime: everything copied in stays valid until reset() or destruction, then all of it dies at
// once. Owner: exactly one batch. Threads: none; it travels with its batch.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/asan.h"

namespace picket {

class Arena {
 public:
  explicit Arena(std::size_t block_size = 64 * 1024) : block_size_(block_size) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { unpoison_all(); }

  // The returned view dies at the next reset().
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  // Uninitialised bytes, not aligned. They die at the next reset().
  char* allocate(std::size_t size) {
    while (block_index_ < blocks_.size() && blocks_[block_index_].size - used_ < size) {
      ++block_index_;
      used_ = 0;
    }
    if (block_index_ == blocks_.size()) grow(size);
    char* at = blocks_[block_index_].bytes.get() + used_;
    used_ += size;
    asan_unpoison(at, size);
    return at;
  }

  // Keeps the memory, ends every lifetime. Under ASan a view that survives this faults on use.
  void reset() {
    for (Block& block : blocks_) asan_poison(block.bytes.get(), block.size);
    block_index_ = 0;
    used_ = 0;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  void grow(std::size_t size) {
    const std::size_t block_size = size > block_size_ ? size : block_size_;
    blocks_.push_back({std::make_unique<char[]>(block_size), block_size});
    asan_poison(blocks_.back().bytes.get(), block_size);
    used_ = 0;
  }

  void unpoison_all() {
    for (Block& block : blocks_) asan_unpoison(block.bytes.get(), block.size);
  }

  std::size_t block_size_;
  std::size_t block_index_ = 0;
  std::size_t used_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace picket
