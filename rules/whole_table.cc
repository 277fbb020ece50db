#include "rules/whole_table.h"

#include <bit>
#include <set>

#include "base/hash.h"

namespace picket::rules {

std::uint64_t WholeTable::hash(WholeBits::Sort sort, std::string_view key) {
  return hash64(key, sort);
}

void WholeTable::add(WholeBits::Sort sort, std::string_view text, std::uint32_t id) {
  Ids& ids = drafts_[{sort, std::string(text)}];
  if (ids.empty() || ids.back() != id) ids.push_back(id);
}

void WholeTable::build() {
  if (drafts_.empty()) return;
  slots_.resize(std::bit_ceil(drafts_.size() * 2));
  bits_ = WholeBits(drafts_.size());
  std::set<std::size_t> sizes;
  for (const auto& [key, ids] : drafts_) {
    const auto& [sort, text] = key;
    has_whole_ = has_whole_ || sort == WholeBits::kWhole;
    has_names_ = has_names_ || sort == WholeBits::kName;
    if (sort == WholeBits::kEnding) sizes.insert(key_of(sort, text).size());
    bits_.add(key_of(sort, text), sort);
    place(sort, text, ids);
  }
  ending_sizes_.assign(sizes.begin(), sizes.end());
  drafts_.clear();
}

void WholeTable::place(WholeBits::Sort sort, const std::string& text, const Ids& ids) {
  const std::uint64_t hashed = hash(sort, key_of(sort, text));
  std::size_t at = hashed & (slots_.size() - 1);
  while (slots_[at].size != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {.tag = static_cast<std::uint32_t>(hashed >> 32),
                .text = static_cast<std::uint32_t>(texts_.size()),
                .size = static_cast<std::uint32_t>(text.size()),
                .ids = static_cast<std::uint32_t>(ids_.size()),
                .count = static_cast<std::uint32_t>(ids.size())};
  texts_ += text;
  ids_.insert(ids_.end(), ids.begin(), ids.end());
}

}  // namespace picket::rules
