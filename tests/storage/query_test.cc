#include "storage/query.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "storage/folded_text.h"
#include "tests/storage/query_property.h"

namespace picket::storage {
namespace {

TEST(Query, ReadsAndShows) {
  const auto query = [](std::string_view text, std::string_view expected) {
    const Result<Query> parsed = parse_query(text);
    ASSERT_TRUE(parsed) << text << "\n" << parsed.error().what;
    EXPECT_EQ(parsed->show(), expected) << "query: " << text;
    check_query(text);
  };
  query("", "*");
  query("  \n", "*");
  query("*", "*");
  // Free text
  query("failed", R"("failed")");
  query("failed password", R"("failed" and "password")");
  query(R"("failed password" x)", R"("failed password" and "x")");
  query(R"("a \"b\" \\ \c")", R"("a \"b\" \\ \\c")");
  query("pass*d", "pass*d");
  query("C:\\Windows\\*.exe", "C:\\Windows\\*.exe");
  query("12:30:00 fe80::1 http://x", R"("12:30:00" and "fe80::1" and "http://x")");
  // Fields
  query("user.name:root", R"(user.name:"root")");
  query("user.name:\"ro ot\"", R"(user.name:"ro ot")");
  query("user.name:*", "user.name:*");
  query("user.name:r?ot*", "user.name:r?ot*");
  query(R"(user.name:"*")", R"(user.name:"*")");
  query("source.ip:10.0.0.0/8", "source.ip:10.0.0.0/8");
  query("source.ip:::1", R"("source.ip:::1")");  // free text: quote an address that begins with ':'
  query(R"(source.ip:"::1")", R"(source.ip:"::1")");
  query("url.path:/a/b", R"(url.path:"/a/b")");
  query("Image:C:\\x", R"(Image:"C:\\x")");
  query("source.port:>=1024", R"(source.port:>="1024")");
  query("source.port:<1e3", R"(source.port:<"1e3")");
  query("@timestamp:>2026-01-01", R"(@timestamp:>"2026-01-01")");
  query("@timestamp:<=\"2026-01-01 09:00:00\"", R"(@timestamp:<="2026-01-01 09:00:00")");
  query("user.name:(root or admin*)", R"(user.name:"root" or user.name:admin*)");
  query("user.name:(root not x:y)", R"(user.name:"root" and not user.name:"x:y")");
  query("aa:(:x*)", "aa:(:x*)");
  // Operators
  query("a or b and c", R"("a" or "b" and "c")");
  query("(a or b) and c", R"(("a" or "b") and "c")");
  query("a AND NOT b", R"("a" and not "b")");
  query("not not a", R"("a")");
  query("not (a b)", R"(not ("a" and "b"))");
  query("not (not (a))", R"(not (not "a"))");
  query("((a))", R"("a")");
  query("a(b or c)d", R"("a" and ("b" or "c") and "d")");
  query("android order nothing", R"("android" and "order" and "nothing")");
  query("\"or\"", R"("or")");
}

TEST(Query, ErrorsPointAtTheCharacter) {
  const auto error = [](std::string_view text, std::size_t offset, std::string_view what) {
    QueryError parts;
    const Result<Query> parsed = parse_query(text, &parts);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::kInvalid);
    EXPECT_EQ(parts.offset, offset) << text << ": " << parts.what;
    EXPECT_NE(parts.what.find(what), std::string::npos) << parts.what;
  };
  error("user.name:", 10, "a value is missing after user.name:");
  error("user.name: root", 10, "a value is missing");
  error("a and", 5, "a term is missing at the end");
  error("a or or b", 5, "a term is missing before this word");
  error("and b", 0, "quote it");
  error("(a or b", 0, "not closed");
  error("a (b", 2, "not closed");
  error("a)", 1, "closes nothing");
  error("()", 1, "missing before )");
  error("x \"abc", 2, "this quote is not closed");
  error("aa:\"abc", 3, "this quote is not closed");
  error("aa:>x", 4, "a number or a time");
  error("aa:>", 4, "a number or a time");
  error("a | count", 2, "not part of the language");
  error("not", 3, "missing at the end");
  error(std::string(kQueryBytesMax + 1, 'a'), kQueryBytesMax, "longer than");
  error(std::string(70, '(') + "a" + std::string(70, ')'), 65, "nested deeper");

  const Result<Query> parsed = parse_query("khá user.name: x");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().what,
            "query, character 16: a value is missing after user.name:\n"
            "  khá user.name: x\n"
            "                ^");
}

TEST(Query, BoundsHold) {
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += "a ";
  EXPECT_FALSE(parse_query(many));
  std::string nots;
  while (nots.size() + 5 < kQueryBytesMax) nots += "not ";
  EXPECT_TRUE(parse_query(nots + "a"));
  EXPECT_TRUE(parse_query(std::string(64, '(') + "a" + std::string(64, ')')));
}

// Every text of up to four of these pieces.
TEST(Query, AnyTextIsReadOrRefused) {
  constexpr std::string_view kPieces[] = {"aa:", "(",    ")", "\"",  "x",  " or ",
                                          " ",   "not ", "*", ">=1", "\\", ":"};
  constexpr std::size_t kCount = std::size(kPieces);
  for (std::size_t size = 0; size <= 4; ++size) {
    std::size_t all = 1;
    for (std::size_t i = 0; i < size; ++i) all *= kCount;
    for (std::size_t number = 0; number < all; ++number) {
      std::string text;
      for (std::size_t i = 0, rest = number; i < size; ++i, rest /= kCount)
        text += kPieces[rest % kCount];
      check_query(text);
    }
  }
}

TEST(Network, ReadsAndContains) {
  const auto contains = [](std::string_view network, std::string_view address) {
    const auto a = parse_network(network);
    const auto b = parse_network(address);
    return a && b && a->contains(*b);
  };
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("192.168.1.128/25", "192.168.1.200"));
  EXPECT_FALSE(contains("192.168.1.128/25", "192.168.1.100"));
  EXPECT_TRUE(contains("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("2001:db8::/32", "2001:DB8:1::"));
  EXPECT_TRUE(contains("::1", "0:0:0:0:0:0:0:1"));
  EXPECT_TRUE(contains("::ffff:10.0.0.1", "10.0.0.1"));
  for (const char* bad :
       {"10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "x", "", "::/129", "1.2.3.4/-1", "1.2.3.4/8x"}) {
    EXPECT_FALSE(parse_network(bad)) << bad;
  }
}

TEST(FoldedText, ContainsAgreesWithTheSlowWay) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 70, ' ');
    for (char& c : text) c = "aAbB@`{[\xC1\xE1"[random() % 10];
    std::string needle(random() % 5, ' ');
    for (char& c : needle) c = "aAbB@`{[\xC1\xE1"[random() % 10];
    const bool expected = fold(text).find(fold(needle)) != std::string::npos;
    ASSERT_EQ(contains_folded(text, fold(needle)), expected) << text << " / " << needle;
    ASSERT_EQ(matches_wildcard(text, "*" + fold(needle) + "*"), expected)
        << text << " / " << needle;
  }
}

TEST(FoldedText, Wildcards) {
  EXPECT_TRUE(matches_wildcard("C:\\Windows\\cmd.EXE", "*\\cmd.exe"));
  EXPECT_TRUE(matches_wildcard("abc", "a?c"));
  EXPECT_TRUE(matches_wildcard("", "*"));
  EXPECT_TRUE(matches_wildcard("aXbXc", "a*b*c"));
  EXPECT_FALSE(matches_wildcard("abc", "a?"));
  EXPECT_FALSE(matches_wildcard("", "?"));
  EXPECT_FALSE(matches_wildcard(std::string(20'000, 'a'), "*a*a*a*a*a*a*a*a*b"));  // stays quick
}

}  // namespace
}  // namespace picket::storage
