// Everything that was loaded, put together: repeated ids, filters joined to rules, references of
// correlations checked. Does not depend on the order in which files were read, only on that of
// paths.
#pragma once

#include <vector>

#include "rules/sigma_file.h"

namespace picket::rules {

LoadedRules collect_rules(std::vector<RuleFile> files);

}  // namespace picket::rules
