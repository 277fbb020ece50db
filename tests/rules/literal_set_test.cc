#include "rules/literal_set.h"

#include <gtest/gtest.h>

#include <random>

namespace picket::rules {
namespace {

using Place = LiteralSet::Place;

bool slowly(const std::vector<LiteralSet::Literal>& literals, const std::string& text) {
  for (const auto& [place, literal] : literals) {
    const bool here = place == Place::kAtBegin ? text.starts_with(literal)
                      : place == Place::kAtEnd ? text.ends_with(literal)
                                               : text.find(literal) != std::string::npos;
    if (here) return true;
  }
  return false;
}

std::string random_text(std::mt19937& random, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += "abc\\"[random() % 4];
  return text;
}

TEST(LiteralSet, EqualsSearchingForOneAfterTheOther) {
  int found = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::vector<LiteralSet::Literal> literals;
    const std::size_t count = 1 + random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      literals.push_back({static_cast<Place>(random() % 3), random_text(random, 1 + random() % 7)});
    }
    const LiteralSet set(literals);
    for (int round = 0; round < 50; ++round) {
      const std::string text = random_text(random, random() % 20);
      EXPECT_EQ(set.matches(text), slowly(literals, text)) << "seed " << seed << ": " << text;
      found += set.matches(text) ? 1 : 0;
    }
  }
  EXPECT_GT(found, 1000);
  EXPECT_LT(found, 14'000);
}

TEST(LiteralSet, TakesLongTexts) {
  const std::string text(20'000, 'x');
  const LiteralSet set({{Place::kAnywhere, text}, {Place::kAnywhere, "y"}});
  EXPECT_TRUE(set.matches("a" + text));
  EXPECT_FALSE(set.matches(text.substr(1)));
}

TEST(LiteralSet, OneTextMayHaveSeveralPlaces) {
  const LiteralSet set({{Place::kAtBegin, "ab"}, {Place::kAtEnd, "ab"}});
  EXPECT_TRUE(set.matches("abc"));
  EXPECT_TRUE(set.matches("cab"));
  EXPECT_FALSE(set.matches("cabc"));
  EXPECT_FALSE(set.matches(""));
}

}  // namespace
}  // namespace picket::rules
