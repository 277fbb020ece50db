// NameTable: from a short text to a small value, for keys, channels and program names.
//
// Open addressing over (node, first 8 bytes, last 8 bytes, length), compared fully, so a miss costs
// one or two probes and no string compare. Only grows. `node` tells apart equal keys at different
// places of a document; 0 where there is only one place. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// What is hashed and compared of a name.
struct NameKey {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string_view text;

  // `text` is followed by at least 7 readable bytes.
  static NameKey padded(std::string_view text) {
    NameKey key;
    key.text = text;
    std::memcpy(&key.first, text.data(), 8);
    if (text.size() >= 8) {
      std::memcpy(&key.last, text.data() + text.size() - 8, 8);
    } else {
      key.first &= (std::uint64_t{1} << (8 * text.size())) - 1;
      key.last = key.first;
    }
    return key;
  }

  static NameKey of(std::string_view text) {
    if (text.size() >= 8) return padded(text);
    NameKey key;
    key.text = text;
    if (!text.empty()) std::memcpy(&key.first, text.data(), text.size());
    key.last = key.first;
    return key;
  }
};

// Two random words, the same for the whole process.
std::pair<std::uint64_t, std::uint64_t> name_table_secret();

template <class Value>
class NameTable {
 public:
  NameTable() { resize(kSlotsMin); }

  const Value* find(const NameKey& key, std::uint32_t node = 0) const {
    const Slot* const slots = slots_.data();
    for (std::size_t at = hash(key, node);; at = (at + 1) & mask_) {
      const Slot& slot = slots[at];
      if (!slot.used) return nullptr;
      if (equal(slot, key, node)) return &slot.value;
    }
  }
  Value* find(const NameKey& key, std::uint32_t node = 0) {
    return const_cast<Value*>(static_cast<const NameTable*>(this)->find(key, node));
  }

  // The value of a name, made if it is new. Valid until the next insert().
  Value& insert(const NameKey& key, std::uint32_t node = 0) {
    if (Value* found = find(key, node)) return *found;
    if ((size_ + 1) * 2 > slots_.size()) grow();
    Slot& slot = slots_[free_slot(key, node)];
    slot.used = true;
    slot.first = key.first;
    slot.last = key.last;
    slot.node = node;
    slot.length = static_cast<std::uint32_t>(key.text.size());
    slot.text = static_cast<std::uint32_t>(texts_.size());
    texts_ += key.text;
    ++size_;
    return slot.value;
  }

  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kSlotsMin = 64;

  struct Slot {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t length = 0;
    std::uint32_t node = 0;
    std::uint32_t text = 0;  // offset into texts_, which its users bound
    bool used = false;
    Value value{};
  };

  // Two secret words keep those who choose names from choosing where they land.
  std::size_t hash(const NameKey& key, std::uint32_t node) const {
    const std::uint64_t where = (std::uint64_t{node} << 32) + key.text.size();
    std::uint64_t mixed = multiply(key.first ^ secret_.first, key.last ^ secret_.second ^ where);
    for (std::size_t at = 8; at + 8 < key.text.size();
         at += 8) {  // what lies between first and last
      std::uint64_t word = 0;
      std::memcpy(&word, key.text.data() + std::min(at, key.text.size() - 16), 8);
      mixed = multiply(mixed ^ word, secret_.second);
    }
    return static_cast<std::size_t>(mixed) & mask_;
  }

  static std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  bool equal(const Slot& slot, const NameKey& key, std::uint32_t node) const {
    if (slot.first != key.first || slot.last != key.last || slot.node != node ||
        slot.length != key.text.size()) {
      return false;
    }
    return slot.length <= 16 ||
           std::memcmp(texts_.data() + slot.text + 8, key.text.data() + 8, slot.length - 16) == 0;
  }

  std::size_t free_slot(const NameKey& key, std::uint32_t node) const {
    std::size_t at = hash(key, node);
    while (slots_[at].used) at = (at + 1) & mask_;
    return at;
  }

  void resize(std::size_t size) {  // a power of two
    slots_.resize(size);
    mask_ = size - 1;
  }

  void grow() {
    const std::vector<Slot> old = std::move(slots_);
    slots_.clear();
    resize(old.size() * 2);
    for (const Slot& slot : old) {
      if (!slot.used) continue;
      const std::string_view text(texts_.data() + slot.text, slot.length);
      slots_[free_slot(NameKey{slot.first, slot.last, text}, slot.node)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::string texts_;
  std::size_t size_ = 0;
  std::size_t mask_ = 0;
  std::pair<std::uint64_t, std::uint64_t> secret_ = name_table_secret();
};

}  // namespace picket::parsers
