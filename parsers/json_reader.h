// JsonReader: one JSON object to fields, in one pass, without allocating per event.
//
// simdjson's first stage finds the structural characters and checks UTF-8 and strings; our own walk
// over them checks the rest of the grammar and keeps the raw tokens of known keys
// (docs/decisions/0002-json-walk.md has the measurements). One per thread.
//
// Answers false, with no fields, for anything but one valid JSON object (RFC 8259) of at most
// kBytesMax bytes, kDepthMax levels and kKeysMax keys. Of equal names in one scope the last wins,
// in the place of the first; but the name that takes fewer levels goes before
// ("a.b" as one key before b inside a). Objects inside arrays are scopes of their own, so they repeat names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"
#include "parsers/json_names.h"

namespace picket::parsers {

class JsonReader {
 public:
  static constexpr std::size_t kDepthMax = 64;
  static constexpr std::size_t kKeysMax = 2000;
  static constexpr std::size_t kBytesMax = 64 * 1024 * 1024;

  // `names` must outlive the reader.
  explicit JsonReader(JsonNames& names);
  JsonReader(JsonReader&&) noexcept;
  ~JsonReader();

  // Eight readable bytes must follow `json`. Values point into `json`.
  [[nodiscard]] bool read(std::string_view json);

  // Of the last read(); until the next one.
  std::span<const Field> fields() const { return {fields_.data(), field_count_}; }
  // All of it is ASCII, and no "\\u" stands for something else.
  bool plain() const { return plain_; }
  // The field in a role; nullptr if there was none.
  const Field* in_role(Role role) const {
    const std::uint32_t at = roles_[static_cast<std::size_t>(role)];
    return at == kNone ? nullptr : &fields_[at];
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  struct Frame {
    Node node = Node::kNowhere;
    std::uint32_t scope = 0;
    JsonName name;                // arrays: the field that the array is
    std::uint32_t begin = 0;      // arrays: offset of the bracket
    Node child = Node::kNowhere;  // arrays: where members of its objects are
    bool array = false;
    bool plain = false;  // arrays: has an element that is no object
  };
  struct Seen {
    std::uint32_t event = 0;
    std::uint32_t scope : 25 = 0;  // an object each, of two bytes at least
    std::uint32_t depth : 7 = 0;
    std::uint32_t at = 0;
  };
  struct Stage1;

  bool scan_backslashes(std::string_view json);
  bool check_escapes(std::string_view json);
  inline bool escaped(std::size_t begin, std::size_t end) const;
  bool walk(std::string_view json);
  inline bool read_key(std::uint32_t begin, std::uint32_t colon, NameKey& key);
  inline bool open(Node node, const JsonName& name, Node child, std::uint32_t at,
                   std::uint32_t scope);
  inline void keep(const JsonName& name, bool system, std::uint32_t scope, const Field& value);
  inline Seen mark(const JsonName& name, std::uint32_t scope, std::uint32_t at) const;
  static FieldId system_name(Role role, FieldId own);
  void keep_again(const JsonName& name, bool system, std::uint32_t scope, const Field& value);
  inline bool scalar(std::uint32_t begin, std::uint32_t end, Field& value) const;

  JsonNames* names_;
  std::unique_ptr<Stage1> stage1_;
  std::vector<Field> fields_;  // kKeysMax of them: a key makes one field at most
  std::size_t field_count_ = 0;
  std::array<std::uint32_t, static_cast<std::size_t>(Role::kCount)> roles_{};
  std::uint32_t system_roles_ = 0;  // bit by role: its field is spelled as a system field
  std::vector<Seen> seen_;          // by field id
  std::uint32_t event_ = 0;
  std::uint32_t scopes_ = 0;
  std::vector<std::uint64_t> backslashes_;  // a bit for each byte
  bool any_backslash_ = false;
  bool plain_ = false;
  const char* text_ = nullptr;
  std::array<Frame, kDepthMax> frames_;
  std::size_t depth_ = 0;
  std::string key_;  // an unescaped key
};

}  // namespace picket::parsers
