// Turns loaded rules into a RuleSet.
//
// Compiling resolves correlation references, tells the field table every name that rules and taxonomies
// speak of (so make parsers afterwards), and sets up routing. Routes themselves are built ahead of time by
// RouteTable::prepare(), or when the first event of a kind comes by.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/indicators/set.h"
#include "rules/payload.h"
#include "rules/route_table.h"
#include "rules/rule.h"
#include "rules/rule_set.h"
#include "rules/taxonomy.h"
#include "rules/yara.h"

namespace picket::rules {

struct CompiledRules {
  std::shared_ptr<const RuleSet> set;
  std::shared_ptr<const RouteTable> routes;  // of `set`
  std::vector<Finding> refused;   // those of the loader and of YARA too
  std::vector<Finding> warnings;  // likewise
};

struct CompileOptions {
  std::shared_ptr<const IndicatorSet> indicators = IndicatorSet::none();  // their rules follow behind those of YARA
  PayloadOptions payloads = {};
  std::vector<YaraSource> yara = {};  // texts that are not in files; then LoadedRules::yara_files is not read
  std::shared_ptr<const StoredDatabases> stored = nullptr;  // Hyperscan databases of an earlier load (rule_cache.h)
};

CompiledRules compile_rules(LoadedRules loaded, std::shared_ptr<const Taxonomy> taxonomy,
                            const CompileOptions& options = {});

}  // namespace picket::rules
