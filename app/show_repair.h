// What a check of the store found damaged and what a repair did, for people and as JSON. Main thread.
#pragma once

#include "base/json.h"
#include "storage/repair/repair.h"

namespace picket::app {

void print_check(const storage::CheckReport& report, bool json);
void print_repair(const storage::RepairReport& report, bool json);
// Of each repair that the store remembers: what is missing and known. `repair` is as to_json(RepairReport) made it.
void print_known(const Json& repair, bool json);

}  // namespace picket::app
