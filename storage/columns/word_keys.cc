#include "storage/columns/word_keys.h"

#include <algorithm>

#include "storage/columns/words.h"

namespace picket::storage {

namespace {
constexpr std::size_t kEntriesMin = 1024;
}

void WordKeys::add_words(std::string_view text) {
  any_word(text, [this](std::string_view word) {
    folded_.resize(word.size());
    std::transform(word.begin(), word.end(), folded_.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    add(word_key(folded_));
    return false;
  });
}

std::vector<std::uint64_t> WordKeys::list() const {
  std::vector<std::uint64_t> keys;
  keys.reserve(count_ + 1);
  if (zero_) keys.push_back(0);
  for (const std::uint64_t key : entries_) {
    if (key != 0) keys.push_back(key);
  }
  return keys;
}

void WordKeys::add(std::uint64_t key) {
  if (key == 0) {
    zero_ = true;
    return;
  }
  if (full()) return;
  if (count_ * 2 >= entries_.size()) grow();
  const std::size_t mask = entries_.size() - 1;
  std::size_t i = key & mask;
  while (entries_[i] != 0 && entries_[i] != key) i = (i + 1) & mask;
  if (entries_[i] == key) return;
  entries_[i] = key;
  ++count_;
}

void WordKeys::grow() {
  std::vector<std::uint64_t> before(std::max(kEntriesMin, entries_.size() * 2));
  before.swap(entries_);
  const std::size_t mask = entries_.size() - 1;
  for (const std::uint64_t key : before) {
    if (key == 0) continue;
    std::size_t i = key & mask;
    while (entries_[i] != 0) i = (i + 1) & mask;
    entries_[i] = key;
  }
}

}  // namespace picket::storage
