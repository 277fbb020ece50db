// The proof of an alert: what is lit, where, and that no byte of a record is lost or misread.
#include "api/proof.h"

#include <gtest/gtest.h>

#include "api/answer.h"
#include "api/raw_span.h"
#include "api/segments.h"
#include "tests/api/seed.h"

namespace picket::api {
namespace {

using std::string;

// "plain[lit]plain", bytes in <hex>.
string shown(const Json& segments) {
  string text;
  for (const Json& piece : segments) {
    const string kind = piece[0];
    string inner = piece[1];
    if (kind.ends_with('x')) inner = "<" + inner + ">";
    text += kind.starts_with('l') ? "[" + inner + "]" : inner;
  }
  return text;
}

string lit_of(const Json& segments) {
  string text;
  for (const Json& piece : segments) {
    if (piece[0] == "l") text += piece[1].get<string>() + "|";
  }
  return text;
}

TEST(Segments, CutAtSpans) {
  EXPECT_EQ(shown(segments("abcdef", {{1, 3}}, 100)), "a[bc]def");
  EXPECT_EQ(shown(segments("abcdef", {{4, 6}, {0, 1}}, 100)), "[a]bcd[ef]");
  EXPECT_EQ(shown(segments("abcdef", {{1, 3}, {2, 5}, {5, 5}}, 100)), "a[bcde]f");
  EXPECT_EQ(shown(segments("abc", {{2, 99}, {50, 60}}, 100)), "ab[c]");
  EXPECT_EQ(shown(segments("", {{0, 1}}, 100)), "");
  EXPECT_EQ(shown(segments("abcdef", {{1, 5}}, 3)), "a[bc]");
}

TEST(Segments, KeepCharactersWhole) {
  const string text = "x\xe1\xbb\xb1y";  // U+1EF1
  EXPECT_EQ(shown(segments(text, {{2, 3}}, 100)), "x[\xe1\xbb\xb1]y");
  EXPECT_EQ(shown(segments(text, {}, 2)), "x");
}

TEST(Segments, ShowBadBytesAsHex) {
  EXPECT_EQ(shown(segments("a\xff\xfe"
                           "b",
                           {}, 100)),
            "a<fffe>b");
  EXPECT_EQ(shown(segments("a\xff\xfe"
                           "b",
                           {{1, 2}}, 100)),
            "a[<ff>]<fe>b");
  EXPECT_EQ(shown(segments("\xc0\xaf\xed\xa0\x80", {}, 100)), "<c0afeda080>")
      << "overlong, surrogate";
  EXPECT_EQ(shown(segments("\xf0\x9f\x98", {}, 100)), "<f09f98>") << "cut short";
}

// For any bytes and any spans: nothing is lost, nothing comes twice, nothing is out of order.
TEST(Segments, LoseNothing) {
  std::uint32_t state = 7;
  const auto next = [&] { return state = state * 1664525U + 1013904223U, state >> 16U; };
  for (int round = 0; round < 3000; ++round) {
    string text;
    for (unsigned i = next() % 24; i > 0; --i) {
      static constexpr unsigned char kBytes[] = {'a',  0xe1, 0xbb, 0xb1, 0xff,
                                                 0xf0, 0x9f, 0x98, 0x80, 0xc3};
      text += static_cast<char>(kBytes[next() % sizeof kBytes]);
    }
    std::vector<Span> spans;
    for (int i = 0; i < 3; ++i) spans.push_back({next() % 26, next() % 26});
    string back;
    for (const Json& piece : segments(text, spans, 1000)) {
      const string kind = piece[0];
      back += kind.ends_with('x') ? *from_hex(piece[1].get<string>()) : piece[1].get<string>();
    }
    EXPECT_EQ(back, text);
  }
}

TEST(RawSpan, WalksThroughEscapes) {
  const auto cut = [](const string& token, Span value) {
    const Span span = escaped_span(token, value);
    return token.substr(span.begin, span.end - span.begin);
  };
  EXPECT_EQ(cut(R"(C:\\Windows\\cmd.exe)", {2, 3}), R"(\\)");
  EXPECT_EQ(cut(R"(C:\\Windows\\cmd.exe)", {10, 18}), R"(\\cmd.exe)");
  EXPECT_EQ(cut(R"(a\u00e9b)", {3, 4}), "b") << "two bytes of UTF-8";
  EXPECT_EQ(cut(R"(a\ud83d\ude00b)", {1, 5}), R"(\ud83d\ude00)");
  EXPECT_EQ(cut(R"(a\u0041b)", {1, 2}), R"(\u0041)");
  EXPECT_EQ(cut("abc", {1, 99}), "bc");
  EXPECT_EQ(cut(R"(ab\)", {2, 3}), "\\");
  EXPECT_EQ(cut(R"(\u12)", {0, 1}), R"(\u)");
}

Match match_on(string field, string value, std::uint32_t begin, std::uint32_t end) {
  Match match;
  match.field = match.rule_field = std::move(field);
  match.value = std::move(value);
  match.begin = begin;
  match.end = end;
  return match;
}

TEST(RawSpan, FindsValuesAsText) {
  const auto found = [](const string& raw, const Match& match) {
    const auto span = find_value(raw, match);
    return span ? raw.substr(0, span->begin) + "[" +
                      raw.substr(span->begin, span->end - span->begin) + "]"
                : string("nothing");
  };
  EXPECT_EQ(found("user root from root", match_on("from", "root", 0, 0)), "user root from [root]");
  EXPECT_EQ(found("rooted root", match_on("u", "root", 1, 3)), "rooted r[oo]");
  EXPECT_EQ(found(R"({"p":"C:\\a\\b.exe"})", match_on("p", R"(C:\a\b.exe)", 4, 10)),
            R"({"p":"C:\\a[\\b.exe])");
  EXPECT_EQ(found("a1b1c1", match_on("x", "1", 0, 0)), "nothing") << "too short to mean anything";
  EXPECT_EQ(found("id=1", match_on("id", "1", 0, 0)), "id=[1]");
  EXPECT_EQ(found("abc", match_on("x", "", 0, 0)), "nothing");
  EXPECT_EQ(found("", match_on("x", "abc", 0, 0)), "nothing");
}

TEST(Proof, ShowsRuleRecordAndFields) {
  Seed seed;
  const Alert& alert = seed.store.alert_list[0];  // the download
  const auto proof = alert_proof(seed.ports, alert.id, {});
  ASSERT_TRUE(proof.has_value());
  const Json& event = (*proof)["events"][0];
  EXPECT_EQ(lit_of(event["raw"]), "\\\\powershell.exe|-nop|DownloadString|");
  std::vector<string> lines;
  for (const Json& match : event["matches"]) {
    lines.push_back((*proof)["rules"][match["rule"].get<std::size_t>()]["lines"]
                            [match["line"].get<std::size_t>() - 1]);
  }
  EXPECT_EQ(lines[0], R"(        Image|endswith: '\powershell.exe')");
  EXPECT_EQ(lines[1], R"(            - 'DownloadString')");
  EXPECT_EQ(lines[2], R"(        CommandLine|contains: '-nop')");
  const Json& first = event["fields"][0];
  EXPECT_TRUE(first.value("lit", false)) << "lit fields come first";
  const auto command =
      std::find_if(event["fields"].begin(), event["fields"].end(),
                   [](const Json& field) { return field["name"] == "process.command_line"; });
  ASSERT_NE(command, event["fields"].end());
  EXPECT_EQ((*command)["original"], "CommandLine");
  EXPECT_EQ(lit_of((*command)["value"]), "-nop|DownloadString|");
  EXPECT_FALSE((*proof)["rules"][0]["changed"]);
}

TEST(Proof, SaysWhenTheRuleHasChanged) {
  Seed seed;
  seed.rules.at(seed.store.alert_list[0].rule.id).hash = "other";
  EXPECT_TRUE((*alert_proof(seed.ports, seed.store.alert_list[0].id, {}))["rules"][0]["changed"]);
  seed.rules.clear();
  const auto without = alert_proof(seed.ports, seed.store.alert_list[0].id, {});
  EXPECT_TRUE((*without)["rules"].empty());
  EXPECT_FALSE((*without)["events"][0]["raw"].empty());
}

TEST(Proof, OfACorrelationHasItsRulesAndPages) {
  Seed seed;
  const Alert& alert = seed.store.alert_list[2];
  ASSERT_EQ(alert.kind, AlertKind::kCorrelation);
  const auto last = alert_proof(seed.ports, alert.id, {.at = {}, .limit = 3});
  EXPECT_EQ((*last)["total"], 7);
  EXPECT_EQ((*last)["at"], 6) << "the page that has the trigger";
  EXPECT_TRUE((*last)["events"][0]["trigger"]);
  ASSERT_EQ((*last)["rules"].size(), 2U);
  EXPECT_EQ((*last)["rules"][0]["lit"].size(), 10U) << "the lines under correlation:";
  EXPECT_EQ((*last)["events"][0]["matches"][0]["rule"], 1)
      << "the line is of the rule that is counted";
  const auto middle = alert_proof(seed.ports, alert.id, {.at = 2, .limit = 3});
  EXPECT_EQ((*middle)["events"].size(), 3U);
  EXPECT_EQ((*middle)["events"][0]["seq"], 2);
  const auto beyond = alert_proof(seed.ports, alert.id, {.at = 500, .limit = 3});
  EXPECT_TRUE((*beyond)["events"].empty());
}

// A line number alone must not light a line of a rule that the match is not of.
TEST(Proof, OfACorrelationWithoutItsRulesLightsNoLine) {
  Seed seed;
  const Alert& alert = seed.store.alert_list[2];
  seed.rules.erase(seed.rules.at(alert.rule.id).refers_to[0]);
  const auto proof = alert_proof(seed.ports, alert.id, {});
  ASSERT_EQ((*proof)["rules"].size(), 1U);
  EXPECT_TRUE((*proof)["events"][6]["matches"][0]["rule"].is_null());
}

TEST(Proof, FollowsCorrelationsOfCorrelations) {
  Seed seed;
  const Alert& alert = seed.store.alert_list[2];
  RuleSource& own = seed.rules.at(alert.rule.id);
  RuleSource inner = own;
  inner.id = "inner";
  inner.text += "# inner\n";
  inner.refers_to.push_back(own.id);  // a circle must end
  seed.rules["inner"] = inner;
  own.refers_to = {"inner"};
  const auto proof = alert_proof(seed.ports, alert.id, {});
  ASSERT_EQ((*proof)["rules"].size(), 3U);
  EXPECT_EQ((*proof)["events"][6]["matches"][0]["rule"], 2);
}

TEST(Proof, KeepsHostileBytesAsTheyAre) {
  Seed seed;
  const auto account = alert_proof(seed.ports, seed.store.alert_list[1].id, {});
  const string raw = shown((*account)["events"][0]["raw"]);
  EXPECT_NE(raw.find("name=[svc-bk], UID=0"), string::npos) << raw;
  EXPECT_NE(raw.find("<fffe>\x01"), string::npos) << raw;
  const auto scan = alert_proof(seed.ports, seed.store.alert_list[3].id, {});
  EXPECT_EQ(lit_of((*scan)["events"][0]["raw"]), "404|sqlmap|");
}

TEST(Proof, SurvivesWhatIsMissing) {
  Seed seed;
  seed.store.records.clear();
  const auto gone = alert_proof(seed.ports, seed.store.alert_list[0].id, {});
  ASSERT_TRUE(gone.has_value());
  EXPECT_TRUE((*gone)["events"][0].contains("missing"));
  seed.store.sources.clear();
  EXPECT_TRUE(
      (*alert_proof(seed.ports, seed.store.alert_list[0].id, {}))["events"][0].contains("missing"));
  EXPECT_EQ(alert_proof(seed.ports, "no such alert", {}).error().code, Errc::kNotFound);
}

TEST(Proof, WorksWithoutAParser) {
  Seed seed;
  seed.ports.parse = nullptr;
  const auto proof = alert_proof(seed.ports, seed.store.alert_list[0].id, {});
  const Json& event = (*proof)["events"][0];
  EXPECT_EQ(lit_of(event["raw"]), "\\\\powershell.exe|-nop|DownloadString|");
  EXPECT_FALSE(event.contains("fields"));
}

TEST(Proof, CutsWhatIsLong) {
  Seed seed;
  for (auto& record : seed.store.records) {
    if (record.source == "sysmon") record.raw += string(200'000, 'x');
  }
  const auto proof = alert_proof(seed.ports, seed.store.alert_list[0].id, {});
  const Json& event = (*proof)["events"][0];
  EXPECT_TRUE(event["raw_cut"]);
  EXPECT_LT(dump_json(event["raw"]).size(), 80'000U);
}

}  // namespace
}  // namespace picket::api
