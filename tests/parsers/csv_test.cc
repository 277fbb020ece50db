#include "parsers/formats/csv.h"

#include <gtest/gtest.h>

#include "parsers/formats/w3c.h"
#include "tests/parsers/formats.h"

namespace picket::parsers {
namespace {

std::string read(const std::string& line, const CsvStyle& style = {}) {
  Arena arena;
  std::vector<std::string_view> values;
  read_csv(line, style, arena, values);
  std::string text;
  for (const std::string_view value : values) text.append("<").append(value).append(">");
  return text;
}

TEST(Csv, Rfc4180) {
  EXPECT_EQ(read("a,b,c"), "<a><b><c>");
  EXPECT_EQ(read("a,,"), "<a><><>");
  EXPECT_EQ(read(""), "<>");
  EXPECT_EQ(read("\"a,b\",\"c \"\"d\"\"\",\"\""), "<a,b><c \"d\"><>");
  EXPECT_EQ(read("a\"b,c"), "<a\"b><c>");
}

TEST(Csv, QuotesThatAreWrong) {
  EXPECT_EQ(read("\"open,b"), "<open,b>");
  EXPECT_EQ(read("\"a\"b,c"), "<ab><c>");
  EXPECT_EQ(read("\""), "<>");
  EXPECT_EQ(read("\"a\"\"b\"\" c\"\",\"\"x\"\"\",last"), "<a\"b\" c\",\"x\"><last>");
}

TEST(Csv, Styles) {
  EXPECT_EQ(read("a|b,c|'d'", {.separator = '|', .quote = '\''}), "<a><b,c><d>");
  EXPECT_EQ(read("\"a\\\"b\\\\\",c", {.backslash = true}), "<a\"b\\><c>");
  EXPECT_EQ(read(" a  \"b c\" d ", {.separator = ' ', .merge = true}), "<a><b c><d>");
  EXPECT_EQ(read(" a , \"b\" ,c ", {.trim = true}), "<a><b><c>");
  EXPECT_EQ(read("\"a\",b", {.quote = '\0'}), "<\"a\"><b>");
}

TEST(Csv, Columns) {
  const std::vector<std::string> columns = {"a", "", "c", "d"};
  const std::vector<std::string_view> values = {"1", "2", "3"};
  std::vector<Pair> pairs;
  name_columns(columns, values, pairs);
  EXPECT_EQ(shown(pairs), "a=1|c=3");
}

TEST(Csv, Bounds) {
  Arena arena;
  std::vector<std::string_view> values;
  read_csv(std::string(100'000, ','), {}, arena, values);
  EXPECT_EQ(values.size(), kPairsMax);
}

std::string read_line(const std::string& line, const std::vector<std::string>& columns) {
  return shown_by(line, [&columns](std::string_view text, Arena& arena, std::vector<Pair>& pairs) {
    return read_w3c(text, columns, arena, pairs);
  });
}

TEST(W3c, DirectiveAndLine) {
  std::vector<std::string> columns;
  ASSERT_TRUE(
      read_w3c_fields("#Fields: date time cs-method cs(User-Agent) sc-status\r\n", columns));
  EXPECT_EQ(columns.size(), 5u);
  EXPECT_EQ(
      read_line("2026-03-01 10:00:00 GET Mozilla/5.0+(X) 200\r\n", columns),
      "date=2026-03-01|time=10:00:00|cs-method=GET|cs(User-Agent)=Mozilla/5.0+(X)|sc-status=200");
  EXPECT_EQ(read_line("2026-03-01 10:00:00 GET \"a \"\"b\"\"\" -", columns),
            "date=2026-03-01|time=10:00:00|cs-method=GET|cs(User-Agent)=a \"b\"");
  EXPECT_EQ(read_line("2026-03-01\t10:00:00\tGET\ta b\t-", columns),
            "date=2026-03-01|time=10:00:00|cs-method=GET|cs(User-Agent)=a b");
}

TEST(W3c, OtherCountsAreRefused) {
  const std::vector<std::string> columns = {"a", "b"};
  EXPECT_EQ(read_line("1", columns), "no");
  EXPECT_EQ(read_line("1 2 3", columns), "no");
  EXPECT_EQ(read_line("#Software: x", columns), "no");
  EXPECT_EQ(read_line("", columns), "no");
  EXPECT_EQ(read_line("- -", columns), "");
  std::vector<std::string> none;
  EXPECT_FALSE(read_w3c_fields("#Fields:", none));
  EXPECT_FALSE(read_w3c_fields("2026-03-01", none));
}

TEST(W3c, HeadingsSayHowLinesAreWritten) {
  Arena arena;
  std::vector<Pair> pairs;
  W3cColumns heading;
  const auto headed = [&](std::string_view text) {
    pairs.clear();
    return read_w3c(text, heading, arena, pairs);
  };
  ASSERT_TRUE(read_w3c_heading("#Fields: date-time,client-ip,event-id", heading));
  EXPECT_TRUE(headed("2026-03-01T00:00:00Z,,\"a,b\""));
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[1].name, "event-id");
  EXPECT_EQ(pairs[1].value, "a,b");
  EXPECT_FALSE(headed("2026-03-01T00:00:00Z,x"));
  ASSERT_TRUE(read_w3c_heading("#fields\tts\tid.orig_h\tnote", heading));
  EXPECT_TRUE(headed("1.5\t-\t\"one \" two"));
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[1].value, "\"one \" two");
  ASSERT_TRUE(read_w3c_heading("#Fields: date time", heading));
  EXPECT_TRUE(headed("2026-03-01  00:00:00"));
  EXPECT_FALSE(read_w3c_heading("#fields", heading));
}

}  // namespace
}  // namespace picket::parsers
