// PairNames: the fields that the names of one reader's pairs are.
//
// Records of one source repeat the order of their names, so the name that came next the last time
// is compared first; only another one is looked up. Bounded: behind kNamesMax names, each is looked
// up every time. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"
#include "parsers/json_names.h"
#include "parsers/name_table.h"

namespace picket::parsers {

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
  // nullopt: nobody asks for it.
  std::optional<FieldId> field(std::string_view name) {
    const std::uint32_t guess = entries_[last_].next;
    const Entry& entry = entries_[guess];
    if (guess != 0 && entry.name == name) [[likely]] {
      last_ = guess;
      return entry.known ? std::optional(entry.field) : std::nullopt;
    }
    return look_up(name);
  }

 private:
  struct Entry {
    std::string name;
    std::uint32_t next = 0;  // the one that came behind it last; 0: none
    FieldId field{};
    bool known = false;
  };

  std::optional<FieldId> look_up(std::string_view name);

  JsonNames* names_;
  std::string prefix_;
  std::vector<Entry> entries_;  // the first is the one before the first of a text
  NameTable<std::uint32_t> index_;
  std::uint32_t last_ = 0;
};

}  // namespace picket::parsers
