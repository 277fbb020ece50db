#include "rules/regex.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/regex_size.h"

namespace picket::rules {
namespace {

using namespace std::string_view_literals;

bool found(const std::string& pattern, std::string_view text, RegexFlags flags = {}) {
  const auto regex = Regex::compile(pattern, flags);
  EXPECT_TRUE(regex) << pattern;
  if (!regex) return false;
  HyperscanScratch scratch;
  (*regex)->prepare(scratch);
  return (*regex)->search(text, scratch);
}

TEST(Regex, CountsCharactersOfUtf8) {
  EXPECT_TRUE(found("^.$", "é"));
  EXPECT_FALSE(found("^..$", "é"));
  EXPECT_TRUE(found("^.{3}$", "日本語"));
  EXPECT_FALSE(found("^.{9}$", "日本語"));
  EXPECT_TRUE(found("^[^a]$", "😀"));
  EXPECT_TRUE(found("日?本", "x本"));
  EXPECT_FALSE(found("^(日本)+$", "日本本"));
  EXPECT_TRUE(found("[à-ü]", "é"));
  EXPECT_FALSE(found("^\\w$", "é")) << "\\w is about ASCII";
  EXPECT_TRUE(found("^\\x{e9}$", "é"));
  EXPECT_FALSE(found("^\\x{e9}$", "e"));
}

TEST(Regex, FoldsCaseByUnicode) {
  EXPECT_TRUE(found("ÄRGER", "ärger", {.ignore_case = true}));
  EXPECT_FALSE(found("ÄRGER", "ärger"));
  EXPECT_TRUE(found("^k$", "\u212A", {.ignore_case = true})) << "the Kelvin sign";
  EXPECT_FALSE(found("^k$", "\u212A"));
}

TEST(Regex, LookAroundCountsCharactersToo) {
  EXPECT_TRUE(found("^(?!a).$", "é"));
  EXPECT_FALSE(found("^(?!a)..$", "é"));
  EXPECT_TRUE(found("^(.)\\1$", "éé"));
  EXPECT_FALSE(found("^(.)\\1$", "éè"));
}

TEST(Regex, WhatIsNotUtf8IsMatchedByByte) {
  EXPECT_TRUE(found("^..$", "\xff\xfe"));
  EXPECT_FALSE(found("^.$", "\xff\xfe"));
  EXPECT_TRUE(found("^(?!a)..$", "\xff\xfe"));
  EXPECT_TRUE(found("cmd", "\xc3 cmd"));
  EXPECT_FALSE(found("^.$", "\xc3\xa9\xff"));
}

// Hyperscan takes a minute to make this one for characters: PCRE2 answers, and where it gives up
// the database of bytes.
TEST(Regex, LargeRepeatsOfAnyCharacter) {
  const std::string pattern = "^(a.{0,300}b){3}é?$";
  EXPECT_TRUE(found(pattern, "aébaébab"));
  EXPECT_FALSE(found(pattern, "aébaébé"));
  std::string text = "é";
  for (int i = 0; i < 3000; ++i) text += "ab";
  EXPECT_FALSE(found("(a.{0,30}b){30}c", text));
}

TEST(Regex, SpanIsOfTheFirstMatch) {
  const auto regex = Regex::compile("b.d", {});
  ASSERT_TRUE(regex);
  EXPECT_EQ((*regex)->span("abéd bxd"), (std::pair<std::size_t, std::size_t>{1, 5}));
  EXPECT_EQ((*regex)->span("\xff bxd"), (std::pair<std::size_t, std::size_t>{2, 5}));
  EXPECT_EQ((*regex)->span("none"), (std::pair<std::size_t, std::size_t>{0, 0}));
}

TEST(RegexSize, RepeatsMultiply) {
  const auto states = [](std::string_view pattern) { return size_of_regex(pattern).states; };
  EXPECT_EQ(states("abc"), 3);
  EXPECT_EQ(states("a{100}"), 3) << "counted";
  EXPECT_EQ(states("(ab){10}"), 20);
  EXPECT_EQ(states("((a{10}b){10}c){10}"), 1110);
  EXPECT_EQ(states("[abc]{50}\\.x{100,}"), 6);
  EXPECT_EQ(states("a{,5}b{x}"), 1.1 + 4) << "braces that count nothing stand for themselves";
  EXPECT_EQ(size_of_regex("a.[^b]\\Wé\\w\\.").wide, 5) << "é is two bytes";
  EXPECT_EQ(size_of_regex("(a.{20}){3}").wide, 60);
  EXPECT_EQ(size_of_regex("[a-z]{50}[\\w-]{50}").wide, 0);
  EXPECT_EQ(size_of_regex("[a-zé]{50}[\\W]").wide, 51);
}

TEST(RegexSize, RepeatsInsideOfRepeats) {
  for (const std::string_view nested :
       {"(a+)+", "(a*b?)*", "((ab+)c){2,}", "(?:x+|y)+z", "([a-z]+\\d)*$"})
    EXPECT_TRUE(size_of_regex(nested).nested) << nested;
  for (const std::string_view flat :
       {"a+b+", "(a+b){2}", "(ab)+c*", "a+?", "a++", "(a{1,5})+", "\\(a+\\)+", "[(a+)]+"})
    EXPECT_FALSE(size_of_regex(flat).nested) << flat;
}

TEST(RegexSize, DeepGroups) {
  EXPECT_FALSE(size_of_regex(std::string(60, '(') + std::string(60, ')')).too_deep);
  EXPECT_TRUE(size_of_regex(std::string(70, '(')).too_deep);
}

}  // namespace
}  // namespace picket::rules
