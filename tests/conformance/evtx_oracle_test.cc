// Matches over public attack recordings, against those that pySigma's own SQLite backend found: the
// same (file, rule, event) triples, no more and no fewer. Differences that were looked into and are
// right are listed with the reason.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/json.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/pair_counts.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {
namespace {

// Differences that were looked into and stand, by rule.
const std::map<std::string, std::string> kExplained = {
    {"a62b37e0-45d3-48d9-a517-90c1a1b0186b",
     "the rule fires when a log that another rule does not cover was cleared. The oracle flattens "
     "events by leaf name, "
     "so the cleared log's name (UserData Channel) hides that the event is of the System channel, "
     "and no event is of "
     "service system any more"},
};

TEST(EvtxOracle, SameMatches) {
  PICKET_NEEDS_SHARED_DATA();
  Detector detector(sigma_folders());
  const std::set<std::string> judged = judged_rules();
  std::map<std::string, PairCounts::Pairs> expected;  // by file
  for (const std::string& line : lines_of(kShared + "/evtx-oracle/expected.jsonl")) {
    const Json one = *parse_json(line);
    for (const Json& event : one.at("events"))
      expected[one.at("file")].emplace(one.at("rule_id"), event);
  }
  PairCounts counts(kExplained);
  for (const std::string& path : files_in(kShared + "/evtx-json/events")) {
    const std::string file = std::filesystem::path(path).stem();
    counts.compare(file, expected[file], found_pairs(detector, lines_of(path), judged));
  }
  counts.finish("evtx oracle", true);
  EXPECT_GT(counts.common(), 5000U);
}

}  // namespace
}  // namespace picket::conformance
