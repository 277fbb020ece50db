// compile_texts(): rules from the texts of their files. KeptRules: rules as they were when they
// raised an alert, from the texts that the store kept (rule_texts.h), with what is needed to decide
// stored events with them again.
//
// A KeptRuleShelf makes them and remembers the last ones; it belongs to one thread, and what it
// hands out lives until it is asked again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/rule_texts.h"
#include "base/result.h"
#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/payload.h"
#include "rules/rule_set.h"
#include "rules/taxonomy.h"
#include "storage/store.h"

namespace picket::app {

// What the texts are, by the names of their files: Sigma or YARA.
rules::CompiledRules compile_texts(std::vector<RuleText> texts,
                                   std::shared_ptr<const rules::Taxonomy> taxonomy,
                                   const rules::PayloadOptions& payloads);

struct KeptRules {
  std::shared_ptr<const rules::RuleSet> set;
  std::shared_ptr<const rules::RouteTable> routes;
  rules::EvaluationPtr evaluation;
  std::vector<rules::Finding> refused;

  const std::vector<rules::DetectionRule>& trees() const { return routes->rules(); }
  std::optional<std::uint32_t> detection(std::string_view id) const;  // or YARA rule
  std::optional<std::size_t> correlation(std::string_view id) const;
};

class KeptRuleShelf {
 public:
  KeptRuleShelf(const storage::Store& store, std::shared_ptr<const rules::Taxonomy> taxonomy,
                rules::PayloadOptions payloads)
      : store_(store), taxonomy_(std::move(taxonomy)), payloads_(std::move(payloads)) {}

  // As kept_texts().
  Result<KeptRules*> of(const std::string& basis);

 private:
  const storage::Store& store_;
  std::shared_ptr<const rules::Taxonomy> taxonomy_;
  rules::PayloadOptions payloads_;
  std::map<std::string, KeptRules>
      known_;  // at most kKnownMax: a set of rules has a table of all kinds
  static constexpr std::size_t kKnownMax = 32;
};

}  // namespace picket::app
