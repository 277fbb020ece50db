#include "rules/value_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace picket::rules {
namespace {

// What an index would answer: made of all that tells values apart.
std::vector<std::uint32_t> answer(std::uint32_t column, const std::string& token, bool escaped) {
  std::vector<std::uint32_t> rules;
  for (std::size_t i = 0; i < token.size() % 4; ++i)
    rules.push_back(column * 1000 + static_cast<unsigned char>(token[i]));
  if (escaped) rules.push_back(7);
  return rules;
}

TEST(ValueCache, AnswersWhatWasKept) {
  ValueCache cache;
  const std::uint32_t first = cache.add_columns(3);
  std::mt19937 random(5);
  std::size_t known = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::uint32_t column = first + static_cast<std::uint32_t>(random() % 3);
    const bool escaped = random() % 2 == 0;
    const std::string token = std::to_string(random() % 60) + std::string(random() % 5, 'x');
    const ValueCache::Key key = cache.key(column, token, escaped);
    const std::vector<std::uint32_t> expected = answer(column, token, escaped);
    if (const auto found = cache.find(key)) {
      ++known;
      ASSERT_EQ(std::vector<std::uint32_t>(found->begin(), found->end()), expected) << token;
    } else {
      cache.keep(key, expected);
    }
  }
  EXPECT_GT(known, 10'000U);
}

TEST(ValueCache, ColumnAndEscapingTellValuesApart) {
  ValueCache cache;
  const std::uint32_t first = cache.add_columns(2);
  cache.keep(cache.key(first, R"(a\\b)", false), std::vector<std::uint32_t>{1});
  EXPECT_TRUE(cache.find(cache.key(first, R"(a\\b)", false)).has_value());
  EXPECT_FALSE(cache.find(cache.key(first, R"(a\\b)", true)).has_value());
  EXPECT_FALSE(cache.find(cache.key(first + 1, R"(a\\b)", false)).has_value());
  EXPECT_FALSE(cache.find(cache.key(first, R"(a\\c)", false)).has_value());
}

TEST(ValueCache, PassesByWhatDoesNotRepeatAndWhatIsLong) {
  ValueCache cache;
  const std::uint32_t first = cache.add_columns(2);
  const std::string longest(ValueCache::kValueMax, 'a');
  EXPECT_TRUE(cache.key(first, longest, false).worth);
  EXPECT_FALSE(cache.key(first, longest + "a", false).worth);

  for (int i = 0; i < 5'000; ++i) {
    const std::string fresh = std::to_string(i);
    const ValueCache::Key key = cache.key(first + 1, fresh, false);
    if (!cache.find(key)) cache.keep(key, {});
  }
  EXPECT_FALSE(cache.key(first + 1, "5000", false).worth);
  for (int i = 0; i < 63'000; ++i) (void)cache.key(first + 1, "same", false);
  EXPECT_TRUE(cache.key(first + 1, "same", false).worth) << "it is tried again later";
}

TEST(ValueCache, ManyAnswersNeverMixValues) {
  ValueCache cache;
  const std::uint32_t column = cache.add_columns(1);
  std::vector<std::uint32_t> many(40'000);  // fills the room for answers again and again
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::string token = "v" + std::to_string(i % 60);
    const ValueCache::Key key = cache.key(column, token, false);
    many.assign(many.size(), i % 60);
    if (const auto found = cache.find(key)) {
      ASSERT_EQ(found->size(), many.size());
      ASSERT_EQ(found->front(), i % 60);
      ASSERT_EQ(found->back(), i % 60);
    } else {
      cache.keep(key, many);
    }
  }
}

}  // namespace
}  // namespace picket::rules
