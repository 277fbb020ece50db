// The rules with which the engine is compared with the reference. Four detections are scripted;
// values are small numbers, groups are of source.ip, user.name, both or none.
#pragma once

#include <memory>

#include "tests/correlator/scripted.h"

namespace picket::correlator {

// Several rules of each type, at once and at the watermark, and correlations over correlations.
std::shared_ptr<ScriptedRules> all_types();

// Those and more of them, over minutes: fifty in all.
std::shared_ptr<ScriptedRules> fifty_rules();

}  // namespace picket::correlator
