// YARA over the fields that it is told to look at, through a whole rule set.
#include "rules/payload.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "rules/compiler.h"
#include "rules/evaluation.h"

namespace picket::rules {
namespace {

constexpr std::string_view kRule = R"(
rule wicked { meta: id = "wicked" strings: $a = "wicked" condition: $a }
rule slow { meta: id = "slow" strings: $a = /(a.?b.?){20}c/ condition: $a }
)";

class PayloadTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / "picket-payload-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path_.data()), nullptr);
    ASSERT_TRUE(write_file(path_ + "/rules.yar", kRule).has_value());
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  // The ids of the rules that match an event with this one field.
  std::vector<std::string> found(const PayloadOptions& options, std::string_view field, std::string_view text) {
    LoadedRules loaded;
    loaded.yara_files = {path_ + "/rules.yar"};
    const CompiledRules compiled = compile_rules(std::move(loaded), Taxonomy::none(), {.payloads = options});
    EXPECT_TRUE(compiled.refused.empty());
    const EvaluationPtr evaluation = compiled.set->make_evaluation();
    Batch batch;
    batch.add("record", SourceId{}, 0, 0);
    batch.begin_event();
    batch.push(*intern_field(field), text);
    compiled.set->evaluate(batch, *evaluation);
    counters_ = evaluation->counters().payloads;
    std::vector<std::string> ids;
    for (const Hit& hit : batch.hits()) {
      ids.push_back(compiled.set->identity(hit.rule).id);
      EXPECT_EQ(compiled.set->explain(batch, batch.events()[0], hit.rule).front().field, field);
    }
    return ids;
  }

  std::string path_;
  PayloadCounters counters_;
};

using Ids = std::vector<std::string>;

TEST_F(PayloadTest, LooksAtTheFieldsItIsToldTo) {
  EXPECT_EQ(found({}, "powershell.file.script_block_text", "so wicked"), Ids{"wicked"});
  EXPECT_EQ(found({}, "http.request.body.content", "so wicked"), Ids{});
  EXPECT_EQ(counters_.scanned, 0U);
  const PayloadOptions body{.fields = {"http.request.body.content"}, .decoded = {}, .limits = {}};
  EXPECT_EQ(found(body, "http.request.body.content", "so wicked"), Ids{"wicked"});
  EXPECT_EQ(counters_.scanned, 1U);
  EXPECT_EQ(found(body, "powershell.file.script_block_text", "so wicked"), Ids{});
}

TEST_F(PayloadTest, DecodesTheBase64OfFields) {
  constexpr std::string_view kHidden = "run aGVyZSBpcyBzb21lIHRleHQgdGhhdCBpcyBzbyB3aWNrZWQsIHNvIHZlcnkgd2lja2Vk now";
  EXPECT_EQ(found({}, "process.command_line", kHidden), Ids{"wicked"});
  EXPECT_EQ(found({}, "http.request.body.content", kHidden), Ids{});
  const PayloadOptions body{.fields = {}, .decoded = {"http.request.body.content"}, .limits = {}};
  EXPECT_EQ(found(body, "http.request.body.content", kHidden), Ids{"wicked"});
  EXPECT_EQ(found(body, "process.command_line", kHidden), Ids{});
}

TEST_F(PayloadTest, WhatWasNotScannedToTheEndIsCounted) {
  const std::string field = "powershell.file.script_block_text";
  PayloadOptions options;
  options.limits.bytes_max = 5;
  EXPECT_EQ(found(options, field, "so wicked"), Ids{});
  EXPECT_EQ(counters_.too_large, 1U);
  EXPECT_EQ(counters_.scanned, 0U);
  EXPECT_EQ(counters_.unscanned(), 1U);

  options.limits = {.bytes_max = std::size_t{64} << 20, .timeout_ms = 1};
  std::string hard;
  for (int i = 0; i < 200'000; ++i) hard += "abab abab ";
  found(options, field, hard);
  EXPECT_EQ(counters_.timed_out, 1U);
  EXPECT_EQ(counters_.scanned, 0U);
}

}  // namespace
}  // namespace picket::rules
