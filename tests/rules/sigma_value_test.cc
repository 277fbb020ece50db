#include "rules/sigma_value.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/base64.h"
#include "base/nearest.h"
#include "rules/cidr_text.h"
#include "rules/sigma_encoding.h"
#include "rules/sigma_regex.h"
#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

std::string shown(const Parts& parts) {
  Test test;
  test.field = "f";
  test.parts = parts;
  return shown(test).substr(2);
}

// Specification 2.1, "Escape Character".
TEST(SigmaValue, EscapesAndWildcards) {
  struct Case {
    const char* text;
    const char* parts;
  };
  const std::vector<Case> cases = {
      {"", ""},
      {"plain", "'plain'"},
      {R"(C:\Windows\x.exe)", R"('C:\Windows\x.exe')"},
      {R"(C:\\Windows)", R"('C:\Windows')"},
      {"a*b", "'a'*'b'"},
      {"a?b", "'a'?'b'"},
      {"*a*", "*'a'*"},
      {"a**b", "'a'*'b'"},
      {"a?*b", "'a'?*'b'"},
      {R"(a\*b\?c)", "'a*b?c'"},
      {R"(a\\*)", R"('a\'*)"},
      {R"(a\\\*)", R"('a\*')"},
      {R"(a\\\b)", R"('a\\b')"},
      {R"(a\\\\b)", R"('a\\b')"},
      {R"(ends with \)", R"('ends with \')"},
      {R"(ends with \\)", R"('ends with \')"},
  };
  for (const Case& one : cases) EXPECT_EQ(shown(parse_parts(one.text)), one.parts) << one.text;
}

TEST(SigmaEncoding, Base64) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("\xFB\xFF\xFE"), "+//+");
}

TEST(SigmaEncoding, Base64OffsetFindsTheValueAtEveryShift) {
  const std::string value = "http://";
  const std::vector<std::string> variants = base64_offset_texts(value);
  ASSERT_EQ(variants.size(), 3u);
  for (std::size_t before = 0; before < 9; ++before) {
    for (std::size_t after = 0; after < 5; ++after) {
      const std::string whole =
          to_base64(std::string(before, 'Q') + value + std::string(after, 'Z'));
      EXPECT_NE(whole.find(variants[before % 3]), std::string::npos) << before << " " << after;
    }
  }
}

TEST(SigmaEncoding, Utf16) {
  EXPECT_EQ(utf16_bytes("aé", ByteOrder::kLittle), std::string("a\0\xE9\0", 4));
  EXPECT_EQ(utf16_bytes("a", ByteOrder::kBig), std::string("\0a", 2));
  EXPECT_EQ(utf16_bytes("\U0001F600", ByteOrder::kBig), std::string("\xD8\x3D\xDE\x00", 4));
  EXPECT_EQ(utf16_bytes("\xFF", ByteOrder::kBig), "\xFF\xFD");
}

TEST(SigmaEncoding, WindashChangesOnlyDashesThatBeginAFlag) {
  EXPECT_EQ(windash_variants(parse_parts(" -x")).value().size(), 5u);
  EXPECT_EQ(windash_variants(parse_parts("-a -b")).value().size(), 25u);
  EXPECT_EQ(windash_variants(parse_parts("well-known")).value().size(), 1u);
  EXPECT_EQ(windash_variants(parse_parts("a - b --")).value().size(), 1u);
  EXPECT_EQ(windash_variants(parse_parts("\u2013x")).value().size(), 5u);
  EXPECT_EQ(shown(windash_variants(parse_parts("*-x")).value()[1]), "*'/x'");
  EXPECT_FALSE(windash_variants(parse_parts("-a -b -c -d -e -f")).has_value());
}

TEST(SigmaEncoding, Placeholders) {
  const Placeholders known = {{"hosts", {"srv*", "dc\\*1"}}, {"n", {"1", "2"}}};
  const auto variants = [&](const std::string& text) {
    std::string all;
    const auto made = expand_placeholders(text, 1, known);
    if (!made) return made.error().reason;
    for (const Parts& parts : *made) all += shown(parts) + " ";
    return all;
  };
  EXPECT_EQ(variants("%hosts%"), "'srv'* 'dc*1' ");
  EXPECT_EQ(variants("a%n%-%n%"), "'a1-1' 'a1-2' 'a2-1' 'a2-2' ");
  EXPECT_EQ(variants("100% sure"), "'100% sure' ");
  EXPECT_EQ(variants("\\%n%"), "'%n%' ");
  EXPECT_EQ(variants("\\%plain%n%"), "'%plain1' '%plain2' ");
  EXPECT_EQ(variants("%who%"), "placeholder '%who%' has no value");
}

TEST(CidrText, CanonicalNetworks) {
  EXPECT_EQ(cidr_text("10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(cidr_text("10.1.2.3/8"), "10.0.0.0/8");
  EXPECT_EQ(cidr_text("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(cidr_text("2001:DB8::1/32"), "2001:db8::/32");
  EXPECT_EQ(cidr_text("::/0"), "::/0");
  for (const char* bad :
       {"", "10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/", "10.0.0.0/8x", "::/129"}) {
    EXPECT_FALSE(cidr_text(bad).has_value()) << bad;
  }
}

TEST(SigmaRegex, WhichEngineRunsIt) {
  const auto engine = [](const std::string& text) {
    rules::Test test;
    test.op = Op::kRegex;
    test.text = text;
    return check_regex(test).engine;
  };
  EXPECT_EQ(engine(R"(^a\d+\w\s\b(x|y){2,5}$)"), RegexEngine::kHyperscan);
  EXPECT_EQ(engine(""), RegexEngine::kHyperscan);
  EXPECT_EQ(engine("(?=a)b"), RegexEngine::kPcre2);
  EXPECT_EQ(engine("(?<!a)b"), RegexEngine::kPcre2);
  EXPECT_EQ(engine(R"((a|b)\1)"), RegexEngine::kPcre2);
  EXPECT_EQ(engine("a.{5000}b"), RegexEngine::kHyperscan) << "one counter";
  EXPECT_EQ(engine("^(?=.{5000,})cmd"), RegexEngine::kPcre2);
  EXPECT_EQ(engine("(a.{5000}b){2}"), RegexEngine::kNone);
  EXPECT_EQ(engine("(?:a.{0,30}b){80}"), RegexEngine::kNone);
  EXPECT_EQ(engine("((a+)+)$"), RegexEngine::kHyperscan) << "in linear time";
  EXPECT_EQ(engine("(?=((a+)+)$)"), RegexEngine::kNone) << "in exponential time";
  EXPECT_EQ(engine("(a"), RegexEngine::kNone);
  EXPECT_EQ(engine("a{2,1}"), RegexEngine::kNone);
  EXPECT_EQ(engine("(((a{1,1000}){1,1000}){1,1000})"), RegexEngine::kNone);
  EXPECT_EQ(engine(std::string(500, '(') + std::string(500, ')')), RegexEngine::kNone);
  EXPECT_EQ(engine(std::string(10'000, 'a')), RegexEngine::kNone);
}

TEST(Nearest, OnlyWhatIsClose) {
  const std::vector<std::string_view> known = {"contains", "startswith", "endswith", "re"};
  EXPECT_EQ(nearest_name("contain", known), "contains");
  EXPECT_EQ(nearest_name("startwith", known), "startswith");
  EXPECT_EQ(nearest_name("zzzzzz", known), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'a'), known), "");
}

}  // namespace
}  // namespace picket::rules
