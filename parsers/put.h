// Adding ECS fields from text: what every content parser does with what it found.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ip_text.h"
#include "event/ecs.h"
#include "event/event.h"
#include "parsers/cursor.h"

namespace picket::parsers {

// What happened, in the four ECS categorisation fields. Static text; `category` and `type` are JSON
// arrays where several apply.
struct Deed {
  std::string_view action;
  std::string_view category;
  std::string_view type;
  std::string_view outcome;
};

inline void put(Batch& batch, FieldId id, std::string_view value) {
  if (!value.empty()) batch.push(id, value);
}

inline void put_number(Batch& batch, FieldId id, std::string_view digits) {
  if (is_number(digits) && digits.size() <= 20) batch.push(id, digits, ValueKind::kNumber);
}

inline void put_word_or_array(Batch& batch, FieldId id, std::string_view value) {
  if (value.empty()) return;
  batch.push(id, value, value[0] == '[' ? ValueKind::kArray : ValueKind::kString);
}

inline void put(Batch& batch, const Deed& deed) {
  put(batch, ecs::kEventAction, deed.action);
  put_word_or_array(batch, ecs::kEventCategory, deed.category);
  put_word_or_array(batch, ecs::kEventType, deed.type);
  put(batch, ecs::kEventOutcome, deed.outcome);
}

// An address, as source.address and, if it is one, source.ip (and the same for destination).
void put_source(Batch& batch, std::string_view address, std::string_view port);
void put_destination(Batch& batch, std::string_view address, std::string_view port);

}  // namespace picket::parsers
