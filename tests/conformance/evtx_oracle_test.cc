// Matches over public attack recordings, against those that pySigma's own SQLite backend found: the
// same (file, rule, event) triples, no more and no fewer. Differences that were looked into and are
// right are listed with the reason.
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "base/file.h"
#include "base/json.h"
#include "tests/conformance/detector.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {
namespace {

// Differences that were looked into and stand, by rule.
const std::map<std::string, std::string> kExplained = {
    {"a62b37e0-45d3-48d9-a517-90c1a1b0186b",
     "the rule fires when a log that another rule does not cover was cleared. The oracle flattens events by leaf name, "
     "so the cleared log's name (UserData Channel) hides that the event is of the System channel, and no event is of "
     "service system any more"},
};

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> all;
  const auto text = read_file(path, 512 * 1024 * 1024);
  EXPECT_TRUE(text.has_value()) << path;
  for (std::size_t at = 0; text && at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    all.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return all;
}

TEST(EvtxOracle, SameMatches) {
  PICKET_NEEDS_SHARED_DATA();
  Detector detector(sigma_folders());
  const auto judged_text = read_file(kShared + "/evtx-oracle/rules_evaluated.json");
  ASSERT_TRUE(judged_text.has_value());
  const Json judged_json = *parse_json(*judged_text);
  std::set<std::string> judged;
  for (const auto& [key, value] : judged_json.items()) judged.insert(value.is_string() ? value.get<std::string>() : key);
  std::map<std::string, std::set<std::pair<std::string, std::size_t>>> expected;  // file -> (rule, line)
  for (const std::string& line : lines_of(kShared + "/evtx-oracle/expected.jsonl")) {
    const Json one = *parse_json(line);
    for (const Json& event : one.at("events")) expected[one.at("file")].emplace(one.at("rule_id"), event);
  }
  std::size_t common = 0;
  std::map<std::string, std::pair<std::size_t, std::size_t>> missing_extra;  // by rule
  for (const auto& entry : std::filesystem::directory_iterator(kShared + "/evtx-json/events")) {
    const std::string file = entry.path().stem();
    std::set<std::pair<std::string, std::size_t>> found;
    const auto hits = detector.detect(lines_of(entry.path()));
    for (std::size_t i = 0; i < hits.size(); ++i) {
      for (const std::string& rule : hits[i]) {
        if (judged.contains(rule)) found.emplace(rule, i);
      }
    }
    for (const auto& pair : expected[file]) {
      if (found.contains(pair)) ++common;
      else ++missing_extra[pair.first].first;
    }
    for (const auto& pair : found) {
      if (!expected[file].contains(pair)) ++missing_extra[pair.first].second;
    }
  }
  std::size_t missing = 0;
  std::size_t extra = 0;
  for (const auto& [rule, counts] : missing_extra) {
    const bool explained = kExplained.contains(rule);
    std::printf("%s missing %zu extra %zu%s\n", rule.c_str(), counts.first, counts.second,
                explained ? " (explained)" : "");
    if (explained) continue;
    missing += counts.first;
    extra += counts.second;
  }
  std::printf("evtx oracle: %zu common, %zu missing, %zu extra\n", common, missing, extra);
  EXPECT_GT(common, 5000U);
  EXPECT_EQ(missing, 0U);
  EXPECT_EQ(extra, 0U);
}

}  // namespace
}  // namespace picket::conformance
