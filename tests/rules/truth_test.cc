// The tree of true and false against the matcher: its root is what evaluation answers, for every
// pair of rule and event, odd ones and the shipped ones. And what it says of single tests.
#include "rules/truth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/file.h"
#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/loader.h"
#include "tests/rules/odd_inputs.h"
#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

std::shared_ptr<const parsers::Catalog> shipped_catalog() {
  std::vector<std::string> errors;
  auto catalog = parsers::Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
  PICKET_CHECK(catalog.has_value() && errors.empty());
  return *catalog;
}

struct Compared {
  std::size_t pairs = 0;
  std::size_t hits = 0;
};

// Every rule on every event of the batch.
Compared compare(const std::vector<DetectionRule>& rules, const Taxonomy& taxonomy,
                 const RuleSet& set, Batch& batch) {
  const EvaluationPtr evaluation = set.make_evaluation();
  set.evaluate(batch, *evaluation);
  std::set<std::pair<std::size_t, std::size_t>> hits;
  for (const Hit& hit : batch.hits()) hits.emplace(hit.event, hit.rule);
  Compared compared;
  for (std::size_t r = 0; r < rules.size(); ++r) {
    TruthFinder finder(rules[r], taxonomy);
    for (std::size_t e = 0; e < batch.events().size(); ++e) {
      const bool hit = hits.contains({e, r});
      const Truth truth = finder.find(batch, batch.events()[e]);
      EXPECT_EQ(truth.holds(), hit) << shown(rules[r].condition) << "\n" << batch.records()[e].raw;
      ++compared.pairs;
      compared.hits += hit ? 1U : 0U;
      if (testing::Test::HasFailure()) return compared;
    }
  }
  return compared;
}

TEST(Truth, RootIsWhatEvaluationAnswers) {
  const auto catalog = shipped_catalog();
  Compared all;
  for (unsigned seed = 1; seed <= 8; ++seed) {
    Choices choices(seed);
    LoadedRules loaded;
    for (int i = 0; i < 60; ++i) {
      DetectionRule rule;
      rule.identity.id = "rule-" + std::to_string(i);
      rule.condition = odd_rule(choices, 3);
      loaded.detections.push_back(std::move(rule));
    }
    const std::vector<DetectionRule> rules = loaded.detections;
    const CompiledRules compiled = compile_rules(std::move(loaded), Taxonomy::none());
    Batch batch;
    for (std::uint64_t i = 0; i < 40; ++i) batch.add(odd_event(choices).json, SourceId{}, i, 0);
    parsers::Parser parser(catalog, false);
    parser.set_source(SourceId{}, {.format = "auto", .definition = "json-generic"});
    parser.parse(batch);
    const Compared compared = compare(rules, *Taxonomy::none(), *compiled.set, batch);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    all.pairs += compared.pairs;
    all.hits += compared.hits;
  }
  std::printf("truth: %zu pairs, %zu hits\n", all.pairs, all.hits);
  EXPECT_GT(all.hits, all.pairs / 50);
}

// With taxonomies: log sources, constants of kinds, names of their own.
TEST(Truth, RootIsWhatEvaluationAnswersOnTheSample) {
  std::vector<std::string> errors;
  const auto taxonomy = Taxonomy::load(PICKET_SOURCE_DIR "/content/taxonomies", errors);
  ASSERT_TRUE(taxonomy.has_value() && errors.empty());
  auto loaded = load_rules({PICKET_SOURCE_DIR "/content/rules"});
  ASSERT_TRUE(loaded.has_value());
  loaded->yara_files.clear();
  const std::vector<DetectionRule> rules = loaded->detections;
  const CompiledRules compiled = compile_rules(std::move(*loaded), *taxonomy);
  const auto files =
      list_files(PICKET_SOURCE_DIR "/content/sample", {".log", ".ndjson", ".json", ".jsonl"});
  ASSERT_TRUE(files.has_value());
  parsers::Parser parser(shipped_catalog(), false);
  Compared all;
  for (const std::string& path : *files) {
    const auto text = read_file(path);
    ASSERT_TRUE(text.has_value());
    Batch batch;
    constexpr std::size_t kLines = 400;
    for (std::size_t at = 0; at < text->size() && batch.records().size() < kLines;) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      batch.add(std::string_view(*text).substr(at, end - at), SourceId{}, batch.records().size(),
                0);
      at = end + 1;
    }
    parser.parse(batch);
    const Compared compared = compare(rules, **taxonomy, *compiled.set, batch);
    ASSERT_FALSE(HasFailure()) << path;
    all.pairs += compared.pairs;
    all.hits += compared.hits;
  }
  std::printf("truth: %zu pairs of the sample, %zu hits\n", all.pairs, all.hits);
  EXPECT_GT(all.hits, 50U);
}

