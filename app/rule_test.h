// Runs cases of rules (rule_case.h) and says what became of each.
//
// A case of a detection or YARA rule is judged by its hits under all rules that are loaded; one of
// a correlation by its alerts, with that correlation and the rules that it refers to and no others,
// on empty state. Detection was loaded with keep_trees and outlives the tester. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/detection.h"
#include "app/rule_case.h"
#include "base/result.h"
#include "parsers/parser.h"
#include "rules/rule_set.h"

namespace picket::app {

struct CaseResult {
  enum class Outcome : std::uint8_t {
    kPassed,
    kFailed,
    kNoRule,   // no rule has the id, or its rule was refused
    kBadCase,  // the events cannot be read
  };
  Outcome outcome = Outcome::kPassed;
  std::string rule_name;
  std::uint64_t events = 0;
  std::uint64_t found = 0;  // hits, or alerts of a correlation
  std::string reason;       // of anything but kPassed, in English
};
std::string_view outcome_name(CaseResult::Outcome outcome);  // "passed", "failed", ...

class RuleTester {
 public:
  explicit RuleTester(const Detection& detection);

  CaseResult run(const RuleCase& one);

 private:
  struct Count {
    std::uint64_t events = 0;
    std::uint64_t found = 0;
  };
  Result<Count> count_hits(const RuleCase& one, std::uint32_t rule);
  Result<Count> count_alerts(const RuleCase& one, std::size_t correlation);
  std::shared_ptr<const rules::RuleSet> family_of(std::size_t correlation) const;

  const Detection& detection_;
  std::unordered_map<std::string, std::uint32_t> rules_;       // by id: of detection.rules
  std::unordered_map<std::string, std::size_t> correlations_;  // by id: of detection.correlations
  rules::EvaluationPtr evaluation_;
};

}  // namespace picket::app
