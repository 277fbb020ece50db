// Turns loaded rules into a RuleSet.
//
// Compiling resolves correlation references, tells the field table every name that rules and taxonomies
// speak of (so make parsers afterwards), and sets up routing. Routes themselves are built when the first
// event of a kind comes by, or ahead of time by warm_up().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/indicators/set.h"
#include "rules/payload.h"
#include "rules/rule.h"
#include "rules/rule_set.h"
#include "rules/taxonomy.h"

namespace picket::rules {

struct CompiledRules {
  std::shared_ptr<const RuleSet> set;
  std::vector<Finding> refused;   // those of the loader and of YARA too
  std::vector<Finding> warnings;  // likewise
};

// The rules of `indicators` follow behind those of YARA. Never null.
CompiledRules compile_rules(LoadedRules loaded, std::shared_ptr<const Taxonomy> taxonomy,
                            std::shared_ptr<const IndicatorSet> indicators = IndicatorSet::none(),
                            const PayloadOptions& payloads = {});

}  // namespace picket::rules
