#include "rules/literal_matcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>

namespace picket::rules {
namespace {

using Places = std::multiset<std::pair<std::uint32_t, std::size_t>>;  // literal, begin

Places slowly(const std::vector<std::string>& literals, std::string_view text) {
  Places all;
  for (std::uint32_t i = 0; i < literals.size(); ++i) {
    for (std::size_t at = text.find(literals[i]); at != std::string_view::npos;
         at = text.find(literals[i], at + 1)) {
      all.emplace(i, at);
    }
  }
  return all;
}

LiteralMatcher matcher_of(const std::vector<std::string>& literals) {
  return LiteralMatcher(std::vector<std::string_view>(literals.begin(), literals.end()));
}

Places quickly(const LiteralMatcher& matcher, std::string_view text) {
  // A copy of its own, so that a read behind the end is seen.
  const std::unique_ptr<char[]> copy(new char[text.size()]);
  text.copy(copy.get(), text.size());
  Places all;
  matcher.scan({copy.get(), text.size()}, [&](std::uint32_t literal, std::size_t begin) {
    all.emplace(literal, begin);
    return false;
  });
  return all;
}

std::string random_text(std::mt19937& random, std::size_t size, std::string_view letters) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += letters[random() % letters.size()];
  return text;
}

TEST(LiteralMatcher, FindsEveryPlaceOfEveryLiteral) {
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    const std::string_view letters = seed % 2 == 0 ? "ab" : std::string_view("a\\.\x00\xff:ex", 8);
    std::vector<std::string> literals;
    for (std::size_t n = random() % 40; n > 0; --n)
      literals.push_back(random_text(random, 1 + random() % 9, letters));
    const LiteralMatcher matcher = matcher_of(literals);
    EXPECT_EQ(matcher.empty(), literals.empty());
    for (int round = 0; round < 20; ++round) {
      const std::string text = random_text(random, random() % 60, letters);
      const Places places = slowly(literals, text);
      ASSERT_EQ(quickly(matcher, text), places) << "seed " << seed;
      found += places.size();
    }
  }
  EXPECT_GT(found, 100'000U);
}

TEST(LiteralMatcher, FindsLongLiteralsAtEveryPlace) {
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> literals;
    for (std::size_t n = 41 + random() % 40; n > 0; --n)
      literals.push_back(random_text(random, 11 + random() % 20, seed % 2 == 0 ? "ab" : "a1\\x"));
    const LiteralMatcher matcher = matcher_of(literals);
    for (int round = 0; round < 20; ++round) {
      std::string text;
      for (std::size_t n = random() % 6; n > 0; --n) {
        text += random_text(random, random() % 12, "ab1");
        text += literals[random() % literals.size()];
      }
      const Places places = slowly(literals, text);
      ASSERT_EQ(quickly(matcher, text), places) << "seed " << seed;
      found += places.size();
    }
  }
  EXPECT_GT(found, 8'000U);
}

TEST(LiteralMatcher, ManyLiteralsWithTheSameBytes) {
  std::vector<std::string> literals;
  for (int i = 0; i < 3'000; ++i) literals.push_back("/common/path/" + std::to_string(i) + "/end");
  const LiteralMatcher matcher = matcher_of(literals);
  const std::string text = "x/common/path/77/end/common/path/2999/endy";
  EXPECT_EQ(quickly(matcher, text), (Places{{77, 1}, {2999, 20}}));
}

TEST(LiteralMatcher, EndsWhenItIsEnough) {
  const LiteralMatcher matcher = matcher_of({"abcd"});
  int calls = 0;
  EXPECT_TRUE(
      matcher.scan("abcdabcdabcd", [&](std::uint32_t, std::size_t) { return ++calls == 2; }));
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(matcher.scan("abcdabcdabcd", [](std::uint32_t, std::size_t) { return false; }));
}

}  // namespace
}  // namespace picket::rules
