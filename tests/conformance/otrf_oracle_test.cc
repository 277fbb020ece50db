// Matches over attack simulations (flat Windows events, half a million of them), against those that
// pySigma's own SQLite backend found. Sanitized builds take the small recordings only.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/json.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"
#include "tests/conformance/zip_file.h"

namespace picket::conformance {
namespace {

// Differences that were looked into and stand, by rule.
const std::map<std::string, std::string> kExplained = {
    {"b3ad3c0f-c949-47a1-a30e-b0491ccae876",
     "`Initiated: true` holds for the text true; the oracle compares with 1"},
    {"d7a63acb-1284-49bc-bfea-7771146c8b1c",
     "`Signed: true` in its filter holds for the text true; the oracle compares with 1"},
};

constexpr std::size_t kSmallZip = 60'000;

std::vector<std::string> zips_under(const std::string& folder) {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".zip") continue;
    if (!kSanitized || entry.file_size() <= kSmallZip) all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST(OtrfOracle, SameMatches) {
  PICKET_NEEDS_SHARED_DATA();
  const std::string root = kShared + "/otrf-security-datasets/";
  Detector detector(sigma_folders());
  const std::set<std::string> judged = judged_rules();
  std::map<std::string, PairCounts::Pairs> expected;  // by zip and file in it
  for (const std::string& line : lines_of(kShared + "/otrf-oracle/expected.jsonl")) {
    const Json one = *parse_json(line);
    const std::string place =
        one.at("zip").get<std::string>() + "/" + one.at("file").get<std::string>();
    for (const Json& event : one.at("lines")) expected[place].emplace(one.at("rule_id"), event);
  }
  PairCounts counts(kExplained);
  std::size_t events = 0;
  std::size_t files = 0;
  for (const std::string& zip : zips_under(root)) {
    const auto members = read_zip(zip);
    ASSERT_TRUE(members.has_value()) << members.error().what;
    for (const ZipMember& member : *members) {
      if (!member.name.ends_with(".json") || member.name.starts_with("__MACOSX")) continue;
      const std::string place = zip.substr(root.size()) + "/" + member.name;
      const std::vector<std::string> records = lines_in(member.bytes);
      const PairCounts::Pairs found = found_pairs(detector, records, judged);
      counts.compare(place, expected[place], found);
      expected.erase(place);
      events += records.size();
      ++files;
    }
  }
  std::printf("otrf: %zu recordings, %zu events\n", files, events);
  counts.finish("otrf oracle", !kSanitized);
  EXPECT_GT(counts.common(), kSanitized ? 50U : 5000U);
  if (kSanitized) return;
  for (const auto& [place, pairs] : expected)
    EXPECT_TRUE(pairs.empty()) << place << " was not found";
}

}  // namespace
}  // namespace picket::conformance
