// The walk. Between strings there is little to read, and inside of them nothing: JsonScan has
// checked what stands there and says where they end. It could find a quote to be escaped, or within
// a string, wrongly only behind a byte outside of strings that may not be there; the walk looks at
// each of those and stops at the first such byte.
#include "parsers/json_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/arena.h"
#include "event/ecs.h"

namespace picket::parsers {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_bracket(char c) {
  return c == '{' || c == '[';
}

// How many digits the eight bytes of `word` begin with.
std::size_t leading_digits(std::uint64_t word) {
  constexpr std::uint64_t kHigh = 0x8080808080808080u;
  const std::uint64_t values = word ^ 0x3030303030303030u;  // of digits: 0 to 9
  const std::uint64_t others = (values | (values + 0x7676767676767676u)) & kHigh;
  return static_cast<std::size_t>(std::countr_zero(others)) / 8;
}

}  // namespace

JsonReader::JsonReader(JsonNames& names, JsonScan::Kernel kernel)
    : names_(names), scan_(kernel), fields_(kKeysMax + 1), seen_(std::size_t{1} << 16) {}

bool JsonReader::read(std::string_view json, Node start) {
  start_ = start;
  field_count_ = 0;
  roles_.fill(kNone);
  system_roles_ = 0;
  scopes_ = 0;
  depth_ = 0;
  if (++event_ == 0) {  // wrapped: old marks would look new
    seen_.assign(seen_.size(), Seen{});
    event_ = 1;
  }
  if (json.size() > kBytesMax) names_.limits().add(Limit::kSize);
  if (json.empty() || json.size() > kBytesMax) return false;
  text_ = json.data();
  size_ = json.size();
  const bool valid = scan_.run(json) && walk();
  if (!valid) {
    field_count_ = 0;
    roles_.fill(kNone);
  }
  scan_.shrink();
  return valid;
}

// The first byte from `at` that is no space; may be the one behind the text.
std::size_t JsonReader::visible(std::size_t at) const {
  if (text_[at] > ' ') [[likely]]
    return at;
  while (at < size_ && is_space(text_[at])) ++at;
  return at;
}

std::size_t JsonReader::digits_end(std::size_t at) const {
  if constexpr (std::endian::native == std::endian::little) {
    while (at < size_) {
      std::uint64_t word = 0;
      std::memcpy(&word, text_ + at, 8);
      const std::size_t count = leading_digits(word);
      at += count;
      if (count < 8) break;
    }
  } else {
    while (at < size_ && is_digit(text_[at])) ++at;
  }
  return std::min(at, size_);
}

// RFC 8259 section 6: behind the number that begins at `at`, 0 if there is none.
std::size_t JsonReader::number_end(std::size_t at) const {
  if (text_[at] == '-') ++at;
  std::size_t end = digits_end(at);
  if (end <= at || (text_[at] == '0' && end != at + 1)) return 0;
  if (text_[end] == '.') {
    at = end + 1;
    end = digits_end(at);
    if (end <= at) return 0;
  }
  if (text_[end] == 'e' || text_[end] == 'E') {
    at = end + 1;
    if (text_[at] == '+' || text_[at] == '-') ++at;
    end = digits_end(at);
    if (end <= at) return 0;
  }
  return end;
}

// A string, with its quotes at `place`.
bool JsonReader::string(Place& place, Field& value) const {
  if (place.quote[0] != place.at) return false;
  const std::size_t end = place.quote[1];
  value.data = text_ + place.at + 1;
  value.size = static_cast<std::uint32_t>(end - place.at - 1);
  value.kind = ValueKind::kString;
  value.escaped = scan_.escaped(place.at + 1, end);
  place.at = end + 1;
  place.quote += 2;
  return true;
}

// A number, a truth value or null.
bool JsonReader::scalar(Place& place, Field& value) const {
  if (place.at >= size_) return false;
  const char* const begin = text_ + place.at;
  std::size_t end = 0;
  if (*begin == '-' || is_digit(*begin)) {
    value.kind = ValueKind::kNumber;
    end = number_end(place.at);
  } else if (std::memcmp(begin, "null", 4) == 0) {
    value.kind = ValueKind::kNull;
    end = place.at + 4;
  } else {
    value.kind = ValueKind::kBool;
    if (std::memcmp(begin, "true", 4) == 0) end = place.at + 4;
    if (std::memcmp(begin, "false", 5) == 0) end = place.at + 5;
  }
  if (end == 0 || end > size_) return false;
  value.data = begin;
  value.size = static_cast<std::uint32_t>(end - place.at);
  value.escaped = false;
  place.at = end;
  return true;
}

