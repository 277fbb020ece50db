// Reads Sigma rules (specification 2.1: detections, correlations, filters, multi-document files with
// `action: global`) from files and folders. A bad rule is refused with file, line and reason while
// the others load. Reads files on as many threads as asked for; the result does not depend on it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/rule.h"

namespace picket::rules {

class RuleCache;

struct LoadOptions {
  unsigned threads = 2;
  // Values for `expand` placeholders: name -> values. A placeholder without one refuses its rule.
  std::vector<std::pair<std::string, std::vector<std::string>>> placeholders;
  RuleCache* cache = nullptr;  // lent; files that it knows are not read as YAML again
};

// Paths are files or folders (recursive; *.yml, *.yaml, *.yar, *.yara). Fails only if a path does not
// exist. Rules repeated with the same id: the later one is refused.
Result<LoadedRules> load_rules(const std::vector<std::string>& paths, const LoadOptions& options = {});

// One text, as if read from `path`; for tests, fuzzing and the editor.
LoadedRules parse_rules(std::string_view text, const std::string& path, const LoadOptions& options = {});

}  // namespace picket::rules
