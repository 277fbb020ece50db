// Events of a file or of standard input, read as `scan` reads them, for commands that look at a
// few.
#pragma once

#include <functional>

#include "app/command.h"
#include "app/detection.h"
#include "base/result.h"
#include "event/event.h"

namespace picket::app {

// Calls `each` with batches of parsed events until it answers false or there are no more. With
// `keep_all_fields` events have every name of theirs, else those that rules know. Fails when the
// file cannot be read or the source definition does not exist.
Result<void> read_events(const EventInput& input, const Detection& detection, bool keep_all_fields,
                         const std::function<bool(Batch&)>& each);

}  // namespace picket::app