// One line a node: outcome, reason of a test, values.
void tell(const TruthNode& node, std::string& out) {
  out += node.holds ? "+" : node.near_miss ? "~" : "-";
  if (!node.node->selection.empty()) out += node.node->selection + ":";
  if (node.node->kind == Node::Kind::kTest) {
    out += shown(node.node->test) + " " + std::string(reason_name(node.reason));
    for (const SeenValue& seen : node.seen)
      out += " " + seen.field + "=" + seen.value + (seen.passes ? "!" : "");
  }
  out += "\n";
  for (const TruthNode& child : node.children) tell(child, out);
}

std::string truth_of(const std::string& detection, const std::string& record) {
  LoadedRules loaded = parse_rules(
      "title: T\nid: 0b0e0a58-0000-4000-8000-000000000001\nlogsource: {product: x}\n" + detection,
      "t.yml");
  if (loaded.detections.size() != 1) return "not one rule";
  const DetectionRule rule = loaded.detections.front();
  const CompiledRules compiled = compile_rules(std::move(loaded), Taxonomy::none());
  Batch batch;
  batch.add(record, SourceId{}, 0, 0);
  parsers::Parser parser(shipped_catalog(), false);
  parser.set_source(SourceId{}, {.format = "auto", .definition = "json-generic"});
  parser.parse(batch);
  const std::shared_ptr<const Taxonomy> literal = Taxonomy::none();
  TruthFinder finder(rule, *literal);
  const Truth truth = finder.find(batch, batch.events().front());
  std::string out;
  tell(truth.root, out);
  return out;
}

TEST(Truth, SaysWhyATestIsFalse) {
  const std::string rule =
      "detection:\n  sel:\n    A: x\n    B: y\n  other:\n    C|contains: z\n  gone:\n    D: null\n"
      "  condition: sel and other and gone\n";
  EXPECT_EQ(truth_of(rule, R"({"A":"x","B":"q","C":null,"D":"d"})"),
            "-\n~sel:\n+A='x' matches A=x!\n-B='y' differs B=q\n-other:C=*'z'* null\n-gone:D null "
            "present D=d\n");
  EXPECT_EQ(truth_of(rule, R"({"B":"y","C":["a","ZZ"]})"),
            "~\n~sel:\n-A='x' missing\n+B='y' matches B=y!\n+other:C=*'z'* matches C=ZZ! "
            "C=a\n+gone:D null matches\n");
}

TEST(Truth, ShowsBothSidesOfAFieldReference) {
  const std::string rule = "detection:\n  sel:\n    A|fieldref: B\n  condition: sel\n";
  EXPECT_EQ(truth_of(rule, R"({"A":"x","B":"y"})"), "-sel:A ref0 B differs A=x B=y\n");
  EXPECT_EQ(truth_of(rule, R"({"A":"x"})"), "-sel:A ref0 B other-missing A=x\n");
}

TEST(Truth, KeepsFewValuesAndThoseThatPassFirst) {
  std::string list;
  for (int i = 0; i < 30; ++i) list += "\"v" + std::to_string(i) + "\",";
  const std::string told = truth_of("detection:\n  sel:\n    A: hit\n  condition: sel\n",
                                    R"({"A":[)" + list + R"("hit"]})");
  EXPECT_TRUE(told.starts_with("+sel:A='hit' matches A=hit! A=v0 ")) << told;
  EXPECT_EQ(std::count(told.begin(), told.end(), '='), 1 + static_cast<int>(kSeenValuesMax));
}

}  // namespace
}  // namespace picket::rules
