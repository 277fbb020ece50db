// PairNames: the fields that the names of one reader's pairs are.
//
// Records of one source repeat the order of their names, so the name that came next the last time
// is compared first; only another one is looked up. Bounded: behind kNamesMax names, each is looked
// up every time. One thread.
#pragma once

#include <array>
#include <cstddef>
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

class PairNames {
 public:
  static constexpr std::size_t kNamesMax = 4096;
  static constexpr std::size_t kLengthMax = 512;

  // `names` must outlive it; `prefix` goes before each name.
  PairNames(JsonNames& names, std::string_view prefix) : names_(&names), prefix_(prefix) {
    known_.emplace_back();
    names_known_.emplace_back();
  }

  // Before the first pair of a text.
  void begin() { last_ = 0; }
  // What is looked at of a name for every pair, together.
  class Known {
   public:
    static constexpr std::size_t kLengthMax = 16;  // of names that may stand at a place
    static constexpr std::uint32_t kNobody = UINT32_MAX;

    // How long the name is if it stands at the begin of `text`, which has kLengthMax bytes; else,
    // and of names that are longer or might stand there otherwise, 0.
    std::size_t length_at(const char* text) const {
      std::array<std::uint64_t, 2> head;
      std::memcpy(head.data(), text, sizeof(head));
      const std::uint64_t other =
          ((head[0] ^ head_[0]) & mask_[0]) | ((head[1] ^ head_[1]) & mask_[1]);
      return other == 0 ? size_ : 0;
    }
    // As a number; kNobody: nobody asks for it.
    std::uint32_t field() const { return field_; }

   private:
    friend class PairNames;
    std::array<std::uint64_t, 2> head_{};  // its bytes, and
    std::array<std::uint64_t, 2> mask_{};  // which of them there are
    std::uint32_t next_ = 0;               // the one that came behind it last; 0: none
    std::uint32_t field_ = kNobody;
    std::uint32_t size_ =
        0;  // 0: it is too long, or not of letters, digits, "_", "-" and "." alone
  };
  // The place of the name that was read last, and what came behind that the last time.
  std::uint32_t last() const { return last_; }
  std::uint32_t behind(std::uint32_t place) const { return known_[place].next_; }
  const Known& at(std::uint32_t place) const { return known_[place]; }
  // The names up to that place have been read.
  void go_to(std::uint32_t place) { last_ = place; }
  // nullopt: nobody asks for it.
  std::optional<FieldId> field(std::string_view name) {
    const std::uint32_t guess = known_[last_].next_;
    if (guess == 0 || !same_name(names_known_[guess], name)) return look_up(name);
    last_ = guess;
    return field_of(known_[guess]);
  }

 private:
  static std::optional<FieldId> field_of(const Known& known) {
    if (known.field_ == Known::kNobody) return std::nullopt;
    return FieldId{static_cast<std::uint16_t>(known.field_)};
  }

  std::optional<FieldId> look_up(std::string_view name);

  JsonNames* names_;
  std::string prefix_;
  std::vector<Known> known_;              // the first is the one before the first of a text
  std::vector<std::string> names_known_;  // of them
  NameTable<std::uint32_t> index_;
  std::uint32_t last_ = 0;
};

}  // namespace picket::parsers
