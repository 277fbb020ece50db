#include "rules/literal_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "rules/fold.h"

namespace picket::rules {
namespace {

LiteralFilter filter_of(const std::vector<std::string>& literals) {
  return LiteralFilter(std::vector<std::string_view>(literals.begin(), literals.end()));
}

// The inside of the JSON string; with `slashes` as those write it that put a backslash before "/".
std::string escape(const std::string& text, bool slashes) {
  const std::string quoted = dump_json(Json(text));
  std::string token;
  for (const char c : quoted.substr(1, quoted.size() - 2)) {
    if (c == '/' && slashes) token += '\\';
    token += c;
  }
  return token;
}

std::string random_text(std::mt19937& random, std::size_t size_max, std::string_view letters) {
  std::string text;
  for (std::size_t n = random() % (size_max + 1); n > 0; --n)
    text += letters[random() % letters.size()];
  return text;
}

TEST(LiteralFilter, KeepsBackNothingThatHoldsALiteral) {
  constexpr std::string_view kLetters = "abEX.\\\\/\"\n\t\r\b\fe";
  std::size_t held = 0;
  std::size_t kept_back = 0;
  for (unsigned seed = 0; seed < 2'000; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> literals;
    for (std::size_t n = random() % 5; n > 0; --n) {
      std::string literal = fold(random_text(random, 8, kLetters));
      if (!literal.empty()) literals.push_back(std::move(literal));
    }
    const LiteralFilter filter = filter_of(literals);
    for (int round = 0; round < 20; ++round) {
      std::string text = random_text(random, 20, kLetters);
      if (round % 2 == 0 && !literals.empty())
        text += literals[random() % literals.size()] + random_text(random, 20, kLetters);
      const std::string folded = fold(text);
      bool holds = false;
      for (const std::string& literal : literals)
        holds |= folded.find(literal) != std::string::npos;
      if (holds) {
        for (const std::string& token : {text, escape(text, false), escape(text, true)})
          ASSERT_TRUE(filter.may_pass(token)) << "seed " << seed << " '" << token << "'";
      }
      held += holds;
      kept_back += !filter.may_pass(escape(text, false));
    }
  }
  EXPECT_GT(held, 5'000U);
  EXPECT_GT(kept_back, 5'000U);
}

TEST(LiteralFilter, KeepsBackOrdinaryValues) {
  const LiteralFilter filter = filter_of({R"(\temp\rotten)", "sekurlsa", "\xc3\xa9tude", "\\\\"});
  EXPECT_FALSE(filter.passes_all());
  EXPECT_TRUE(filter.may_pass(R"(C:\\Temp\\Rotten\\x.exe)"));
  EXPECT_TRUE(filter.may_pass("SEKURLSA::logonpasswords"));
  EXPECT_TRUE(filter.may_pass(R"(\\\\share)"));
  EXPECT_FALSE(filter.may_pass("etude"));  // no text of ASCII holds the third
  EXPECT_FALSE(filter.may_pass("C:/Windows/System32/svchost.exe"));
  EXPECT_FALSE(LiteralFilter().may_pass("anything"));
}

TEST(LiteralFilter, OfTooManyLiteralsLetsEverythingPass) {
  std::vector<std::string> literals;
  for (int i = 1'000; i < 2'000; ++i) literals.push_back(std::to_string(i));
  EXPECT_TRUE(filter_of(literals).passes_all());
  EXPECT_TRUE(filter_of(literals).may_pass("anything"));
}

}  // namespace
}  // namespace picket::rules
