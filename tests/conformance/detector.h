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
  // Parses and evaluates all records as one batch, for who needs the events themselves. The first record
  // has the number `first_seq` in its source.
  void run(std::span<const std::string> records, Batch& batch, std::uint64_t first_seq = 0);
  // The kind of event that each record is.
  std::vector<KindId> kinds(const std::vector<std::string>& records);
  const rules::Taxonomy& taxonomy() const { return *taxonomy_; }
  const rules::RuleSet& rules() const { return *compiled_.set; }
  std::shared_ptr<const rules::RuleSet> rule_set() const { return compiled_.set; }
  const rules::CompiledRules& compiled() const { return compiled_; }

 private:
  void make(rules::LoadedRules loaded, bool literal);

  void parse(std::span<const std::string> records, Batch& batch, std::uint64_t first_seq = 0);

  std::shared_ptr<const rules::Taxonomy> taxonomy_;
  rules::CompiledRules compiled_;
  std::unique_ptr<parsers::Parser> parser_;
  rules::EvaluationPtr evaluation_;
};

}  // namespace picket::conformance
