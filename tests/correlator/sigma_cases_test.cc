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

// "When you use multiple values in `field` they are linked by an AND": what is counted are
// combinations, and no two of them are taken for one.
TEST(SigmaCases, ValuesOfSeveralFields) {
  const auto steps = [](const std::vector<std::pair<std::string, std::string>>& values,
                        const std::vector<int>& fired) {
    Json all = Json::array();
    for (std::size_t i = 0; i < values.size(); ++i) {
      Json event = {{"x", 1}, {"host", "h"}, {"user", values[i].first}};
      if (values[i].second != "none") event["ip"] = values[i].second;
      all.push_back({{"event", event}, {"ts", i}, {"expect", {{"correlation", fired[i]}}}});
    }
    return all;
  };
  const auto with = [](const std::string& fields, Json all) {
    return Json{{"rules",
                 {"title: R\nid: r\nlogsource: {product: p}\ndetection:\n  s: {x: 1}\n"
                  "  condition: s\n",
                  "title: C\nid: c\ncorrelation:\n  type: value_count\n  rules: [r]\n"
                  "  group-by: [host]\n  timespan: 1m\n  condition: {gte: 3, field: " +
                      fields + "}\n"}},
                {"steps", std::move(all)}};
  };
  EXPECT_EQ(run(with("[user, ip]",
                     steps({{"a", "1"}, {"a", "1"}, {"b", "1"}, {"a", "2"}}, {0, 0, 0, 1}))),
            "");
  EXPECT_EQ(run(with("[user, ip]",
                     steps({{"a", "1"}, {"b", "none"}, {"c", "1"}, {"c", "2"}}, {0, 0, 0, 1}))),
            "");
  EXPECT_EQ(run(with("[user, ip]", steps({{"a,b", "c"}, {"a", "b,c"}, {"a\\", "b,c"}}, {0, 0, 1}))),
            "");
  EXPECT_EQ(
      run(with("[user]", steps({{"a", "1"}, {"a", "2"}, {"b", "3"}, {"c", "4"}}, {0, 0, 0, 1}))),
      "");
}

TEST(SigmaCases, AsAnotherEngineSaw) {
  std::ifstream file(std::string(PICKET_SOURCE_DIR) +
                     "/../shared/data/sigma-eval-cases/correlation_cases.jsonl");
  if (!file)
    GTEST_SKIP() << "third-party data (sigma-eval-cases) is not here: nothing was compared";
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
