// Matches over cloud audit records, against expected ones. The records come from another vendor's
// test data and are read with source definitions like those that an operator writes
// (tests/conformance/sources).
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "base/json.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {
namespace {

// Differences that were looked into and stand, by rule.
const std::map<std::string, std::string> kExplained = {};

struct Source {
  std::string package;  // of elastic-integrations
  std::string stream;
  std::string definition;  // in tests/conformance/sources
};
const std::vector<Source> kSources = {{"aws", "cloudtrail", "test-aws-cloudtrail"},
                                      {"github", "audit", "test-github-audit"}};

using Place = std::pair<std::string, std::size_t>;  // of an event: file and number in it

std::map<Place, std::set<std::string>> expected_rules(const Source& source) {
  const std::string prefix = "elastic-integrations/" + source.package + "/" + source.stream + "/";
  std::map<Place, std::set<std::string>> expected;
  for (const std::string& line : lines_of(kShared + "/cloud-oracle/expected.jsonl")) {
    const Json one = *parse_json(line);
    const std::string event = one.at("event");
    if (!event.starts_with(prefix)) continue;
    const std::size_t hash = event.rfind('#');
    const Place place(event.substr(prefix.size(), hash - prefix.size()),
                      std::stoul(event.substr(hash + 1)));
    expected[place].insert(one.at("rule_id"));
  }
  return expected;
}

TEST(CloudOracle, SameMatches) {
  PICKET_NEEDS_SHARED_DATA();
  Detector detector(sigma_folders());
  PairCounts counts(kExplained);
  std::size_t events = 0;
  for (const Source& source : kSources) {
    detector.read_as(source.definition);
    const auto expected = expected_rules(source);
    std::size_t met = 0;
    for (const std::string& line :
         lines_of(kShared + "/elastic-integrations/" + source.package + ".jsonl")) {
      const Json one = *parse_json(line);
      if (one.at("stream") != source.stream) continue;
      ++events;
      const Json& input = one.at("input");
      const std::string record = input.is_string() ? input.get<std::string>() : dump_json(input);
      const Place place(one.at("file"), one.at("n"));
      PairCounts::Pairs wanted;
      if (const auto found = expected.find(place); found != expected.end()) {
        ++met;
        for (const std::string& rule : found->second) wanted.emplace(rule, place.second);
      }
      PairCounts::Pairs found;
      const auto hits = detector.detect({record});
      for (const std::string& rule : hits.front()) found.emplace(rule, place.second);
      counts.compare(source.package + "/" + place.first, wanted, found);
    }
    EXPECT_EQ(met, expected.size())
        << "expected events of " << source.package << " that are not here";
  }
  std::printf("cloud: %zu events\n", events);
  counts.finish("cloud oracle", true);
  EXPECT_GT(counts.common(), 20U);
}

}  // namespace
}  // namespace picket::conformance
