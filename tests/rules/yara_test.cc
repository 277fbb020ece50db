#include "rules/yara.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace picket::rules {
namespace {

const std::string kDownload = R"(
private rule helper { strings: $h = "http" nocase condition: $h }
rule download : attack_t1105 suspicious {
  meta:
    id = "11111111-2222-3333-4444-555555555555"
    title = "Download from a script"
    level = "high"
    description = "A script fetches something"
    tags = "attack.t1059.001, attack.execution"
    attack = "T1027"
  strings:
    $a = "DownloadString" nocase
    $b = "IEX" fullword
  condition:
    helper and any of ($a, $b)
}
rule plain { strings: $x = "needle" condition: $x }
)";

YaraScan scan(const LoadedYara& loaded, std::string_view bytes, YaraScanLimits limits = {}) {
  Result<YaraScanner> scanner = YaraScanner::make(loaded.rules, limits);
  EXPECT_TRUE(scanner.has_value());
  return scanner->scan(bytes);
}

TEST(Yara, IdentityComesFromMetadata) {
  const LoadedYara loaded = compile_yara({{"dir/scripts.yar", kDownload}});
  ASSERT_TRUE(loaded.refused.empty()) << loaded.refused[0].reason;
  ASSERT_EQ(loaded.rules->size(), 2u);  // the private one is not reported
  const YaraRule& rule = loaded.rules->rule(0);
  EXPECT_EQ(rule.identifier, "download");
  EXPECT_EQ(rule.identity.id, "11111111-2222-3333-4444-555555555555");
  EXPECT_EQ(rule.identity.name, "Download from a script");
  EXPECT_EQ(rule.identity.level, Level::kHigh);
  EXPECT_EQ(rule.identity.path, "dir/scripts.yar");
  EXPECT_EQ(rule.identity.hash.size(), 64u);
  EXPECT_EQ(rule.description, "A script fetches something");
  EXPECT_EQ(rule.tags, (std::vector<std::string>{"attack.t1059.001", "attack.execution",
                                                 "attack.t1027", "attack.t1105", "suspicious"}));
  EXPECT_EQ(rule.line, 3);
  EXPECT_EQ(loaded.rules->rule(1).identity.id, "scripts.plain");
  EXPECT_EQ(loaded.rules->rule(1).identity.level, Level::kMedium);
}

TEST(Yara, MatchesSayWhere) {
  const LoadedYara loaded = compile_yara({{"a.yar", kDownload}});
  const YaraScan found = scan(loaded, "IEX (x).downloadstring('http://h/')");
  EXPECT_EQ(found.status, YaraStatus::kDone);
  ASSERT_EQ(found.matches.size(), 1u);
  EXPECT_EQ(found.matches[0].rule, 0u);
  ASSERT_EQ(found.matches[0].strings.size(), 2u);
  EXPECT_EQ(found.matches[0].strings[0].identifier, "$b");
  EXPECT_EQ(found.matches[0].strings[0].offset, 0u);
  EXPECT_EQ(found.matches[0].strings[0].length, 3u);
  EXPECT_EQ(found.matches[0].strings[1].identifier, "$a");
  EXPECT_EQ(found.matches[0].strings[1].offset, 8u);
  EXPECT_TRUE(scan(loaded, "nothing here").matches.empty());
  EXPECT_TRUE(scan(loaded, "").matches.empty());
}

TEST(Yara, ABadFileIsRefusedAlone) {
  const LoadedYara loaded = compile_yara({
      {"good.yar", "rule one { condition: true }"},
      {"bad.yar", "rule two {\n  condition: $missing }"},
      {"include.yar", "include \"good.yar\"\nrule three { condition: true }"},
      {"same_name.yar", "rule one { condition: false }"},
  });
  ASSERT_EQ(loaded.rules->size(), 2u);
  EXPECT_EQ(loaded.rules->rule(1).identity.id, "same_name.one");
  ASSERT_EQ(loaded.refused.size(), 2u);
  EXPECT_EQ(loaded.refused[0].path, "bad.yar");
  EXPECT_EQ(loaded.refused[0].line, 2);
  EXPECT_EQ(loaded.refused[0].code, "bad-yara");
  EXPECT_NE(loaded.refused[0].reason.find("$missing"), std::string::npos);
  EXPECT_EQ(loaded.refused[1].path, "include.yar");
  EXPECT_EQ(scan(loaded, "x").matches.size(), 1u);
}

TEST(Yara, ARepeatedIdSwitchesTheLaterRuleOff) {
  const LoadedYara loaded = compile_yara({
      {"a.yar", "rule a { meta: id = \"x\" condition: true }"},
      {"b.yar", "\nrule b { meta: id = \"x\" condition: true }"},
  });
  ASSERT_EQ(loaded.rules->size(), 1u);
  ASSERT_EQ(loaded.refused.size(), 1u);
  EXPECT_EQ(loaded.refused[0].code, "repeated-id");
  EXPECT_EQ(loaded.refused[0].line, 2);
  EXPECT_EQ(scan(loaded, "y").matches.size(), 1u);
}

TEST(Yara, TimedOutAndTooLargeAreNotClean) {
  const LoadedYara loaded = compile_yara(
      {{"slow.yar", "rule slow { condition: for all i in (1..2000000000) : (i != 0) }"}});
  const YaraScan slow = scan(loaded, "some bytes", {.bytes_max = 100, .timeout_ms = 20});
  EXPECT_EQ(slow.status, YaraStatus::kTimedOut);
  const YaraScan large = scan(loaded, std::string(101, 'x'), {.bytes_max = 100, .timeout_ms = 20});
  EXPECT_EQ(large.status, YaraStatus::kTooLarge);
}

TEST(Yara, ManyMatchesAreBounded) {
  const LoadedYara loaded =
      compile_yara({{"many.yar", "rule m { strings: $a = \"ab\" condition: $a }"}});
  std::string bytes;
  for (int i = 0; i < 10'000; ++i) bytes += "ab";
  const YaraScan found = scan(loaded, bytes);
  ASSERT_EQ(found.matches.size(), 1u);
  EXPECT_EQ(found.matches[0].strings.size(), YaraMatch::kStringsMax);
}

TEST(Yara, NoRulesAtAll) {
  const LoadedYara loaded = load_yara({"no/such/file.yar"});
  ASSERT_EQ(loaded.refused.size(), 1u);
  EXPECT_EQ(loaded.refused[0].code, "unreadable");
  EXPECT_EQ(loaded.rules->size(), 0u);
  EXPECT_EQ(scan(loaded, "x").status, YaraStatus::kDone);
}

TEST(Yara, OneSnapshotManyThreads) {
  const LoadedYara loaded = compile_yara({{"a.yar", kDownload}});
  std::vector<std::thread> threads;
  std::vector<std::size_t> counts(4);
  for (std::size_t t = 0; t < counts.size(); ++t) {
    threads.emplace_back([&, t] {
      YaraScanner scanner = *YaraScanner::make(loaded.rules);
      for (int i = 0; i < 200; ++i) counts[t] += scanner.scan("a needle").matches.size();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts, std::vector<std::size_t>(4, 200));
}

}  // namespace
}  // namespace picket::rules
