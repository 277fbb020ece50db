// Small Sigma rules as text, and trees as text, for tables in tests.
#pragma once

#include <string>

#include "rules/loader.h"

namespace picket::rules {

// A rule around the lines of a detection (indented by four) whose selections are given.
inline std::string rule_with(const std::string& detection, const std::string& id = "one") {
  return "title: Test\nid: " + id + "\nlogsource:\n    category: process_creation\ndetection:\n" +
         detection;
}

// A rule with one item: "Field|contains: value".
inline std::string rule_of(const std::string& item) {
  return rule_with("    sel:\n        " + item + "\n    condition: sel\n");
}

inline std::string shown(const Test& test) {
  std::string text = test.field.empty() ? "<any>" : test.field;
  if (test.cased) text += " cased";
  switch (test.op) {
    case Op::kString:
      text += "=";
      for (const PatternPart& part : test.parts) {
        text += part.kind == PatternPart::Kind::kText     ? "'" + part.text + "'"
                : part.kind == PatternPart::Kind::kAnyRun ? "*"
                                                          : "?";
      }
      return text;
    case Op::kRegex:
      return text + "~" + (test.ignore_case ? "i" : "") + (test.multi_line ? "m" : "") +
             (test.dot_all ? "s" : "") + "/" + test.text + "/";
    case Op::kCidr:
      return text + " in " + test.text;
    case Op::kNumber:
      return text + " cmp" + std::to_string(static_cast<int>(test.compare)) + " " +
             std::to_string(test.number);
    case Op::kExists:
      return text + (test.flag ? " exists" : " missing");
    case Op::kNull:
      return text + " null";
    case Op::kFieldRef:
      return text + " ref" + std::to_string(static_cast<int>(test.ref)) + " " + test.text;
    case Op::kBool:
      return text + (test.flag ? " true" : " false");
    case Op::kTime:
      return text + " " + test.text + " cmp" + std::to_string(static_cast<int>(test.compare)) +
             " " + std::to_string(static_cast<int>(test.number));
  }
  return text;
}

inline std::string shown(const Node& node) {
  if (node.kind == Node::Kind::kTest) return shown(node.test);
  std::string text = node.kind == Node::Kind::kAnd  ? "and("
                     : node.kind == Node::Kind::kOr ? "or("
                                                    : "not(";
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    text += (i > 0 ? ", " : "") + shown(node.children[i]);
  }
  return text + ")";
}

// The tree of the only rule in a text, or the code of its refusal.
inline std::string tree_of(const std::string& text, const LoadOptions& options = {}) {
  const LoadedRules rules = parse_rules(text, "test.yml", options);
  if (!rules.refused.empty()) return "refused " + rules.refused.front().code;
  if (rules.detections.size() != 1) return "not one rule";
  return shown(rules.detections.front().condition);
}

}  // namespace picket::rules
