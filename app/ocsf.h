// Events and alerts as OCSF 1.3 objects (schema.ocsf.io), made of their ECS form.
// docs/formats/ocsf.md says what becomes of what; nothing is lost: an event is whole under
// `unmapped`.
//
// Pure functions, any thread.
#pragma once

#include "base/json.h"
#include "event/alert.h"

namespace picket::app {

// `event`: as event_json() makes it.
Json ocsf_event(const Json& event);
// A Detection Finding (class 2004).
Json ocsf_alert(const Alert& alert);

}  // namespace picket::app
