#include "rules/regex_literals.h"

#include <gtest/gtest.h>

#include <random>

#include "rules/fold.h"
#include "rules/regex.h"

namespace picket::rules {
namespace {

using Sets = std::vector<std::vector<std::string>>;

struct Case {
  std::string regex;
  Sets literals;
};

TEST(RegexLiterals, AreWhatEveryMatchHolds) {
  const Case cases[] = {
      {"abc", {{"abc"}}},
      {"(?i)AbC", {{"abc"}}},
      {R"(\\AppData\\Local\\Temp\\dat[0-9A-Z]{4}\.tmp)",
       {{R"(\appdata\local\temp\dat)"}, {".tmp"}}},
      {"abc?def", {{"ab"}, {"def"}}},
      {"abc*", {{"ab"}}},
      {"ab+cd", {{"ab"}, {"bcd"}}},
      {"ab{0,3}cd", {{"cd"}}},
      {"ab{2}cd", {{"ab"}, {"bcd"}}},
      {"(?:foo|bar)baz", {{"foo", "bar"}, {"baz"}}},
      {"(foo|b?)baz", {{"baz"}}},
      {"(foo)?bar", {{"bar"}}},
      {"(foo){0,2}bar", {{"bar"}}},
      {"(foo){1,2}bar", {{"foo"}, {"bar"}}},
      {"foo|barbaz", {{"foo", "barbaz"}}},
      {"foo|.", {}},
      {"(?!foo)bar", {{"bar"}}},
      {"(?<=foo)bar", {{"bar"}}},
      {"(?<name>foo)bar", {{"foo"}, {"bar"}}},
      {R"(a\.b\x41\x2e)", {{"a.ba."}}},
      {R"(foo\d+bar)", {{"foo"}, {"bar"}}},
      {R"(foo\1bar)", {{"foo"}, {"bar"}}},
      {"[abc]foo[]x]bar[[:alpha:]]baz", {{"foo]bar", "fooxbar"}, {"baz"}}},
      {"[ab]foo", {{"afoo", "bfoo"}}},
      {"[abcdefg]foo|[a-c]foo|[^a]foo", {{"foo", "foo", "foo"}}},
      {R"(\.[ "']{1}x*)", {{". ", ".\"", ".'"}}},
      {R"(net\s[abc]x)",
       {{"net ", "net\t", "net\n", "net\v", "net\f", "net\r"}, {"ax", "bx", "cx"}}},
      {"[Aa]B+c", {{"ab"}, {"bc"}}},
      {R"([\d]foo[\-x]bar)", {{"foo-bar", "fooxbar"}}},
      {"[a-]foo", {{"afoo", "-foo"}}},
      {"a{,3}bc", {}},           // dialects differ
      {"${input", {{"input"}}},  // a brace that counts nothing
      {"(?x) a b c", {}},
      {R"(\Qa.b\E)", {}},
      {R"(\x{41}bc)", {}},
      {R"([\c]abc]def)", {}},  // "\c]" is one character of the class
      {"[a[:]x|y:]z]foo", {}},
      {"[a[.]xyz|b.]c]foo", {}},
      {"[[:^alpha:]x]foo", {{"foo"}}},
      {"abc{ 0,1}d", {}},
      {"foo)bar", {}},
      {"(foo", {}},
      {"[foo", {}},
      {"*foo", {}},
      {"", {}},
      {"caf\xc3\xa9 noir", {{"caf"}, {" noir"}}},
  };
  for (const auto& [regex, literals] : cases)
    EXPECT_EQ(necessary_literals(regex), literals) << regex;
}

// Random expressions and texts: where the regex matches, each set has a literal in the text.
TEST(RegexLiterals, HoldForRandomExpressions) {
  constexpr std::string_view kPieces[] = {
      "a",   "b",     "ab", "B",    "(",    ")",   "(?:", "|",    "?", "*", "+",
      "{2}", "{0,1}", ".",  "[ab]", "[^a]", "\\.", "\\w", "(?i)", "^", "$", "{1,3}"};
  std::size_t matched = 0;
  std::size_t told = 0;
  for (unsigned seed = 0; seed < 60'000; ++seed) {
    std::mt19937 random(seed);
    std::string pattern;
    const std::size_t count = 1 + random() % 9;
    for (std::size_t i = 0; i < count; ++i) pattern += kPieces[random() % std::size(kPieces)];
    const Sets sets = necessary_literals(pattern);
    if (sets.empty()) continue;
    const auto regex = Regex::compile(pattern, {.ignore_case = random() % 2 == 0});
    if (!regex) continue;
    ++told;
    HyperscanScratch scratch;
    (*regex)->prepare(scratch);
    for (int round = 0; round < 10; ++round) {
      std::string text;
      for (std::size_t i = random() % 10; i > 0; --i) text += "abAB. "[random() % 6];
      if (!(*regex)->search(text, scratch)) continue;
      ++matched;
      const std::string folded = fold(text);
      for (const std::vector<std::string>& either : sets) {
        bool any = false;
        for (const std::string& literal : either)
          any = any || folded.find(literal) != std::string::npos;
        ASSERT_TRUE(any) << "seed " << seed << ": " << pattern << " on " << text;
      }
    }
  }
  EXPECT_GT(told, 1000U);
  EXPECT_GT(matched, 1000U);
}

}  // namespace
}  // namespace picket::rules
