// Loads the five active folders of the SigmaHQ tree on two threads, or a generated folder's worth
// of text where that tree is absent, and says what was refused.
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/hash.h"
#include "perf/bench.h"
#include "rules/loader.h"

namespace {

using picket::rules::LoadedRules;

std::vector<std::string> folders() {
  std::vector<std::string> found;
  for (const char* name : {"rules", "rules-emerging-threats", "rules-threat-hunting",
                           "rules-placeholder", "rules-compliance"}) {
    const std::string path = std::string("../shared/data/sigma-rules/") + name;
    if (std::filesystem::exists(path)) found.push_back(path);
  }
  return found;
}

std::string generated_rule(std::int64_t i) {
  const std::string number = std::to_string(i);
  return "title: Generated " + number + "\nid: " + number +
         "\nlogsource:\n  category: process_creation\ndetection:\n  selection:\n"
         "    Image|endswith: ['\\a.exe', '\\b.exe']\n    CommandLine|contains|all: [' -x', '" +
         number + "']\n  condition: selection\n";
}

LoadedRules load(std::int64_t n) {
  const std::vector<std::string> paths = folders();
  if (!paths.empty()) {
    auto rules = picket::rules::load_rules(paths, {.threads = 2, .placeholders = {}});
    if (rules) return std::move(*rules);
  }
  std::string text;
  for (std::int64_t i = 0; i < n * 100; ++i) text += generated_rule(i) + "---\n";
  return picket::rules::parse_rules(text, "generated.yml");
}

void report(const LoadedRules& rules) {
  std::printf("%zu files, %zu detections, %zu correlations, %zu refused, %zu warnings\n",
              rules.files, rules.detections.size(), rules.correlations.size(), rules.refused.size(),
              rules.warnings.size());
  std::map<std::string, int> codes;
  for (const auto& finding : rules.refused) ++codes["refused " + finding.code];
  for (const auto& finding : rules.warnings) ++codes["warning " + finding.code];
  for (const auto& [code, count] : codes) std::printf("  %s: %d\n", code.c_str(), count);
}

}  // namespace

int main(int argc, char** argv) {
  return picket::perf::bench(argc, argv, "rule_load", {.smoke = 1, .full = 10}, [](std::int64_t n) {
    std::uint64_t digest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const LoadedRules rules = load(n);
      if (i == 0) report(rules);
      for (const auto& rule : rules.detections) digest += picket::hash64(rule.identity.hash);
    }
    return digest;
  });
}
