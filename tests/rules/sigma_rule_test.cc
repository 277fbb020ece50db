// Tables of the Sigma specification 2.1: what a rule says, and the tree that it becomes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

struct Case {
  std::string text;
  std::string tree;
};

TEST(SigmaRule, Modifiers) {
  const std::vector<Case> cases = {
      {"F: value", "F='value'"},
      {"F: 4624", "F='4624'"},
      {"F: '4624'", "F='4624'"},
      {"F: 0x17", "F='0x17'"},
      {"F: ''", "F="},
      {"F: 'a*b?'", "F='a'*'b'?"},
      {"F: null", "F null"},
      {"F:", "F null"},
      {"F: true", "F true"},
      {"F: 'true'", "F='true'"},
      {"' F ': x", "F='x'"},
      {"F: [a, b]", "or(F='a', F='b')"},
      {"F: [a, 1, true, null]", "or(F='a', F='1', F true, F null)"},
      {"F|contains: x", "F=*'x'*"},
      {"F|contains: '*x'", "F=*'x'*"},
      {"F|contains: 10", "F=*'10'*"},
      {"F|startswith: x", "F='x'*"},
      {"F|endswith: '\\x'", "F=*'\\x'"},
      {"F|endswith: '*x'", "F=*'x'"},
      {"F|contains|all: [a, b]", "and(F=*'a'*, F=*'b'*)"},
      {"F|all|contains: [a, b]", "and(F=*'a'*, F=*'b'*)"},
      {"F|cased: X", "F cased='X'"},
      {"F|contains|cased: X", "F cased=*'X'*"},
      {"F|cased|contains: X", "F cased=*'X'*"},
      {"F|neq: x", "not(F='x')"},
      {"F|neq: [a, b]", "not(or(F='a', F='b'))"},
      {"F|contains|neq: x", "not(F=*'x'*)"},
      {"F|re: '^a\\\\b*'", "F~/^a\\\\b*/"},
      {"F|re|i: a", "F~i/a/"},
      {"F|re|i|m|s: a", "F~ims/a/"},
      {"F|re|neq: a", "not(F~/a/)"},
      {"F|re|startswith: a|b", "F~/^(?:a|b)/"},
      {"F|exists: true", "F exists"},
      {"F|exists: false", "F missing"},
      {"F|cidr: 10.0.0.0/8", "F in 10.0.0.0/8"},
      {"F|cidr: '2001:db8::/32'", "F in 2001:db8::/32"},
      {"F|cidr|neq: 10.0.0.0/8", "not(F in 10.0.0.0/8)"},
      {"F|lt: 5", "F cmp1 5.000000"},
      {"F|lte: 5", "F cmp2 5.000000"},
      {"F|gt: '5'", "F cmp3 5.000000"},
      {"F|gte: 5.5", "F cmp4 5.500000"},
      {"F|gt|neq: 5", "not(F cmp3 5.000000)"},
      {"F|hour: 3", "F hour cmp0 3"},
      {"F|hour|gte: 22", "F hour cmp4 22"},
      {"F|gte|hour: 22", "F hour cmp4 22"},
      {"F|month: [1, 2]", "or(F month cmp0 1, F month cmp0 2)"},
      {"F|fieldref: G", "F ref0 G"},
      {"F|fieldref|startswith: G", "F ref1 G"},
      {"F|endswith|fieldref: G", "F ref2 G"},
      {"F|fieldref|contains|neq: G", "not(F ref3 G)"},
      {"F|base64: foob", "F='Zm9vYg=='"},
      {"F|base64|contains: foob", "F=*'Zm9vYg'*"},
      {"F|contains|base64: foob", "F=*'Zm9vYg'*"},
      {"F|base64: 'a\\*b'", "F='YSpi'"},
      {"F|base64offset|contains: foo", "or(F=*'Zm9v'*, F=*'Zvb'*, F=*'mb2'*)"},
      {"F|utf16le|base64: a", "F='YQA='"},
      {"F|wide|base64: a", "F='YQA='"},
      {"F|utf16be|base64: a", "F='AGE='"},
      {"F|utf16|base64: A", "F='//5BAA=='"},
      {"F|base64|utf16|contains: A", "F=*'//5BAA'*"},
      {"F|windash: '-x'", "or(F='-x', F='/x', F='\u2013x', F='\u2014x', F='\u2015x')"},
  };
  for (const Case& one : cases) EXPECT_EQ(tree_of(rule_of(one.text)), one.tree) << one.text;
}

