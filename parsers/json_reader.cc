// The walk. Stage 1 gives the offsets of every { } [ ] : , and of the first byte of every scalar,
// so between two of them lies one scalar and white space, and the byte that ends a string is the
// last one before the next offset that is no space. What stage 1 leaves to us: the order of the
// tokens, numbers and literals, and what follows a backslash.
#include "parsers/json_reader.h"

#include <simdjson.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>

#include "base/arena.h"
#include "base/check.h"
#include "event/ecs.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kKeptCapacity = 1024 * 1024;  // scratch above this is given back

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RFC 8259 section 6.
bool is_number(const char* at, const char* end) {
  if (at < end && *at == '-') ++at;
  if (at == end || !is_digit(*at)) return false;
  if (*at == '0') {
    ++at;
  } else {
    while (at < end && is_digit(*at)) ++at;
  }
  if (at < end && *at == '.') {
    if (++at == end || !is_digit(*at)) return false;
    while (at < end && is_digit(*at)) ++at;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    if (at == end || !is_digit(*at)) return false;
    while (at < end && is_digit(*at)) ++at;
  }
  return at == end;
}

bool is_escape_letter(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    default:
      return false;
  }
}

// A bit for each byte of a 64-byte block that is a backslash, and whether any byte is not ASCII.
struct Block {
  std::uint64_t backslashes = 0;
  bool high = false;

  explicit Block(const char* bytes) {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8('\\');
    __m128i all = _mm_setzero_si128();
    for (unsigned i = 0; i < 4; ++i) {
      const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i));
      const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, wanted)));
      backslashes |= static_cast<std::uint64_t>(mask) << (16 * i);
      all = _mm_or_si128(all, part);
    }
    high = _mm_movemask_epi8(all) != 0;
#else
    for (unsigned i = 0; i < 64; ++i) {
      backslashes |= static_cast<std::uint64_t>(bytes[i] == '\\') << i;
      high |= static_cast<unsigned char>(bytes[i]) >= 0x80;
    }
#endif
  }
};

// The bytes that a backslash escapes, of 64; `carry` says that the block before ended in a
// backslash that escapes the first. In a run of backslashes every second one is escaped: an
// addition carries from where a run begins to where it ends, once for runs that begin at odd
// places.
std::uint64_t escaped_bytes(std::uint64_t backslashes, std::uint64_t& carry) {
  constexpr std::uint64_t kEven = 0x5555555555555555u;
  backslashes &= ~carry;
  const std::uint64_t follows = (backslashes << 1) | carry;
  const std::uint64_t odd_starts = backslashes & ~kEven & ~follows;
  const std::uint64_t even_runs = odd_starts + backslashes;
  carry = even_runs < backslashes ? 1 : 0;
  return (kEven ^ (even_runs << 1)) & follows;
}

}  // namespace

struct JsonReader::Stage1 {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  std::size_t capacity = 0;

  bool run(std::string_view json) {
    if (json.size() > capacity && !grow(json.size())) return false;
    return parser->stage1(reinterpret_cast<const std::uint8_t*>(json.data()), json.size(),
                          simdjson::stage1_mode::regular) == simdjson::SUCCESS;
  }

  bool grow(std::size_t size) {
    const std::size_t wanted = std::bit_ceil(size < 4096 ? std::size_t{4096} : size);
    parser.reset();
    capacity = 0;
    // The depth is for simdjson's second stage, which is not used.
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            wanted, 1, parser) != simdjson::SUCCESS) {
      return false;
    }
    capacity = wanted;
    return true;
  }
};

JsonReader::JsonReader(JsonNames& names)
    : names_(&names),
      stage1_(std::make_unique<Stage1>()),
      fields_(kKeysMax),
      seen_(std::size_t{1} << 16) {}
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader::~JsonReader() = default;

bool JsonReader::read(std::string_view json) {
  field_count_ = 0;
  roles_.fill(kNone);
  system_roles_ = 0;
  scopes_ = 0;
  depth_ = 0;
  if (++event_ == 0) {  // wrapped: old marks would look new
    seen_.assign(seen_.size(), Seen{});
    event_ = 1;
  }
  if (json.empty() || json.size() > kBytesMax) return false;
  text_ = json.data();
  const bool valid = stage1_->run(json) && scan_backslashes(json) && walk(json);
  if (!valid) {
    field_count_ = 0;
    roles_.fill(kNone);
  }
  if (stage1_->capacity > kKeptCapacity) {
    stage1_->parser.reset();
    stage1_->capacity = 0;
    backslashes_ = {};
  }
  return valid;
}

