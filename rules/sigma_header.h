// What every Sigma document has, whatever it is: title, id, name, level, status, tags, log source.
// Sigma specification 2.1, "Components". Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.h"
#include "rules/refusal.h"
#include "rules/rule.h"

namespace picket::rules {

struct SigmaHeader {
  RuleIdentity identity;  // hash and path are left to the caller
  std::string name;
  std::string status;
  std::string description;
  std::vector<std::string> tags;
};

// Refused: no title. Values outside of the specification are warnings.
Parsed<SigmaHeader> parse_header(const YamlNode& document, std::vector<Refusal>& warnings);

// Refused: no log source, or one that says nothing.
Parsed<LogSource> parse_log_source(const YamlNode& document);

}  // namespace picket::rules
