// What is counted and timed of each rule, and when a rule is over its budget.
#include "rules/rule_cost.h"

#include <gtest/gtest.h>

#include <set>

#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/evaluation.h"
#include "rules/loader.h"
#include "rules/rule_budget.h"
#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

TEST(EventSampler, TakesOneOfManyAtUnevenDistances) {
  EventSampler sampler;
  std::uint64_t taken = 0;
  std::set<std::uint64_t> distances;
  std::uint64_t last = 0;
  constexpr std::uint64_t kEvents = 4'000'000;
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    if (!sampler.next()) continue;
    ++taken;
    distances.insert(i - last);
    last = i;
  }
  const double each = static_cast<double>(kEvents) / static_cast<double>(taken);
  EXPECT_NEAR(each, kSampleEvery, kSampleEvery * 0.05);
  EXPECT_GT(distances.size(), 1000U);
  EXPECT_LT(*distances.rbegin(), 2 * kSampleEvery);
}

class RuleCostTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string text =
        rule_with("    sel:\n        CommandLine|contains: needle\n    condition: sel\n", "rare") +
        "---\n" +
        rule_with("    sel:\n        CommandLine: ''\n    condition: not sel\n", "always");
    LoadedRules loaded = parse_rules(text, "test.yml", {});
    ASSERT_TRUE(loaded.refused.empty());
    set_ = compile_rules(std::move(loaded), Taxonomy::none()).set;
    evaluation_ = set_->make_evaluation();
    std::vector<std::string> errors;
    auto catalog = parsers::Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
    ASSERT_TRUE(catalog);
    parser_.emplace(*catalog, false);
    parser_->set_source(SourceId{}, {.format = "json", .definition = "json-generic"});
  }

  // `n` events, each tenth with the needle.
  void run(std::size_t n) {
    batch_.clear();
    for (std::size_t i = 0; i < n; ++i) {
      batch_.add(i % 10 == 0 ? R"({"CommandLine": "a needle"})" : R"({"CommandLine": "hay"})",
                 SourceId{}, i, 1);
    }
    parser_->parse(batch_);
    set_->evaluate(batch_, *evaluation_);
  }
  std::size_t hits(std::uint32_t rule) const {
    std::size_t n = 0;
    for (const Hit& hit : batch_.hits()) n += hit.rule == rule ? 1U : 0U;
    return n;
  }

  std::shared_ptr<const RuleSet> set_;
  EvaluationPtr evaluation_;
  std::optional<parsers::Parser> parser_;
  Batch batch_;
};

