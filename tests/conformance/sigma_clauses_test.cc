// Clauses of the Sigma specification 2.1 from rule text to hit: a small rule over one JSON event.
// The trees that rules become are in tests/rules; here is what they answer.
// docs/sigma-conformance.md names these tests.
#include <gtest/gtest.h>

#include "rules/loader.h"
#include "tests/conformance/detector.h"

namespace picket::conformance {
namespace {

// One selection under "condition: sel", indented by eight, or a whole detection, indented by four.
std::string rule_of(const std::string& selection) {
  return "title: T\nlogsource: {category: test}\ndetection:\n    sel:\n        " + selection +
         "\n    condition: sel\n";
}
std::string rule_with(const std::string& detection) {
  return "title: T\nlogsource: {category: test}\ndetection:\n" + detection;
}

struct Case {
  std::string rule;
  std::string event;
  bool hit;
};

void expect(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    rules::LoadedRules loaded = rules::parse_rules(one.rule, "clause.yml");
    ASSERT_TRUE(loaded.refused.empty()) << one.rule << loaded.refused[0].reason;
    Detector detector(std::move(loaded), true);
    EXPECT_EQ(!detector.detect({one.event}).front().empty(), one.hit) << one.rule << one.event;
  }
}

TEST(SigmaClauses, TextIsComparedWithoutCase) {
  expect({{rule_of("F: CMD.exe"), R"({"F":"cmd.EXE"})", true},
          {rule_of("F: CMD.exe"), R"({"F":"cmd.exe "})", false},
          {rule_of("F: straße"), R"({"F":"STRAßE"})", true},
          {rule_of("F: ÄRGER"), R"({"F":"ärger"})", true},
          {rule_of("F: ÄRGER"), R"({"F":"\u00e4rger"})", true},
          {rule_of("F|contains: ΣΟΣ"), R"({"F":"xσοςx"})", true},
          {rule_of("F|cased: CMD"), R"({"F":"cmd"})", false},
          {rule_of("F|cased: CMD"), R"({"F":"CMD"})", true},
          {rule_of("F|contains|cased: MD"), R"({"F":"CMD.EXE"})", true},
          {rule_of("F|contains|cased: MD"), R"({"F":"cmd.exe"})", false}});
}

TEST(SigmaClauses, Wildcards) {
  expect({{rule_of("F: prog?.exe"), R"({"F":"progA.exe"})", true},
          {rule_of("F: prog?.exe"), R"({"F":"prog.exe"})", false},
          {rule_of("F: prog?.exe"), R"({"F":"progAB.exe"})", false},
          {rule_of("F: prog?.exe"), R"({"F":"progÄ.exe"})", true},
          {rule_of("F: prog?.exe"), R"({"F":"prog😀.exe"})", true},
          {rule_of("F: antivirus_V*.exe"), R"({"F":"antivirus_V21.2.1.exe"})", true},
          {rule_of("F: antivirus_V*.exe"), R"({"F":"antivirus_V.exe"})", true},
          {rule_of("F: antivirus_V*.exe"), R"({"F":"antivirus_V1.exe.txt"})", false},
          {rule_of("F: 'a*b'"), R"({"F":"a\nb"})", true},
          {rule_of("F|startswith: ab"), R"({"F":"ABC"})", true},
          {rule_of("F|startswith: ab"), R"({"F":"xab"})", false},
          {rule_of("F|endswith: bc"), R"({"F":"ABC"})", true},
          {rule_of("F|endswith: bc"), R"({"F":"bcx"})", false},
          {rule_of("F|contains: b"), R"({"F":"ABC"})", true}});
}

TEST(SigmaClauses, Escapes) {
  expect({{rule_of(R"(F: 'a\*b')"), R"({"F":"a*b"})", true},
          {rule_of(R"(F: 'a\*b')"), R"({"F":"axb"})", false},
          {rule_of(R"(F: 'a\?')"), R"({"F":"a?"})", true},
          {rule_of(R"(F: 'C:\x')"), R"({"F":"C:\\x"})", true},
          {rule_of(R"(F: 'C:\\x')"), R"({"F":"C:\\x"})", true},
          {rule_of(R"(F: 'C:\\*')"), R"({"F":"C:\\anything"})", true},
          {rule_of(R"(F: 'C:\\\*')"), R"({"F":"C:\\*"})", true},
          {rule_of(R"(F: 'C:\\\*')"), R"({"F":"C:\\x"})", false},
          {rule_of(R"(F: '\\\\host')"), R"({"F":"\\\\host"})", true}});
}

TEST(SigmaClauses, ListsAndMaps) {
  const std::string maps = rule_with(
      "    sel:\n        - A: 1\n        - B: [x, y]\n          C|contains: z\n    condition: "
      "sel\n");
  expect({{maps, R"({"A":"1"})", true},
          {maps, R"({"A":1})", true},
          {maps, R"({"B":"y","C":"xyz"})", true},
          {maps, R"({"B":"y","C":"xy"})", false},
          {rule_of("A|contains|all: [x, y]"), R"({"A":"x and y"})", true},
          {rule_of("A|contains|all: [x, y]"), R"({"A":"x alone"})", false},
          {rule_of("A: [x, y]"), R"({"A":["q","Y"]})", true}});
}

TEST(SigmaClauses, Keywords) {
  const std::string any =
      rule_with("    words: [evilservice, 'svchost.exe -n evil']\n    condition: words\n");
  const std::string all = rule_with(
      "    words:\n        '|all': [OabVirtualDirectory, ' -ExternalUrl ']\n    condition: "
      "words\n");
  expect({{any, R"({"message":"the EVILSERVICE started"})", true},
          {any, R"({"a":{"b":["x","C:\\svchost.exe -N Evil"]}})", true},
          {any, R"({"evilservice":"a name is no value"})", false},
          {all, R"({"message":"Set-OabVirtualDirectory -ExternalUrl x"})", true},
          {all, R"({"a":"oabvirtualdirectory","b":"x -externalurl y"})", true},
          {all, R"({"a":"oabvirtualdirectory"})", false},
          {any, "Jan  1 00:00:00 host app[1]: evilService", true}});
}

TEST(SigmaClauses, FieldNames) {
  expect(
      {{rule_of("ThreatName: x"), R"({"Threat Name":"x"})", true},
       {rule_of("Threat Name: x"), R"({"ThreatName":"x"})", true},
       {rule_of("a.b: x"), R"({"a":{"b":"x"}})", true},
       {rule_of("a.b: x"), R"({"a.b":"x"})", true},
       {rule_of("Provider_Name: SCM"),
        R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"scm","Guid":"x"}},"EventID":7045,"Channel":"System"}}})",
        true},
       {rule_of("Execution_ProcessID: 788"),
        R"({"Event":{"System":{"Execution":{"#attributes":{"ProcessID":788}},"EventID":7045,"Channel":"System"}}})",
        true},
       {rule_of("User: 'NT AUTHORITY\\SYSTEM'"),
        R"({"Event":{"System":{"EventID":1,"Channel":"Security"},"EventData":{"User":"NT AUTHORITY\\SYSTEM"}}})",
        true},
       {rule_of("f: x"), R"({"F":"x"})", false}});
}

