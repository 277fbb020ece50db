// LiteralMatcher: finds many literals in one pass over a text.
//
// Each literal is known by four of its bytes, those that typical text has least and that other
// literals do not have yet. Of few literals a Teddy says where such bytes stand; of many, a bitmap
// says it for every four bytes of the text. A table says which literals may be around them, and
// only then bytes are compared. Literals of two and three bytes are known by two of them, and cost
// a second pass where there are many; those of one byte a search each. Made in microseconds, so
// that rules can be loaded in no time (docs/decisions/0005-waking-rules.md). Where all literals are
// long (hashes), each is known by eight places in a row, and only every eighth place of a text is
// looked at. Immutable; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "rules/teddy.h"

namespace picket::rules {

class LiteralMatcher {
 public:
  LiteralMatcher() = default;  // of no literals
  // Not empty each; told apart by their index.
  explicit LiteralMatcher(const std::vector<std::string_view>& literals);

  bool empty() const { return literals_.empty(); }
  // Calls found(index, begin) for every place of every literal, in no order, until it answers true.
  // True if it did.
  template <class Found>
  bool scan(std::string_view text, Found found) const;

 private:
  static constexpr std::size_t kPlacesAtOnce = 64;
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  // A literal around the bytes that it is known by, and as many bytes from its other end: most
  // places that are none end there.
  struct Place {
    std::uint32_t literal = 0;
    std::uint32_t other = 0;
    Span text;                 // of the literal in texts_
    std::uint16_t offset = 0;  // of the bytes in it
    std::uint16_t other_offset = 0;
  };

  // Which places belong to a key of `kWidth` bytes.
  template <std::size_t kWidth>
  class Keys {
   public:
    using Key = std::uint32_t;  // of the bytes, the first in the lowest bits

    static Key at(const char* text) {
      Key key = 0;
      std::memcpy(&key, text, kWidth);
      return key;
    }
    bool empty() const { return slots_.empty(); }
    // Not 0 for known keys, and for few others; has() says no to most of those.
    struct Marks {
      const std::uint8_t* table;
      int shift;
      std::uint8_t of(Key key) const { return table[key * 0x9E3779B1u >> shift]; }
      bool has(Key key) const { return (of(key) & bit(key)) != 0; }
    };
    Marks marks() const { return {marks_.data(), mark_shift_}; }
    void prefetch(Key key) const {
      __builtin_prefetch(slots_.data() + (key * 0x85EBCA6Bu >> slot_shift_));
    }
    // Calls f(place) for its places until it answers true.
    template <class F>
    bool any(Key key, F f) const {
      for (std::size_t i = key * 0x85EBCA6Bu >> slot_shift_;; i = (i + 1) & (slots_.size() - 1)) {
        const Slot& slot = slots_[i];
        if (slot.places.size == 0) return false;
        if (slot.key != key) continue;
        if (f(slot.first)) return true;
        for (std::uint32_t p = 1; p < slot.places.size; ++p) {
          if (f(places_[slot.places.begin + p])) return true;
        }
        return false;
      }
    }
    const std::vector<Place>& places() const { return places_; }
    // One place of so many that follow each other in a literal is looked at.
    std::size_t stride() const { return stride_; }
    void set_stride(std::size_t stride) { stride_ = stride; }
    // `sorted`: each place with its key, by key.
    void build(const std::vector<std::pair<Key, Place>>& sorted);

   private:
    // Most keys have one place: it lies in the same cache line.
    struct Slot {
      Key key = 0;
      Span places;  // in places_; size 0: free
      Place first;
    };
    static std::uint8_t bit(Key key) {
      return static_cast<std::uint8_t>(1U << (key * 0xC2B2AE35u >> 29));
    }

    std::vector<std::uint8_t> marks_;
    int mark_shift_ = 31;
    std::vector<Slot> slots_;
    int slot_shift_ = 31;
    std::vector<Place> places_;
    std::size_t stride_ = 1;
  };

  template <std::size_t kWidth>
  void choose(const std::vector<std::string_view>& literals,
              const std::vector<std::uint32_t>& which, Keys<kWidth>& keys) const;
  static bool all_long(const std::vector<std::string_view>& literals);
  void set_up_teddy();
  template <std::size_t kWidth, class Found>
  bool look_closer(const Keys<kWidth>& keys, std::string_view text, std::size_t at,
                   Found& found) const;
  template <std::size_t kWidth, class Found>
  bool scan_for(const Keys<kWidth>& keys, std::string_view text, Found& found) const;
  template <class Found>
  bool scan_for_few(std::string_view text, Found& found) const;
  std::string_view literal(std::uint32_t index) const {
    return {texts_.data() + literals_[index].begin, literals_[index].size};
  }

