// What concerns several rules: correlations, filters, multi-document files, repeated ids, folders.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string login_rule(const std::string& id, const std::string& name = "") {
  return rule_with("    sel: {A: 1}\n    condition: sel\n", id) +
         (name.empty() ? "" : "name: " + name + "\n") + "---\n";
}

std::string correlation(const std::string& body, const std::string& more = "") {
  return "title: C\nid: corr\n" + more + "correlation:\n" + body + "---\n";
}

std::string refused_code(const std::string& text) {
  const LoadedRules rules = parse_rules(text, "test.yml");
  return rules.refused.empty() ? "" : rules.refused[0].code;
}

TEST(SigmaCorrelation, EverythingIsRead) {
  const LoadedRules rules = parse_rules(
      login_rule("r1", "first") + login_rule("r2", "second") +
          correlation("    type: value_percentile\n    rules: [first, r2]\n"
                      "    group-by: [who, host.name]\n    timespan: 90s\n"
                      "    aliases:\n        who: {r1: user.name, second: User}\n"
                      "    condition: {field: bytes, percentile: 95, gt: 10, lte: 20.5}\n",
                      "level: critical\ntags: [a.b]\nname: cc\npicket: {repeat: every}\n"),
      "test.yml");
  ASSERT_TRUE(rules.refused.empty()) << rules.refused[0].reason;
  ASSERT_EQ(rules.correlations.size(), 1u);
  const CorrelationRule& rule = rules.correlations[0];
  EXPECT_EQ(rule.identity.id, "corr");
  EXPECT_EQ(rule.identity.level, Level::kCritical);
  EXPECT_EQ(rule.identity.hash.size(), 64u);
  EXPECT_EQ(rule.name, "cc");
  EXPECT_EQ(rule.type, CorrelationType::kValuePercentile);
  EXPECT_EQ(rule.rules, (std::vector<std::string>{"first", "r2"}));
  EXPECT_EQ(rule.group_by, (std::vector<std::string>{"who", "host.name"}));
  EXPECT_EQ(rule.timespan_ns, 90 * kSecond);
  EXPECT_EQ(rule.field, "bytes");
  EXPECT_EQ(rule.percentile, 95);
  ASSERT_EQ(rule.conditions.size(), 2u);
  EXPECT_EQ(rule.conditions[0], (std::pair<Compare, double>(Compare::kGreater, 10)));
  EXPECT_EQ(rule.conditions[1], (std::pair<Compare, double>(Compare::kLessEqual, 20.5)));
  EXPECT_TRUE(rule.repeat_every);
  ASSERT_EQ(rule.aliases.size(), 1u);  // spelled as in `rules`, whatever the alias wrote
  EXPECT_EQ(rule.aliases[0].second[0], (std::pair<std::string, std::string>("first", "user.name")));
  EXPECT_EQ(rule.aliases[0].second[1], (std::pair<std::string, std::string>("r2", "User")));
}

TEST(SigmaCorrelation, Timespans) {
  struct Case {
    const char* text;
    std::int64_t seconds;  // 0: refused
  };
  const std::vector<Case> cases = {
      {"30s", 30},        {"5m", 300},         {"2h", 7200}, {"1d", 86400},       {"1w", 604800},
      {"1M", 30 * 86400}, {"1y", 365 * 86400}, {"0s", 0},    {"-1s", 0},          {"5", 0},
      {"m", 0},           {"5 m", 0},          {"5min", 0},  {"99999999999d", 0}, {"1.5h", 0}};
  for (const Case& one : cases) {
    const LoadedRules rules = parse_rules(
        login_rule("r") + correlation("    type: event_count\n    rules: [r]\n    timespan: '" +
                                      std::string(one.text) + "'\n    condition: {gte: 2}\n"),
        "test.yml");
    if (one.seconds == 0) {
      ASSERT_EQ(rules.refused.size(), 1u) << one.text;
      EXPECT_EQ(rules.refused[0].code, "bad-timespan");
    } else {
      ASSERT_EQ(rules.correlations.size(), 1u) << one.text;
      EXPECT_EQ(rules.correlations[0].timespan_ns, one.seconds * kSecond);
    }
  }
}

