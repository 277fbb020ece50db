// What records of access, processes and alerts lack of their required fields
// (parsers/required_fields.h), for people, machines and Prometheus. Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "parsers/parse_counters.h"

namespace picket::app {

// One object for each dataset and class that was seen:
// {"dataset", "class", "checked", "flagged", "lacking": {name: count}}.
Json required_json(const std::vector<parsers::DatasetCounters>& datasets);
std::string required_metrics(const std::vector<parsers::DatasetCounters>& datasets);
// From that JSON, a line each; with `flagged_only` not of those that lack nothing.
std::string required_text(const Json& rows, bool flagged_only);

}  // namespace picket::app
