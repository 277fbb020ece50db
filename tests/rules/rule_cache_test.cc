// The cache of rules: what comes out is what went in, and whatever happens to the file, rules load.
#include "rules/rule_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "rules/cache_file.h"
#include "rules/hyperscan_bytes.h"
#include "rules/loader.h"
#include "rules/rule_codec.h"
#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

namespace fs = std::filesystem;

// Every kind of rule, test and finding.
const std::vector<std::pair<std::string, std::string>> kFiles = {
    {"strings.yml",
     rule_with("    sel:\n        A|contains|all: ['x*y', 'ab?c']\n        B|cased: Q\n"
               "        C: [1, 'two', null, '']\n        D|exists: true\n"
               "    filter:\n        - word one\n        - E|windash|contains: ' -f'\n"
               "    condition: sel and not filter\n",
               "s1") +
         "tags: [attack.t1059, cve.2020-1]\nlevel: critical\nstatus: stable\n"
         "description: |\n    two\n    lines\n"},
    {"tests.yml",
     rule_with(
         "    sel:\n        A|re|i|m|s: '^a.*b$'\n        B|cidr: [10.0.0.0/8, '2001:db8::/32']\n"
         "        C|gte: 10.5\n        D|fieldref|endswith: E\n        F|minute: 5\n        G: "
         "true\n"
         "        H|re: '(?<!a)b'\n    condition: sel or (all of sel*)\n",
         "t1")},
    {"correlation.yml",
     rule_with("    sel: {A: 1}\n    condition: sel\n", "c1") +
         "name: base\n---\ntitle: C\nid: c2\ncorrelation:\n    type: value_percentile\n"
         "    rules: [base]\n    group-by: [who]\n    timespan: 5m\n"
         "    aliases: {who: {base: user.name}}\n"
         "    condition: {field: bytes, percentile: 95, gt: 10, lte: 20.5}\n"
         "picket: {repeat: every}\n"},
    {"filter.yml",
     "title: F\nid: f1\nlogsource: {category: process_creation}\nfilter:\n    rules: [s1]\n"
     "    sel: {A: secret}\n    condition: not sel\n"},
    {"refused.yml", rule_with("    sel:\n        A|nonsense: 1\n    condition: sel\n", "r1")},
    {"placeholder.yml",
     rule_with("    sel:\n        A|expand: '%nobody%'\n    condition: sel\n", "r2")},
    {"broken.yml", "title: [\n"},
    {"warned.yml", rule_with("    sel: {A: 1}\n    unused: {B: 2}\n    condition: sel\n", "w1")},
};

std::string shown(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) {
    text += f.path + ":" + std::to_string(f.line) + " " + f.rule_id + " " + f.code + " " +
            f.reason + "\n";
  }
  return text;
}

std::string shown(const RuleIdentity& identity) {
  return identity.id + "|" + identity.name + "|" + std::string(level_name(identity.level)) + "|" +
         identity.hash + "|" + identity.path;
}

// All that a load gives, as text.
std::string shown(const LoadedRules& rules) {
  RuleFile all;
  for (const DetectionRule& rule : rules.detections) all.rules.emplace_back(rule);
  for (const CorrelationRule& rule : rules.correlations) all.rules.emplace_back(rule);
  std::string text = encode_rule_file(all);  // every member; the identities below
  for (const DetectionRule& rule : rules.detections) {
    text += shown(rule.identity) + " " + shown(rule.condition) + "\n";
  }
  for (const CorrelationRule& rule : rules.correlations) text += shown(rule.identity) + "\n";
  return text + shown(rules.refused) + shown(rules.warnings) + std::to_string(rules.files);
}

class RuleCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("picket-rule-cache-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "rules");
    for (const auto& [name, text] : kFiles) write(name, text);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / "rules" / name) << text;
  }
  std::vector<std::string> paths() const { return {(folder_ / "rules").string()}; }
  std::string cache_path() const {
    for (const auto& entry : fs::directory_iterator(folder_ / "cache"))
      return entry.path().string();
    return {};
  }

  struct Load {
    std::string shown;
    std::size_t hits = 0;
    std::size_t misses = 0;
    std::string problem;
  };
  // With the cache as it is; `matchers` make databases before it is written.
  Load load(MatcherCache* matchers = nullptr, const std::string& program = "test 1") {
    LoadOptions options;
    const std::unique_ptr<RuleCache> cache = RuleCache::open(
        {.folder = (folder_ / "cache").string(), .program = program, .files_min = 1}, paths(),
        options);
    options.cache = cache.get();
    const Result<LoadedRules> rules = load_rules(paths(), options);
    EXPECT_TRUE(rules);
    MatcherCache none;
    const Result<void> saved = cache->save(matchers != nullptr ? *matchers : none);
    EXPECT_TRUE(saved) << saved.error().what;
    return {shown(*rules), cache->hits(), cache->misses(), cache->problem()};
  }
  std::string cold() { return shown(*load_rules(paths())); }

  fs::path folder_;
};

