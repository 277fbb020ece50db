// PairNames: the fields that the names of one reader's pairs are.
//
// Records of one source repeat the order of their names, so the name that came next the last time
// is compared first; only another one is looked up. Bounded: behind kNamesMax names, each is looked
// up every time. One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"
#include "parsers/formats/byte_set.h"
#include "parsers/json_names.h"
#include "parsers/name_table.h"

namespace picket::parsers {

// Without a call where they are as short as names are.
inline bool same_name(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  const auto differ = [&]<class Word>(Word, std::size_t at) {
    Word one = 0;
    Word other = 0;
    std::memcpy(&one, a.data() + at, sizeof(Word));
    std::memcpy(&other, b.data() + at, sizeof(Word));
    return one ^ other;
  };
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return (differ(std::uint64_t{}, 0) | differ(std::uint64_t{}, size - 8)) == 0;
  if (size >= 4) return (differ(std::uint32_t{}, 0) | differ(std::uint32_t{}, size - 4)) == 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

class PairNames {
 public:
  static constexpr std::size_t kNamesMax = 4096;
  static constexpr std::size_t kLengthMax = 512;

  // `names` must outlive it; `prefix` goes before each name.
  PairNames(JsonNames& names, std::string_view prefix) : names_(&names), prefix_(prefix) {
    entries_.emplace_back();
  }

  // Before the first pair of a text.
  void begin() { last_ = 0; }
  // Does `text` begin with the name that came next the last time, and one of `assign`? Then it is
  // taken, and `field` is what field() would say of it.
  bool guess(std::string_view text, const ByteSet& assign, std::optional<FieldId>& field) {
    const std::uint32_t next = entries_[last_].next;
    const Entry& entry = entries_[next];
    const std::size_t size = entry.name.size();
    if (!entry.plain || text.size() <= size || !assign.has(text[size]) ||
        !same_name(entry.name, text.substr(0, size)))
      return false;
    last_ = next;
    field = entry.field;
    return true;
  }
  std::size_t guessed_size() const { return entries_[last_].name.size(); }
  // nullopt: nobody asks for it.
  std::optional<FieldId> field(std::string_view name) {
    const std::uint32_t guess = entries_[last_].next;
    const Entry& entry = entries_[guess];
    if (guess != 0 && same_name(entry.name, name)) [[likely]] {
      last_ = guess;
      return entry.field;
    }
    return look_up(name);
  }

 private:
  struct Entry {
    std::string name;
    bool plain = false;            // of letters, digits, "_", "-", ".": it stands in texts as it is
    std::uint32_t next = 0;        // the one that came behind it last; 0: none
    std::optional<FieldId> field;  // whole, as it is given: its halves are slow to be put together
  };

  std::optional<FieldId> look_up(std::string_view name);

  JsonNames* names_;
  std::string prefix_;
  std::vector<Entry> entries_;  // the first is the one before the first of a text
  NameTable<std::uint32_t> index_;
  std::uint32_t last_ = 0;
};

}  // namespace picket::parsers
