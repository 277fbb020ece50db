// Detection: rules, indicators, taxonomies and source definitions, loaded together as commands need them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/paths.h"
#include "app/rule_texts.h"
#include "base/result.h"
#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/indicators/loader.h"
#include "rules/rule_cache.h"

namespace picket::app {

// When routes are built, for which kinds of event.
enum class Routes {
  kAtFirstEvent,  // for commands that see few kinds, or none
  kAhead,  // of the kinds that are to be expected (kind_list.h), before the rules are put to use
};

struct DetectionOptions {
  std::vector<std::string> rules;  // files and folders; empty: the shipped rules
  std::vector<std::string> definitions = {};  // folders of source definitions beside the shipped ones
  std::vector<std::string> geoip = {};        // databases of geoip steps
  std::vector<rules::IndicatorFeed> indicators = {};
  bool literal = false;            // --taxonomy none
  bool keep_trees = false;         // for commands that look into rules
  bool keep_texts = false;         // for whoever stores alerts
  rules::PayloadOptions payloads = {};
  std::string cache = {};          // folder of the cache of rules; empty: none
  Routes routes = Routes::kAtFirstEvent;
  std::vector<KindId> kinds = {};  // seen by this process already, for kAhead
};

// How rules were loaded.
struct LoadFigures {
  double seconds = 0;
  std::size_t files_cached = 0;             // of Detection::rule_files: known by the cache
  std::size_t kinds = 0;                    // with a route built ahead
  std::vector<std::string> cache_problems;  // the cache was not used, or could not be written: why
};

struct Detection {
  std::shared_ptr<const rules::RuleSet> rules;
  std::shared_ptr<const rules::RouteTable> routes;  // of `rules`
  std::shared_ptr<const parsers::Catalog> catalog;
  std::shared_ptr<const rules::Taxonomy> taxonomy;
  // The rules as they were read, with `keep_trees` only; trees[i] is rule i of `rules`, YARA rules
  // and those of indicators follow behind the last.
  std::vector<rules::DetectionRule> trees;
  std::vector<rules::CorrelationRule> correlations;
  std::shared_ptr<const RuleTexts> texts;  // with `keep_texts` only
  rules::PayloadOptions payloads;          // as asked for
  rules::LoadedIndicators indicators;  // their rules are the last of `rules`
  std::vector<rules::Finding> refused;
  std::vector<rules::Finding> warnings;
  std::vector<std::string> errors;  // of taxonomies and source definitions, "path:line: reason"
  std::size_t rule_files = 0;
  LoadFigures load;
  std::shared_ptr<const rules::RuleCache> cache;  // until save_cache()

  // For one thread; made after the rules, so that it knows their field names.
  parsers::Parser make_parser(bool keep_all_fields) const { return {catalog, keep_all_fields}; }
};

// Fails when a path does not exist or the shipped content cannot be found; what is wrong inside
// files is in `refused` and `errors`.
Result<Detection> load_detection(const ContentPaths& content, const DetectionOptions& options);

// Says which databases of geoip steps could not be opened, once for each load.
void tell_geoip_problems(const parsers::Catalog& catalog);
// Writes what loading found out, and since then events asked for, to the cache of rules; then lets
// go of it. load_detection() has done so with kAhead.
void save_cache(Detection& detection);
// Says on standard error why the cache was not used.
void tell_cache_problems(const Detection& detection);

}  // namespace picket::app
