// GroupIndex: where the groups in memory are, by name. Open addressing, since a name is a hash
// already: a lookup touches one slot and the group. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace picket::correlator {

// Place: a pointer or iterator; name_of(place) is the name it was inserted with.
template <class Place, class NameOf>
class GroupIndex {
 public:
  GroupIndex() : slots_(kSmallest) {}

  // nullptr: there is none. Valid until the next insert() or erase().
  const Place* find(std::string_view name) const {
    const std::size_t at = slot_of(name);
    return at == kNone ? nullptr : &slots_[at].place;
  }
  // The name must not be there.
  void insert(Place place) {
    if (2 * ++size_ > slots_.size()) grow();
    put({hash_of(NameOf()(place)), place, true});
  }
  void erase(std::string_view name) {
    std::size_t hole = slot_of(name);
    if (hole == kNone) return;
    --size_;
    // What would not be found behind the hole moves into it.
    for (std::size_t at = (hole + 1) & mask(); slots_[at].used; at = (at + 1) & mask()) {
      if (((at - slots_[at].hash) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
  }

 private:
  static constexpr std::size_t kSmallest = 64;
  static constexpr std::size_t kNone = SIZE_MAX;
  struct Slot {
    std::uint64_t hash = 0;
    Place place{};
    bool used = false;
  };

  // The end of a name is the hash of the group's values, its beginning that of the rule.
  static std::uint64_t hash_of(std::string_view name) {
    std::uint64_t rule = 0;
    std::uint64_t values = 0;
    std::memcpy(&rule, name.data(), std::min(name.size(), sizeof rule));
    if (name.size() >= 2 * sizeof rule)
      std::memcpy(&values, name.data() + sizeof rule, sizeof values);
    return rule * 0x9E3779B97F4A7C15ULL ^ values ^ name.size();
  }
  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t slot_of(std::string_view name) const {
    const std::uint64_t hash = hash_of(name);
    for (std::size_t at = hash & mask(); slots_[at].used; at = (at + 1) & mask()) {
      if (slots_[at].hash == hash && NameOf()(slots_[at].place) == name) return at;
    }
    return kNone;
  }
  void put(Slot slot) {
    std::size_t at = slot.hash & mask();
    while (slots_[at].used) at = (at + 1) & mask();
    slots_[at] = std::move(slot);
  }
  void grow() {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
    for (Slot& slot : old)
      if (slot.used) put(std::move(slot));
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace picket::correlator
