// An event as people and tools read it: one nested ECS object (INTERFACES, "An event").
//
// Cold path: allocates freely. Original fields of structured inputs stay under their own names.
#pragma once

#include "base/json.h"
#include "event/event.h"

namespace picket {

// `source` is written as `picket.source` beside `picket.seq`; may be empty.
Json event_json(Batch& batch, const Event& event, std::string_view source);

// Sets a dotted name in a nested object: ("source.ip", "::1") -> {"source": {"ip": "::1"}}. A name
// whose parent holds a scalar already is set flat, so that nothing is lost.
void set_nested(Json& object, std::string_view dotted, Json value);

}  // namespace picket
