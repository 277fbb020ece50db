// Finding the rule that a person means: by id, by title in any case, or by the beginning of an id
// when only one fits. The detection was loaded with keep_trees and must outlive what is found.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/detection.h"
#include "base/result.h"

namespace picket::app {

// Of several detections with that title all. Correlations and YARA rules are errors of their own.
Result<std::vector<const rules::DetectionRule*>> find_rules(const Detection& detection,
                                                            const std::string& name);
// Refused by the loader, by id or path; nullptr if it was not.
const rules::Finding* find_refused(const Detection& detection, const std::string& name);
// Index into RuleSet::correlations().
std::optional<std::size_t> find_correlation(const rules::RuleSet& rules, const std::string& name);

}  // namespace picket::app