TEST(SigmaClauses, EmptyAndNull) {
  expect({{rule_of("F: ''"), R"({"F":""})", true},
          {rule_of("F: ''"), R"({"F":" "})", false},
          {rule_of("F: ''"), R"({"G":""})", false},
          {rule_of("F: ''"), R"({"F":null})", false},
          {rule_of("F: null"), R"({"F":null})", true},
          {rule_of("F: null"), R"({"G":1})", true},
          {rule_of("F: null"), R"({"F":""})", false},
          {rule_of("F: null"), R"({"F":"null"})", false},
          {rule_with("    sel: {A: 1}\n    filter: {F: null}\n    condition: sel and not filter\n"),
           R"({"A":1,"F":"x"})", true},
          {rule_with("    sel: {A: 1}\n    filter: {F: null}\n    condition: sel and not filter\n"),
           R"({"A":1})", false}});
}

TEST(SigmaClauses, MissingFieldsAndNegation) {
  expect({{rule_of("F|neq: x"), R"({"F":"y"})", true},
          {rule_of("F|neq: x"), R"({"F":"X"})", false},
          {rule_of("F|neq: x"), R"({"G":"y"})", true},
          {rule_of("F|neq: [x, y]"), R"({"F":"y"})", false},
          {rule_of("F|contains|neq: x"), R"({"F":"axb"})", false},
          {rule_with("    sel: {F: x}\n    condition: not sel\n"), R"({"G":1})", true}});
}

