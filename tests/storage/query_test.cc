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
  query("aa:(:x*)", "aa=:x*");
  query("`Event ID`:4 `x`=1", "`Event ID`:\"4\" and `x`:\"1\"");
  // Operators of fields
  query("user.name=root", R"(user.name:"root")");
  query("user.name = root", R"(user.name:"root")");
  query("user.name==\"Root\"", R"(user.name=="Root")");
  query("user.name!=root", R"(user.name:* and not user.name:"root")");
  query("source.port < 5", R"(source.port:<"5")");
  query("source.port>= 5", R"(source.port:>="5")");
  query("source.port:[1 TO 1023]", R"(source.port:["1" TO "1023"])");
  query("source.port:{ 1 to \"5\" }", R"(source.port:{"1" TO "5"})");
  query("source.port:[* TO 5}", R"(source.port:<"5")");
  query("source.port:[5 TO *]", R"(source.port:>="5")");
  query("source.port:[* TO *]", "source.port:*");
  query("source.ip:[10.0.0.1 TO 10.0.0.9]", R"(source.ip:["10.0.0.1" TO "10.0.0.9"])");
  query("user.name in (root, \"a b\",adm*)",
        R"(user.name:"root" or user.name:"a b" or user.name:adm*)");
  query("user.name NOT IN (root)", R"(user.name:* and not user.name:"root")");
  query("user.name!=(root or guest)",
        R"(user.name:* and not (user.name:"root" or user.name:"guest"))");
  query("user.name:/^Adm/i", "user.name:/^Adm/i");
  query("user.name=/a b|c/", "user.name:/a b|c/");
  query("user.name in (/a,b/, c)", R"(user.name:/a,b/ or user.name:"c")");
  query("url.path:/var/log", R"(url.path:"/var/log")");
  query("-root -\"x y\" -(a b)", R"(not "root" and not "x y" and not ("a" and "b"))");
  query("user.name:(* -root)", R"(user.name:* and not user.name:"root")");
  query("--user -> 5-4", R"("--user" and "->" and "5-4")");
  query("user.port:(-1 or 2)", R"(user.port:"-1" or user.port:"2")");
  query("a-> b", R"("a->" and "b")");
  // Commands
  query("failed | count", R"("failed" | count)");
  query("|count by user.name,host.name", "* | count by user.name, host.name");
  query(
      "x|stats count, sum(a.b) as nn, p95(cc), dc(d.d) by user.name",
      R"("x" | stats count, sum(a.b) as nn, p95(cc) as `p95(cc)`, distinct(d.d) as `dc(d.d)` by user.name)");
  query("x | timechart", R"("x" | timechart span=1h count)");
  query("x | timechart span=90m max(aa) by user.name",
        R"("x" | timechart span=90m max(aa) as `max(aa)` by user.name)");
  query("x | top 5 user.name by host.name", R"("x" | top 5 user.name by host.name)");
  query("x | rare user.name", R"("x" | rare 10 user.name)");
  query("x | distinct user.name, host.name", R"("x" | distinct user.name, host.name)");
  query("x | SORT -count, user.name desc, +b", R"("x" | sort -count, -user.name, `b`)");
  query("x | head | tail 3", R"("x" | head 10 | tail 3)");
  query("x | fields - aa, bb | table cc", R"("x" | fields - aa, bb | fields cc)");
  query("x | dedup user.name | where count>5 or \"y | z\"",
        R"("x" | dedup user.name | where count:>"5" or "y | z")");
  query("x | stats sum(aa) | sort -sum(aa)",
        R"("x" | stats sum(aa) as `sum(aa)` | sort -`sum(aa)`)");
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
  error("aa:>x", 4, "a number, a time");
  error("aa:>", 4, "a number, a time");
  error("aa:[1 2]", 6, "TO is missing");
  error("aa:[1 TO 2", 3, "not closed");
  error("aa:[1 TO x]", 9, "a number, a time");
  error("aa:[1 TO 2026-01-01]", 3, "two kinds");
  error("aa in (b c)", 9, "a comma or )");
  error("aa in (b,", 9, "a value is missing");
  error("aa:/(/", 5, "regular expression: missing closing parenthesis");
  error("aa:/(*UTF)x/", 4, "not taken");
  error("a | cuont", 4, "there is no command 'cuont'; did you mean 'count'?");
  error("a |", 3, "a command is missing");
  error("a | count user.name", 10, "the command ends before this");
  error("a | top", 7, "the name of a field is missing");
  error("a | head 0", 9, "a number from 1 to 1000000");
  error("a | head 1 by x", 11, "the command ends before this");
  error("a | stats summ(x)", 10, "there is no function 'summ'; did you mean 'sum'?");
  error("a | stats sum", 13, "sum needs a field");
  error("a | stats sum(x", 15, "a ) is missing");
  error("a | stats count, count", 10, "two columns are called 'count'");
  error("a | timechart span=1y", 19, "a span such as");
  error("a | where", 9, "a term is missing");
  error("a | dedup user, user", 16, "named twice");
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

// Every text of up to three of these pieces, and some longer ones.
TEST(Query, AnyTextIsReadOrRefused) {
  constexpr std::string_view kPieces[] = {"aa:",  "(",  ")",  "\"", "x", " or ", " ",    "not ",
                                          "*",    ">1", "\\", ":",  "/", "[1",   " to ", "2]",
                                          " in ", ",",  "=",  "-",  "|", "head", "sort"};
  constexpr std::size_t kCount = std::size(kPieces);
  for (std::size_t size = 0; size <= 3; ++size) {
    std::size_t all = 1;
    for (std::size_t i = 0; i < size; ++i) all *= kCount;
    for (std::size_t number = 0; number < all; ++number) {
      std::string text;
      for (std::size_t i = 0, rest = number; i < size; ++i, rest /= kCount)
        text += kPieces[rest % kCount];
      check_query(text);
    }
  }
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = 4 + random() % 8; i > 0; --i) text += kPieces[random() % kCount];
    check_query(text);
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