NameKey JsonReader::read_key(std::uint32_t begin, std::uint32_t end) {
  const std::string_view text(text_ + begin, end - begin);
  if (!scan_.escaped(begin, end)) return NameKey::padded(text);
  Arena arena;
  const Field field{
      .data = text.data(), .size = static_cast<std::uint32_t>(text.size()), .escaped = true};
  key_ = field_text(field, arena);
  return NameKey::of(key_);
}

// What the key in [begin, end) is, whose value begins with the byte `value`.
const JsonKeys::Meaning& JsonReader::look_up(Place& place, Node node, std::uint32_t begin,
                                             std::uint32_t end, char value) {
  const std::string_view written(text_ + begin, end - begin);
  JsonKeys::Last last = place.last;
  const Meaning* found = names_.guess(last, node, written, value);
  if (found == nullptr) [[unlikely]]
    found = &names_.look_up(last, node, read_key(begin, end), written, value);
  place.last = last;
  return *found;
}

bool JsonReader::open(Node node, const Meaning& name, Node child, std::size_t at,
                      std::uint32_t scope) {
  if (depth_ == kDepthMax) names_.limits().add(Limit::kNesting);
  if (depth_ == kDepthMax || at >= size_) return false;
  Frame& frame = frames_[depth_++];
  frame.node = node;
  frame.child = child;
  frame.scope = scope;
  frame.name = name;
  frame.begin = static_cast<std::uint32_t>(at);
  frame.array = text_[at] == '[';
  frame.plain = false;
  frame.started = false;
  return true;
}

JsonReader::Seen JsonReader::mark(std::size_t depth, std::uint32_t scope, std::size_t at) const {
  Seen seen;
  seen.event = event_;
  seen.scope = scope & 0x1FFFFFF;
  seen.depth = depth & 0x7F;
  seen.at = static_cast<std::uint32_t>(at);
  return seen;
}

