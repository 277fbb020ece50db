// What came of trying rules, as one JSON document (docs/formats/rule-try.md): for `picket rule try
// --json` and the API.
//
// Pure functions; the field report is one of the same detection and of the result's tally.
#pragma once

#include <vector>

#include "app/field_report.h"
#include "app/rule_try.h"
#include "base/json.h"

namespace picket::app {

// Those of one rule: `report` is of all.
std::vector<const FieldUse*> fields_of(const FieldReport& report, const rules::DetectionRule& rule);

Json try_json(const TryResult& result, const FieldReport& report);
// Puts what a look ahead (TryOptions::hits_alone) found behind the last event of the result into
// its document.
void add_ahead(Json& json, const TryResult& ahead);

}  // namespace picket::app
