// IndicatorTable: millions of indicators in little memory, and the look-up of one value.
//
// An indicator is a record of 24 bytes and its value in a pool of bytes; what many share (source
// and description, validity) is kept once. Records are found through one open-addressed table of
// four bytes a slot; in front of it a filter of about one byte an indicator, small enough for the
// caches, answers nearly every value that is not there. Networks are in the same table, looked up
// once for each length of prefix that occurs; a bitmap of the first bits of an address tells where
// that is worth while.
//
// Built by one thread: add(), add(), ..., finish(). Afterwards immutable, any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/indicators/indicator.h"
#include "rules/indicators/value.h"

namespace picket::rules {

// What the bytes of a key are compared among.
enum class IndicatorSpace : std::uint8_t { kAddress, kNetwork, kDomain, kUrl, kDigest };
IndicatorSpace space_of(IndicatorType type);

// Distinct values, each once; by number. For records that are compared as bytes.
template <class T>
class Interned {
 public:
  std::uint32_t intern(const T& value);
  const T& at(std::uint32_t index) const { return values_[index]; }
  std::vector<T>& values() { return values_; }
  const std::vector<T>& values() const { return values_; }
  void finish() {  // no more intern()
    slots_ = {};
    values_.shrink_to_fit();
  }
  std::size_t bytes() const { return values_.capacity() * sizeof(T) + slots_.capacity() * 4; }

 private:
  void grow();
  std::vector<T> values_;
  std::vector<std::uint32_t> slots_;  // index + 1
};

class IndicatorTable {
 public:
  static constexpr std::size_t kEntriesMax = 16'000'000;  // a slot has 24 bits for them
  static constexpr std::size_t kSameValueMax = 64;        // in several feeds, at several times
  static constexpr std::size_t kPoolBytesMax = 4'000'000'000;

  struct Entry {
    std::uint32_t value = 0;      // offset in the pool
    std::uint32_t reference = 0;  // likewise, of a text; 0: none
    std::uint32_t line = 0;
    std::uint32_t window = 0;
    std::uint32_t about = 0;
    std::uint16_t size = 0;  // of the value
    IndicatorType type = IndicatorType::kDomain;
    std::uint8_t bits = 0;  // of a network
  };
  static_assert(sizeof(Entry) == 24);

  struct Window {
    std::int64_t from_ns = kSinceEver;
    std::int64_t until_ns = kForEver;
  };
  struct About {
    std::uint32_t source = 0;  // text
    std::uint32_t description = 0;
    std::uint16_t feed = 0;
    std::uint8_t level = 0;
    std::int8_t confidence = kConfidenceUnknown;
    std::uint32_t rule = 0;  // set behind finish()
  };

  IndicatorTable();

  // False: the table is full.
  bool add(const IndicatorKey& key, const IndicatorNote& note, std::uint16_t feed, Level level);
  // Ends the building. Counts what a feed says twice in the same words, or more often than
  // kSameValueMax.
  void finish();
  std::size_t repeated() const { return repeated_; }

  std::size_t size() const { return entries_.size(); }
  bool has(IndicatorSpace space) const { return counts_[static_cast<std::size_t>(space)] > 0; }
  bool has_schemeless_urls() const { return schemeless_urls_; }
  const Entry& entry(std::uint32_t index) const { return entries_[index]; }
  const Window& window(const Entry& entry) const { return windows_.at(entry.window); }
  const About& about(const Entry& entry) const { return abouts_.at(entry.about); }
  std::vector<About>& abouts() { return abouts_.values(); }
  const std::vector<About>& abouts() const { return abouts_.values(); }
  std::string_view value(const Entry& entry) const {
    return {pool_.data() + entry.value, entry.size};
  }
  std::string text(std::uint32_t offset) const;
  // The number of a text, made if it is new; for abouts().
  std::uint32_t intern_text(std::string_view text);

