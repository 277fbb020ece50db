// Rules from the cache and rules read anew are the same: the same findings, the same hits, the same
// proofs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "app/detection.h"
#include "app/kind_list.h"
#include "base/file.h"
#include "base/world.h"

namespace picket::app {
namespace {

namespace fs = std::filesystem;

const std::string kContent = PICKET_SOURCE_DIR "/content";
const std::string kSigma = "../shared/data/sigma-rules/";

std::string shown(const std::vector<rules::Finding>& findings) {
  std::string text;
  for (const rules::Finding& f : findings) {
    text += f.path + ":" + std::to_string(f.line) + " " + f.rule_id + " " + f.code + " " +
            f.reason + "\n";
  }
  return text;
}

class RuleLoadTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("picket-rule-load-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "rules");
    for (int i = 0; i < 150; ++i) write_rule(i);
    for (const char* file :
         {"ws-ketoan-07-sysmon.ndjson", "ws-security.ndjson", "portal-app-01-auth.log",
          "portal-web-01-access.log", "fw-edge-01.log"}) {
      std::ifstream lines(kContent + "/sample/" + file);
      for (std::string line; std::getline(lines, line);) records_.push_back(line);
    }
    ASSERT_GT(records_.size(), 1000U);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write_rule(int i) {
    const std::string n = std::to_string(i);
    static const std::vector<std::string> items = {
        "        - 'failed password'\n        - 'session " + std::string("opened'\n"),
        "        CommandLine|contains: ['-enc', 'whoami', '/c']\n",
        "        CommandLine|re: '(?i)\\b[a-z]{3,9}\\.exe'\n",
        "        TargetUserName|re: '^(?!SYSTEM).+$'\n",
        "        IpAddress|cidr: 10.0.0.0/8\n",
        "        Image|endswith: ['\\powershell.exe', '\\cmd.exe']\n",
        "        EventID: [1, 3, 4624, 4625]\n",
        "        no-such|nonsense: 1\n",
        "        CommandLine|expand: '%nobody%'\n",
    };
    std::ofstream(folder_ / "rules" / (n + ".yml"))
        << "title: Generated " << n << "\nid: g" << n
        << "\nlevel: low\nlogsource:\n  product: " << (i % 9 == 0 ? "linux" : "windows")
        << "\ndetection:\n  sel:\n"
        << items[static_cast<std::size_t>(i % 9)] << "  no:\n    Nothing: '" << n
        << "'\n  condition: sel and not no\n";
  }

  std::vector<std::string> paths() const {
    std::vector<std::string> all = {kContent + "/rules", (folder_ / "rules").string()};
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (with_sigma_ && fs::exists(kSigma)) {
      for (const char* name :
           {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-placeholder"}) {
        all.push_back(kSigma + name);
      }
    }
#endif
    return all;
  }

  Detection load(const std::string& cache, Routes routes = Routes::kAhead) {
    Result<Detection> made =
        load_detection({kContent}, {.rules = paths(), .cache = cache, .routes = routes});
    EXPECT_TRUE(made) << made.error().what;
    EXPECT_TRUE(made->errors.empty());
    return *std::move(made);
  }
  std::string cache() const {
    return (folder_ / "cache").string();
  }

  // Every hit with its proof.
  std::string hits(const Detection& detection) {
    parsers::Parser parser = detection.make_parser(true);
    const rules::EvaluationPtr evaluation = detection.rules->make_evaluation();
    Batch batch;
    for (const std::string& record : records_)
      batch.add(record, SourceId{0}, 0, 1'700'000'000'000'000'000);
    parser.parse(batch);
    detection.rules->evaluate(batch, *evaluation);
    std::string text;
    for (const Hit& hit : batch.hits()) {
      text += std::to_string(hit.event) + " " + detection.rules->identity(hit.rule).id;
      for (const Match& match :
           detection.rules->explain(batch, batch.events()[hit.event], hit.rule)) {
        text += " " + match.selection + ":" + std::to_string(match.line) + ":" + match.field + "=" +
                match.value.substr(match.begin, match.end - match.begin);
      }
      text += "\n";
    }
    return text;
  }

  fs::path folder_;
  std::vector<std::string> records_;
  bool with_sigma_ = false;  // SigmaHQ's rules too, where they are and the build is fast
};

TEST_F(RuleLoadTest, FromTheCacheAndAnewAreTheSame) {
  with_sigma_ = true;
  const Detection cold = load("");
  const Detection written = load(cache());
  EXPECT_EQ(written.load.files_cached, 0U);
  const Detection cached = load(cache());
  const std::size_t yara = list_files(kContent + "/rules", {".yar"})->size();  // compiled each time
  EXPECT_EQ(cached.load.files_cached + yara, cached.rule_files);
  EXPECT_EQ(cached.load.cache_problems, std::vector<std::string>());
  EXPECT_EQ(cached.rules->hash(), cold.rules->hash());
  EXPECT_EQ(cached.rules->rule_count(), cold.rules->rule_count());
  EXPECT_EQ(shown(cached.refused), shown(cold.refused));
  EXPECT_EQ(shown(cached.warnings), shown(cold.warnings));
  EXPECT_GE(cold.refused.size(), 32U);
  const std::string expected = hits(cold);
  EXPECT_GT(std::count(expected.begin(), expected.end(), '\n'), 100);
  EXPECT_EQ(hits(cached), expected);
  EXPECT_EQ(hits(load(cache(), Routes::kAtFirstEvent)), expected);
  EXPECT_EQ(hits(load("", Routes::kAtFirstEvent)), expected);
}

TEST_F(RuleLoadTest, RoutesOfKnownKindsAreReadyBeforeTheFirstEvent) {
  const Detection detection = load("");
  const std::vector<KindId> ready = detection.routes->kinds();
  EXPECT_GT(ready.size(), 50U);
  hits(detection);
  EXPECT_EQ(detection.routes->kinds(), ready);  // the sample has no kind that nobody expected
  EXPECT_GT(load("", Routes::kAtFirstEvent).routes->kinds().size() + 1, 0U);
}

TEST_F(RuleLoadTest, KindsThatWereSeenAreReadyInTheNextProcess) {
  const Detection first = load(cache());
  const parsers::Definition* definition = first.catalog->for_channel("Some-Vendor/Operational");
  ASSERT_NE(definition, nullptr);
  const KindId seen = parsers::Catalog::windows_kind(*definition, "Some-Vendor/Operational", 77);
  const auto has = [&](const std::vector<KindId>& kinds) {
    return std::find(kinds.begin(), kinds.end(), seen) != kinds.end();
  };
  EXPECT_FALSE(has(first.routes->kinds()));
  first.routes->of(seen);
  ASSERT_TRUE(write_kinds(cache(), first.routes->kinds()));
  EXPECT_TRUE(has(load(cache()).routes->kinds()));
}

TEST_F(RuleLoadTest, AListOfKindsIsReadOrRefusedWhole) {
  const Detection detection = load("", Routes::kAtFirstEvent);
  const std::vector<KindId> kinds = known_kinds(*detection.catalog, *detection.taxonomy);
  const auto again = decode_kinds(encode_kinds(kinds), *detection.catalog);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, kinds);
  std::vector<KindId> few;
  for (std::size_t i = 0; i < kinds.size(); i += 40) few.push_back(kinds[i]);
  const std::string bytes = encode_kinds(few);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(decode_kinds(std::string_view(bytes).substr(0, i), *detection.catalog)) << i;
    std::string bad = bytes;
    bad[i] = '\xff';
    const auto read = decode_kinds(bad, *detection.catalog);
    if (read) {
      EXPECT_LE(read->size(), kKindsMax);
    }
  }
  ASSERT_TRUE(write_kinds(cache(), kinds));
  ASSERT_TRUE(write_file(cache() + "/kinds.cache", "nonsense", 0600));
  EXPECT_FALSE(read_kinds(cache(), *detection.catalog));
  const Detection loaded = load(cache());  // says so, and goes on
  EXPECT_EQ(loaded.load.cache_problems.size(), 1U);
}

}  // namespace
}  // namespace picket::app