bool JsonReader::scan_backslashes(std::string_view json) {
  const std::size_t blocks = json.size() / 64;
  if (backslashes_.size() < blocks + 1) backslashes_.resize(blocks + 1);
  std::uint64_t any = 0;
  bool high = false;
  for (std::size_t i = 0; i < blocks; ++i) {
    const Block block(json.data() + 64 * i);
    backslashes_[i] = block.backslashes;
    any |= block.backslashes;
    high |= block.high;
  }
  std::array<char, 64> rest{};
  const std::size_t left = json.size() - 64 * blocks;
  if (left > 0) std::memcpy(rest.data(), json.data() + 64 * blocks, left);
  const Block last(rest.data());
  backslashes_[blocks] = last.backslashes;
  any_backslash_ = (any | last.backslashes) != 0;
  plain_ = !high && !last.high;
  return !any_backslash_ || check_escapes(json);
}

// A backslash outside of a string fails the walk, so here all of them are taken as in strings.
bool JsonReader::check_escapes(std::string_view json) {
  std::uint64_t carry = 0;
  const std::size_t blocks = json.size() / 64 + 1;
  for (std::size_t i = 0; i < blocks; ++i) {
    std::uint64_t to_check = escaped_bytes(backslashes_[i], carry) & ~backslashes_[i];
    for (; to_check != 0; to_check &= to_check - 1) {
      const std::size_t at = 64 * i + static_cast<std::size_t>(std::countr_zero(to_check));
      if (at >= json.size()) return false;
      if (is_escape_letter(json[at])) continue;
      if (json[at] != 'u' || json.size() - at < 5) return false;
      plain_ = false;
      for (std::size_t digit = 1; digit <= 4; ++digit) {
        if (!is_hex(json[at + digit])) return false;
      }
    }
  }
  return carry == 0;
}

bool JsonReader::escaped(std::size_t begin, std::size_t end) const {
  if (!any_backslash_ || begin == end) return false;
  const std::size_t first = begin / 64;
  const std::size_t last = (end - 1) / 64;
  const std::uint64_t from = ~std::uint64_t{0} << (begin % 64);
  const std::uint64_t to = ~std::uint64_t{0} >> (63 - (end - 1) % 64);
  if (first == last) return (backslashes_[first] & from & to) != 0;
  if ((backslashes_[first] & from) != 0 || (backslashes_[last] & to) != 0) return true;
  for (std::size_t i = first + 1; i < last; ++i) {
    if (backslashes_[i] != 0) return true;
  }
  return false;
}

// The token that begins at `begin`; the next structural character is at `end`.
bool JsonReader::scalar(std::uint32_t begin, std::uint32_t end, Field& value) const {
  while (is_space(text_[end - 1])) --end;
  const char first = text_[begin];
  if (first == '"') {
    value.data = text_ + begin + 1;
    value.size = end - begin - 2;
    value.kind = ValueKind::kString;
    value.escaped = escaped(begin + 1, end - 1);
    return true;
  }
  const std::string_view token(text_ + begin, end - begin);
  value.data = token.data();
  value.size = static_cast<std::uint32_t>(token.size());
  value.escaped = false;
  if (first == '-' || is_digit(first)) {
    value.kind = ValueKind::kNumber;
    return is_number(token.data(), token.data() + token.size());
  }
  value.kind = token == "null" ? ValueKind::kNull : ValueKind::kBool;
  return token == "true" || token == "false" || token == "null";
}

bool JsonReader::read_key(std::uint32_t begin, std::uint32_t colon, NameKey& key) {
  if (text_[begin] != '"' || text_[colon] != ':') return false;
  std::uint32_t end = colon;
  while (text_[end - 1] != '"') --end;
  const std::string_view text(text_ + begin + 1, end - begin - 2);
  if (!escaped(begin + 1, end - 1)) {
    key = NameKey::padded(text);
    return true;
  }
  Arena arena;
  const Field field{
      .data = text.data(), .size = static_cast<std::uint32_t>(text.size()), .escaped = true};
  key_ = field_text(field, arena);
  key = NameKey::of(key_);
  return true;
}

bool JsonReader::open(Node node, const JsonName& name, Node child, std::uint32_t at,
                      std::uint32_t scope) {
  if (depth_ == kDepthMax) return false;
  Frame& frame = frames_[depth_++];
  frame.node = node;
  frame.scope = scope;
  frame.name = name;
  frame.begin = at;
  frame.child = child;
  frame.array = text_[at] == '[';
  frame.plain = false;
  return true;
}

JsonReader::Seen JsonReader::mark(const JsonName& name, std::uint32_t scope,
                                  std::uint32_t at) const {
  Seen seen;
  seen.event = event_;
  seen.scope = scope & 0x1FFFFFF;
  seen.depth = name.depth & 0x7F;
  seen.at = at;
  return seen;
}

