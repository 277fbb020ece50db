#include "rules/tail_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "rules/fold.h"

namespace picket::rules {
namespace {

struct Tail {
  std::string text;
  bool whole = false;
};

TailFilter filter_of(const std::vector<Tail>& tails) {
  TailFilter filter;
  for (const Tail& tail : tails) filter.add(tail.text, tail.whole);
  filter.build();
  return filter;
}

bool passes(const std::vector<Tail>& tails, std::string_view folded) {
  for (const Tail& tail : tails) {
    if (tail.whole ? folded == tail.text : folded.ends_with(tail.text)) return true;
  }
  return false;
}

// The inside of the JSON string.
std::string escape(const std::string& text) {
  const std::string quoted = dump_json(Json(text));
  return quoted.substr(1, quoted.size() - 2);
}

std::string random_text(std::mt19937& random, std::size_t size_max) {
  constexpr std::string_view kLetters = "abEX.\\\\/\"\n\t e";
  std::string text;
  for (std::size_t n = random() % (size_max + 1); n > 0; --n)
    text += kLetters[random() % kLetters.size()];
  return text;
}

// What passes must not be kept back, in the record's own spelling or JSON's.
TEST(TailFilter, KeepsBackNothingThatPasses) {
  std::size_t passed = 0;
  std::size_t kept_back = 0;
  for (unsigned seed = 0; seed < 2'000; ++seed) {
    std::mt19937 random(seed);
    std::vector<Tail> tails;
    for (std::size_t n = random() % 4; n > 0; --n) {
      std::string text = fold(random_text(random, 12));
      if (!text.empty()) tails.push_back({std::move(text), random() % 2 == 0});
    }
    const TailFilter filter = filter_of(tails);
    for (int round = 0; round < 20; ++round) {
      std::string text = random_text(random, 10);
      if (round % 2 == 0 && !tails.empty()) text += tails[random() % tails.size()].text;
      const bool wanted = passes(tails, fold(text));
      const std::string token = escape(text);
      const bool escaped = token != text;
      if (wanted) {
        ASSERT_TRUE(filter.may_pass(text, false)) << "seed " << seed << " '" << text << "'";
        ASSERT_TRUE(filter.may_pass(token, escaped)) << "seed " << seed << " '" << token << "'";
      }
      passed += wanted;
      kept_back += !filter.may_pass(token, escaped);
    }
  }
  EXPECT_GT(passed, 5'000U);
  EXPECT_GT(kept_back, 5'000U);
}

TEST(TailFilter, KeepsBackOrdinaryValues) {
  const TailFilter filter = filter_of({{"mimikatz.exe", false}, {"0x1410", true}, {"5", true}});
  EXPECT_TRUE(filter.may_pass(R"(C:\\Temp\\MimiKatz.exe)", true));
  EXPECT_TRUE(filter.may_pass("0X1410", false));
  EXPECT_TRUE(filter.may_pass("5", false));
  EXPECT_FALSE(filter.may_pass(R"(C:\\Windows\\System32\\svchost.exe)", true));
  EXPECT_FALSE(filter.may_pass("0x1000", false));
  EXPECT_FALSE(filter.may_pass("15", false));
  EXPECT_FALSE(filter.may_pass("", false));
  EXPECT_FALSE(TailFilter().may_pass("anything", false));
}

}  // namespace
}  // namespace picket::rules
