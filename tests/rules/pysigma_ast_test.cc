// Our trees against those that pySigma computes for SigmaHQ's rules, and the fate of all of
// SigmaHQ's rules. Trees are compared by meaning: nested And and Or are flattened, order does not
// count, and what is the same test is written the same (a number compares as its text, runs of '*'
// are one).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "rules/cidr_text.h"
#include "rules/loader.h"
#include "rules/sigma_value.h"

namespace picket::rules {
namespace {

const std::string kData = std::string(PICKET_SOURCE_DIR) + "/../shared/data/";

// A tree in canonical form: text for a leaf, otherwise a sorted set of children.
struct Shape {
  std::string kind;  // "and", "or", "not", "leaf"
  std::string leaf;
  std::vector<Shape> children;
};

std::string text_of(const Shape& shape) {
  if (shape.kind == "leaf") return shape.leaf;
  std::string text = shape.kind + "(";
  for (const Shape& child : shape.children) text += text_of(child) + ", ";
  return text + ")";
}

Shape leaf(std::string text) {
  return {"leaf", std::move(text), {}};
}

Shape group(const std::string& kind, const std::vector<Shape>& children) {
  Shape result{kind, {}, {}};
  for (const Shape& child : children) {
    if (child.kind == kind && kind != "not") {
      result.children.insert(result.children.end(), child.children.begin(), child.children.end());
    } else {
      result.children.push_back(child);
    }
  }
  const auto before = [](const Shape& a, const Shape& b) { return text_of(a) < text_of(b); };
  const auto same = [](const Shape& a, const Shape& b) { return text_of(a) == text_of(b); };
  std::sort(result.children.begin(), result.children.end(), before);
  result.children.erase(std::unique(result.children.begin(), result.children.end(), same),
                        result.children.end());
  if (kind == "not" && result.children[0].kind == "not") return result.children[0].children[0];
  if (kind != "not" && result.children.size() == 1) return result.children[0];
  return result;
}

std::string text_of(const Parts& parts) {
  std::string text;
  for (const PatternPart& part : parts) {
    if (part.kind == PatternPart::Kind::kText) text += "[" + part.text + "]";
    if (part.kind == PatternPart::Kind::kAnyRun) text += "*";
    if (part.kind == PatternPart::Kind::kAnyOne) text += "?";
  }
  return text;
}

std::string text_of(const Test& test) {
  const std::string field = test.field + " ";
  switch (test.op) {
    case Op::kString:
      return field + (test.cased ? "cased " : "is ") + text_of(test.parts);
    case Op::kRegex:
      return field + "re " + (test.ignore_case ? "i" : "") + (test.multi_line ? "m" : "") +
             (test.dot_all ? "s" : "") + " " + test.text;
    case Op::kCidr:
      return field + "cidr " + test.text;
    case Op::kNumber:
      return field + "number";
    case Op::kExists:
      return field + "exists " + std::to_string(test.flag);
    case Op::kNull:
      return field + "null";
    case Op::kFieldRef:
      return field + "ref " + std::to_string(static_cast<int>(test.ref)) + " " + test.text;
    case Op::kBool:
      return field + "bool " + std::to_string(test.flag);
    case Op::kTime:
      return field + "time";
  }
  return {};
}

Shape shape_of(const Node& node) {
  if (node.kind == Node::Kind::kTest) return leaf(text_of(node.test));
  std::vector<Shape> children;
  for (const Node& child : node.children) children.push_back(shape_of(child));
  const char* kind = node.kind == Node::Kind::kAnd  ? "and"
                     : node.kind == Node::Kind::kOr ? "or"
                                                    : "not";
  return group(kind, children);
}

Parts parts_of(const Json& value, bool keyword) {
  Parts parts;
  if (value.is_number()) append_text(parts, value.dump());
  if (value.is_array()) {
    for (const Json& item : value) {
      if (item.is_string()) {
        append_text(parts, item.get<std::string>());
      } else {
        append_wildcard(parts,
                        item["w"] == "*" ? PatternPart::Kind::kAnyRun : PatternPart::Kind::kAnyOne);
      }
    }
  }
  if (keyword) {
    prepend_any_run(parts);
    append_wildcard(parts, PatternPart::Kind::kAnyRun);
  }
  return parts;
}

Shape shape_of_value(const std::string& field, bool keyword, const Json& value) {
  const std::string type = value["t"];
  const std::string name = field + " ";
  if (type == "str" || type == "num") {
    return leaf(name + "is " + text_of(parts_of(value["v"], keyword)));
  }
  if (type == "any") {
    std::vector<Shape> all;
    for (const Json& one : value["v"]) all.push_back(shape_of_value(field, keyword, one));
    return group("or", all);
  }
  if (type == "null") return leaf(name + "null");
  if (type == "bool") return leaf(name + "bool " + (value["v"] == true ? "1" : "0"));
  if (type == "cidr")
    return leaf(name + "cidr " + cidr_text(value["v"].get<std::string>()).value());
  if (type == "fieldref") {
    const int mode = value["startswith"] == true ? 1 : value["endswith"] == true ? 2 : 0;
    return leaf(name + "ref " + std::to_string(mode) + " " + value["v"].get<std::string>());
  }
  if (type == "re") {
    std::string flags;
    for (const Json& flag : value["flags"]) {
      if (flag == "IGNORECASE") flags += "i";
      if (flag == "MULTILINE") flags += "m";
      if (flag == "DOTALL") flags += "s";
    }
    return leaf(name + "re " + flags + " " + value["v"].get<std::string>());
  }
  return leaf("unknown type " + type);
}

Shape shape_of(const Json& tree) {
  for (const char* kind : {"and", "or", "not"}) {
    if (!tree.contains(kind)) continue;
    std::vector<Shape> children;
    if (tree[kind].is_array()) {
      for (const Json& child : tree[kind]) children.push_back(shape_of(child));
    } else {
      children.push_back(shape_of(tree[kind]));
    }
    return group(kind, children);
  }
  const bool keyword = tree.contains("kw");
  return shape_of_value(keyword ? "" : tree["f"].get<std::string>(), keyword, tree);
}

std::vector<std::string> folders() {
  std::vector<std::string> paths;
  for (const char* name : {"rules", "rules-emerging-threats", "rules-threat-hunting",
                           "rules-placeholder", "rules-compliance"}) {
    paths.push_back(kData + "sigma-rules/" + name);
  }
  return paths;
}

// Loaded once for all tests.
const Result<LoadedRules>& sigma_hq() {
  static const Result<LoadedRules> rules = load_rules(folders());
  return rules;
}

TEST(PysigmaAst, EveryTreeIsTheSame) {
  std::ifstream file(kData + "pysigma-ast/ast.jsonl");
  if (!file) GTEST_SKIP() << "third-party data (pySigma trees) is not at " << kData << ": nothing was compared";
  const Result<LoadedRules>& rules = sigma_hq();
  ASSERT_TRUE(rules.has_value());
  std::map<std::string, const DetectionRule*> by_id;
  for (const DetectionRule& rule : rules->detections) by_id[rule.identity.id] = &rule;
  std::set<std::string> waiting;  // for values of placeholders
  for (const Finding& finding : rules->refused) waiting.insert(finding.rule_id);

  int compared = 0;
  int different = 0;
  for (std::string line; std::getline(file, line);) {
    const Result<Json> tree = parse_json(line);
    ASSERT_TRUE(tree.has_value());
    const std::string id = (*tree)["id"];
    if (waiting.contains(id)) continue;
    const auto found = by_id.find(id);
    if (found == by_id.end()) {
      ADD_FAILURE() << "not loaded: " << id;
      continue;
    }
    std::vector<Shape> conditions;
    for (const Json& condition : (*tree)["ast"]) conditions.push_back(shape_of(condition));
    const std::string theirs = text_of(group("or", conditions));
    const std::string ours = text_of(shape_of(found->second->condition));
    ++compared;
    if (ours == theirs) continue;
    if (++different > 10) continue;
    ADD_FAILURE() << found->second->identity.path << "\nours:   " << ours << "\ntheirs: " << theirs;
  }
  std::printf("%d trees compared, %d different\n", compared, different);
  EXPECT_GT(compared, 1800);
  EXPECT_EQ(different, 0);
}

TEST(SigmaHq, RulesAreActiveOrRefusedWithAReason) {
  std::ifstream there(kData + "sigma-rules/sigma_stats.txt");
  if (!there) GTEST_SKIP() << "third-party data (SigmaHQ rules) is not at " << kData << ": nothing was compared";
  const Result<LoadedRules>& rules = sigma_hq();
  ASSERT_TRUE(rules.has_value());
  std::map<std::string, int> codes;
  for (const Finding& finding : rules->refused) {
    ++codes[finding.code];
    EXPECT_FALSE(finding.path.empty());
    EXPECT_GT(finding.line, 1) << finding.path;
    EXPECT_FALSE(finding.reason.empty());
  }
  for (const auto& [code, count] : codes) std::printf("refused %s: %d\n", code.c_str(), count);
  EXPECT_EQ(rules->detections.size() + rules->correlations.size() + rules->refused.size(),
            rules->files);
  EXPECT_GE(static_cast<double>(rules->detections.size()),
            0.97 * static_cast<double>(rules->files));
}

TEST(SigmaHq, ThreadsDoNotChangeTheResult) {
  std::ifstream there(kData + "sigma-rules/sigma_stats.txt");
  if (!there) GTEST_SKIP() << "third-party data (SigmaHQ rules) is not at " << kData << ": nothing was compared";
  const std::vector<std::string> paths = {kData + "sigma-rules/rules-emerging-threats"};
  const Result<LoadedRules> one = load_rules(paths, {.threads = 1, .placeholders = {}});
  const Result<LoadedRules> three = load_rules(paths, {.threads = 3, .placeholders = {}});
  ASSERT_TRUE(one.has_value() && three.has_value());
  ASSERT_EQ(one->detections.size(), three->detections.size());
  for (std::size_t i = 0; i < one->detections.size(); ++i) {
    EXPECT_EQ(one->detections[i].identity.path, three->detections[i].identity.path);
    EXPECT_EQ(one->detections[i].identity.hash, three->detections[i].identity.hash);
  }
}

}  // namespace
}  // namespace picket::rules
