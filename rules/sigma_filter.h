// Sigma filters: exclusions that are written once and joined to many rules. Sigma Filters
// specification 2.1; a filter's condition is joined with And, so a working one says "not
// selection".
#pragma once

#include <string>
#include <vector>

#include "base/yaml.h"
#include "rules/refusal.h"
#include "rules/rule.h"
#include "rules/sigma_detection.h"

namespace picket::rules {

struct FilterRule {
  RuleIdentity identity;
  int line = 1;
  LogSource log_source;            // what it names must be equal in the rule; empty: any
  bool any = false;                // every rule of the log source
  std::vector<std::string> rules;  // ids, names or titles
  Node condition;                  // selections are named "<title>: <selection>", lines are 0
  bool look_around = false;
};

// `document` has a `filter` key. identity.hash and path are left to the caller.
Parsed<FilterRule> parse_filter(const YamlNode& document, Building& building);

// Joins the filters to the rules they name. A filter that finds no rule is a warning.
void apply_filters(const std::vector<FilterRule>& filters, LoadedRules& rules);

}  // namespace picket::rules