// An own attribute on a count of at least one.
std::string with_own(const std::string& type, const std::string& own) {
  const std::string field = type == "value_count" ? "field: user.name, " : "";
  return login_rule("r") + login_rule("done") +
         correlation("    type: " + type + "\n    rules: [r]\n    group-by: [host.name]\n" +
                         "    timespan: 1d\n    condition: {" + field + "gte: 1}\n",
                     "picket: " + own + "\n");
}

TEST(OwnAttributes, AreRead) {
  const auto parsed = [](const std::string& type, const std::string& own) {
    const LoadedRules rules = parse_rules(with_own(type, own), "test.yml");
    EXPECT_TRUE(rules.refused.empty()) << own << ": " << rules.refused[0].reason;
    return rules.correlations.empty() ? CorrelationRule{} : rules.correlations[0];
  };
  const CorrelationRule absence = parsed("event_count", "{absence: done, risk: 30}");
  EXPECT_EQ(absence.type, CorrelationType::kAbsence);
  EXPECT_EQ(absence.rules, (std::vector<std::string>{"r", "done"}));
  EXPECT_FALSE(absence.is_answer(0));
  EXPECT_TRUE(absence.is_answer(1));
  EXPECT_EQ(absence.identity.risk, 30);
  const CorrelationRule first = parsed("value_count", "{first_seen: {learn: 2h}}");
  EXPECT_EQ(first.type, CorrelationType::kFirstSeen);
  EXPECT_EQ(first.learn_ns, 7200 * kSecond);
  EXPECT_EQ(parsed("value_count", "{first_seen: true}").learn_ns, 0);
  const CorrelationRule rare = parsed("value_count", "{rare: {at_most: 2, after: 50}}");
  EXPECT_EQ(rare.type, CorrelationType::kRare);
  EXPECT_EQ(rare.seen_max, 2u);
  EXPECT_EQ(rare.seen_after, 50u);
  EXPECT_EQ(parsed("event_count", "{suppress: {for: 1h, by: [host.name]}}").suppress_ns,
            3600 * kSecond);
}

TEST(OwnAttributes, OfDetections) {
  const std::string rule = rule_with("    sel: {A: 1}\n    condition: sel\n", "r");
  const LoadedRules rules =
      parse_rules(rule + "picket: {suppress: {for: 10m, by: [source.ip]}, risk: 70}\n", "test.yml");
  ASSERT_EQ(rules.detections.size(), 1u);
  EXPECT_EQ(rules.detections[0].suppress.for_ns, 600 * kSecond);
  EXPECT_EQ(rules.detections[0].suppress.by, std::vector<std::string>{"source.ip"});
  EXPECT_EQ(rules.detections[0].identity.risk, 70);
  EXPECT_EQ(refused_code(rule + "picket: {suppress: 1h}\n"), "bad-suppress");
  EXPECT_EQ(refused_code(rule + "picket: {risk: 101}\n"), "bad-number");
  EXPECT_EQ(refused_code(rule + "picket: {repeat: every}\n"), "unknown-key");
}

TEST(OwnAttributes, Refusals) {
  const struct {
    std::string type, own, code;
  } cases[] = {
      {"value_count", "{absence: done}", "bad-base"},
      {"event_count", "{first_seen: true}", "bad-base"},
      {"event_count", "{absence: []}", "bad-list"},
      {"event_count", "{absence: nobody}", "unknown-rule"},
      {"event_count", "{absence: corr}", "correlation-cycle"},
      {"value_count", "{first_seen: false}", "bad-value"},
      {"value_count", "{first_seen: {learn: soon}}", "bad-timespan"},
      {"value_count", "{first_seen: {lern: 1d}}", "unknown-key"},
      {"value_count", "{rare: {after: 5}}", "bad-number"},
      {"value_count", "{rare: {at_most: 1.5}}", "bad-number"},
      {"value_count", "{rare: {at_most: 1}, first_seen: true}", "bad-value"},
      {"event_count", "{suppress: {for: 1h, by: [user.name]}}", "bad-suppress"},
      {"event_count", "{suppress: {by: [host.name]}}", "bad-suppress"},
      {"event_count", "{risk: high}", "bad-number"},
  };
  for (const auto& one : cases)
    EXPECT_EQ(refused_code(with_own(one.type, one.own)), one.code) << one.own;
}

