#include "app/detection.h"

#include "rules/loader.h"

namespace picket::app {

Result<Detection> load_detection(const ContentPaths& content, const DetectionOptions& options) {
  if (content.root.empty()) {
    return fail(Errc::kNotFound,
                "the shipped content (rules, taxonomies, source definitions) was not found beside the program "
                "or in /usr/share/picket; set PICKET_CONTENT to its folder");
  }
  Detection detection;
  PICKET_TRY(detection.catalog, parsers::Catalog::load({content.sources()}, detection.errors));
  std::shared_ptr<const rules::Taxonomy> taxonomy = rules::Taxonomy::none();
  if (!options.literal) {
    PICKET_TRY(taxonomy, rules::Taxonomy::load(content.taxonomies(), detection.errors));
  }
  const std::vector<std::string> paths =
      options.rules.empty() ? std::vector<std::string>{content.rules()} : options.rules;
  PICKET_TRY(rules::LoadedRules loaded, rules::load_rules(paths));
  detection.rule_files = loaded.files;
  if (options.keep_trees) {
    detection.trees = loaded.detections;
    detection.correlations = loaded.correlations;
  }
  detection.taxonomy = taxonomy;
  PICKET_TRY(detection.indicators, rules::load_indicators(options.indicators));
  rules::CompiledRules compiled =
      rules::compile_rules(std::move(loaded), std::move(taxonomy),
                           {.indicators = detection.indicators.set, .payloads = options.payloads});
  detection.rules = std::move(compiled.set);
  detection.refused = std::move(compiled.refused);
  detection.warnings = std::move(compiled.warnings);
  return detection;
}

}  // namespace picket::app
