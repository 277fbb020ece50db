// The whole detection path for tests: text records in, ids of the rules that are true out.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "parsers/parser.h"
#include "rules/compiler.h"

namespace picket::conformance {

class Detector {
 public:
  // Aborts the test program when content or rules cannot be read.
  explicit Detector(const std::vector<std::string>& rule_paths);
  explicit Detector(rules::LoadedRules loaded, bool literal);

  // Rule ids for each record, in order.
  std::vector<std::set<std::string>> detect(const std::vector<std::string>& records);
  const rules::RuleSet& rules() const { return *compiled_.set; }
  const rules::CompiledRules& compiled() const { return compiled_; }

 private:
  void make(rules::LoadedRules loaded, bool literal);

  rules::CompiledRules compiled_;
  std::unique_ptr<parsers::Parser> parser_;
  rules::EvaluationPtr evaluation_;
};

}  // namespace picket::conformance
