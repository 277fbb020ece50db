// IndicatorMemo: values seen lately in which no indicator is.
//
// Events repeat their values: addresses, hosts, referrers. Bringing one into the form in which it is
// compared, and looking it up, costs ten times what it costs to see that it is the same again. Values are
// kept whole, so that the memo never changes an answer. Scratch memory of one thread, for one set; 32 KiB,
// allocated at the first use.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace picket::rules {

class IndicatorMemo {
 public:
  static constexpr std::size_t kValueMax = 126;
  static constexpr std::size_t kSlots = 256;

  bool knows(std::string_view value, std::uint8_t role) {
    if (value.size() > kValueMax) return false;
    if (slots_.empty()) slots_.resize(kSlots);
    const Slot& slot = slots_[slot_of(value)];
    return slot.size == value.size() && slot.role == role &&
           std::memcmp(slot.bytes, value.data(), value.size()) == 0;
  }

  // Behind knows(), which answered no.
  void keep(std::string_view value, std::uint8_t role) {
    if (value.size() > kValueMax) return;
    Slot& slot = slots_[slot_of(value)];
    slot.size = static_cast<std::uint8_t>(value.size());
    slot.role = role;
    std::memcpy(slot.bytes, value.data(), value.size());
  }

 private:
  struct Slot {
    std::uint8_t size = 255;  // nothing is kept yet
    std::uint8_t role = 0;
    char bytes[kValueMax];
  };
  static_assert(sizeof(Slot) == 128);

  // What differs in values that come one after the other is most often at their ends.
  static std::size_t slot_of(std::string_view value) {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    const std::size_t n = value.size() < 8 ? value.size() : 8;
    std::memcpy(&head, value.data(), n);
    std::memcpy(&tail, value.data() + (value.size() - n), n);
    const std::uint64_t mixed =
        (head ^ (tail * 0x9E3779B97F4A7C15u) ^ value.size()) * 0xD6E8FEB86659FD93u;
    return static_cast<std::size_t>(mixed >> 56);
  }

  std::vector<Slot> slots_;
};

}  // namespace picket::rules
