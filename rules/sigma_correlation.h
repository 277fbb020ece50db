// A Sigma correlation rule. Sigma Correlation Rules specification 2.1; what it leaves open is
// decided in README.md. References are resolved later, over everything that was loaded. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/yaml.h"
#include "rules/refusal.h"
#include "rules/rule.h"

namespace picket::rules {

// `document` has a `correlation` key. identity.hash and path are left to the caller.
Parsed<CorrelationRule> parse_correlation(const YamlNode& document, std::vector<Refusal>& warnings);

// "90s", "15m", "2h", "1d", and "1w", "1M" (30 days), "1y" (365 days); in nanoseconds.
Parsed<std::int64_t> parse_timespan(std::string_view text, int line);

}  // namespace picket::rules