  // Calls f(index) for each entry with that value.
  template <class F>
  void find(IndicatorSpace space, std::string_view bytes, F f) const {
    const std::uint64_t hash = hash_of(space, bytes);
    if (may_have(hash)) find_slow(hash, space, bytes, f);
  }
  // For each network that the address is in.
  template <class F>
  void find_networks(const Address& address, F f) const {
    const Family& family = address.size == 4 ? v4_ : v6_;
    if (family.tops.empty()) return;
    const std::uint32_t top = top_of(address.bytes.data(), address.size);
    if ((family.tops[top / 64] >> (top % 64) & 1) == 0) return;
    for (const std::uint8_t bits : family.lengths) {
      find(IndicatorSpace::kNetwork, NetworkKey(address, bits).view(), f);
    }
  }

  std::size_t bytes() const;  // of memory, all in all

 private:
  // The masked address and the length of the prefix behind it.
  struct NetworkKey {
    NetworkKey(const Address& address, std::uint8_t bits) {
      const Address network = masked(address, bits);
      size = network.size + std::size_t{1};
      std::copy(network.bytes.begin(), network.bytes.end(), room.begin());
      room[network.size] = bits;
    }
    std::string_view view() const { return {reinterpret_cast<const char*>(room.data()), size}; }
    std::array<std::uint8_t, 17> room = {};
    std::size_t size = 0;
  };
  struct Family {
    std::vector<std::uint8_t> lengths;  // of prefixes that occur
    std::vector<std::uint64_t> tops;    // by top_of(): is there a network around or in it?
  };
  // IPv4: the first 24 bits. IPv6: the first 32, as 20 that they are hashed to.
  static constexpr unsigned kTopBitsV4 = 24;
  static constexpr unsigned kTopBitsV6 = 20;
  static std::uint32_t top_of(const std::uint8_t* bytes, std::size_t size) {
    const std::uint32_t first = static_cast<std::uint32_t>(bytes[0]) << 24 |
                                static_cast<std::uint32_t>(bytes[1]) << 16 |
                                static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
    return size == 4 ? first >> (32 - kTopBitsV4) : (first * 0x9E3779B1u) >> (32 - kTopBitsV6);
  }

  std::uint64_t hash_of(IndicatorSpace space, std::string_view bytes) const;
  // The word of the filter by the upper half of the hash, four of its bits by the next 24.
  static std::uint64_t filter_bits(std::uint64_t hash) {
    return 1ull << (hash & 63) | 1ull << (hash >> 6 & 63) | 1ull << (hash >> 12 & 63) |
           1ull << (hash >> 18 & 63);
  }
  bool may_have(std::uint64_t hash) const {
    const std::uint64_t bits = filter_bits(hash);
    return (filter_[(hash >> 40) & (filter_.size() - 1)] & bits) == bits;
  }
  bool same(const Entry& entry, IndicatorSpace space, std::string_view bytes) const {
    return space_of(entry.type) == space && value(entry) == bytes;
  }
  template <class F>
  void find_slow(std::uint64_t hash, IndicatorSpace space, std::string_view bytes, F f) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = (hash >> 24) & mask;; at = (at + 1) & mask) {
      const std::uint32_t slot = slots_[at];
      if (slot == 0) return;
      if (slot >> 24 != (hash & 0xFF)) continue;
      const std::uint32_t index = (slot & 0xFFFFFF) - 1;
      if (same(entries_[index], space, bytes)) f(index);
    }
  }
  void insert(std::uint32_t index);
  void add_network(const Entry& entry);
  std::uint32_t put(std::string_view bytes);
  std::uint32_t put_text(std::string_view text);
  std::uint32_t put_reference(std::string_view reference);

  std::uint64_t seed_ = 0;  // so that nobody can make a feed whose values collide
  std::vector<Entry> entries_;
  std::vector<char> pool_;
  Interned<Window> windows_;
  Interned<About> abouts_;
  std::vector<std::uint32_t> texts_;  // slots of interned texts; while building
  std::size_t text_count_ = 0;
  std::vector<std::uint32_t> slots_;  // eight bits of the hash, index + 1
  std::vector<std::uint64_t> filter_;
  Family v4_;
  Family v6_;
  std::array<std::size_t, 5> counts_ = {};  // by space
  std::size_t repeated_ = 0;
  bool schemeless_urls_ = false;
  std::string last_reference_;
  std::uint32_t last_reference_at_ = 0;
};

}  // namespace picket::rules
