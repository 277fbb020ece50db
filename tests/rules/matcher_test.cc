// The matcher against a slow and obvious evaluator: random rules over random events, 0 differences. Routes,
// anchors, hash sets and Hyperscan must never change an answer.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "rules/compiler.h"
#include "rules/evaluation.h"
#include "rules/fold.h"
#include "rules/loader.h"

namespace picket::rules {
namespace {

using Fields = std::map<std::string, std::string>;

constexpr std::string_view kFields[] = {"Image", "CommandLine", "User", "Other"};
constexpr std::string_view kValues[] = {"C:\\Windows\\System32\\cmd.exe", "cmd.exe", "CMD", "powershell -enc AAAA", "ab", "a",
                                        "", "\\\\server\\share\\x.dll", "x.dll", "ẢNH.exe", "100% sure?", "a*b"};

class RandomRule {
 public:
  explicit RandomRule(std::mt19937& random) : random_(random) {}

  Node tree(int depth) {
    Node node;
    const auto pick = depth == 0 ? 0 : random_() % 5;
    if (pick <= 1) {
      node.kind = Node::Kind::kTest;
      node.test = test();
      return node;
    }
    node.kind = pick == 2 ? Node::Kind::kNot : pick == 3 ? Node::Kind::kAnd : Node::Kind::kOr;
    const std::size_t children = node.kind == Node::Kind::kNot ? 1 : 1 + random_() % 6;
    for (std::size_t i = 0; i < children; ++i) node.children.push_back(tree(depth - 1));
    return node;
  }

 private:
  Test test() {
    Test test;
    test.field = kFields[random_() % std::size(kFields)];
    const auto pick = random_() % 12;
    if (pick == 0) {
      test.op = Op::kNull;
    } else if (pick == 1) {
      test.op = Op::kExists;
      test.flag = random_() % 2 == 0;
    } else {
      test.parts = parts();
      test.cased = random_() % 8 == 0;
    }
    return test;
  }

  std::vector<PatternPart> parts() {
    const std::string value(kValues[random_() % std::size(kValues)]);
    std::string text = value.substr(value.empty() ? 0 : random_() % value.size());
    if (random_() % 2 == 0) text = value;
    std::vector<PatternPart> parts;
    const auto shape = random_() % 6;
    if (shape == 1 || shape == 3) parts.push_back({PatternPart::Kind::kAnyRun, ""});
    parts.push_back({PatternPart::Kind::kText, text});
    if (shape == 5) {
      parts.push_back({PatternPart::Kind::kAnyOne, ""});
      parts.push_back({PatternPart::Kind::kAnyRun, ""});
    }
    if (shape == 2 || shape == 3) parts.push_back({PatternPart::Kind::kAnyRun, ""});
    return parts;
  }