TEST(SigmaClauses, Existence) {
  expect({{rule_of("F|exists: true"), R"({"F":"x"})", true},
          {rule_of("F|exists: true"), R"({"F":""})", true},
          {rule_of("F|exists: true"), R"({"G":"x"})", false},
          {rule_of("F|exists: false"), R"({"G":"x"})", true},
          {rule_of("F|exists: false"), R"({"F":""})", false},
          {rule_of("F|exists: true"), R"({"F":null})", true},
          {rule_of("F|exists: true"), R"({"F":[]})", true},
          {rule_of("F|exists: true"), R"({"F":[null]})", true},
          {rule_of("F|exists: false"), R"({"F":null})", false}});
}

// What wakes a rule must be in every event on which it is true.
TEST(SigmaClauses, OddTextsAreNotPassedBy) {
  expect({{rule_of(R"(F|re: '[\c]abc]def')"), R"({"F":"adef"})", true},
          {rule_of("F|re: '[a[:]x|y:]z]foo'"), R"({"F":"ax"})", true},
          {rule_of("F|cased|utf16le|contains: \"\\u0089\""), R"({"F":"\u00c9\u0000"})", true},
          {rule_with("    keywords: [mimikatz]\n    condition: keywords\n"), R"({"a":"mimi\katz"})",
           true},
          {rule_with("    keywords: [host]\n    condition: keywords\n"),
           "<34>1 2024-01-01T00:00:00Z ho\xc5\xbft app - - - {\"a\":1}", true}});
}

TEST(SigmaClauses, RegularExpressions) {
  expect({{rule_of("F|re: 'b.d'"), R"({"F":"abcde"})", true},
          {rule_of("F|re: 'B.D'"), R"({"F":"abcde"})", false},
          {rule_of("F|re|i: 'B.D'"), R"({"F":"abcde"})", true},
          {rule_of("F|re: '^b'"), R"({"F":"a\nb"})", false},
          {rule_of("F|re|m: '^b'"), R"({"F":"a\nb"})", true},
          {rule_of("F|re|m: 'a$'"), R"({"F":"a\nb"})", true},
          {rule_of("F|re: 'a.b'"), R"({"F":"a\nb"})", false},
          {rule_of("F|re|s: 'a.b'"), R"({"F":"a\nb"})", true},
          {rule_of("F|re: '^(ab|c){2,3}[x-z][^q]+$'"), R"({"F":"abcyp"})", true},
          {rule_of("F|re: '^(ab|c){2,3}[x-z][^q]+$'"), R"({"F":"abyp"})", false},
          {rule_of("F|re|neq: 'b'"), R"({"F":"abc"})", false},
          {rule_of("F|re|neq: 'b'"), R"({"F":"ac"})", true}});
}

