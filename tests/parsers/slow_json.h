// The obvious reader of JSON that JsonReader is held against: RFC 8259 by recursion, byte by byte,
// and the rules of json_reader.h about names as they are written there. Knows nothing of Windows
// events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"
#include "parsers/json_reader.h"

namespace picket::parsers {

class SlowJson {
 public:
  struct Leaf {
    std::string name;
    std::string token;
    ValueKind kind = ValueKind::kString;
    bool escaped = false;
    std::size_t scope = 0;
    std::size_t depth = 0;
  };

  // False, with no leaves, for all that JsonReader::read() refuses.
  bool read(std::string_view text) {
    text_ = text;
    at_ = 0;
    keys_ = 0;
    scopes_ = 0;
    leaves_.clear();
    plain_ = true;
    const bool valid = is_utf8(text) && document();
    if (!valid) leaves_.clear();
    return valid;
  }
  const std::vector<Leaf>& leaves() const { return leaves_; }
  bool plain() const { return plain_; }  // of a valid text

 private:
  bool more() const { return at_ < text_.size(); }
  bool comes(char c) const { return more() && text_[at_] == c; }
  bool skip(char c) {
    if (!comes(c)) return false;
    ++at_;
    return true;
  }
  bool skip(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void spaces() {
    while (comes(' ') || comes('\n') || comes('\r') || comes('\t')) ++at_;
  }

  bool document() {
    spaces();
    if (!comes('{') || !object("", 0, 1, true)) return false;
    spaces();
    return !more();
  }

  // `depth` counts brackets that are open inside of it. Not `named`: nothing in it is a field.
  bool object(const std::string& prefix, std::size_t scope, std::size_t depth, bool named) {
    if (depth > JsonReader::kDepthMax || !skip('{')) return false;
    spaces();
    if (skip('}')) return true;
    do {
      spaces();
      std::string key;
      bool escaped = false;
      if (++keys_ > JsonReader::kKeysMax || !string(key, escaped)) return false;
      spaces();
      if (!skip(':')) return false;
      spaces();
      const std::string name = prefix + key;
      if (!value(name, scope, depth, named && name.size() <= 512)) return false;
      spaces();
    } while (skip(','));
    return skip('}');
  }

  bool value(const std::string& name, std::size_t scope, std::size_t depth, bool named) {
    if (comes('{')) return object(name + '.', scope, depth + 1, named);
    const std::size_t begin = at_;
    Leaf leaf{.name = name, .token = {}, .scope = scope, .depth = depth};
    bool keep = true;
    if (comes('[')) {
      leaf.kind = ValueKind::kArray;
      if (!array(name, depth + 1, named, keep)) return false;
    } else if (!scalar(leaf.kind, leaf.escaped)) {
      return false;
    }
    leaf.token = text_.substr(begin, at_ - begin);
    if (leaf.kind == ValueKind::kString) leaf.token = leaf.token.substr(1, leaf.token.size() - 2);
    if (keep && named && !name.empty()) add(leaf);
    return true;
  }

  // `plain`: an element is no object, or there are none.
  bool array(const std::string& name, std::size_t depth, bool named, bool& plain) {
    if (depth > JsonReader::kDepthMax || !skip('[')) return false;
    spaces();
    plain = true;
    if (skip(']')) return true;
    plain = false;
    do {
      spaces();
      bool ignored = false;
      ValueKind kind{};
      plain |= !comes('{');
      if (comes('{')) {
        if (!object(name + '.', ++scopes_, depth + 1, named)) return false;
      } else if (comes('[')) {
        if (!array(name, depth + 1, named, ignored)) return false;
      } else if (!scalar(kind, ignored)) {
        return false;
      }
      spaces();
    } while (skip(','));
    return skip(']');
  }

  bool scalar(ValueKind& kind, bool& escaped) {
    std::string ignored;
    if (comes('"')) {
      kind = ValueKind::kString;
      return string(ignored, escaped);
    }
    kind = ValueKind::kNull;
    if (skip("null")) return true;
    kind = ValueKind::kBool;
    if (skip("true") || skip("false")) return true;
    kind = ValueKind::kNumber;
    return number();
  }

  bool digits() {
    const std::size_t begin = at_;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }

  bool number() {
    skip('-');
    if (!skip('0') && !digits()) return false;
    if (skip('.') && !digits()) return false;
    if (!skip('e') && !skip('E')) return true;
    if (!skip('+')) skip('-');
    return digits();
  }

  bool string(std::string& out, bool& escaped) {
    if (!skip('"')) return false;
    const std::size_t begin = at_;
    escaped = false;
    while (more() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (text_[at_] == '\xE2' || text_[at_] == '\xC5') plain_ = false;
      if (text_[at_++] != '\\') continue;
      escaped = true;
      if (!more()) return false;
      const char c = text_[at_++];
      if (c == 'u') {
        plain_ = false;
        for (int i = 0; i < 4; ++i, ++at_) {
          const std::string_view hex = "0123456789abcdefABCDEF";
          if (!more() || hex.find(text_[at_]) == std::string_view::npos) return false;
        }
      } else if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
        return false;
      }
    }
    const std::string_view token = text_.substr(begin, at_ - begin);
    Arena arena;
    const Field field{
        .data = token.data(), .size = static_cast<std::uint32_t>(token.size()), .escaped = escaped};
    out = field_text(field, arena);
    return skip('"');
  }

  void add(const Leaf& leaf) {
    for (auto known = leaves_.rbegin(); known != leaves_.rend(); ++known) {
      if (known->name != leaf.name) continue;
      if (known->scope != leaf.scope) break;  // only the scope met last is remembered
      if (leaf.depth <= known->depth) *known = leaf;
      return;
    }
    leaves_.push_back(leaf);
  }

  // RFC 3629 section 4.
  static bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
      };
      const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return byte(i) >= low && byte(i) <= high;
      };
      const unsigned lead = byte(0);
      if (lead < 0x80) {
        at += 1;
      } else if (lead >= 0xC2 && lead <= 0xDF && tail(1)) {
        at += 2;
      } else if (lead >= 0xE0 && lead <= 0xEF &&
                 tail(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && tail(2)) {
        at += 3;
      } else if (lead >= 0xF0 && lead <= 0xF4 &&
                 tail(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && tail(2) &&
                 tail(3)) {
        at += 4;
      } else {
        return false;
      }
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t keys_ = 0;
  std::size_t scopes_ = 0;
  bool plain_ = true;
  std::vector<Leaf> leaves_;
};

}  // namespace picket::parsers
