// The matcher against the reference: odd rules over odd events, 0 differences. Routes, anchors,
// hash sets and Hyperscan must never change an answer.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "rules/compiler.h"
#include "rules/loader.h"
#include "tests/rules/matcher_property.h"

namespace picket::rules {
namespace {

// PICKET_SEEDS=n tries more than every day.
unsigned seeds_wanted() {
  const char* text = std::getenv("PICKET_SEEDS");
  return text == nullptr ? 20 : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

TEST(Matcher, EqualsTheReference) {
  const MatcherProperty property;
  std::size_t compared = 0;
  std::size_t hits = 0;
  std::size_t needed = 0;
  for (unsigned seed = 1; seed <= seeds_wanted(); ++seed) {
    Choices choices(seed);
    const PropertyOutcome outcome = property.check(choices, {});
    ASSERT_EQ(outcome.difference, "") << "seed " << seed;
    compared += outcome.compared;
    hits += outcome.hits;
    needed += outcome.needed;
  }
  std::printf("matcher: %zu pairs of rule and event, %zu hits, 0 differences\n", compared, hits);
  EXPECT_GT(hits, compared / 50);  // rules that never meet an event would prove nothing
  EXPECT_GT(needed, 0U);  // of rules that say what a record must hold
  EXPECT_LT(hits, compared - compared / 50);
}

// Proof: what a rule says about the lines, fields and bytes that made it true.
TEST(Matcher, ExplainsAHit) {
  LoadedRules loaded = parse_rules(
      "title: T\nid: 0b0e0a58-0000-4000-8000-000000000001\nlogsource: {product: "
      "windows}\ndetection:\n"
      "  sel:\n    CommandLine|contains:\n      - '-enc'\n      - 'absent'\n    Image|endswith: "
      "'\\cmd.exe'\n"
      "  filter:\n    User: nobody\n  condition: sel and not filter\n",
      "t.yml");
  ASSERT_TRUE(loaded.refused.empty());
  const CompiledRules compiled = compile_rules(std::move(loaded), Taxonomy::none());
  Batch batch;
  batch.add("{}", SourceId{}, 0, 0);
  batch.begin_event();
  const std::string command = "PowerShell -ENC AAAA";
  const std::string image = "C:\\Windows\\CMD.EXE";
  batch.push(*intern_field("CommandLine"), std::string_view(command));
  batch.push(*intern_field("Image"), std::string_view(image));
  const EvaluationPtr evaluation = compiled.set->make_evaluation();
  compiled.set->evaluate(batch, *evaluation);
  ASSERT_EQ(batch.hits().size(), 1U);
  const std::vector<Match> matches = compiled.set->explain(batch, batch.events()[0], 0);
  std::string shown;
  for (const Match& match : matches) {
    shown += match.selection + ":" + std::to_string(match.line) + ":" + match.rule_field + ":" +
             match.value.substr(match.begin, match.end - match.begin) + "\n";
  }
  EXPECT_EQ(shown, "sel:7:CommandLine:-ENC\nsel:9:Image:\\CMD.EXE\n");
}

}  // namespace
}  // namespace picket::rules
