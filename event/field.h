// Field names and values.
//
// A FieldId is an interned name: an ECS name ("source.ip") or the original name of a structured
// input ("CommandLine"). The ECS names that the code itself speaks of have fixed ids, listed in
// ecs.h. Ids are process-wide, never reused and never written to disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"

namespace picket {

enum class FieldId : std::uint16_t {};

// The id of a name, made if it is new. nullopt when 65,535 names are in use: the caller treats the
// field as unknown. Cold paths only (takes a lock). Any thread.
std::optional<FieldId> intern_field(std::string_view name);
// The id of a name that is known already.
std::optional<FieldId> find_field(std::string_view name);
// Lives as long as the process. Any thread, no lock.
std::string_view field_name(FieldId id);
std::size_t field_count();

enum class ValueKind : std::uint8_t { kString, kNumber, kBool, kNull, kArray };

// One value, 16 bytes. `data` points into the record or into the batch's arena and dies with the
// batch. Values of JSON records are the token as written: strings without their quotes and with
// `escaped` set if a backslash is in them; arrays of scalars with their brackets. A record may hold
// a field more than once (objects inside an array).
struct Field {
  const char* data = nullptr;
  std::uint32_t size = 0;
  FieldId id{};
  ValueKind kind = ValueKind::kString;
  bool escaped = false;

  std::string_view token() const { return {data, size}; }
};
static_assert(sizeof(Field) == 16);

// The value as text: the token itself, or its unescaped copy in `arena` (RFC 8259 section 7; a lone
// surrogate becomes U+FFFD). Null is the empty text. The view dies with the batch.
std::string_view field_text(const Field& field, Arena& arena);

// Calls f(Field) for each scalar of an array token, or once for a scalar. Elements that are objects
// or arrays themselves are passed as kArray tokens. Defined for every token that parsers emit.
template <class F>
void for_each_value(const Field& field, F f);

// The first element of an array token at or after `at` (an offset into the token, 0 to begin);
// moves `at` past it. False at the end.
bool next_element(std::string_view array, std::size_t& at, Field& element);

template <class F>
void for_each_value(const Field& field, F f) {
  if (field.kind != ValueKind::kArray) {
    f(field);
    return;
  }
  std::size_t at = 0;
  Field element;
  element.id = field.id;
  while (next_element(field.token(), at, element)) f(element);
}

}  // namespace picket