  std::mt19937& random_;
};

// Wildcards by definition: every way to split the text. ASCII '?' is enough for the values above.
bool naive_glob(const std::vector<PatternPart>& parts, std::size_t part, std::string_view text) {
  if (part == parts.size()) return text.empty();
  switch (parts[part].kind) {
    case PatternPart::Kind::kText:
      return text.starts_with(parts[part].text) && naive_glob(parts, part + 1, text.substr(parts[part].text.size()));
    case PatternPart::Kind::kAnyOne: {
      if (text.empty()) return false;
      std::size_t size = 1;
      while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
      return naive_glob(parts, part + 1, text.substr(size));
    }
    case PatternPart::Kind::kAnyRun:
      for (std::size_t i = 0; i <= text.size(); ++i) {
        if (naive_glob(parts, part + 1, text.substr(i))) return true;
      }
      return false;
  }
  return false;
}

bool naive(const Node& node, const Fields& fields) {
  switch (node.kind) {
    case Node::Kind::kNot: return !naive(node.children.front(), fields);
    case Node::Kind::kAnd:
      for (const Node& child : node.children) {
        if (!naive(child, fields)) return false;
      }
      return true;
    case Node::Kind::kOr:
      for (const Node& child : node.children) {
        if (naive(child, fields)) return true;
      }
      return false;
    case Node::Kind::kTest: break;
  }
  const auto found = fields.find(node.test.field);
  if (node.test.op == Op::kNull) return found == fields.end();
  if (node.test.op == Op::kExists) return (found != fields.end()) == node.test.flag;
  if (found == fields.end()) return false;
  std::vector<PatternPart> parts = node.test.parts;
  if (node.test.cased) return naive_glob(parts, 0, found->second);
  for (PatternPart& part : parts) part.text = fold(part.text);
  return naive_glob(parts, 0, fold(found->second));
}

LoadedRules random_rules(std::mt19937& random, std::size_t count) {
  LoadedRules loaded;
  for (std::size_t i = 0; i < count; ++i) {
    DetectionRule rule;
    rule.identity.id = "rule-" + std::to_string(i);
    rule.condition = RandomRule(random).tree(4);
    loaded.detections.push_back(std::move(rule));
  }
  return loaded;
}

Fields random_event(std::mt19937& random) {
  Fields fields;
  for (const std::string_view name : kFields) {
    if (random() % 4 == 0) continue;
    std::string value(kValues[random() % std::size(kValues)]);
    if (random() % 3 == 0) value += kValues[random() % std::size(kValues)];
    fields[std::string(name)] = value;
  }
  return fields;
}

TEST(Matcher, EqualsTheNaiveEvaluator) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    const LoadedRules loaded = random_rules(random, 60);
    const CompiledRules compiled = compile_rules(loaded, Taxonomy::none());
    const EvaluationPtr evaluation = compiled.set->make_evaluation();
    Batch batch;
    std::vector<Fields> events;
    for (int i = 0; i < 50; ++i) {
      events.push_back(random_event(random));
      batch.add("{}", SourceId{}, static_cast<std::uint64_t>(i), 0);
      batch.begin_event();
      for (const auto& [name, value] : events.back()) batch.push(*intern_field(name), batch.arena().copy(value));
    }
    compiled.set->evaluate(batch, *evaluation);
    std::set<std::pair<std::uint32_t, std::uint32_t>> hits;
    for (const Hit& hit : batch.hits()) hits.emplace(hit.event, hit.rule);
    for (std::uint32_t e = 0; e < events.size(); ++e) {
      for (std::uint32_t r = 0; r < loaded.detections.size(); ++r) {
        ASSERT_EQ(hits.contains({e, r}), naive(loaded.detections[r].condition, events[e]))
            << "seed " << seed << " event " << e << " rule " << r;
      }
    }
  }
}

// Proof: what a rule says about the lines, fields and bytes that made it true.
TEST(Matcher, ExplainsAHit) {
  LoadedRules loaded = parse_rules(
      "title: T\nid: 0b0e0a58-0000-4000-8000-000000000001\nlogsource: {product: windows}\ndetection:\n"
      "  sel:\n    CommandLine|contains:\n      - '-enc'\n      - 'absent'\n    Image|endswith: '\\cmd.exe'\n"
      "  filter:\n    User: nobody\n  condition: sel and not filter\n",
      "t.yml");
  ASSERT_TRUE(loaded.refused.empty());
  const CompiledRules compiled = compile_rules(std::move(loaded), Taxonomy::none());
  Batch batch;
  batch.add("{}", SourceId{}, 0, 0);
  batch.begin_event();
  const std::string command = "PowerShell -ENC AAAA";
  const std::string image = "C:\\Windows\\CMD.EXE";
  batch.push(*intern_field("CommandLine"), std::string_view(command));
  batch.push(*intern_field("Image"), std::string_view(image));
  const EvaluationPtr evaluation = compiled.set->make_evaluation();
  compiled.set->evaluate(batch, *evaluation);
  ASSERT_EQ(batch.hits().size(), 1U);
  const std::vector<Match> matches = compiled.set->explain(batch, batch.events()[0], 0);
  std::string shown;
  for (const Match& match : matches) {
    shown += match.selection + ":" + std::to_string(match.line) + ":" + match.rule_field + ":" +
             match.value.substr(match.begin, match.end - match.begin) + "\n";
  }
  EXPECT_EQ(shown, "sel:7:CommandLine:-ENC\nsel:9:Image:\\CMD.EXE\n");
}

}  // namespace
}  // namespace picket::rules
