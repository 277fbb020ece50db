#include "storage/columns/value_table.h"

#include <algorithm>

#include "base/hash.h"

namespace picket::storage {

namespace {
constexpr std::size_t kEntriesMin = 16;
}

std::uint32_t ValueTable::look_up(std::string_view value) {
  if (ends_.size() * 2 >= entries_.size()) grow();
  const auto hash = static_cast<std::uint32_t>(hash64(value));
  const std::size_t mask = entries_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    Entry& entry = entries_[i];
    if (entry.number_plus_one == 0) {
      entry = {hash, static_cast<std::uint32_t>(ends_.size() + 1)};
      bytes_ += value;
      ends_.push_back(bytes_.size());
      return entry.number_plus_one - 1;
    }
    if (entry.hash == hash && at(entry.number_plus_one - 1) == value)
      return entry.number_plus_one - 1;
  }
}

void ValueTable::grow() {
  std::vector<Entry> before(std::max(kEntriesMin, entries_.size() * 2));
  before.swap(entries_);
  const std::size_t mask = entries_.size() - 1;
  for (const Entry& entry : before) {
    if (entry.number_plus_one == 0) continue;
    std::size_t i = entry.hash & mask;
    while (entries_[i].number_plus_one != 0) i = (i + 1) & mask;
    entries_[i] = entry;
  }
}

}  // namespace picket::storage