TEST_F(RuleCostTest, CountsEveryEventAndTimesFew) {
  for (int i = 0; i < 20; ++i) run(1000);
  const RuleCosts& costs = evaluation_->costs();
  EXPECT_EQ(costs.events, 20'000U);
  EXPECT_EQ(costs.counts[0].woken, 2'000U);
  EXPECT_EQ(costs.counts[0].matched, 2'000U);
  EXPECT_EQ(costs.counts[1].woken, 20'000U);
  EXPECT_EQ(costs.counts[1].matched, 20'000U);
  EXPECT_GT(costs.sampled_events, 10U);
  EXPECT_LT(costs.sampled_events, 40U);
  EXPECT_EQ(costs.samples[1].evaluations, costs.sampled_events);
  EXPECT_GT(costs.sampled_ns, 0U);
  EXPECT_EQ(costs.sampled_ns, costs.waking_ns + costs.samples[0].ns + costs.samples[1].ns);
  std::uint64_t waking = 0;
  for (const auto& [kind, sample] : costs.waking) waking += sample.ns;
  EXPECT_EQ(waking, costs.waking_ns);
}

TEST_F(RuleCostTest, WithoutAccountingNothingIsCounted) {
  evaluation_->account_costs(false);
  run(5000);
  EXPECT_EQ(hits(0), 500U);
  EXPECT_EQ(evaluation_->costs().counts[1].woken, 0U);
  EXPECT_EQ(evaluation_->costs().sampled_events, 0U);
}

TEST_F(RuleCostTest, WhatIsPutAsideAndWhatIsFoundThereIsTheSame) {
  run(3000);
  const std::size_t rare = hits(0);
  const std::size_t always = hits(1);
  evaluation_->put_in_slow_lane(1, true);
  run(3000);
  EXPECT_EQ(hits(0), rare);
  EXPECT_EQ(hits(1), 0U);
  EXPECT_EQ(evaluation_->put_aside().size(), 3000U);
  std::size_t found = 0;
  const EvaluationPtr other = set_->make_evaluation();
  for (const Hit& pair : evaluation_->put_aside())
    found += set_->holds(batch_, pair, *other) ? 1U : 0U;
  EXPECT_EQ(found, always);
  std::size_t needles = 0;
  for (std::uint32_t i = 0; i < batch_.events().size(); ++i)
    needles += set_->holds(batch_, {.event = i, .rule = 0}, *other) ? 1U : 0U;
  EXPECT_EQ(needles, rare);
}

// Two rules: 0 costs what a test says, 1 is cheap.
class RuleBudgetTest : public testing::Test {
 protected:
  void SetUp() override {
    costs_.counts.resize(2);
    costs_.samples.resize(2);
    slow_.resize(2);
    budget_.begin(2);
  }
  // One window of 64 sampled events, on each of which rule 0 takes `ns`, of which `over` too long.
  std::vector<std::uint32_t> window(std::uint64_t ns, std::uint64_t over = 0,
                                    std::uint64_t once = 0) {
    constexpr std::uint64_t kSampled = 64;
    costs_.clear_largest();
    costs_.events += kSampled * kSampleEvery;
    costs_.sampled_events += kSampled;
    costs_.sampled_ns += kSampled * 3'000;  // waking
    costs_.counts[0].woken += kSampled * kSampleEvery;
    if (costs_.counts[0].slow) {
      slow_[0].evaluations += 1000;
      slow_[0].ns += 1000 * ns;
      slow_[0].over += over;
    } else {
      costs_.samples[0].evaluations += kSampled;
      costs_.samples[0].ns += kSampled * ns + once;
      costs_.samples[0].largest_ns = std::max(ns, once);
      costs_.samples[0].over += over;
      costs_.sampled_ns += kSampled * ns + once;
    }
    EXPECT_TRUE(budget_.window_ended(costs_));
    const std::vector<std::uint32_t> changed = budget_.decide(costs_, slow_);
    EXPECT_FALSE(budget_.window_ended(costs_));
    for (const std::uint32_t rule : changed) costs_.counts[rule].slow = !costs_.counts[rule].slow;
    return changed;
  }

  RuleCosts costs_;
  std::vector<SlowSample> slow_;
  RuleBudget budget_{{.percent = 5, .floor_ns = 2'000, .us_per_kb = 50}};
};

using Rules = std::vector<std::uint32_t>;

TEST_F(RuleBudgetTest, ADearRuleGoesAndComesBackWhenItIsCheap) {
  EXPECT_EQ(window(500), Rules{});     // 14 %, but who cares for half a microsecond
  EXPECT_EQ(window(3'000), Rules{0});  // half of all
  for (int i = 0; i < 10; ++i) EXPECT_EQ(window(1'500), Rules{}) << "not half of the budget yet";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(window(900), Rules{});
  EXPECT_EQ(window(1'500), Rules{}) << "not calm for long enough";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(window(900), Rules{});
  EXPECT_EQ(window(900), Rules{0});
  EXPECT_EQ(window(900), Rules{}) << "and stays";
}

TEST_F(RuleBudgetTest, OneLongEvaluationIsNotTheRules) {
  EXPECT_EQ(window(100, 1, 20'000'000), Rules{});
  EXPECT_EQ(window(100), Rules{});
}

TEST_F(RuleBudgetTest, EvaluationsOverTheLimit) {
  EXPECT_EQ(window(100, 6), Rules{});
  EXPECT_EQ(window(100, 7), Rules{0});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(window(100, 1), Rules{});
}

TEST_F(RuleBudgetTest, AWindowOfVeryDearEventsEndsSooner) {
  costs_.sampled_events = 4;
  costs_.sampled_ns = 4'000'000;
  costs_.samples[0] = {.evaluations = 4, .ns = 4'000'000, .largest_ns = 1'000'000, .over = 0};
  EXPECT_TRUE(budget_.window_ended(costs_));
  EXPECT_EQ(budget_.decide(costs_, slow_), Rules{0});
}

TEST_F(RuleBudgetTest, NoBudgetNoSlowLane) {
  RuleBudget none({.percent = 0});
  none.begin(2);
  costs_.sampled_events = 1000;
  EXPECT_FALSE(none.window_ended(costs_));
}

}  // namespace
}  // namespace picket::rules
