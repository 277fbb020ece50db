#include "event/field.h"

#include <cstring>

#include "base/check.h"
#include "base/interner.h"
#include "event/ecs.h"

namespace picket {
namespace {

Interner& names() {
  static Interner* interner = [] {
    auto* made = new Interner;  // lives as long as the process, so that views never dangle at exit
    for (const std::string_view name : {
#define PICKET_ECS_NAME(name, text) std::string_view(text),
             PICKET_ECS_FIELDS(PICKET_ECS_NAME)
#undef PICKET_ECS_NAME
         }) {
      PICKET_CHECK(made->intern(name).has_value());
    }
    return made;
  }();
  return *interner;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits after "\u", or -1.
int hex4(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(at[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

char* put_utf8(char* out, std::uint32_t code) {
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *out++ = static_cast<char>(0xC0 | (code >> 6));
    *out++ = static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out++ = static_cast<char>(0xE0 | (code >> 12));
    *out++ = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (code & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | (code >> 18));
    *out++ = static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    *out++ = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

// `at` is behind "\u". Writes the character and returns where reading goes on.
const char* unescape_unicode(const char* at, const char* end, char*& out) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  const int first = hex4(at, end);
  if (first < 0) {
    out = put_utf8(out, kReplacement);
    return at;
  }
  at += 4;
  auto code = static_cast<std::uint32_t>(first);
  if (code >= 0xD800 && code < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
    const int low = hex4(at + 2, end);
    if (low >= 0xDC00 && low < 0xE000) {
      out = put_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00));
      return at + 6;
    }
  }
  if (code >= 0xD800 && code < 0xE000) code = kReplacement;
  out = put_utf8(out, code);
  return at;
}

char unescape_letter(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;  // '"', '\\', '/', and whatever else a damaged record has
  }
}

}  // namespace

std::optional<FieldId> intern_field(std::string_view name) {
  const auto id = names().intern(name);
  return id ? std::optional(FieldId{*id}) : std::nullopt;
}

std::optional<FieldId> find_field(std::string_view name) {
  const auto id = names().find(name);
  return id ? std::optional(FieldId{*id}) : std::nullopt;
}

std::string_view field_name(FieldId id) { return names().name(static_cast<std::uint16_t>(id)); }

std::size_t field_count() { return names().size(); }

std::string_view field_text(const Field& field, Arena& arena) {
  if (field.kind == ValueKind::kNull) return {};
  if (!field.escaped) return field.token();
  // Unescaping never makes a text longer: "\u0800" is six bytes for three; a replacement three for two.
  char* const begin = arena.allocate(field.size + field.size / 2 + 1);
  char* out = begin;
  const char* at = field.data;
  const char* const end = at + field.size;
  while (at < end) {
    const auto* slash = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    if (slash == nullptr || slash + 1 == end) slash = end;
    std::memcpy(out, at, static_cast<std::size_t>(slash - at));
    out += slash - at;
    if (slash == end) break;
    at = slash + 2;
    if (slash[1] == 'u') {
      at = unescape_unicode(at, end, out);
    } else {
      *out++ = unescape_letter(slash[1]);
    }
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

namespace {

// The end of the string whose opening quote is at `at`: the offset of its closing quote, or size.
std::size_t string_end(std::string_view text, std::size_t at, bool& escaped) {
  escaped = false;
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      escaped = true;
      ++at;
    } else if (text[at] == '"') {
      return at;
    }
  }
  return text.size();
}

// The offset behind the bracket that closes the one at `at`.
std::size_t group_end(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    bool escaped = false;
    const char c = text[at];
    if (c == '"') at = string_end(text, at, escaped);
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && --depth == 0) return at + 1;
  }
  return text.size();
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void set_scalar(Field& element, std::string_view token) {
  element.data = token.data();
  element.size = static_cast<std::uint32_t>(token.size());
  element.escaped = false;
  element.kind = ValueKind::kNumber;
  if (token == "null") element.kind = ValueKind::kNull;
  if (token == "true" || token == "false") element.kind = ValueKind::kBool;
}

}  // namespace

bool next_element(std::string_view array, std::size_t& at, Field& element) {
  if (at == 0 && !array.empty()) at = 1;  // behind '['
  while (at < array.size() && (is_space(array[at]) || array[at] == ',')) ++at;
  if (at >= array.size() || array[at] == ']') return false;
  const std::size_t begin = at;
  if (array[at] == '"') {
    at = string_end(array, at, element.escaped);
    element.kind = ValueKind::kString;
    element.data = array.data() + begin + 1;
    element.size = static_cast<std::uint32_t>(at - begin - 1);
    if (at < array.size()) ++at;
    return true;
  }
  if (array[at] == '{' || array[at] == '[') {
    at = group_end(array, at);
    element.kind = ValueKind::kArray;
    element.escaped = false;
    element.data = array.data() + begin;
    element.size = static_cast<std::uint32_t>(at - begin);
    return true;
  }
  while (at < array.size() && array[at] != ',' && array[at] != ']' && !is_space(array[at])) ++at;
  set_scalar(element, array.substr(begin, at - begin));
  return true;
}

}  // namespace picket
