#include "tests/conformance/oracle.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {

std::set<std::string> judged_rules() {
  std::set<std::string> judged;
  const auto text = read_file(kShared + "/evtx-oracle/rules_evaluated.json");
  EXPECT_TRUE(text.has_value());
  if (!text) return judged;
  const Json ids = *parse_json(*text);
  for (const Json& id : ids) judged.insert(id.get<std::string>());
  return judged;
}

PairCounts::Pairs found_pairs(Detector& detector, const std::vector<std::string>& records,
                              const std::set<std::string>& judged) {
  PairCounts::Pairs found;
  const auto hits = detector.detect(records);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    for (const std::string& rule : hits[i]) {
      if (judged.contains(rule)) found.emplace(rule, i);
    }
  }
  return found;
}

}  // namespace picket::conformance
