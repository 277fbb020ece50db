// JsonWalker: is what comes JSON, where does the value end, and is it an envelope around records?
//
// A pure state machine over bytes, however they are cut into pieces. It checks how values nest and
// follow each other (RFC 8259), not what numbers and escapes are: enough to tell a value that goes
// on for many lines from a line that only begins like one. A line feed inside a string ends the
// matter, so a damaged line does not swallow what follows. Memory: fixed. One thread.
//
// An envelope is an object with nothing but bookkeeping (scalars under names such as "nextLink",
// kHeadMax bytes at most) before an array of objects that is called Records, records, value, items
// or entries: CloudTrail files, Azure diagnostic settings, Microsoft Graph, Google reports.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace picket::collector {

class JsonWalker {
 public:
  static constexpr std::size_t kDepthMax = 64;  // deeper is an error
  static constexpr std::size_t kHeadMax = 4096;
  static constexpr std::size_t kKeyMax = 24;  // names of an envelope's members are shorter

  enum class Step : std::uint8_t {
    kMore,      // all of the input is taken
    kEnd,       // the value ends behind what was taken
    kElements,  // an envelope: what follows is the first of its records
    kError,     // this is no JSON; the byte at fault is not taken
  };

  // Before a value. Only where `envelope` is set an envelope is looked for: not inside one.
  void begin(bool envelope) {
    *this = JsonWalker{};
    envelope_ = envelope;
  }
  // Goes on behind the array of an envelope, up to the end of its object.
  void begin_tail();

  // Takes bytes from the front; `taken` says how many.
  Step walk(std::string_view input, std::size_t& taken);

  // So far the object's own members are bookkeeping only.
  bool clean() const { return clean_; }
  // A member's name and its colon were met.
  bool keyed() const { return keyed_; }

 private:
  enum class State : std::uint8_t {
    kValue,
    kFirstValue,  // or the end of the array
    kFirstKey,    // or the end of the object
    kKey,
    kColon,
    kAfterValue,
    kString,
    kEscape,
    kScalar,
    kEnded,
  };

  bool take(char c);
  bool take_value(char c);
  bool push(bool object);
  bool pop(bool object);
  bool in_object() const { return depth_ > 0 && (objects_ >> (depth_ - 1) & 1) != 0; }
  void note_key_byte(char c);
  void note_value(char c);

  std::uint64_t objects_ = 0;  // bit n: what is open at depth n + 1 is an object
  std::size_t depth_ = 0;
  std::size_t walked_ = 0;
  State state_ = State::kValue;
  bool envelope_ = true;
  bool is_key_ = false;  // of the string under way
  bool clean_ = true;
  bool keyed_ = false;
  bool records_ = false;  // the array that was just opened may be an envelope's
  std::array<char, kKeyMax> key_{};
  std::size_t key_size_ = 0;
};

// Does this line begin an envelope?
bool begins_envelope(std::string_view line);

}  // namespace picket::collector