void JsonReader::keep(const JsonName& name, bool system, std::uint32_t scope, const Field& value) {
  Seen& seen = seen_[name.field];
  if (seen.event == event_) [[unlikely]] {
    keep_again(name, system, scope, value);
    return;
  }
  const auto at = static_cast<std::uint32_t>(field_count_);
  seen = mark(name, scope, at);
  Field& field = fields_[field_count_++];
  field = value;
  field.id = FieldId{name.field};
  if (name.role == Role::kNone) return;
  std::uint32_t& role = roles_[static_cast<std::size_t>(name.role)];
  if (role != kNone) return;  // several names have this role: the first counts
  role = at;
  system_roles_ |= static_cast<std::uint32_t>(system) << static_cast<unsigned>(name.role);
}

// The ECS name under which a system field stays when event data has its `own` name too.
FieldId JsonReader::system_name(Role role, FieldId own) {
  switch (role) {
    case Role::kChannel:
      return ecs::kWinlogChannel;
    case Role::kEventId:
      return ecs::kEventCode;
    case Role::kProvider:
      return ecs::kEventProvider;
    case Role::kComputer:
      return ecs::kWinlogComputer;
    default:
      return own;
  }
}

// A name for the second time. Event data keeps the name, as rules mean it (the Channel of an event
// that says which log was cleared); what the system says of the event keeps its role, under its ECS
// name.
void JsonReader::keep_again(const JsonName& name, bool system, std::uint32_t scope,
                            const Field& value) {
  Seen& seen = seen_[name.field];
  Field named = value;
  named.id = FieldId{name.field};
  if (seen.scope == scope) {
    if (name.depth > seen.depth) return;
    fields_[seen.at] = named;
    seen = mark(name, scope, seen.at);
    return;
  }
  const std::uint32_t bit = std::uint32_t{1} << static_cast<unsigned>(name.role);
  const std::uint32_t role = roles_[static_cast<std::size_t>(name.role)];
  const auto at = static_cast<std::uint32_t>(field_count_);
  if (name.role != Role::kNone && role != kNone && fields_[role].id == named.id) {
    const bool system_first = (system_roles_ & bit) != 0;
    if (system && !system_first) {
      std::swap(fields_[role], named);
      system_roles_ |= bit;
    }
    if (system != system_first) fields_[role].id = system_name(name.role, named.id);
  }
  fields_[field_count_++] = named;
  seen = mark(name, scope, at);
}

bool JsonReader::walk(std::string_view json) {
  const std::uint32_t* const at = stage1_->parser->structural_indexes.get();
  const std::uint32_t count = stage1_->parser->n_structural_indexes;
  if (count < 2 || json[at[0]] != '{') return false;
  std::uint32_t i = 1;
  std::size_t keys = 0;
  NameKey key;
  Field value;
  static constexpr JsonName kUnnamed{};
  if (!open(Node::kRoot, kUnnamed, Node::kNowhere, at[0], 0)) return false;
  bool first = true;  // nothing was read in the innermost bracket yet
  while (depth_ > 0) {
    if (i >= count) return false;
    Frame& frame = frames_[depth_ - 1];
    const char c = json[at[i]];
    if (c == (frame.array ? ']' : '}')) {
      if (frame.array && frame.name.field != JsonName::kNoField && (frame.plain || first)) {
        value.data = json.data() + frame.begin;
        value.size = at[i] + 1 - frame.begin;
        value.kind = ValueKind::kArray;
        value.escaped = false;
        keep(frame.name, frame.name.system, frame.scope, value);
      }
      --depth_;
      ++i;
      first = false;
      continue;
    }
    if (!first) {
      if (c != ',') return false;
      ++i;
    }
    first = false;
    JsonName name;
    Node child = Node::kNowhere;
    const Node node = frame.node;
    std::uint32_t scope = frame.scope;
    if (frame.array) {
      if (i + 1 >= count) return false;
      const char open_char = json[at[i]];
      if (open_char == '{') {
        child = frame.child;
        scope = ++scopes_;
      } else {
        frame.plain = true;
        if (open_char == '[') child = frame.child;
      }
    } else {
      if (i + 3 >= count || ++keys > kKeysMax) return false;
      if (!read_key(at[i], at[i + 1], key)) return false;
      i += 2;
      const char open_char = json[at[i]];
      if (node != Node::kNowhere && open_char != '{') {
        if (const JsonName* known = names_->field(node, key)) {
          name = *known;
          name.system |= node == Node::kSystem;
          name.depth = static_cast<std::uint8_t>(depth_);
        }
      }
      if (node != Node::kNowhere && (open_char == '{' || open_char == '[')) {
        child = names_->child(node, key);
        if (open_char == '{' && JsonNames::is_scope(node, child)) scope = ++scopes_;
      }
    }
    const char begin = json[at[i]];
    if (begin == '{' || begin == '[') {
      const Node inside = begin == '{' ? child : Node::kNowhere;
      if (!open(inside, name, child, at[i], scope)) return false;
      first = true;
    } else {
      if (!scalar(at[i], at[i + 1], value)) return false;
      if (name.field != JsonName::kNoField) keep(name, name.system, scope, value);
    }
    ++i;
  }
  return i == count;
}

}  // namespace picket::parsers
