// The whole detection path for tests: text records in, ids of the rules that are true out.
#pragma once

#include <memory>
#include <set>
#include <span>
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
  // From now on records are read with this source definition.
  void read_as(const std::string& definition);
  // Parses and evaluates all records as one batch, for who needs the events themselves.
  void run(const std::vector<std::string>& records, Batch& batch);
  // The kind of event that each record is.
  std::vector<KindId> kinds(const std::vector<std::string>& records);
  const rules::Taxonomy& taxonomy() const { return *taxonomy_; }
  const rules::RuleSet& rules() const { return *compiled_.set; }
  const rules::CompiledRules& compiled() const { return compiled_; }

 private:
  void make(rules::LoadedRules loaded, bool literal);

  void parse(std::span<const std::string> records, Batch& batch);

  std::shared_ptr<const rules::Taxonomy> taxonomy_;
  rules::CompiledRules compiled_;
  std::unique_ptr<parsers::Parser> parser_;
  rules::EvaluationPtr evaluation_;
};

}  // namespace picket::conformance
