// JsonKeys: the keys that a reader has met, and which key followed which.
//
// Records of one source repeat the order of their keys. So the name of a key mostly is found by one
// comparison with the key that came there the last time; only a key that is new at its place is
// looked up in JsonNames. The keys met lie together, a cache line each, where JsonNames knows
// thousands that never come.
//
// Holds up to kKeysMax; when they are full, all are forgotten at the next begin(), so that a source
// that makes up names takes the speed of others for a moment only. Owner: one JsonReader. One
// thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/json_names.h"
#include "parsers/name_table.h"

namespace picket::parsers {

class JsonKeys {
 public:
  static constexpr std::size_t kKeysMax = 4096;
  static constexpr std::size_t kKeyLengthMax = 512;  // longer ones are looked up each time
  static constexpr std::size_t kNamesMax = std::size_t{1} << 16;  // of fields

  // What a key is, as JsonNames says it.
  struct Meaning {
    std::uint16_t field = JsonName::kNoField;
    std::uint16_t rank = 0;  // of the field among those met: what is kept of them lies together
    Role role = Role::kNone;
    bool system = false;
    Node child = Node::kNowhere;
  };
  // Where a reader is: the key that it read last.
  using Last = std::uint16_t;

  // `names` must outlive it.
  explicit JsonKeys(JsonNames& names);

  // Before the first key of a text.
  Last begin() {
    if (keys_.size() == kKeysMax) [[unlikely]]
      forget();
    return 0;
  }
  // The key with these bytes, which have no backslash or are met as something else; its value
  // begins with the byte `value`. What an object is not, a field, is not asked for, nor where the
  // members of a scalar are. nullptr: ask look_up(). 8 readable bytes follow the key.
  const Meaning* guess(Last& last, Node node, std::string_view key, char value) const {
    const Last at = keys_[last].next[way_of(key)];
    const Key& found = keys_[at];
    if (!equal(found, node, key) || (needed(value) & ~found.known) != 0) return nullptr;
    last = at;
    return &found.meaning;
  }
  // The same for any key, `written` so. Valid until the next call.
  const Meaning& look_up(Last& last, Node node, const NameKey& key, std::string_view written,
                         char value);

  LimitSet& limits() { return names_->limits(); }

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  static constexpr std::uint8_t kField = 1;
  static constexpr std::uint8_t kChild = 2;
  // Of a word, what belongs to a text of so many bytes.
  static constexpr std::array<std::uint64_t, 9> kMasks = {0,
                                                          0xFF,
                                                          0xFFFF,
                                                          0xFFFFFF,
                                                          0xFFFFFFFF,
                                                          0xFFFFFFFFFF,
                                                          0xFFFFFFFFFFFF,
                                                          0xFFFFFFFFFFFFFF,
                                                          0xFFFFFFFFFFFFFFFF};

  struct alignas(64) Key {
    std::uint64_t first = 0;  // bytes of the text
    std::uint64_t last = 0;
    std::uint64_t where = kNever;  // node and length
    std::uint32_t text = 0;        // offset into texts_
    std::uint8_t known = 0;        // what of `meaning` is final
    Meaning meaning;
    std::array<Last, kWays> next{};  // the key that came behind this one last, by way_of()
  };
  static_assert(sizeof(Key) == 64);

  // Keys that follow the same key in different records mostly differ in this.
  static std::size_t way_of(std::string_view key) {
    return (key.size() + static_cast<unsigned char>(*key.data())) % kWays;
  }
  static std::uint8_t needed(char value) {
    return value == '{' ? kChild : value == '[' ? kChild | kField : kField;
  }
  static std::uint64_t where(Node node, std::size_t length) {
    return (static_cast<std::uint64_t>(node) << 32) + length;
  }
  static std::uint64_t word(const char* bytes) {
    std::uint64_t found = 0;
    std::memcpy(&found, bytes, 8);
    return found;
  }
  bool equal(const Key& known, Node node, std::string_view key) const {
    const std::size_t size = key.size();
    const std::size_t part = std::min<std::size_t>(size, 8);
    const std::uint64_t mask = kMasks[part];
    const std::uint64_t first = word(key.data()) & mask;
    const std::uint64_t last = word(key.data() + size - part) & mask;
    if (known.where != where(node, size) || known.first != first || known.last != last)
      return false;
    return size <= 16 || equal_between(texts_.data() + known.text, key);
  }
  // What lies between the first eight bytes and the last eight.
  static bool equal_between(const char* known, std::string_view key) {
    for (std::size_t at = 8; at + 8 < key.size(); at += 8) {
      const std::size_t from = std::min(at, key.size() - 16);
      if (word(known + from) != word(key.data() + from)) return false;
    }
    return true;
  }

  void forget();
  Meaning meaning(Node node, const NameKey& key, char value);
  Last add(Node node, const NameKey& key);

  JsonNames* names_;
  std::vector<Key> keys_;  // the first is the one before the first of a text
  std::string texts_;
  NameTable<Last> index_;
  Meaning uncached_;
  std::vector<std::uint16_t> ranks_;  // by field; 0: not met
  std::uint16_t ranks_given_ = 0;
};

}  // namespace picket::parsers
