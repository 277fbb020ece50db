// Where in a raw record a match lies.
//
// A match counts bytes in a field's value. Mostly the value is a piece of the record, and the place
// follows from where the field points; JSON strings with escapes are walked through. A value that
// the parser made (unescaped into the arena, joined, decoded) is looked for as text. Cold path.
#pragma once

#include <optional>
#include <string_view>

#include "api/segments.h"
#include "event/alert.h"
#include "event/event.h"

namespace picket::api {

// The place in `event`'s record that `match` speaks of. nullopt when it cannot be found.
std::optional<Span> raw_span(Batch& batch, const Event& event, const Match& match);

// The same without a parsed event: the value as written, or as JSON would escape it; the occurrence
// that follows the field's name is preferred.
std::optional<Span> find_value(std::string_view raw, const Match& match);

// The place in a JSON string's token (without quotes) of [begin, end) of the unescaped value.
Span escaped_span(std::string_view token, Span value);

// The value's own span, or all of it when the match has none.
Span value_span(const Match& match, std::size_t value_size);

}  // namespace picket::api
