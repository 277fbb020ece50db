// WholeTable: what a value as a whole, its base name ("x.exe" of "...\x.exe") and its ending stand
// for.
//
// One table for all three, in three pieces of memory: most values are in none of it, which a bit
// says (WholeBits), and what is found costs a cache line each for its place, its text and its ids.
// Built once, immutable; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/whole_bits.h"

namespace picket::rules {

class WholeTable {
 public:
  // Texts are folded and not empty. Ids of one text are told in the order in which they came, each
  // once if it came several times in a row.
  void add(WholeBits::Sort sort, std::string_view text, std::uint32_t id);
  // Once, after the last add().
  void build();

  // Calls wake(id) for every id that the folded value has.
  template <class Wake>
  void look_up(std::string_view folded, Wake& wake) const;

 private:
  static constexpr std::size_t kTailMax = 8;  // bytes of an ending that it is looked up by

  struct Slot {
    std::uint32_t tag = 0;  // of its hash
    std::uint32_t text = 0;
    std::uint32_t size = 0;  // 0: free
    std::uint32_t ids = 0;
    std::uint32_t count = 0;
  };

  static std::string_view key_of(WholeBits::Sort sort, std::string_view text) {
    return sort == WholeBits::kEnding && text.size() > kTailMax
               ? text.substr(text.size() - kTailMax)
               : text;
  }
  static std::uint64_t hash(WholeBits::Sort sort, std::string_view key);
  // What follows the last '\' or '/'; all of a text that has none.
  static std::string_view base_name(std::string_view text) {
    std::size_t begin = text.size();
    while (begin > 0 && text[begin - 1] != '\\' && text[begin - 1] != '/') --begin;
    return text.substr(begin);
  }
  void place(WholeBits::Sort sort, const std::string& text, const std::vector<std::uint32_t>& ids);
  // Of all texts under `key`, those that `text` ends in (or is, of whole values and names).
  template <class Wake>
  void look_up(WholeBits::Sort sort, std::string_view key, std::string_view text, Wake& wake) const;

  using Ids = std::vector<std::uint32_t>;
  std::map<std::pair<WholeBits::Sort, std::string>, Ids, std::less<>> drafts_;  // before build()
  bool has_whole_ = false;
  bool has_names_ = false;
  std::vector<std::size_t> ending_sizes_;  // of the keys of endings, ascending
  WholeBits bits_;
  std::vector<Slot> slots_;
  std::string texts_;
  Ids ids_;
};

template <class Wake>
void WholeTable::look_up(WholeBits::Sort sort, std::string_view key, std::string_view text,
                         Wake& wake) const {
  const std::uint64_t hashed = hash(sort, key);
  const auto tag = static_cast<std::uint32_t>(hashed >> 32);
  for (std::size_t at = hashed & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.size == 0) return;
    if (slot.tag != tag || (sort != WholeBits::kEnding && slot.size != text.size())) continue;
    if (!text.ends_with(std::string_view(texts_).substr(slot.text, slot.size))) continue;
    for (std::uint32_t i = 0; i < slot.count; ++i) wake(ids_[slot.ids + i]);
  }
}

template <class Wake>
void WholeTable::look_up(std::string_view folded, Wake& wake) const {
  if (slots_.empty()) return;
  if (has_whole_ && bits_.may_have(folded, WholeBits::kWhole))
    look_up(WholeBits::kWhole, folded, folded, wake);
  if (has_names_) {
    const std::string_view name = base_name(folded);
    if (name.size() != folded.size() && bits_.may_have(name, WholeBits::kName))
      look_up(WholeBits::kName, name, name, wake);
  }
  for (const std::size_t size : ending_sizes_) {
    if (size > folded.size()) break;
    const std::string_view tail = folded.substr(folded.size() - size);
    if (bits_.may_have(tail, WholeBits::kEnding)) look_up(WholeBits::kEnding, tail, folded, wake);
  }
}

}  // namespace picket::rules
