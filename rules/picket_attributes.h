// What a Sigma document says under its `picket` key: attributes of our own
// (docs/formats/correlations.md). A tool that does not know them raises more than we do, never
// less. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "rules/refusal.h"
#include "rules/rule.h"

namespace picket::rules {

// `rule` is otherwise complete.
Parsed<void> parse_attributes(const YamlNode& document, DetectionRule& rule);
Parsed<void> parse_attributes(const YamlNode& document, CorrelationRule& rule,
                              std::vector<Refusal>& warnings);

// Typing errors in keys must not pass as "no limit".
Parsed<void> check_keys(const YamlNode& map, const std::vector<std::string_view>& known,
                        std::string_view where);

// A list of names, or one of them; none if the key is not there.
Parsed<std::vector<std::string>> parse_names(const YamlNode& section, std::string_view key);

}  // namespace picket::rules