TEST_F(RuleCacheTest, WhatIsCachedIsWhatWasRead) {
  const Load first = load();
  EXPECT_EQ(first.hits, 0U);
  EXPECT_EQ(first.misses, kFiles.size());
  EXPECT_EQ(first.shown, cold());
  const Load second = load();
  EXPECT_EQ(second.hits, kFiles.size());
  EXPECT_EQ(second.misses, 0U);
  EXPECT_EQ(second.problem, "");
  EXPECT_EQ(second.shown, cold());
}

TEST_F(RuleCacheTest, EveryMemberIsWritten) {
  for (const auto& [name, text] : kFiles) {
    const RuleFile file = parse_rule_file(text, name, {});
    const std::string bytes = encode_rule_file(file);
    const std::optional<RuleFile> again = decode_rule_file(bytes, name, "hash");
    ASSERT_TRUE(again) << name;
    EXPECT_EQ(encode_rule_file(*again), bytes) << name;
    EXPECT_EQ(again->rules.size(), file.rules.size());
    for (std::size_t i = 0; i < file.rules.size(); ++i) {
      if (const auto* rule = std::get_if<DetectionRule>(&file.rules[i])) {
        const auto& copy = std::get<DetectionRule>(again->rules[i]);
        EXPECT_EQ(shown(copy.condition), shown(rule->condition));
        EXPECT_EQ(copy.identity.path, name);
        EXPECT_EQ(copy.identity.hash, "hash");
        EXPECT_EQ(copy.look_around, rule->look_around);
        EXPECT_EQ(copy.tags, rule->tags);
      }
    }
  }
}

TEST_F(RuleCacheTest, AChangedFileIsReadAgainAndTheOthersAreNot) {
  load();
  write("strings.yml", rule_of("A: changed"));
  const Load changed = load();
  EXPECT_EQ(changed.hits, kFiles.size() - 1);
  EXPECT_EQ(changed.misses, 1U);
  EXPECT_EQ(changed.shown, cold());
  fs::remove(folder_ / "rules" / "tests.yml");
  write("new.yml", rule_with("    sel: {N: 1}\n    condition: sel\n", "n1"));
  const Load moved = load();
  EXPECT_EQ(moved.misses, 1U);
  EXPECT_EQ(moved.shown, cold());
  EXPECT_EQ(load().misses, 0U);
}

TEST_F(RuleCacheTest, AFileWithAnotherNameIsNotTheSame) {
  load();
  fs::rename(folder_ / "rules" / "strings.yml", folder_ / "rules" / "other.yml");
  EXPECT_EQ(load().shown, cold());  // paths stand in identities and findings
}

TEST_F(RuleCacheTest, AnotherBuildReadsAnew) {
  load();
  const Load other = load(nullptr, "test 2");
  EXPECT_EQ(other.hits, 0U);
  EXPECT_EQ(other.problem, "");  // nothing is wrong
  EXPECT_EQ(load(nullptr, "test 2").misses, 0U);
}

TEST_F(RuleCacheTest, DamageIsFoundAndMended) {
  load();
  const std::string path = cache_path();
  const std::string good = *read_file(path);
  for (std::size_t i = 0; i < good.size(); i += 1 + good.size() / 97) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x20);
    ASSERT_TRUE(write_file(path, bad, 0600));
    const Load damaged = load();
    EXPECT_NE(damaged.problem, "") << i;
    EXPECT_EQ(damaged.hits, 0U) << i;
    EXPECT_EQ(damaged.shown, cold()) << i;
    EXPECT_EQ(load().misses, 0U) << i;
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{39}, good.size() / 2, good.size() - 1}) {
    ASSERT_TRUE(write_file(path, good.substr(0, size), 0600));
    const Load torn = load();
    EXPECT_NE(torn.problem, "") << size;
    EXPECT_EQ(torn.shown, cold()) << size;
  }
}