TEST(SigmaRule, Expand) {
  LoadOptions options;
  options.placeholders = {{"Admins", {"root", "adm*"}}, {"nets", {"10.0.0.0/8", "192.0.2.0/24"}}};
  EXPECT_EQ(tree_of(rule_of("F|expand: '%Admins%'"), options), "or(F='root', F='adm'*)");
  EXPECT_EQ(tree_of(rule_of("F|contains|expand: 'x%Admins%'"), options),
            "or(F=*'xroot'*, F=*'xadm'*)");
  EXPECT_EQ(tree_of(rule_of("F|cidr|expand: '%nets%'"), options),
            "or(F in 10.0.0.0/8, F in 192.0.2.0/24)");
  EXPECT_EQ(tree_of(rule_of("F: '%Admins%'"), options), "F='%Admins%'");
  const LoadedRules rules = parse_rules(rule_of("F|expand: '%Others%'"), "test.yml", options);
  ASSERT_EQ(rules.refused.size(), 1u);
  EXPECT_EQ(rules.refused[0].code, "placeholder");
  EXPECT_NE(rules.refused[0].reason.find("%Others%"), std::string::npos);
  EXPECT_EQ(rules.refused[0].line, 7);
}

TEST(SigmaRule, Selections) {
  const std::vector<Case> cases = {
      {"    sel:\n        A: 1\n        B: 2\n", "and(A='1', B='2')"},
      {"    sel:\n        - A: 1\n        - B: 2\n          C: 3\n",
       "or(A='1', and(B='2', C='3'))"},
      {"    sel: [one, two]\n", "or(<any>=*'one'*, <any>=*'two'*)"},
      {"    sel: word\n", "<any>=*'word'*"},
      {"    sel: ['*a*b', 7]\n", "or(<any>=*'a'*'b'*, <any>=*'7'*)"},
      {"    sel:\n        '|all': [one, two]\n", "and(<any>=*'one'*, <any>=*'two'*)"},
      {"    sel:\n        '|contains|all': [one, two]\n", "and(<any>=*'one'*, <any>=*'two'*)"},
      {"    sel:\n        '|re': ['a.c']\n", "<any>~/a.c/"},
      {"    sel:\n        '|startswith': a\n", "<any>='a'*"},
      {"    sel:\n        - word\n        - A: 1\n", "or(<any>=*'word'*, A='1')"},
      {"    sel:\n        - - A: 1\n          - B: 1\n        - C: 1\n",
       "or(or(A='1', B='1'), C='1')"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(tree_of(rule_with(one.text + "    condition: sel\n")), one.tree) << one.text;
  }
}

TEST(SigmaRule, Conditions) {
  const std::string selections =
      "    a: {F: a}\n    sel_b: {F: b}\n    sel_c: {F: c}\n    _d: {F: d}\n    x: {F: x}\n";
  const std::vector<Case> cases = {
      {"a or sel_b and sel_c", "or(F='a', and(F='b', F='c'))"},
      {"not a and sel_b", "and(not(F='a'), F='b')"},
      {"not (a and sel_b)", "not(and(F='a', F='b'))"},
      {"not not a", "F='a'"},
      {"(a or sel_b) and sel_c", "and(or(F='a', F='b'), F='c')"},
      {"1 of sel_*", "or(F='b', F='c')"},
      {"all of sel_*", "and(F='b', F='c')"},
      {"any of sel*", "or(F='b', F='c')"},
      {"1 of *_c", "F='c'"},
      {"1 of them", "or(F='a', F='b', F='c', F='x')"},
      {"all of them", "and(F='a', F='b', F='c', F='x')"},
      {"1 of *", "or(F='a', F='b', F='c', F='x')"},
      {"1 of _*", "F='d'"},
      {"_d", "F='d'"},
      {"a and not 1 of sel_*", "and(F='a', not(or(F='b', F='c')))"},
      {"A AND NOT SEL_B", "refused unknown-selection"},
      {"a AND NOT sel_b", "and(F='a', not(F='b'))"},
      {"1 of x", "F='x'"},
      {"a and", "refused bad-condition"},
      {"and a", "refused bad-condition"},
      {"(a", "refused bad-condition"},
      {"a)", "refused bad-condition"},
      {"a x", "refused bad-condition"},
      {"", "refused bad-condition"},
      {"sel_*", "refused bad-condition"},
      {"2 of sel_*", "refused bad-condition"},
      {"1 of", "refused bad-condition"},
      {"1 of nothing*", "refused unknown-selection"},
      {"sel_d", "refused unknown-selection"},
      {"a | count() > 5", "refused old-aggregation"},
      {std::string(60, '(') + "a" + std::string(60, ')'), "refused bad-condition"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(tree_of(rule_with(selections + "    condition: '" + one.text + "'\n")), one.tree)
        << one.text;
  }
  EXPECT_EQ(tree_of(rule_with(selections + "    condition: [a, x and sel_b]\n")),
            "or(F='a', and(F='x', F='b'))");
}

TEST(SigmaRule, SelectionsCarryNameAndLines) {
  const LoadedRules rules = parse_rules(
      rule_with("    img:\n        A:\n            - x\n            - y\n    cmd: {B: z}\n"
                "    condition: img and cmd\n"),
      "test.yml");
  ASSERT_EQ(rules.detections.size(), 1u);
  const Node& root = rules.detections[0].condition;
  ASSERT_EQ(root.children.size(), 2u);
  EXPECT_EQ(root.children[0].selection, "img");
  EXPECT_EQ(root.children[0].children[1].test.line, 9);
  EXPECT_EQ(root.children[1].selection, "cmd");
}

TEST(SigmaRule, Refusals) {
  const std::string logsource = "logsource: {product: x}\n";
  const std::string detection = "detection:\n    sel: {A: 1}\n    condition: sel\n";
  struct Refused {
    std::string text;
    std::string code;
    int line;
  };
  const std::vector<Refused> cases = {
      {logsource + detection, "missing-title", 1},
      {"title: t\n" + detection, "missing-logsource", 1},
      {"title: t\nlogsource: {}\n" + detection, "bad-logsource", 2},
      {"title: t\nlogsource: x\n" + detection, "bad-logsource", 2},
      {"title: t\n" + logsource, "missing-detection", 1},
      {"title: t\n" + logsource + "detection: {a: {A: 1}}\n", "missing-condition", 3},
      {"title: t\n" + logsource + "detection: {condition: a}\n", "missing-selection", 3},
      {"", "empty-file", 1},
      {"- a\n- b\n", "bad-document", 1},
      {"title: [\n", "bad-yaml", 2},
      {"title: t\ntitle: u\n", "bad-yaml", 2},
      {"title: t\naction: golbal\n", "bad-action", 2},
      {rule_of("A|contain: x"), "bad-modifier", 7},
      {rule_of("A|i: x"), "bad-modifier", 7},
      {rule_of("A|re|cidr: x"), "modifier-conflict", 7},
      {rule_of("A|contains|startswith: x"), "modifier-conflict", 7},
      {rule_of("A|lt|gt: 1"), "modifier-conflict", 7},
      {rule_of("A|cidr|contains: 10.0.0.0/8"), "modifier-conflict", 7},
      {rule_of("A|base64|re: x"), "modifier-conflict", 7},
      {rule_of("'|cidr': 10.0.0.0/8"), "bad-modifier", 7},
      {rule_of("A|lt: many"), "bad-number", 7},
      {rule_of("A|cidr: 10.0.0/8"), "bad-cidr", 7},
      {rule_of("A|re: '(a'"), "bad-regex", 7},
      {rule_of("A|exists: maybe"), "bad-value", 7},
      {rule_of("A|base64: 'a*'"), "bad-value", 7},
      {rule_of("A|contains: null"), "bad-value", 7},
      {rule_of("A: {B: 1}"), "bad-value", 7},
      {rule_of("A: []"), "empty-list", 7},
      {rule_of("A|windash: ' -a -b -c -d -e -f'"), "too-large", 7},
      {rule_with("    sel: {}\n    condition: sel\n"), "empty-selection", 6},
      {rule_with("    sel: [null]\n    condition: sel\n"), "empty-selection", 6},
  };
  for (const Refused& one : cases) {
    const LoadedRules rules = parse_rules(one.text, "dir/test.yml");
    ASSERT_EQ(rules.refused.size(), 1u) << one.text;
    EXPECT_EQ(rules.refused[0].code, one.code) << one.text << rules.refused[0].reason;
    EXPECT_EQ(rules.refused[0].line, one.line) << one.text;
    EXPECT_EQ(rules.refused[0].path, "dir/test.yml");
    EXPECT_TRUE(rules.detections.empty());
  }
}

TEST(SigmaRule, RefusalsNameTheNearest) {
  const auto reason = [](const std::string& text) {
    const LoadedRules rules = parse_rules(text, "test.yml");
    return rules.refused.empty() ? "accepted" : rules.refused[0].reason;
  };
  EXPECT_EQ(reason(rule_of("A|contain: x")),
            "unknown modifier 'contain' on field 'A'; did you mean 'contains'?");
  EXPECT_EQ(reason(rule_with("    selection: {A: 1}\n    condition: selecton\n")),
            "condition: there is no selection 'selecton'; did you mean 'selection'?");
}

TEST(SigmaRule, HeaderAndIdentity) {
  const std::string text =
      "title: T\nid: abc\nname: n\nstatus: stable\nlevel: high\ndescription: d\n"
      "tags: [attack.t1059, cve.2024]\nlogsource: {product: windows, service: security}\n"
      "related:\n    - {id: x, type: derived}\ncustom: {any: thing}\n"
      "detection:\n    sel: {A|re: '(?=x)y'}\n    condition: sel\n";
  const LoadedRules rules = parse_rules(text, "p.yml");
  ASSERT_EQ(rules.detections.size(), 1u);
  EXPECT_TRUE(rules.warnings.empty());
  const DetectionRule& rule = rules.detections[0];
  EXPECT_EQ(rule.identity.id, "abc");
  EXPECT_EQ(rule.identity.name, "T");
  EXPECT_EQ(rule.identity.level, Level::kHigh);
  EXPECT_EQ(rule.identity.path, "p.yml");
  EXPECT_EQ(rule.identity.hash.size(), 64u);
  EXPECT_NE(rule.identity.hash, parse_rules(text + "# x\n", "p.yml").detections[0].identity.hash);
  EXPECT_EQ(rule.name, "n");
  EXPECT_EQ(rule.status, "stable");
  EXPECT_EQ(rule.tags, (std::vector<std::string>{"attack.t1059", "cve.2024"}));
  EXPECT_EQ(rule.log_source, (LogSource{"windows", "", "security"}));
  EXPECT_TRUE(rule.look_around);
  EXPECT_TRUE(rule.generates);
}

TEST(SigmaRule, Warnings) {
  const auto codes = [](const std::string& text) {
    std::string all;
    for (const Finding& finding : parse_rules(text, "test.yml").warnings) all += finding.code + " ";
    return all;
  };
  EXPECT_EQ(codes("level: hihg\n" + rule_of("A: 1")), "bad-level ");
  EXPECT_EQ(codes("status: new\n" + rule_of("A: 1")), "bad-status ");
  EXPECT_EQ(codes("taxonomy: mine\n" + rule_of("A: 1")), "bad-taxonomy ");
  EXPECT_EQ(codes(rule_of("A|all: [x]")), "single-all ");
  EXPECT_EQ(codes(rule_of("A: [x, null]")), "null-in-list ");
  EXPECT_EQ(codes(rule_with("    a: {A: 1}\n    b: {A: 1}\n    condition: a\n")),
            "unused-selection ");
}

// What the specification allows beside the detection changes nothing and is no finding.
TEST(SigmaRule, MetadataIsAccepted) {
  const auto warnings = [](const std::string& text) {
    const LoadedRules rules = parse_rules(text, "test.yml");
    std::string codes = rules.detections.size() == 1 ? "" : "refused ";
    for (const Finding& finding : rules.warnings) codes += finding.code + " ";
    return codes;
  };
  const std::string rule = "detection:\n    sel: {A: 1}\n    condition: sel\n";
  const std::string source = "logsource: {product: x}\n";
  EXPECT_EQ(
      warnings("title: t\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\nname: n\nrelated:\n"
               "    - {id: a, type: derived}\n    - {id: b, type: obsolete}\n"
               "    - {id: c, type: merged}\n    - {id: d, type: renamed}\n"
               "    - {id: e, type: similar}\ntaxonomy: sigma\nstatus: test\ndescription: d\n"
               "license: MIT\nauthor: a, b\nreferences: [https://example.org]\ndate: 2026-01-02\n"
               "modified: 2026-01-03\nfields: [A, B]\nfalsepositives: [none]\nlevel: low\n"
               "tags: [attack.t1059.001]\nscope: [server]\nours: {any: [thing]}\n"
               "logsource:\n    product: x\n    service: y.z\n    definition: audit is on\n    "
               "other: 1\n" +
               rule),
      "");
  EXPECT_EQ(warnings("title: t\nrelated: {id: a, type: derived}\n" + source + rule),
            "bad-related ");
  EXPECT_EQ(warnings("title: t\nrelated: [{id: a, type: derivd}]\n" + source + rule), "bad-type ");
  EXPECT_EQ(warnings("title: " + std::string(256, 't') + "\n" + source + rule), "");
  EXPECT_EQ(warnings("title: " + std::string(257, 't') + "\n" + source + rule), "long-title ");
  std::string umlauts;
  for (int i = 0; i < 256; ++i) umlauts += "ä";
  EXPECT_EQ(warnings("title: " + umlauts + "\n" + source + rule), "");
}

TEST(SigmaRule, RulesWithoutAnIdGetAStableOne) {
  const std::string text =
      "title: a\nlogsource: {product: x}\ndetection: {s: {A: 1}, condition: s}\n";
  const LoadedRules rules = parse_rules(text + "---\n" + text, "one.yml");
  ASSERT_EQ(rules.detections.size(), 2u);
  EXPECT_EQ(rules.detections[0].identity.id.size(), 36u);
  EXPECT_NE(rules.detections[0].identity.id, rules.detections[1].identity.id);
  EXPECT_EQ(parse_rules(text + "---\n" + text, "two.yml").detections[1].identity.id,
            rules.detections[1].identity.id);
}

}  // namespace
}  // namespace picket::rules
