// Detection: rules, indicators, taxonomies and source definitions, loaded together as commands need them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/paths.h"
#include "base/result.h"
#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/indicators/loader.h"

namespace picket::app {

struct DetectionOptions {
  std::vector<std::string> rules;  // files and folders; empty: the shipped rules
  std::vector<rules::IndicatorFeed> indicators = {};
  bool literal = false;            // --taxonomy none
  bool keep_trees = false;         // for commands that look into rules
  rules::PayloadOptions payloads = {};
};

struct Detection {
  std::shared_ptr<const rules::RuleSet> rules;
  std::shared_ptr<const parsers::Catalog> catalog;
  std::shared_ptr<const rules::Taxonomy> taxonomy;
  // The rules as they were read, with `keep_trees` only; trees[i] is rule i of `rules`, YARA rules
  // and those of indicators follow behind the last.
  std::vector<rules::DetectionRule> trees;
  std::vector<rules::CorrelationRule> correlations;
  rules::LoadedIndicators indicators;  // their rules are the last of `rules`
  std::vector<rules::Finding> refused;
  std::vector<rules::Finding> warnings;
  std::vector<std::string> errors;  // of taxonomies and source definitions, "path:line: reason"
  std::size_t rule_files = 0;

  // For one thread; made after the rules, so that it knows their field names.
  parsers::Parser make_parser(bool keep_all_fields) const { return {catalog, keep_all_fields}; }
};

// Fails when a path does not exist or the shipped content cannot be found; what is wrong inside files
// is in `refused` and `errors`.
Result<Detection> load_detection(const ContentPaths& content, const DetectionOptions& options);

}  // namespace picket::app