TEST_F(RuleCacheTest, BytesBehindAGoodChecksumAreNotTrustedEither) {
  const std::string bytes = encode_rule_file(parse_rule_file(kFiles[1].second, "x", {}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    for (const int value : {0, 1, 127, 255}) {
      bad[i] = static_cast<char>(value);
      const std::optional<RuleFile> file = decode_rule_file(bad, "x", "h");
      if (file) encode_rule_file(*file);
    }
    EXPECT_FALSE(decode_rule_file(std::string_view(bytes).substr(0, i), "x", "h")) << i;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += std::string("\x02\x00\x01", 3);  // not of not of not
  EXPECT_FALSE(decode_rule_file(std::string("\x01\x00", 2) + deep, "x", "h"));
}

TEST_F(RuleCacheTest, WhatOthersMayWriteIsNotUsed) {
  load();
  ASSERT_EQ(::chmod(cache_path().c_str(), 0666), 0);
  const Load open = load();
  EXPECT_NE(open.problem.find("others may write it"), std::string::npos);
  EXPECT_EQ(open.hits, 0U);
  struct stat info {};
  ASSERT_EQ(::stat(cache_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);  // replaced by one of our own
}

TEST_F(RuleCacheTest, DatabasesComeBack) {
  MatcherCache made;
  ASSERT_TRUE(made.regex("a+b[0-9]{2}", {.ignore_case = true}));
  ASSERT_TRUE(made.regex("(?<!x)look", {}));
  ASSERT_TRUE(made.keywords({"needle", "pin"}));
  load(&made);
  LoadOptions options;
  const auto cache =
      RuleCache::open({.folder = (folder_ / "cache").string(), .program = "test 1", .files_min = 1},
                      paths(), options);
  ASSERT_EQ(cache->databases()->size(), 3U);
  MatcherCache again(cache->databases());
  const auto regex = again.regex("a+b[0-9]{2}", {.ignore_case = true});
  HyperscanScratch scratch;
  regex->prepare(scratch);
  EXPECT_TRUE(regex->search("xxAAB42", scratch));
  EXPECT_FALSE(regex->search("xxAAB4", scratch));
  const auto look = again.regex("(?<!x)look", {});
  EXPECT_TRUE(look->look_around());
  EXPECT_TRUE(look->search("a look", scratch));
  EXPECT_FALSE(look->search("xlook", scratch));
  const auto keywords = again.keywords({"needle", "pin"});
  keywords->prepare(scratch);
  std::vector<unsigned> found;
  keywords->scan("a PIN and a needle", scratch, &found, [](void* all, unsigned text) {
    static_cast<std::vector<unsigned>*>(all)->push_back(text);
  });
  EXPECT_EQ(found, (std::vector<unsigned>{1, 0}));
  EXPECT_EQ(again.databases().size(), 3U);
  EXPECT_FALSE(again.grown());
  ASSERT_TRUE(again.regex("new", {}));
  EXPECT_TRUE(again.grown());
}

TEST_F(RuleCacheTest, ADatabaseThatHyperscanRefusesIsMadeAnew) {
  std::string bytes = Regex::compile("abc", {}).value()->bytes();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  const auto regex = Regex::compile("abc", {}, &bytes);
  ASSERT_TRUE(regex);
  HyperscanScratch scratch;
  (*regex)->prepare(scratch);
  EXPECT_TRUE((*regex)->search("xabcx", scratch));
}

TEST_F(RuleCacheTest, OldFilesGo) {
  const std::string cache = (folder_ / "cache").string();
  for (int i = 0; i < 12; ++i) {
    const std::string path = cache + "/rules-" + std::to_string(i) + ".cache";
    ASSERT_TRUE(write_cache_file(path, std::string(1000, 'x')));
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(100 - i));
  }
  ASSERT_TRUE(write_cache_file(cache + "/other", "x"));
  prune_cache(cache, "rules-", {.files_max = 5, .bytes_max = 1'000'000});
  const auto there = [&](int i) {
    return fs::exists(cache + "/rules-" + std::to_string(i) + ".cache");
  };
  EXPECT_FALSE(there(6));
  EXPECT_TRUE(there(7));
  prune_cache(cache, "rules-", {.files_max = 5, .bytes_max = 2'500});
  EXPECT_FALSE(there(9));
  EXPECT_TRUE(there(10));
  EXPECT_TRUE(fs::exists(cache + "/other"));
}

TEST_F(RuleCacheTest, AFolderThatCannotBeWrittenIsAnErrorOfTheCacheOnly) {
  std::ofstream(folder_ / "cache") << "a file, not a folder";
  LoadOptions options;
  const auto cache =
      RuleCache::open({.folder = (folder_ / "cache").string(), .program = "test 1", .files_min = 1},
                      paths(), options);
  options.cache = cache.get();
  EXPECT_EQ(shown(*load_rules(paths(), options)), cold());
  EXPECT_FALSE(cache->save(MatcherCache{}));
}

TEST_F(RuleCacheTest, FewFilesAreNotWorthIt) {
  LoadOptions options;
  const auto cache = RuleCache::open({.folder = (folder_ / "cache").string(), .program = "test 1"},
                                     paths(), options);
  options.cache = cache.get();
  ASSERT_TRUE(load_rules(paths(), options));
  ASSERT_TRUE(cache->save(MatcherCache{}));
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
}

}  // namespace
}  // namespace picket::rules
