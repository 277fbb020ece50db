// Everything that was loaded, put together: repeated ids, filters joined to rules, references of
// correlations checked. Does not depend on the order in which files were read, only on that of
// paths.
#pragma once

#include <string>
#include <vector>

#include "rules/sigma_file.h"

namespace picket::rules {

// A correlation may name rules that are not Sigma's (foreign_rules.h). These are known later: until
// then what may be one of them is not refused. `has_yara`: there are YARA rules too.
LoadedRules collect_rules(std::vector<RuleFile> files, bool has_yara = false);

struct ForeignName {
  std::string id;
  std::string name;  // may be empty
};
using ForeignNames = std::vector<ForeignName>;

// Refuses the correlations that name what is neither Sigma's nor one of these.
void check_references(LoadedRules& rules, const ForeignNames& foreign);

}  // namespace picket::rules
