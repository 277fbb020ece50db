// One item of a Sigma selection: a field with its modifiers and its values becomes a tree of tests.
// Sigma specification 2.1, "Value Modifiers" and "Special Field Values". Any thread.
#pragma once

#include "rules/sigma_detection.h"
#include "rules/sigma_modifiers.h"

namespace picket::rules {

// Values are joined by Or (by And under `all`), the whole is negated under `neq`.
Parsed<Node> parse_item(const FieldKey& key, const YamlNode& values, Building& building);

}  // namespace picket::rules
