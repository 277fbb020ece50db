#include "indicator_feed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "rules/indicators/csv.h"
#include "rules/indicators/stix.h"
#include "rules/indicators/stix_pattern.h"

namespace picket::rules {
namespace {

using Lines = std::vector<std::string>;

TEST(IndicatorList, OneOnALineWithComments) {
  EXPECT_EQ(
      feed_lines("\xEF\xBB\xBF# comment\r\n\r\n 1.2.3.4 \t# command and "
                 "control\r\nevil.example\n1.2.3.4 x\nnope\n",
                 "list"),
      (Lines{"3 ip 1.2.3.4", "4 domain evil.example",
             "5 refused bad-indicator: a line of a list is one indicator",
             "6 refused bad-indicator: this is no address, domain, URL or hash that is known"}));
  EXPECT_EQ(feed_lines("1.2.3.4", "list"), (Lines{"1 ip 1.2.3.4"}));
  EXPECT_EQ(feed_lines("", "list"), Lines{});
}

TEST(IndicatorCsv, ColumnsByName) {
  const std::string text =
      "Type,Value,Confidence,Source,Valid From,valid_until,Description,id\n"
      "domain,evil.example,90,\"CERT, "
      "\"\"A\"\"\",2026-01-01,2026-02-01T00:00:00Z,\"two\nlines\",x-1\n"
      "ipv4,1.2.3.4,,,,1767225600,,\n"
      "domain,1.2.3.4,1,,,,,\n"
      "domain,a.example,101,,,,,\n"
      "domain,a.example,1,,yesterday,,,\n"
      "mutex,a.example,1,,,,,\n"
      ",b.example\n";
  EXPECT_EQ(feed_lines(text, "csv"),
            (Lines{"2 domain evil.example confidence=90 from=2026-01-01T00:00:00Z "
                   "until=2026-02-01T00:00:00Z "
                   "source=CERT, \"A\" description=two\nlines reference=x-1",
                   "4 ip 1.2.3.4 until=2026-01-01T00:00:00Z",
                   "5 refused bad-indicator: this is no domain name of two labels or more",
                   "6 refused bad-value: the confidence is a number from 0 to 100",
                   "7 refused bad-value: this is no time",
                   "8 refused bad-indicator: this type of indicator is not supported",
                   "9 domain b.example"}));
}

TEST(IndicatorCsv, HeadInACommentAndTypedColumns) {
  EXPECT_EQ(
      feed_lines(
          "# feed\n# id,dateadded,url,tags\n\"7\",\"2026-01-01\",\"http://evil.example/a\",\"x\"\n",
          "csv"),
      (Lines{"3 url http://evil.example/a reference=7"}));
  const std::string md5(32, 'a');
  EXPECT_EQ(
      feed_lines("md5;sha1;name\n" + md5 + ";" + std::string(40, 'b') + ";evil\n;;none\n", "csv"),
      (Lines{"2 md5 " + md5 + " description=evil",
             "2 sha1 " + std::string(40, 'b') + " description=evil",
             "3 refused bad-indicator: the indicator is empty"}));
  EXPECT_EQ(feed_lines("a,b\nc,d\n", "csv"),
            (Lines{"1 refused no-columns: no line names the columns"}));
  EXPECT_EQ(feed_lines("", "csv"), (Lines{"1 refused no-columns: no line names the columns"}));
}

TEST(IndicatorCsv, AQuoteThatNeverClosesTakesOneLineWithIt) {
  std::string text = "value\n\"a.example\n";
  for (int i = 0; i < 40; ++i) text += "h" + std::to_string(i) + ".example\n";
  const Lines lines = feed_lines(text, "csv");
  ASSERT_EQ(lines.size(), 41u);
  EXPECT_EQ(lines[0], "2 refused bad-quotes: a quote is not closed");
  EXPECT_EQ(lines[1], "3 domain h0.example");
  EXPECT_EQ(lines[40], "42 domain h39.example");
  EXPECT_EQ(feed_lines("value\n\"a.example\"x\nb.example\n", "csv"),
            (Lines{"2 refused bad-quotes: quotes do not follow RFC 4180", "3 domain b.example"}));
}

TEST(IndicatorLines, LongLinesArePassedBy) {
  const std::string long_line(10'000'000, 'a');
  for (const char* format : {"list", "csv"}) {
    const std::string text = "value.example\n" + long_line + "\nb.example\n" + long_line;
    const Lines lines =
        feed_lines(format == std::string("csv") ? "value\n" + text : text, format, 4096);
    ASSERT_EQ(lines.size(), 4u) << format;
    EXPECT_TRUE(lines[1].ends_with("refused too-large: the line is too long"));
    EXPECT_TRUE(lines[2].ends_with("domain b.example"));
    EXPECT_TRUE(lines[3].ends_with("refused too-large: the line is too long"));
  }
}

std::string terms_of(std::string_view pattern) {
  std::vector<StixTerm> terms;
  if (const char* reason = read_stix_pattern(pattern, terms)) return reason;
  std::string text;
  for (const StixTerm& term : terms)
    text += (text.empty() ? "" : "; ") + std::string(term.type) + " " + term.value;
  return text;
}

TEST(StixPattern, OneThingAboutOneValue) {
  const struct {
    std::string_view pattern, expected;
  } kCases[] = {
      {"[ipv4-addr:value = '1.2.3.4']", "ip 1.2.3.4"},
      {"[ipv4-addr:value='1.2.3.0/24'] OR [ipv6-addr:value = '::1']", "ip 1.2.3.0/24; ip ::1"},
      {"[ipv4-addr:value ISSUBSET '10.0.0.0/8' OR domain-name:value = 'a.example']",
       "ip 10.0.0.0/8; domain a.example"},
      {"([file:hashes.'SHA-256' = 'aa' OR file:hashes.MD5 = 'bb'])", "sha256 aa; md5 bb"},
      {"[file:hashes.\"SHA-1\" = 'aa']", "sha1 aa"},
      {"[(domain-name:value IN ('a.example', 'b.example'))]", "domain a.example; domain b.example"},
      {R"([url:value = 'http://a.example/it\'s\\x'])", R"(url http://a.example/it's\x)"},
      {"[domain-name:value = 'a.example' AND url:value = 'b']",
       "only comparisons joined by OR are supported"},
      {"[domain-name:value = 'a'] FOLLOWEDBY [domain-name:value = 'b']",
       "only comparisons joined by OR are supported"},
      {"[domain-name:value = 'a'] WITHIN 5 SECONDS", "only comparisons joined by OR are supported"},
      {"[domain-name:value LIKE '%.example']", "only =, IN and ISSUBSET are supported"},
      {"[domain-name:value != 'a.example']", "only =, IN and ISSUBSET are supported"},
      {"[NOT domain-name:value = 'a.example']", "only =, IN and ISSUBSET are supported"},
      {"[domain-name:value ISSUBSET 'a']", "only =, IN and ISSUBSET are supported"},
      {"[file:name = 'a.exe']",
       "the pattern compares something that is no address, domain, URL or hash"},
      {"", "this is no STIX pattern"},
      {"[", "this is no STIX pattern"},
      {"[]", "this is no STIX pattern"},
      {"[domain-name:value = 'a'", "this is no STIX pattern"},
      {"domain-name:value = 'a'", "this is no STIX pattern"},
      {"[domain-name:value = 'a')", "this is no STIX pattern"},
      {"[domain-name:value = 'a]", "this is no STIX pattern"},
      {"[domain-name:value = 'a' OR]", "this is no STIX pattern"},
      {"[[domain-name:value = 'a']]", "this is no STIX pattern"},
  };
  for (const auto& one : kCases) EXPECT_EQ(terms_of(one.pattern), one.expected) << one.pattern;
  EXPECT_EQ(terms_of(std::string(100'000, '(')), "the pattern is too long");
  EXPECT_EQ(terms_of(std::string(1000, '(')), "the pattern is nested too deep");
  std::string many = "[domain-name:value IN ('a'";
  for (int i = 0; i < 300; ++i) many += ",'a'";
  EXPECT_EQ(terms_of(many + ")]"), "the pattern has too many comparisons");
}

std::string bundle(const std::string& objects) {
  return "{\"type\": \"bundle\", \"id\": \"bundle--1\",\n\"objects\": [\n" + objects + "\n]}\n";
}

TEST(Stix, IndicatorsOfABundle) {
  const std::string text = bundle(
      R"({"type": "indicator", "spec_version": "2.1", "id": "indicator--1", "created_by_ref": "identity--1", "name": "C2 \u0041",)"
      R"( "pattern": "[domain-name:value = 'Evil.Example'] OR [file:hashes.'SHA-256' = 'zz']", "pattern_type": "stix",)"
      R"( "valid_from": "2026-01-01T00:00:00.5Z", "valid_until": "2026-02-01T00:00:00Z", "confidence": 85, "labels": ["a", {"b": []}]},
{"type": "indicator", "id": "indicator--2", "revoked": true, "pattern": "[domain-name:value = 'a.example']"},
{"type": "indicator", "id": "indicator--3", "pattern": "rule x {}", "pattern_type": "yara"},
{"type": "malware", "name": "{\"[]}"},
{"type": "indicator", "pattern": "[file:name = 'x']"},
{"type": "indicator", "confidence": 300, "pattern": "[url:value = 'http://a.example/']"},
{"type": "identity", "id": "identity--1", "name": "CERT"},
{"type": "indicator", "pattern": broken},
{"type": "indicator", "description": "d", "pattern": "[ipv4-addr:value = '10.0.0.0/8']"})");
  const Lines expected = {
      "3 domain evil.example confidence=85 from=2026-01-01T00:00:00.500Z "
      "until=2026-02-01T00:00:00Z source=identity--1 "
      "description=C2 A reference=indicator--1",
      "3 refused bad-indicator: this is no hash of that kind",
      "revoked",
      "5 refused bad-pattern: patterns of this type are not supported",
      "7 refused bad-pattern: the pattern compares something that is no address, domain, URL or "
      "hash",
      "8 refused bad-value: the confidence is a number from 0 to 100",
      "identity--1 is CERT",
      "10 refused bad-pattern: this is no STIX pattern",
      "11 cidr 10.0.0.0/8 description=d",
  };
  EXPECT_EQ(feed_lines(text, "stix"), expected);
  for (const std::size_t piece : {1u, 2u, 7u, 64u})
    EXPECT_EQ(feed_lines(text, "stix", piece), expected) << piece;
}

TEST(Stix, HostileFiles) {
  const std::string one = R"({"type": "indicator", "pattern": "[ipv4-addr:value = '1.2.3.4']"})";
  EXPECT_EQ(feed_lines("[]", "stix"),
            (Lines{"1 refused bad-json: a STIX bundle has a list of `objects`"}));
  EXPECT_EQ(feed_lines("", "stix"),
            (Lines{"1 refused bad-json: a STIX bundle has a list of `objects`"}));
  EXPECT_EQ(feed_lines("}", "stix"),
            (Lines{"1 refused bad-json: the brackets of this JSON do not match"}));
  EXPECT_EQ(feed_lines("{\"objects\":[" + one + ",{\"a\":\"", "stix"),
            (Lines{"1 ip 1.2.3.4", "1 refused bad-json: the file ends within the bundle"}));
  const std::string deep = std::string(5'000'000, '[');
  EXPECT_EQ(feed_lines("{\"objects\":[{\"a\":" + deep, "stix"),
            (Lines{"1 refused bad-json: the file ends within the bundle"}));
  std::string closed = deep.substr(0, 1000);
  closed += std::string(1000, ']');
  EXPECT_EQ(feed_lines("{\"objects\":[{\"a\":" + closed + "}," + one + "]}", "stix"),
            (Lines{"1 refused too-large: the object is nested too deep", "1 ip 1.2.3.4"}));
  EXPECT_EQ(
      feed_lines("{\"objects\":[{\"a\":\"" + std::string(2'000'000, 'x') + "\"}," + one + "]}",
                 "stix", 4096),
      (Lines{"1 refused too-large: the object is too long", "1 ip 1.2.3.4"}));
  EXPECT_EQ(feed_lines("{\"objects\":[{\"type\":\"\xFF\"}," + one + "]}", "stix"),
            (Lines{"1 refused bad-json: the object is not JSON", "1 ip 1.2.3.4"}));
}

class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) / ("indicators-" + std::to_string(::getpid()));
};

TEST(IndicatorLoader, FilesAreFeedsAndFeedsAreRules) {
  const Folder folder;
  folder.write("bad.txt", "evil.example\nnope\n");
  folder.write("urls.csv", "url,confidence\nhttp://a.example/,20\nhttp://b.example/,80\n");
  folder.write("README.md", "no feed\n");
  const auto loaded = load_indicators({{.path = folder.path()}});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().what;
  ASSERT_EQ(loaded->feeds.size(), 2u);
  EXPECT_EQ(loaded->feeds[0].name, "bad");
  EXPECT_EQ(loaded->feeds[0].indicators, 1u);
  EXPECT_EQ(loaded->refused(), 1u);
  ASSERT_EQ(loaded->findings().size(), 1u);
  EXPECT_EQ(loaded->findings()[0].line, 2);
  ASSERT_EQ(loaded->set->rule_count(), 3u);
  EXPECT_EQ(loaded->set->identity(0).id, "indicators.bad.medium");
  EXPECT_EQ(loaded->set->identity(1).id, "indicators.urls.low");
  EXPECT_EQ(loaded->set->identity(2).id, "indicators.urls.high");
  EXPECT_EQ(loaded->set->identity(2).level, Level::kHigh);
  EXPECT_EQ(loaded->set->identity(2).hash.size(), 64u);
  EXPECT_EQ(loaded->set->indicators_of(2), 1u);

  const auto named = load_indicators(
      {{.path = folder.path() + "/bad.txt", .name = "mine", .level = Level::kCritical}});
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(named->set->identity(0).id, "indicators.mine");
  EXPECT_EQ(named->set->identity(0).level, Level::kCritical);

  EXPECT_FALSE(load_indicators({{.path = folder.path() + "/none.txt"}}).has_value());
  EXPECT_FALSE(load_indicators({{.path = folder.path() + "/README.md"}}).has_value());
  const auto twice =
      load_indicators({{.path = folder.path()}, {.path = folder.path() + "/bad.txt"}});
  ASSERT_FALSE(twice.has_value());
  EXPECT_NE(twice.error().what.find("two feeds of indicators are named 'bad'"), std::string::npos);
}

TEST(IndicatorLoader, KeepsAHundredFindingsAndCountsTheRest) {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "nope\n";
  const auto loaded = load_indicators({{.path = folder.write("many.txt", text)}});
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->refused(), 1000u);
  ASSERT_EQ(loaded->findings().size(), 101u);
  EXPECT_EQ(loaded->findings().back().reason, "900 more indicators of this feed are refused");
  EXPECT_EQ(loaded->set->rule_count(), 0u);
}

}  // namespace
}  // namespace picket::rules