// What was read last, at the end of fields_, is a field. `depth` is that of the key: the name as
// one key goes before its path.
void JsonReader::keep(const Meaning& name, bool system, std::size_t depth, std::uint32_t scope) {
  Seen& seen = seen_[name.rank];
  if (seen.event == event_) [[unlikely]] {
    keep_again(name, system, depth, scope);
    return;
  }
  const std::size_t at = field_count_++;
  seen = mark(depth, scope, at);
  fields_[at].id = FieldId{name.field};
  if (name.role == Role::kNone) return;
  std::uint32_t& role = roles_[static_cast<std::size_t>(name.role)];
  if (role != kNone) return;  // several names have this role: the first counts
  role = static_cast<std::uint32_t>(at);
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
void JsonReader::keep_again(const Meaning& name, bool system, std::size_t depth,
                            std::uint32_t scope) {
  Seen& seen = seen_[name.rank];
  Field named = fields_[field_count_];
  named.id = FieldId{name.field};
  if (seen.scope == scope) {
    if (depth > seen.depth) return;
    fields_[seen.at] = named;
    seen = mark(depth, scope, seen.at);
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
  seen = mark(depth, scope, at);
}

// From where an object was opened, or a bracket in it was closed, to the next bracket. Texts
// without white space are read without asking for it.
bool JsonReader::members(Place& outer) {
  static constexpr Meaning kUnnamed{};
  // In registers; and copied one by one, as a wide load would wait for the narrow stores before it.
  Place place{.at = outer.at, .quote = outer.quote, .last = outer.last, .keys = outer.keys};
  const auto leave = [&] {
    outer.at = place.at + 1;
    outer.quote = place.quote;
    outer.last = place.last;
    outer.keys = place.keys;
    return true;
  };
  Frame& frame = frames_[depth_ - 1];
  const Node node = frame.node;
  const bool in_system = node == Node::kSystem;
  const std::size_t depth = depth_;
  bool first = !std::exchange(frame.started, true);
  for (;; first = false) {
    if (!first) {
      if (text_[place.at] != ',') place.at = visible(place.at);
      if (text_[place.at] != ',') break;
      ++place.at;
    }
    if (place.quote[0] != place.at) [[unlikely]] {
      place.at = visible(place.at);
      if (first && text_[place.at] == '}') break;
      if (place.quote[0] != place.at) return false;
    }
    if (++place.keys > kKeysMax) [[unlikely]] {
      names_.limits().add(Limit::kFields);
      return false;
    }
    const auto begin = static_cast<std::uint32_t>(place.at + 1);
    const std::uint32_t end = place.quote[1];
    place.quote += 2;
    place.at = end + std::size_t{1};
    if (text_[place.at] != ':') place.at = visible(place.at);
    if (text_[place.at] != ':') return false;
    place.at = visible(place.at + 1);
    const char c = text_[place.at];
    const Meaning& name = node == Node::kNowhere ? kUnnamed : look_up(place, node, begin, end, c);
    if (is_bracket(c)) [[unlikely]] {
      const Node inside = c == '{' ? name.child : Node::kNowhere;
      std::uint32_t scope = frame.scope;
      if (c == '{' && node != Node::kNowhere && JsonNames::is_scope(node, name.child))
        scope = ++scopes_;
      if (!open(inside, name, name.child, place.at, scope)) return false;
      frames_[depth].name.system |= in_system;
      return leave();
    }
    Field& value = fields_[field_count_];  // in its place already, should it be one
    if (c == '"' ? !string(place, value) : !scalar(place, value)) return false;
    if (name.field != JsonName::kNoField) keep(name, name.system || in_system, depth, frame.scope);
  }
  if (text_[place.at] != '}' || place.at >= size_) return false;
  --depth_;
  return leave();
}

// The same for an array.
bool JsonReader::elements(Place& place) {
  static constexpr Meaning kUnnamed{};
  Frame& frame = frames_[depth_ - 1];
  bool empty = false;
  for (bool first = !std::exchange(frame.started, true);; first = false) {
    place.at = visible(place.at);
    if (!first) {
      if (text_[place.at] != ',') break;
      place.at = visible(place.at + 1);
    } else if (text_[place.at] == ']') {
      empty = true;
      break;
    }
    const char c = text_[place.at];
    if (c != '{') frame.plain = true;
    if (is_bracket(c)) {
      const Node inside = c == '{' ? frame.child : Node::kNowhere;
      const std::uint32_t scope = c == '{' ? ++scopes_ : frame.scope;
      if (!open(inside, kUnnamed, frame.child, place.at, scope)) return false;
      ++place.at;
      return true;
    }
    Field value;
    if (c == '"' ? !string(place, value) : !scalar(place, value)) return false;
  }
  if (text_[place.at] != ']' || place.at >= size_) return false;
  ++place.at;
  close_array(frame, place.at, empty);
  --depth_;
  return true;
}

// An array is a field itself unless all of its elements are objects.
void JsonReader::close_array(const Frame& frame, std::size_t end, bool empty) {
  if (frame.name.field == JsonName::kNoField || !(frame.plain || empty)) return;
  Field& value = fields_[field_count_];
  value.data = text_ + frame.begin;
  value.size = static_cast<std::uint32_t>(end - frame.begin);
  value.kind = ValueKind::kArray;
  value.escaped = false;
  keep(frame.name, frame.name.system, depth_ - 1, frame.scope);
}

bool JsonReader::walk() {
  static constexpr Meaning kUnnamed{};
  Place place{.at = visible(0), .quote = scan_.quotes(), .last = names_.begin()};
  if (text_[place.at] != '{') return false;
  if (!open(start_, kUnnamed, Node::kNowhere, place.at, 0)) return false;
  ++place.at;
  while (depth_ > 0) {
    if (frames_[depth_ - 1].array ? !elements(place) : !members(place)) return false;
  }
  while (place.at < size_ && is_space(text_[place.at])) ++place.at;
  return place.at == size_;
}

}  // namespace picket::parsers