TEST(SigmaClauses, Encodings) {
  expect({{rule_of("F|base64: foob"), R"({"F":"Zm9vYg=="})", true},
          {rule_of("F|base64offset|contains: 'http://'"), R"({"F":"x aHR0cDovL3gueQ=="})", true},
          {rule_of("F|base64offset|contains: 'http://'"), R"({"F":"eGh0dHA6Ly94Lnk="})", true},
          {rule_of("F|base64offset|contains: 'http://'"), R"({"F":"eHhodHRwOi8veC55"})", true},
          {rule_of("F|wide|base64offset|contains: cmd"), R"({"F":"YwBtAGQA"})", true},
          {rule_of("F|utf16le|base64|contains: cmd"), R"({"F":"YwBtAGQA"})", true},
          {rule_of("F|utf16be|base64|contains: cmd"), R"({"F":"AGMAbQBk"})", true},
          {rule_of("F|utf16|base64|contains: A"), R"({"F":"//5BAA=="})", true},
          {rule_of("F|wide|contains: cmd"), "{\"F\":\"c\\u0000m\\u0000d\\u0000\"}", true},
          {rule_of("F|utf16be|contains: cmd"), "{\"F\":\"\\u0000c\\u0000m\\u0000d\"}", true}});
}

TEST(SigmaClauses, Windash) {
  const std::string rule = rule_of("F|contains|windash: ' -f '");
  expect({{rule, R"({"F":"x -f y"})", true},
          {rule, R"({"F":"x /F y"})", true},
          {rule, "{\"F\":\"x \u2013f y\"}", true},
          {rule, "{\"F\":\"x \u2014f y\"}", true},
          {rule, R"({"F":"x \u2015f y"})", true},
          {rule, R"({"F":"x f y"})", false},
          {rule_of("F|contains|all|windash: [' -a', ' /b']"), R"({"F":"x /a -b"})", true}});
}

TEST(SigmaClauses, Numbers) {
  expect({{rule_of("F: 443"), R"({"F":443})", true},
          {rule_of("F: 443"), R"({"F":"443"})", true},
          {rule_of("F: '0x17'"), R"({"F":"0X17"})", true},
          {rule_of("F|lt: 5"), R"({"F":4.9})", true},
          {rule_of("F|lt: 5"), R"({"F":5})", false},
          {rule_of("F|lte: 5"), R"({"F":"5"})", true},
          {rule_of("F|gt: 5"), R"({"F":5})", false},
          {rule_of("F|gt: 5"), R"({"F":5e1})", true},
          {rule_of("F|gte: -5"), R"({"F":"-5.0"})", true},
          {rule_of("F|gt: 9"), R"({"F":"10"})", true},
          {rule_of("F|gt: 9"), R"({"F":"many"})", false},
          {rule_of("F|gt: 9"), R"({"G":10})", false},
          {rule_of("F|neq: 5"), R"({"F":6})", true},
          {rule_of("F|neq: 5"), R"({"F":5})", false},
          {rule_of("F: true"), R"({"F":true})", true},
          {rule_of("F: true"), R"({"F":false})", false}});
}

TEST(SigmaClauses, PartsOfATime) {
  const std::string event = R"({"F":"2026-11-22T23:59:07Z"})";
  expect({{rule_of("F|minute: 59"), event, true},
          {rule_of("F|minute: 58"), event, false},
          {rule_of("F|hour: [22, 23]"), event, true},
          {rule_of("F|hour|gte: 22"), event, true},
          {rule_of("F|hour|lt: 22"), event, false},
          {rule_of("F|day: 22"), event, true},
          {rule_of("F|week: 47"), event, true},
          {rule_of("F|month: 11"), event, true},
          {rule_of("F|year: 2026"), event, true},
          {rule_of("F|year: 2025"), event, false},
          {rule_of("F|hour: 3"), R"({"F":"no time"})", false}});
}

TEST(SigmaClauses, Networks) {
  expect({{rule_of("F|cidr: 10.0.0.0/8"), R"({"F":"10.255.0.1"})", true},
          {rule_of("F|cidr: 10.0.0.0/8"), R"({"F":"11.0.0.1"})", false},
          {rule_of("F|cidr: 10.0.0.0/8"), R"({"F":"10.0.0.1 "})", false},
          {rule_of("F|cidr: 10.0.0.0/8"), "{\"F\":\"10.0.0.1\\u0000\"}", false},
          {rule_of("F|cidr: 192.0.2.128/25"), R"({"F":"192.0.2.127"})", false},
          {rule_of("F|cidr: 2001:db8::/32"), R"({"F":"2001:0DB8:0:0::7"})", true},
          {rule_of("F|cidr: 2001:db8::/32"), R"({"F":"2001:db9::7"})", false},
          {rule_of("F|cidr: fe80::/10"), R"({"F":"10.0.0.1"})", false},
          {rule_of("F|cidr: ::/0"), R"({"F":"10.0.0.1"})", false},
          {rule_of("F|cidr: ::/0"), R"({"F":"2001:db8::1"})", true},
          {rule_of("F|cidr: 0.0.0.0/0"), R"({"F":"::ffff:10.0.0.1"})", true},
          {rule_of("F|cidr: 0.0.0.0/0"), R"({"F":"::1"})", false},
          {rule_of("F|cidr: ::ffff:10.0.0.0/104"), R"({"F":"10.0.0.1"})", true},
          {rule_of("F|cidr: [10.0.0.0/8, fe80::/10]"), R"({"F":"febf::1"})", true},
          {rule_of("F|cidr|neq: 10.0.0.0/8"), R"({"F":"10.0.0.1"})", false}});
}

// What a source definition says of all its events is a value like any other.
TEST(SigmaClauses, EveryModifierOnConstants) {
  const auto hit = [](const std::string& item) {
    const std::string rule =
        "title: T\nlogsource: {product: windows, category: process_creation}\n"
        "detection:\n    sel:\n        " +
        item + "\n    condition: sel\n";
    rules::LoadedRules loaded = rules::parse_rules(rule, "clause.yml");
    EXPECT_TRUE(loaded.refused.empty()) << rule;
    Detector detector(std::move(loaded), false);
    return !detector.detect({R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1})"})
                .front()
                .empty();
  };
  EXPECT_TRUE(hit("event.category: process"));
  EXPECT_TRUE(hit("event.category|re: ^pro[ct]ess$"));
  EXPECT_FALSE(hit("event.category|re: ^file$"));
  EXPECT_TRUE(hit("event.category: p?o*ss"));
  EXPECT_FALSE(hit("event.category: f?o*ss"));
  EXPECT_TRUE(hit("EventID|gte: 1"));
  EXPECT_FALSE(hit("EventID|gt: 1"));
  EXPECT_FALSE(hit("event.category|cidr: 10.0.0.0/8"));
}

// Of the fields that may hold what a rule asks for, the first that has a value counts.
TEST(SigmaClauses, APreferredFieldWithoutValuesGivesWay) {
  const std::string rule =
      "title: T\nlogsource: {product: windows, category: process_creation}\n"
      "detection:\n    sel:\n        CommandLine: evil\n    condition: sel\n";
  Detector detector(rules::parse_rules(rule, "clause.yml"), false);
  const auto hit = [&](const std::string& fields) {
    const std::string event =
        R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,)" + fields + "}";
    return !detector.detect({event}).front().empty();
  };
  EXPECT_TRUE(hit(R"("CommandLine":[],"process.command_line":"evil")"));
  EXPECT_TRUE(hit(R"("process.command_line":"evil","CommandLine":[])"));
  EXPECT_TRUE(hit(R"("process.command_line":"evil","CommandLine":[null])"));
  EXPECT_FALSE(hit(R"("process.command_line":"evil","CommandLine":"good")"));
  EXPECT_FALSE(hit(R"("CommandLine":"good","process.command_line":"evil")"));
}

