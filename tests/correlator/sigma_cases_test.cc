// Correlation cases of another engine's tests (third-party data, skipped where it is absent), with
// `repeat: every`, which is how that engine fires. A case whose rules are outside the Sigma
// specification is refused by the loader, and must be on the list below.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/json.h"
#include "correlator/correlator.h"
#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/loader.h"

namespace picket::correlator {
namespace {

class Cases final : public SourceNames {
 public:
  std::string_view name(SourceId) const override { return "cases.ndjson"; }
  std::string_view system(SourceId) const override { return ""; }
};

// Empty: as expected. "refused: ...": the rules did not load. Else what differed.
std::string run(const Json& test) {
  std::string text;
  for (const Json& part : test["rules"])
    text += (text.empty() ? "" : "\n---\n") + part.get<std::string>();
  rules::LoadedRules loaded = rules::parse_rules(text, "case.yml");
  if (!loaded.refused.empty()) return "refused: " + loaded.refused[0].reason;
  for (rules::CorrelationRule& rule : loaded.correlations) rule.repeat_every = true;
  const auto compiled = rules::compile_rules(std::move(loaded), rules::Taxonomy::none());
  if (!compiled.refused.empty()) return "refused: " + compiled.refused[0].reason;
  std::vector<std::string> errors;
  auto catalog = parsers::Catalog::load({}, errors);
  if (!catalog) return catalog.error().what;
  parsers::Parser parser(*catalog, true);
  const auto scratch = compiled.set->make_evaluation();
  MapState state;
  Correlator correlator(compiled.set, {}, state);
  std::set<std::string> seen;
  std::uint64_t seq = 0;
  for (const Json& step : test["steps"]) {
    Batch batch;
    batch.add(dump_json(step["event"]), SourceId{}, seq++, 0);
    parser.parse(batch);
    batch.events()[0].time_ns = step["ts"].get<std::int64_t>() * 1'000'000'000;
    compiled.set->evaluate(batch, *scratch);
    std::vector<Alert> out;
    correlator.process(batch, Cases(), out);
    std::size_t fresh = 0;
    for (const Alert& alert : out) {
      if (alert.kind == AlertKind::kCorrelation && seen.insert(alert.id).second) ++fresh;
    }
    if (!step.contains("expect") || !step["expect"].contains("correlation")) continue;
    const auto expected = step["expect"]["correlation"].get<std::size_t>();
    if (fresh != expected) {
      return "step " + std::to_string(seq) + ": " + std::to_string(fresh) + " alerts, expected " +
             std::to_string(expected);
    }
  }
  return "";
}

TEST(SigmaCases, AsAnotherEngineSaw) {
  std::ifstream file(std::string(PICKET_SOURCE_DIR) +
                     "/../shared/data/sigma-eval-cases/correlation_cases.jsonl");
  if (!file) GTEST_SKIP() << "third-party data (sigma-eval-cases) is not here: nothing was compared";
  // Extensions of that engine: a boolean condition, a field inside a placeholder.
  const std::set<std::string> foreign = {"test_extended_temporal_or_condition",
                                         "test_expand_modifier_with_correlation"};
  std::size_t cases = 0;
  for (std::string line; std::getline(file, line);) {
    const auto test = parse_json(line);
    ASSERT_TRUE(test);
    ++cases;
    const std::string name = (*test)["test"].get<std::string>();
    const std::string result = run(*test);
    if (foreign.count(name) > 0) {
      EXPECT_NE(result, "") << name << " is understood now";
    } else {
      EXPECT_EQ(result, "") << name;
    }
  }
  EXPECT_GT(cases, 5U);
}

}  // namespace
}  // namespace picket::correlator
