#include "parsers/formats/kv.h"

#include <gtest/gtest.h>

#include "tests/parsers/formats.h"

namespace picket::parsers {
namespace {

std::string read(const std::string& text, const KvStyle& style) {
  return shown_by(text, [&style](std::string_view line, Arena& arena, std::vector<Pair>& pairs) {
    return read_kv(line, style, arena, pairs);
  });
}

TEST(Kv, Logfmt) {
  EXPECT_EQ(
      read("level=info msg=\"user \\\"an\\\" \\u00e9\\n\" took=3ms debug  err=", kLogfmtStyle),
      "level=info|msg=user \"an\" \xc3\xa9\n|took=3ms|debug=|err=");
  EXPECT_EQ(read("a=b=c x=\"open", kLogfmtStyle), "a=b=c|x=open");
  EXPECT_EQ(read("a=\"x\\", kLogfmtStyle), "a=x\\");
  EXPECT_EQ(read("a=\"x\\\\\" b=\"\\x41\\xZZ\\uD800\"", kLogfmtStyle), "a=x\\|b=AxZZ\xef\xbf\xbd");
  EXPECT_EQ(read("", kLogfmtStyle), "no");
  EXPECT_EQ(read("   ", kLogfmtStyle), "no");
}

TEST(Kv, Fortigate) {
  EXPECT_EQ(read("date=2026-03-01 devname=\"fw 1\" msg=\"a \\\"b\\\" C:\\temp\\new\" n=\"\" k=1",
                 kFortigateStyle),
            "date=2026-03-01|devname=fw 1|msg=a \"b\" C:\\temp\\new|n=|k=1");
  EXPECT_EQ(read("a=1,b=\"2,3\",c=4", kFortigateStyle), "a=1|b=2,3|c=4");
  EXPECT_EQ(read("words without any", kFortigateStyle), "no");
}

TEST(Kv, CheckPoint) {
  EXPECT_EQ(read("1 - [action:\"Accept\"; flags:\"1\"; rule:\"a]; \\\"b\\\"\"; n:\"\"]",
                 kCheckPointStyle),
            "action=Accept|flags=1|rule=a]; \"b\"|n=");
  EXPECT_EQ(read("[action:\"Drop\"; cut", kCheckPointStyle), "action=Drop");
  EXPECT_EQ(read("action:\"Drop\"", kCheckPointStyle), "no");
}

TEST(Kv, AuditdDecodesWhatPeopleChose) {
  EXPECT_EQ(read("type=USER_CMD msg=audit(1.2:3): uid=0 msg='cwd=\"/root\" cmd=6C73202D6C "
                 "exe=\"/bin/sudo\" res=success'",
                 kAuditdStyle),
            "type=USER_CMD|msg=audit(1.2:3):|uid=0|cwd=/root|cmd=ls -l|exe=/bin/sudo|res=success");
  EXPECT_EQ(read("type=SYSCALL a0=7FFF comm=\"sh\" exe=2F6F70742F61206200 key=(null)\x1d"
                 "AUID=\"an\"",
                 kAuditdStyle),
            "type=SYSCALL|a0=7FFF|comm=sh|exe=/opt/a b |key=(null)|AUID=an");
  EXPECT_EQ(read("type=EXECVE argc=2 a0=\"rm\" a1=612062", kAuditdStyle),
            "type=EXECVE|argc=2|a0=rm|a1=a b");
  EXPECT_EQ(read("type=PROCTITLE proctitle=7368002D63", kAuditdStyle),
            "type=PROCTITLE|proctitle=sh -c");
  EXPECT_EQ(read("msg='PAM: acct=\"root\" : exe=\"/x\" (hostname=h, addr=192.0.2.1, res=ok)'",
                 kAuditdStyle),
            "acct=root|exe=/x|hostname=h|addr=192.0.2.1|res=ok");
}

TEST(Kv, Netscaler) {
  EXPECT_EQ(read(" SPCBId 3222 - ClientIP 192.0.2.1 - Reason \"a - b\"  - Commands show ns",
                 kNetscalerStyle),
            "SPCBId=3222|ClientIP=192.0.2.1|Reason=a - b|Commands=show ns");
}

TEST(Kv, FlagsOfIptables) {
  EXPECT_EQ(read("IN=eth0 OUT= SRC=192.0.2.1 DF PROTO=TCP SYN URGP=0", kIptablesStyle),
            "IN=eth0|OUT=|SRC=192.0.2.1|DF=|PROTO=TCP|SYN=|URGP=0");
}

TEST(Kv, ValuesWithSpaces) {
  KvStyle style;
  style.spaces_in_values = true;
  EXPECT_EQ(read("act=blocked by rule 5 src=192.0.2.1  msg=a=b and (c=d) cs1.name=x y", style),
            "act=blocked by rule 5|src=192.0.2.1|msg=a=b and (c=d)|cs1.name=x y");
  EXPECT_EQ(read("empty= next=1", style), "empty=|next=1");
}

TEST(Kv, OtherSeparatorsAndBlanks) {
  KvStyle style;
  style.separators = ByteSet(",;");
  style.assign = ByteSet(":");
  style.spaces_at_assign = true;
  EXPECT_EQ(read("a: 1, b :2; \"c\":\"x,y\"", style), "a=1|b=2|c=x,y");
  KvStyle doubled;
  doubled.escape = KvEscape::kDoubled;
  EXPECT_EQ(read("a=\"x \"\"y\"\"\" b=1", doubled), "a=x \"y\"|b=1");
}

TEST(Kv, Bounds) {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "k" + std::to_string(i) + "=v ";
  Arena arena;
  std::vector<Pair> pairs;
  EXPECT_TRUE(read_kv(many, kLogfmtStyle, arena, pairs));
  EXPECT_EQ(pairs.size(), kPairsMax);
  pairs.clear();
  EXPECT_FALSE(read_kv(std::string(kPairNameMax + 1, 'n') + "=v", kLogfmtStyle, arena, pairs));
  pairs.clear();
  EXPECT_TRUE(read_kv("msg='" + many + "' a=1", kAuditdStyle, arena, pairs));
  EXPECT_EQ(pairs.size(), kPairsMax);
}

}  // namespace
}  // namespace picket::parsers
