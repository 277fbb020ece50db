// Cases of rules: events, and whether a rule must be true on them. Read from our own case files
// (docs/formats/rule-cases.md) and from SigmaHQ's regression layout, where an `info.yml` names the
// rule, a file of events and how many of them match.
//
// Files are bounded in size, in steps and in records that a `repeat` stands for. Owns its data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace picket::app {

struct RuleCase {
  std::string rule;  // id
  std::string path;  // of the case file
  int line = 1;
  std::string name;  // "must_fire[0]", or what the info.yml calls it
  bool must_fire = true;
  std::uint64_t hits_min = 1;  // of must_fire: events on which the rule is true

  std::string definition;  // that reads the records; empty: they are recognised
  std::vector<std::string> records;  // the case's own, or
  std::string events_file;           // the file that holds them
};

struct RuleCases {
  std::vector<RuleCase> cases;
  std::size_t files = 0;
  std::vector<std::string> errors;  // of case files that are wrong: "path:line: reason"
};

// All case files among `paths`, which are files or folders. In a folder, YAML files that hold a
// rule are passed by. Fails when a path does not exist; what is wrong inside files is in `errors`.
Result<RuleCases> load_rule_cases(const std::vector<std::string>& paths);

}  // namespace picket::app
