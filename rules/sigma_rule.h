// One Sigma detection rule: header, log source, and the condition's tree. Any thread.
#pragma once

#include "base/yaml.h"
#include "rules/refusal.h"
#include "rules/rule.h"
#include "rules/sigma_detection.h"

namespace picket::rules {

// identity.hash and path are left to the caller.
Parsed<DetectionRule> parse_detection(const YamlNode& document, Building& building);

// The selections of `section` under its `condition` (one, or a list joined by Or). `reserved` are
// the other keys that are no selections. Warns about selections that no condition uses.
Parsed<Node> parse_section(const YamlNode& section, std::vector<std::string_view> reserved,
                           Building& building);

}  // namespace picket::rules
