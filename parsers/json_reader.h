// JsonReader: one JSON object to fields, in one pass, without allocating per event.
//
// JsonScan finds the strings; our own walk steps from one to the next, checks the grammar between
// them and keeps the raw tokens of known keys. The key that comes next is guessed to be the one
// that came next the last time, so most names are compared and not looked up
// (docs/decisions/0006-reading-json.md has the measurements). One per thread.
//
// Answers false, with no fields, for anything but one valid JSON object (RFC 8259) of at most
// kBytesMax bytes, kDepthMax levels and kKeysMax keys. Of equal names in one scope the last wins,
// in the place of the first; but the name that takes fewer levels goes before
// ("a.b" as one key before b inside a). Objects inside arrays are scopes of their own, so they
// repeat names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"
#include "parsers/json_keys.h"
#include "parsers/json_names.h"
#include "parsers/json_scan.h"

namespace picket::parsers {

class JsonReader {
 public:
  static constexpr std::size_t kDepthMax = 64;
  static constexpr std::size_t kKeysMax = 2000;
  static constexpr std::size_t kBytesMax = 64 * 1024 * 1024;

  // `names` must outlive the reader.
  explicit JsonReader(JsonNames& names, JsonScan::Kernel kernel = JsonScan::best());

  // Eight readable bytes must follow `json`. Values point into `json`. Its names are those behind
  // the place `start`.
  [[nodiscard]] bool read(std::string_view json, Node start = Node::kRoot);

  // Of the last read(); until the next one.
  std::span<const Field> fields() const { return {fields_.data(), field_count_}; }
  // No "\\u" stands for something else, and no character for one of ASCII when it is folded.
  bool plain() const { return scan_.plain(); }
  // The field in a role; nullptr if there was none.
  const Field* in_role(Role role) const {
    const std::uint32_t at = roles_[static_cast<std::size_t>(role)];
    return at == kNone ? nullptr : &fields_[at];
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  using Meaning = JsonKeys::Meaning;

  struct Frame {
    Node node = Node::kNowhere;
    Node child = Node::kNowhere;  // arrays: where members of its objects are
    std::uint32_t scope = 0;
    Meaning name;             // arrays: the field that the array is
    std::uint32_t begin = 0;  // offset of the bracket
    bool array = false;
    bool plain = false;    // arrays: has an element that is no object
    bool started = false;  // something in it was read
  };
  struct Seen {
    std::uint32_t event = 0;
    std::uint32_t scope : 25 = 0;  // an object each, of two bytes at least
    std::uint32_t depth : 7 = 0;
    std::uint32_t at = 0;
  };
  // Where the walk is.
  struct Place {
    std::size_t at = 0;
    const std::uint32_t* quote = nullptr;  // the first one that is not behind it
    JsonKeys::Last last = 0;               // the key read last
    std::size_t keys = 0;
  };

  bool walk();
  bool members(Place& place);
  bool elements(Place& place);
  inline std::size_t visible(std::size_t at) const;
  inline bool string(Place& place, Field& value) const;
  inline bool scalar(Place& place, Field& value) const;
  std::size_t number_end(std::size_t at) const;
  std::size_t digits_end(std::size_t at) const;
  inline const Meaning& look_up(Place& place, Node node, std::uint32_t begin, std::uint32_t end,
                                char value);
  NameKey read_key(std::uint32_t begin, std::uint32_t end);
  bool open(Node node, const Meaning& name, Node child, std::size_t at, std::uint32_t scope);
  void close_array(const Frame& frame, std::size_t end, bool empty);
  inline void keep(const Meaning& name, bool system, std::size_t depth, std::uint32_t scope);
  inline Seen mark(std::size_t depth, std::uint32_t scope, std::size_t at) const;
  static FieldId system_name(Role role, FieldId own);
  void keep_again(const Meaning& name, bool system, std::size_t depth, std::uint32_t scope);

  JsonKeys names_;
  JsonScan scan_;
  std::vector<Field> fields_;  // kKeysMax of them, as a key makes one at most, and one being read
  std::size_t field_count_ = 0;
  std::array<std::uint32_t, static_cast<std::size_t>(Role::kCount)> roles_{};
  std::uint32_t system_roles_ = 0;  // bit by role: its field is spelled as a system field
  std::vector<Seen> seen_;          // by rank of the field
  std::uint32_t event_ = 0;
  std::uint32_t scopes_ = 0;
  Node start_ = Node::kRoot;
  const char* text_ = nullptr;
  std::size_t size_ = 0;
  std::array<Frame, kDepthMax> frames_;
  std::size_t depth_ = 0;
  std::string key_;  // an unescaped key
};

}  // namespace picket::parsers