TEST(SigmaClauses, FieldReferences) {
  expect({{rule_of("F|fieldref: G"), R"({"F":"Same","G":"same"})", true},
          {rule_of("F|fieldref: G"), R"({"F":"a","G":"b"})", false},
          {rule_of("F|fieldref: G"), R"({"F":"a"})", false},
          {rule_of("F|fieldref|startswith: G"), R"({"F":"abc","G":"ab"})", true},
          {rule_of("F|fieldref|endswith: G"), R"({"F":"abc","G":"bc"})", true},
          {rule_of("F|fieldref|contains: G"), R"({"F":"abc","G":"b"})", true},
          {rule_of("F|fieldref|neq: G"), R"({"F":"a","G":"b"})", true},
          {rule_of("F|fieldref|neq: G"), R"({"F":"a","G":"a"})", false}});
}

TEST(SigmaClauses, Conditions) {
  const auto rule = [](const std::string& condition) {
    return rule_with(
        "    sel_a: {A: 1}\n    sel_b: {B: 1}\n    _c: {C: 1}\n    condition: " + condition + "\n");
  };
  expect({{rule("sel_a or sel_b and _c"), R"({"A":1})", true},
          {rule("(sel_a or sel_b) and _c"), R"({"A":1})", false},
          {rule("not sel_a and sel_b"), R"({"B":1})", true},
          {rule("not (sel_a or sel_b)"), R"({"C":1})", true},
          {rule("1 of sel_*"), R"({"B":1})", true},
          {rule("all of sel_*"), R"({"B":1})", false},
          {rule("all of sel_*"), R"({"A":1,"B":1})", true},
          {rule("1 of them"), R"({"C":1})", false},
          {rule("all of them"), R"({"A":1,"B":1})", true},
          {rule("1 of *_a"), R"({"A":1})", true},
          {rule("[sel_a and sel_b, _c]"), R"({"C":1})", true},
          {rule("[sel_a and sel_b, _c]"), R"({"A":1})", false}});
}

}  // namespace
}  // namespace picket::conformance
