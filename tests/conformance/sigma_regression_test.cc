// SigmaHQ's own regression cases: events that each rule must find.
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/conformance/detector.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {
namespace {

std::vector<Json> read_lines(const std::string& path) {
  std::vector<Json> all;
  const auto text = read_file(path, 512 * 1024 * 1024);
  EXPECT_TRUE(text.has_value()) << path;
  for (std::size_t at = 0; text && at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    if (end > at) all.push_back(*parse_json(std::string_view(*text).substr(at, end - at), {.bytes_max = SIZE_MAX, .depth_max = 64}));
    at = end + 1;
  }
  return all;
}

TEST(SigmaRegression, CasesFireAsExpected) {
  PICKET_NEEDS_SHARED_DATA();
  Detector detector(sigma_folders());
  std::size_t right = 0;
  std::string wrong;
  const std::vector<Json> cases = read_lines(kShared + "/sigma-regression/cases.jsonl");
  for (const Json& one : cases) {
    const std::string id = one.at("rule_id");
    std::vector<std::string> records;
    for (const Json& event : one.at("events")) records.push_back(dump_json(event));
    std::size_t matched = 0;
    for (const std::set<std::string>& rules : detector.detect(records)) matched += rules.contains(id) ? 1U : 0U;
    // The count that a case states is a lower bound.
    const std::size_t expected = one.at("match_count").is_null() ? 1 : one.at("match_count").get<std::size_t>();
    const bool good = matched >= expected;
    right += good ? 1U : 0U;
    if (!good) {
      wrong += id + " " + one.at("rule_path").get<std::string>() + ": " + std::to_string(matched) + " of " +
               std::to_string(records.size()) + " events match, expected " + one.at("match_count").dump() + "\n";
    }
  }
  std::printf("regression cases: %zu of %zu as expected\n%s", right, cases.size(), wrong.c_str());
  EXPECT_EQ(right, cases.size());
}

}  // namespace
}  // namespace picket::conformance