TEST(OwnAttributes, Warnings) {
  const auto warned = [](const std::string& own) {
    const LoadedRules rules = parse_rules(with_own("value_count", own), "test.yml");
    return rules.warnings.empty() ? "" : rules.warnings[0].code;
  };
  EXPECT_EQ(warned("{first_seen: true}"), "no-learning");
  EXPECT_EQ(warned("{first_seen: {learn: 1d}}"), "");
  EXPECT_EQ(warned("{rare: {at_most: 3, after: 3}}"), "no-learning");
  EXPECT_EQ(warned("{rare: {at_most: 3, after: 30}}"), "");
}

TEST(SigmaCorrelation, Refusals) {
  const std::string span = "    timespan: 5m\n";
  const std::string count = "    type: event_count\n    rules: [r]\n" + span;
  struct Case {
    std::string body;
    std::string code;
  };
  const std::vector<Case> cases = {
      {"    rules: [r]\n" + span, "missing-type"},
      {"    type: event_cuont\n    rules: [r]\n" + span, "bad-type"},
      {"    type: temporal\n" + span, "missing-rules"},
      {"    type: temporal\n    rules: [r]\n", "missing-timespan"},
      {count, "missing-condition"},
      {count + "    condition: gte\n", "bad-condition"},
      {count + "    condition: {gtee: 5}\n", "unknown-key"},
      {count + "    condition: {gte: many}\n", "bad-number"},
      {count + "    conditions: {gte: 5}\n", "unknown-key"},
      {count + "    condition: {gte: 5}\n    aliases: {a: {other: F}}\n", "bad-aliases"},
      {"    type: value_count\n    rules: [r]\n    condition: {gte: 5}\n" + span, "missing-field"},
      {"    type: value_count\n    rules: [r]\n    condition: {gte: 5, field: [a, {b: c}]}\n" + span,
       "bad-field"},
      {"    type: temporal\n    rules: [r, q]\n" + span, "unknown-rule"},
      {"    type: temporal\n    rules: [corr]\n" + span, "correlation-cycle"},
      {"    type: temporal\n    rules: [[r]]\n" + span, "bad-list"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(refused_code(login_rule("r") + correlation(one.body)), one.code) << one.body;
  }
  const LoadedRules rules = parse_rules(
      login_rule("ssh_login") + correlation("    type: temporal\n    rules: [ssh_logon]\n" + span),
      "test.yml");
  ASSERT_EQ(rules.refused.size(), 1u);
  EXPECT_EQ(rules.refused[0].reason,
            "the correlation refers to rule 'ssh_logon', which is not loaded; did you mean "
            "'ssh_login'?");
}

TEST(SigmaCorrelation, ChainsSettleInAnyOrderAndRefusalsSpread) {
  const auto chain = [](const std::string& id, const std::string& on) {
    return "title: C\nid: " + id + "\ncorrelation:\n    type: temporal\n    rules: [" + on +
           "]\n    timespan: 1m\n---\n";
  };
  EXPECT_EQ(parse_rules(chain("c", "b") + chain("b", "a") + chain("a", "r") + login_rule("r"), "t")
                .correlations.size(),
            3u);
  const LoadedRules broken =
      parse_rules(chain("c", "b") + chain("b", "a") + chain("a", "gone") + login_rule("r"), "t");
  EXPECT_TRUE(broken.correlations.empty());
  EXPECT_EQ(broken.refused.size(), 3u);
  const LoadedRules ring = parse_rules(chain("a", "b") + chain("b", "a") + login_rule("r"), "t");
  EXPECT_EQ(ring.refused.size(), 2u);
}

TEST(SigmaCorrelation, ReferencedRulesAreSilentUnlessGenerated) {
  const std::string body = "    type: temporal\n    rules: [r]\n    timespan: 1m\n";
  const auto generates = [&](const std::string& text) {
    return parse_rules(login_rule("r") + text, "test.yml").detections.at(0).generates;
  };
  EXPECT_TRUE(generates(""));
  EXPECT_FALSE(generates(correlation(body)));
  EXPECT_TRUE(generates(correlation(body + "    generate: true\n")));
  EXPECT_TRUE(generates(correlation(body, "generate: true\n")));
  EXPECT_TRUE(
      generates(correlation("    type: temporal\n    rules: [r, gone]\n    timespan: 1m\n")));
}

TEST(SigmaCorrelation, ANameOfSeveralRulesIsRefused) {
  const std::string body = "    type: temporal\n    rules: [twice]\n    timespan: 1m\n";
  EXPECT_EQ(refused_code(login_rule("a", "twice") + login_rule("b", "twice") + correlation(body)),
            "ambiguous-rule");
  EXPECT_EQ(refused_code(login_rule("twice") + login_rule("b", "twice") + correlation(body)),
            "");  // the id wins
}

TEST(SigmaFilter, Refusals) {
  const auto code = [](const std::string& text) {
    const LoadedRules rules = parse_rules(login_rule("r") + text, "test.yml");
    if (!rules.refused.empty()) return rules.refused[0].code;
    return rules.warnings.empty() ? std::string() : "warned " + rules.warnings[0].code;
  };
  const std::string source = "logsource: {category: process_creation}\n";
  const std::string body = "    sel: {A: 1}\n    condition: not sel\n";
  EXPECT_EQ(code("title: f\ndescription: d\ndate: 2026-01-02\n" + source +
                 "filter:\n    rules: [r]\n" + body),
            "");
  EXPECT_EQ(code(source + "filter:\n    rules: [r]\n" + body), "missing-title");
  EXPECT_EQ(code("title: f\nfilter:\n    rules: [r]\n" + body), "warned missing-logsource");
  EXPECT_EQ(code("title: f\n" + source + "filter: x\n"), "bad-filter");
  EXPECT_EQ(code("title: f\n" + source + "filter:\n" + body), "missing-rules");
  EXPECT_EQ(code("title: f\n" + source + "filter:\n    rules: {a: b}\n" + body), "bad-list");
  EXPECT_EQ(code("title: f\n" + source + "filter:\n    rules: [r]\n    sel: {A: 1}\n"),
            "missing-condition");
  EXPECT_EQ(code("title: f\n" + source + "filter:\n    rules: [r]\n    condition: not sel\n"),
            "missing-selection");
}

TEST(SigmaFilter, IsJoinedToTheRulesItNames) {
  const auto filter = [](const std::string& rules, const std::string& condition = "not sel",
                         const std::string& source = "category: process_creation") {
    return "title: No admins\nid: f\nlogsource: {" + source + "}\nfilter:\n    rules: " + rules +
           "\n    sel: {User|startswith: adm}\n    condition: " + condition + "\n";
  };
  const auto tree = [](const std::string& text) {
    return shown(parse_rules(login_rule("r", "named") + text, "t").detections.at(0).condition);
  };
  const std::string joined = "and(A='1', not(User='adm'*))";
  EXPECT_EQ(tree(filter("[r]")), joined);
  EXPECT_EQ(tree(filter("r")), joined);
  EXPECT_EQ(tree(filter("[named]")), joined);
  EXPECT_EQ(tree(filter("[Test]")), joined);
  EXPECT_EQ(tree(filter("any")), joined);
  EXPECT_EQ(tree(filter("[]")), joined);
  EXPECT_EQ(tree(filter("[other]")), "A='1'");
  EXPECT_EQ(tree(filter("any", "not sel", "product: linux")), "A='1'");
  EXPECT_EQ(tree(filter("[r]", "sel")), "and(A='1', User='adm'*)");

  const LoadedRules rules =
      parse_rules(filter("[r, other]", "sel") + "---\n" + login_rule("r"), "t");
  ASSERT_EQ(rules.warnings.size(), 2u);
  EXPECT_EQ(rules.warnings[0].code, "filter-without-not");
  EXPECT_EQ(rules.warnings[1].code, "filter-without-rule");
  const Node& root = rules.detections.at(0).condition;
  EXPECT_EQ(root.children[1].selection, "No admins: sel");
  EXPECT_EQ(root.children[1].test.line, 0);
}

TEST(SigmaFile, GlobalResetAndRepeat) {
  const std::string text =
      "action: global\ntitle: G\nid: g\nlogsource: {product: windows}\nlevel: high\n---\n"
      "detection: {a: {A: 1}, condition: a}\n---\n"
      "title: own\nid: two\nlogsource: {service: security}\ndetection: {b: {B: 1}, condition: "
      "b}\n---\n"
      "action: repeat\ntitle: again\ndetection: {b: {B: 2}}\n---\n"
      "action: reset\n---\n"
      "title: last\ndetection: {a: {A: 1}, condition: a}\n";
  const LoadedRules rules = parse_rules(text, "test.yml");
  ASSERT_EQ(rules.detections.size(), 3u);
  EXPECT_EQ(rules.detections[0].identity.id, "g");
  EXPECT_EQ(rules.detections[0].identity.name, "G");
  EXPECT_EQ(rules.detections[0].identity.level, Level::kHigh);
  EXPECT_EQ(rules.detections[1].identity.id, "two");
  EXPECT_EQ(rules.detections[1].log_source, (LogSource{"windows", "", "security"}));
  EXPECT_EQ(rules.detections[2].identity.id, "two#2");
  EXPECT_EQ(rules.detections[2].identity.name, "again");
  EXPECT_EQ(shown(rules.detections[2].condition), "B='2'");
  ASSERT_EQ(rules.refused.size(), 1u);
  EXPECT_EQ(rules.refused[0].code, "missing-logsource");
}

TEST(SigmaFile, ABadDocumentIsRefusedAlone) {
  const LoadedRules rules =
      parse_rules(login_rule("a") + "title: bad\nid: b\n---\n" + login_rule("c"), "test.yml");
  EXPECT_EQ(rules.detections.size(), 2u);
  ASSERT_EQ(rules.refused.size(), 1u);
  EXPECT_EQ(rules.refused[0].rule_id, "b");
}

TEST(SigmaFile, GlobalDocumentsCannotExplode) {
  std::string text = "action: global\nbig:\n";
  for (int i = 0; i < 20'000; ++i) text += "  - x\n";
  for (int i = 0; i < 2'000; ++i) text += "---\ntitle: t\n";
  const LoadedRules rules = parse_rules(text, "test.yml");
  EXPECT_EQ(rules.refused.size(), 2'000u);
  EXPECT_EQ(rules.refused.back().code, "too-large");
}

TEST(SigmaCollection, ARepeatedIdIsRefusedOnce) {
  const LoadedRules rules = parse_rules(login_rule("a") + login_rule("a"), "test.yml");
  EXPECT_EQ(rules.detections.size(), 1u);
  ASSERT_EQ(rules.refused.size(), 1u);
  EXPECT_EQ(rules.refused[0].code, "repeated-id");
  EXPECT_NE(rules.refused[0].reason.find("test.yml:1"), std::string::npos);
}

TEST(SigmaCollection, CopiesOfSelectionsAreBounded) {
  std::string text = "    sel:\n        F:\n";
  for (int i = 0; i < 5'000; ++i) text += "            - v" + std::to_string(i) + "\n";
  std::string condition = "sel";
  for (int i = 0; i < 20; ++i) condition += " or sel";
  EXPECT_EQ(tree_of(rule_with(text + "    condition: " + condition + "\n")), "refused too-large");
}

class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("picket_rules_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "sub");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name = "") const { return (path_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
  }

 private:
  std::filesystem::path path_;
};

TEST(Loader, ReadsFoldersInOrderOnAnyNumberOfThreads) {
  const Folder folder;
  for (int i = 0; i < 10; ++i) {
    const std::string number = std::to_string(i);
    folder.write("r" + number + ".yml", login_rule("id" + number));
  }
  folder.write("sub/good.yaml", login_rule("id-good"));
  folder.write("sub/twice.yml", login_rule("id3"));
  folder.write("sub/broken.yml", "title: [");
  folder.write("sub/x.yar", "rule x { condition: true }");
  folder.write("notes.txt", "not a rule");
  for (const unsigned threads : {0u, 1u, 2u, 7u}) {
    LoadOptions options;
    options.threads = threads;
    const Result<LoadedRules> rules = load_rules({folder.path(), folder.path("r1.yml")}, options);
    ASSERT_TRUE(rules.has_value());
    ASSERT_EQ(rules->detections.size(), 11u);
    EXPECT_EQ(rules->detections[0].identity.id, "id0");
    EXPECT_EQ(rules->detections[10].identity.id, "id-good");
    EXPECT_EQ(rules->yara_files, std::vector<std::string>{folder.path("sub/x.yar")});
    EXPECT_EQ(rules->files, 14u);
    ASSERT_EQ(rules->refused.size(), 2u);
    EXPECT_EQ(rules->refused[0].code, "bad-yaml");
    EXPECT_EQ(rules->refused[1].code, "repeated-id");
  }
}

TEST(Loader, APathThatIsNotThereFails) {
  const Result<LoadedRules> rules = load_rules({"no/such/folder"});
  ASSERT_FALSE(rules.has_value());
  EXPECT_NE(rules.error().what.find("no/such/folder"), std::string::npos);
}

}  // namespace
}  // namespace picket::rules
