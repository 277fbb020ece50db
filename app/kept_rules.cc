#include "app/kept_rules.h"

#include <utility>

#include "rules/evaluation.h"
#include "rules/sigma_collection.h"

namespace picket::app {

std::optional<std::uint32_t> KeptRules::detection(std::string_view id) const {
  for (std::uint32_t i = 0; i < set->rule_count(); ++i) {
    if (set->identity(i).id == id) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> KeptRules::correlation(std::string_view id) const {
  for (std::size_t i = 0; i < set->correlations().size(); ++i) {
    if (set->correlations()[i].rule.identity.id == id) return i;
  }
  return std::nullopt;
}

rules::CompiledRules compile_texts(std::vector<RuleText> texts,
                                   std::shared_ptr<const rules::Taxonomy> taxonomy,
                                   const rules::PayloadOptions& payloads) {
  std::vector<rules::RuleFile> files;
  rules::CompileOptions options;
  options.payloads = payloads;
  for (RuleText& text : texts) {
    if (text.path.ends_with(".yar") || text.path.ends_with(".yara")) {
      options.yara.push_back({std::move(text.path), std::move(text.text)});
    } else {
      files.push_back(rules::parse_rule_file(text.text, text.path, {}));
    }
  }
  const bool has_yara = !options.yara.empty();
  return rules::compile_rules(rules::collect_rules(std::move(files), has_yara), std::move(taxonomy),
                              options);
}

Result<KeptRules*> KeptRuleShelf::of(const std::string& basis) {
  if (const auto found = known_.find(basis); found != known_.end()) return &found->second;
  PICKET_TRY(std::vector<RuleText> texts, kept_texts(store_, basis));
  rules::CompiledRules compiled = compile_texts(std::move(texts), taxonomy_, payloads_);
  if (known_.size() >= kKnownMax) known_.clear();
  KeptRules& made = known_[basis];
  made.set = std::move(compiled.set);
  made.routes = std::move(compiled.routes);
  made.refused = std::move(compiled.refused);
  made.evaluation = made.set->make_evaluation();
  return &made;
}

}  // namespace picket::app
