// One file of Sigma documents: detections, correlations and filters, with `action: global`, `reset`
// and `repeat` applied. A bad document is refused alone; text that is no YAML refuses the file.
// Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/loader.h"
#include "rules/sigma_filter.h"

namespace picket::rules {

using AnyRule = std::variant<DetectionRule, CorrelationRule, FilterRule>;

struct RuleFile {
  std::vector<AnyRule> rules;  // in order of the documents
  std::vector<Finding> refused;
  std::vector<Finding> warnings;
};

RuleFile parse_rule_file(std::string_view text, const std::string& path,
                         const LoadOptions& options);

RuleIdentity& identity_of(AnyRule& rule);
int line_of(const AnyRule& rule);

}  // namespace picket::rules
