// RowSet: rows of one block, by place, as bits.
//
// A value; belongs to whoever holds it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace picket::storage {

class RowSet {
 public:
  explicit RowSet(std::size_t rows = 0) : rows_(rows), words_((rows + 63) / 64) {}

  std::size_t size() const { return rows_; }  // of the block
  void add(std::size_t row) { words_[row / 64] |= std::uint64_t{1} << (row % 64); }
  void remove(std::size_t row) { words_[row / 64] &= ~(std::uint64_t{1} << (row % 64)); }
  bool has(std::size_t row) const { return (words_[row / 64] >> (row % 64) & 1) != 0; }

  std::size_t count() const {
    std::size_t n = 0;
    for (const std::uint64_t word : words_) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }
  bool empty() const {
    for (const std::uint64_t word : words_) {
      if (word != 0) return false;
    }
    return true;
  }

  // Of two sets of the same block.
  void unite(const RowSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  void intersect(const RowSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  }
  void subtract(const RowSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
  }
  void add_all() {
    for (std::uint64_t& word : words_) word = ~std::uint64_t{0};
    if (rows_ % 64 != 0) words_.back() = (std::uint64_t{1} << (rows_ % 64)) - 1;
  }

  // f(place), in order of places.
  template <class F>
  void for_each(F f) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
        f(i * 64 + static_cast<std::size_t>(std::countr_zero(word)));
    }
  }

  bool operator==(const RowSet&) const = default;

 private:
  std::size_t rows_;
  std::vector<std::uint64_t> words_;
};

}  // namespace picket::storage