  std::string texts_;
  std::vector<Span> literals_;
  Teddy teddy_;  // of all keys; empty if they are too many
  Keys<4> fours_;
  Keys<2> twos_;
  std::vector<std::uint32_t> ones_;  // literals of one byte
};

template <std::size_t kWidth, class Found>
bool LiteralMatcher::look_closer(const Keys<kWidth>& keys, std::string_view text, std::size_t at,
                                 Found& found) const {
  return keys.any(Keys<kWidth>::at(text.data() + at), [&](const Place& place) {
    if (at < place.offset) return false;
    const std::size_t begin = at - place.offset;
    if (begin + place.text.size > text.size()) return false;
    if (Keys<kWidth>::at(text.data() + begin + place.other_offset) != place.other) return false;
    const std::string_view literal(texts_.data() + place.text.begin, place.text.size);
    return text.substr(begin, literal.size()) == literal && found(place.literal, begin);
  });
}

template <std::size_t kWidth, class Found>
bool LiteralMatcher::scan_for(const Keys<kWidth>& given, std::string_view text,
                              Found& found) const {
  if (given.empty() || text.size() < kWidth) return false;
  const typename Keys<kWidth>::Marks marks = given.marks();
  const auto key = [data = text.data()](std::size_t at) { return Keys<kWidth>::at(data + at); };
  const std::size_t count = text.size() - kWidth + 1;
  const std::size_t stride = given.stride();
  // In three steps, so that memory is asked for before it is waited for: places with a mark, those
  // of them with the right one, and what stands there.
  std::array<std::size_t, kPlacesAtOnce> places;
  std::size_t at = 0;
  while (at < count) {
    std::size_t marked = 0;
    const auto note = [&](std::size_t here) {
      places[marked] = here;
      marked += marks.of(key(here)) != 0 ? 1U : 0U;
    };
    const auto any_of_four = [&] {
      return (marks.of(key(at)) | marks.of(key(at + stride)) | marks.of(key(at + 2 * stride)) |
              marks.of(key(at + 3 * stride))) != 0;
    };
    for (; at + 3 * stride < count && marked + 4 <= kPlacesAtOnce; at += 4 * stride) {
      if (!any_of_four()) [[likely]]
        continue;
      for (std::size_t i = 0; i < 4; ++i) note(at + i * stride);
    }
    if (at + 3 * stride >= count) {
      for (; at < count && marked < kPlacesAtOnce; at += stride) note(at);
    }
    std::size_t left = 0;
    for (std::size_t i = 0; i < marked; ++i) {
      const std::size_t here = places[i];
      places[left] = here;
      left += marks.has(key(here)) ? 1U : 0U;
      given.prefetch(key(here));
    }
    for (std::size_t i = 0; i < left; ++i) {
      if (look_closer(given, text, places[i], found)) return true;
    }
  }
  return false;
}

template <class Found>
bool LiteralMatcher::scan_for_few(std::string_view text, Found& found) const {
  for (std::size_t at = teddy_.find(text); at != std::string_view::npos;
       at = teddy_.find(text, at + 1)) {
    const std::size_t rest = text.size() - at;
    if (!fours_.empty() && rest >= 4 && look_closer(fours_, text, at, found)) return true;
    if (!twos_.empty() && rest >= 2 && look_closer(twos_, text, at, found)) return true;
    for (const std::uint32_t one : ones_) {
      if (literal(one).front() == text[at] && found(one, at)) return true;
    }
  }
  return false;
}

template <class Found>
bool LiteralMatcher::scan(std::string_view text, Found found) const {
  if (!teddy_.empty()) return scan_for_few(text, found);
  if (scan_for(fours_, text, found)) return true;
  if (scan_for(twos_, text, found)) return true;
  for (const std::uint32_t one : ones_) {
    const char wanted = literal(one).front();
    for (std::size_t at = text.find(wanted); at != std::string_view::npos;
         at = text.find(wanted, at + 1)) {
      if (found(one, at)) return true;
    }
  }
  return false;
}

}  // namespace picket::rules
