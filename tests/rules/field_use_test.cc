// Which fields a rule uses, and whether it can be true when some of them are never there.
#include "rules/field_use.h"

#include <gtest/gtest.h>

#include "rules/loader.h"
#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

Node condition_of(const std::string& detection) {
  LoadedRules loaded =
      parse_rules("title: T\nlogsource: {product: x}\ndetection:\n" + detection, "t.yml");
  EXPECT_EQ(loaded.detections.size(), 1U);
  return loaded.detections.empty() ? Node{} : loaded.detections.front().condition;
}

bool can_hold_without(const std::string& detection,
                      const std::set<std::string, std::less<>>& absent) {
  return can_hold(condition_of(detection),
                  [&](std::string_view field) { return absent.contains(field); });
}

TEST(FieldUse, ListsFieldsAndReferencesAndNoKeywords) {
  const Node condition = condition_of(
      "  a: {X|contains: 1, 'Y|fieldref': Z}\n  b: [word, other]\n  c: {'Y|exists': true}\n  "
      "condition: a or b or c\n");
  EXPECT_EQ(fields_of(condition), (std::set<std::string>{"X", "Y", "Z"}));
}

TEST(FieldUse, AndNeedsAllOrNeedsOne) {
  const std::string both = "  a: {X: 1}\n  b: {Y: 1}\n  condition: a and b\n";
  EXPECT_TRUE(can_hold_without(both, {}));
  EXPECT_FALSE(can_hold_without(both, {"X"}));
  const std::string either = "  a: {X: 1}\n  b: {Y: 1}\n  condition: a or b\n";
  EXPECT_TRUE(can_hold_without(either, {"X"}));
  EXPECT_FALSE(can_hold_without(either, {"X", "Y"}));
}

TEST(FieldUse, NegationOfAMissingFieldIsTrue) {
  const std::string negated = "  a: {X: 1}\n  f: {Y: 1}\n  condition: a and not f\n";
  EXPECT_TRUE(can_hold_without(negated, {"Y"}));
  EXPECT_FALSE(can_hold_without(negated, {"X"}));
  EXPECT_TRUE(can_hold_without("  a: {X: null}\n  condition: a\n", {"X"}));
  EXPECT_FALSE(can_hold_without("  a: {X: null}\n  condition: not a\n", {"X"}));
  EXPECT_TRUE(can_hold_without("  a: {'X|exists': false}\n  condition: a\n", {"X"}));
  EXPECT_FALSE(can_hold_without("  a: {'X|exists': true}\n  condition: a\n", {"X"}));
}

TEST(FieldUse, KnownOutcomesDecide) {
  const Node condition = condition_of("  a: {X: 1, Y: 1}\n  condition: a\n");
  const auto decided = [](bool x) {
    return [x](const rules::Test& test) {
      return test.field == "X" ? std::optional(x) : std::nullopt;
    };
  };
  EXPECT_TRUE(can_hold_if(condition, decided(true)));
  EXPECT_FALSE(can_hold_if(condition, decided(false)));
}

TEST(FieldUse, KeywordsAndReferences) {
  EXPECT_TRUE(can_hold_without("  a: [word]\n  condition: a\n", {"X"}));
  EXPECT_FALSE(can_hold_without("  a: {'X|fieldref': Y}\n  condition: a\n", {"Y"}));
}

}  // namespace
}  // namespace picket::rules
