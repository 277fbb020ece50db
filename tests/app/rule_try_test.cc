// A rule tried over stored events: hits, fields, and what it missed by one line.
#include "app/rule_try.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/source_formats.h"
#include "event/event.h"

namespace picket::app {
namespace {

constexpr const char* kRule = R"(title: Encoded
id: 6f4a3a5e-0000-4000-8000-000000000031
level: high
logsource: {product: linux}
detection:
  sel:
    message|contains|all: [login, failed]
    host.hostname: web
  nobody:
    message|contains: ' nobody'
  condition: sel and not nobody
---
title: Misspelt
id: 6f4a3a5e-0000-4000-8000-000000000032
level: low
logsource: {product: linux}
detection:
  sel: {Hostname_x: web}
  condition: sel
)";

class RuleTryTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("picket-try-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "rule.yml") << kRule;
    auto store = storage::Store::open(
        {.path = (folder_ / "store").string(), .sync = false, .reserve_bytes = 0});
    ASSERT_TRUE(store) << store.error().what;
    store_ = *std::move(store);
    ASSERT_TRUE(store_->source_id("auth"));
    ASSERT_TRUE(keep_source_format(*store_, "auth", {.format = "syslog"}));
    auto detection =
        load_detection({PICKET_SOURCE_DIR "/content"},
                       {.rules = {(folder_ / "rule.yml").string()}, .keep_trees = true});
    ASSERT_TRUE(detection) << detection.error().what;
    detection_ = *std::move(detection);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void add(const std::vector<std::pair<std::string, std::string>>& lines) {
    Batch batch;
    for (const auto& [host, text] : lines) {
      batch.add("<34>1 2026-01-01T00:00:" + std::to_string(10 + seq_ % 50) + "Z " + host +
                    " app - - - " + text,
                SourceId{}, seq_, 1'767'225'600'000'000'000);
      ++seq_;
    }
    parsers::Parser parser = detection_.make_parser(false);
    parser.set_source(SourceId{}, {.format = "syslog"});
    parser.parse(batch);
    storage::Commit commit;
    commit.add(batch, [](std::uint32_t) { return std::string_view(); });
    ASSERT_TRUE(store_->commit(commit));
  }
  TryResult run(TryOptions options = {}) {
    auto result = try_rules(*store_, detection_, kept_source_formats(*store_), options);
    EXPECT_TRUE(result) << result.error().what;
    return *std::move(result);
  }

  std::filesystem::path folder_;
  std::unique_ptr<storage::Store> store_;
  Detection detection_;
  std::uint64_t seq_ = 0;
};

TEST_F(RuleTryTest, HitsFieldsAndNearMisses) {
  add({{"web", "login failed for ann"},     // hit
       {"lab", "login failed for ann"},     // the host alone
       {"web", "login failed for nobody"},  // excluded
       {"web", "login accepted for ann"},   // 'failed' alone
       {"lab", "login accepted for ann"},   // two lines
       {"web", "login failed for bob"}});   // hit
  const TryResult result = run();
  EXPECT_EQ(result.events, 6U);
  ASSERT_EQ(result.rules.size(), 2U);
  const TriedRule& tried = result.rules.front();
  EXPECT_EQ(tried.hits, 2U);
  EXPECT_EQ(tried.admitted, 6U);
  ASSERT_EQ(tried.samples.size(), 2U);
  EXPECT_EQ(tried.samples.front().ref.seq, 5U);  // the newest first
  EXPECT_FALSE(tried.samples.front().matches.empty());
  EXPECT_EQ(tried.samples.front().event["host"]["hostname"], "web");
  EXPECT_EQ(tried.near_misses, 3U);
  ASSERT_EQ(tried.missed.size(), 3U);
  EXPECT_EQ(tried.missed[0].ref.seq, 3U);
  EXPECT_EQ(tried.missed[0].cause_json["wanted"], "failed");
  EXPECT_EQ(tried.missed[1].ref.seq, 2U);
  EXPECT_EQ(tried.missed[1].cause_json["excludes"], true);
  EXPECT_EQ(tried.missed[2].ref.seq, 1U);
  EXPECT_EQ(tried.missed[2].cause_json["field"], "host.hostname");
  EXPECT_EQ(tried.lines.size(), 3U);
  // Nothing of the other rule is there, so nothing is nearly true.
  EXPECT_EQ(result.rules.back().hits, 0U);
  EXPECT_EQ(result.rules.back().near_misses, 0U);

  const FieldReport report(detection_, result.fields.get());
  std::map<std::string, std::uint64_t> seen;
  for (const FieldUse& use : report.uses()) seen[use.field] = use.seen;
  EXPECT_EQ(seen.at("host.hostname"), 6U);
  EXPECT_EQ(seen.at("Hostname_x"), 0U);
}

TEST_F(RuleTryTest, LimitsAreKept) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (int i = 0; i < 5000; ++i) lines.emplace_back(i % 2 == 0 ? "web" : "lab", "login failed");
  add(lines);
  TryResult result = run({.limit = 2});
  EXPECT_EQ(result.rules.front().hits, 2500U);
  EXPECT_EQ(result.rules.front().samples.size(), 2U);
  EXPECT_EQ(result.rules.front().near_misses, 2500U);
  EXPECT_EQ(result.rules.front().missed.size(), 2U);
  result = run({.cancelled = [] { return true; }});
  EXPECT_TRUE(result.interrupted);
  EXPECT_LT(result.events, 5000U);
  EXPECT_FALSE(result.rules.front().samples.empty());
  result = run({.scan = {.from_ns = 1'767'225'600'000'000'000 + 86'400'000'000'000}});
  EXPECT_EQ(result.events, 0U);
}

}  // namespace
}  // namespace picket::app
