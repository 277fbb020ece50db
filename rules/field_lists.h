// FieldLists: a short list for each of a few fields, out of the thousands that there are.
//
// A bit for each field id says whether it has a list, and how many bits are set before it where the
// list begins: an event's fields, most of which have none, cost a look at a table of two kilobytes
// each. Filled once, in the order of ids; then immutable, any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "event/field.h"

namespace picket::rules {

template <class T>
class FieldLists {
 public:
  // Appends to the list of `field`, which is the field of the last add() or one behind it.
  void add(FieldId field, T item) {
    const auto id = static_cast<std::size_t>(field);
    while (words_.size() <= id / 64)
      words_.push_back({.bits = 0, .before = static_cast<std::uint32_t>(ends_.size())});
    const std::uint64_t bit = std::uint64_t{1} << (id % 64);
    if ((words_.back().bits & bit) == 0) {
      words_.back().bits |= bit;
      ends_.push_back(static_cast<std::uint32_t>(items_.size()));
    }
    items_.push_back(item);
    ends_.back() = static_cast<std::uint32_t>(items_.size());
  }

  // Empty for a field without a list.
  std::span<const T> of(FieldId field) const {
    const auto id = static_cast<std::size_t>(field);
    if (id / 64 >= words_.size()) return {};
    const Word& word = words_[id / 64];
    if ((word.bits >> (id % 64) & 1) == 0) return {};
    const std::uint64_t before = word.bits & ((std::uint64_t{1} << (id % 64)) - 1);
    const std::size_t list = word.before + static_cast<std::size_t>(std::popcount(before));
    const std::uint32_t begin = list == 0 ? 0 : ends_[list - 1];
    return {items_.data() + begin, items_.data() + ends_[list]};
  }

  // Gives back memory that was asked for ahead.
  void shrink() {
    words_.shrink_to_fit();
    ends_.shrink_to_fit();
    items_.shrink_to_fit();
  }

 private:
  struct Word {
    std::uint64_t bits = 0;
    std::uint32_t before = 0;  // bits set in the words before
  };
  std::vector<Word> words_;  // of ids, 64 each; up to the last that has a list
  std::vector<std::uint32_t> ends_;
  std::vector<T> items_;
};

}  // namespace picket::rules
