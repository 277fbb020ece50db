#include "app/show_truth.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

using rules::Compare;
using rules::Node;
using rules::Op;
using rules::PatternPart;
using rules::Reason;
using rules::RefMode;
using rules::Test;
using rules::TruthNode;

constexpr std::size_t kFalseShown = 5;     // false tests of an Or
constexpr std::size_t kWantedShown = 120;  // characters of what a test wants
constexpr std::size_t kValueShown = 160;

// What a string test wants of its value, by the places of its wildcards.
struct Wanted {
  const char* how = "is";
  std::string text;
};

Wanted wanted_of(const std::vector<PatternPart>& parts) {
  using Kind = PatternPart::Kind;
  const auto is = [&](std::size_t i, Kind kind) {
    return i < parts.size() && parts[i].kind == kind;
  };
  if (parts.empty()) return {"is", ""};
  if (parts.size() == 1 && is(0, Kind::kText)) return {"is", parts[0].text};
  if (parts.size() == 1 && is(0, Kind::kAnyRun)) return {"any", ""};
  if (parts.size() == 2 && is(0, Kind::kAnyRun) && is(1, Kind::kText))
    return {"ends", parts[1].text};
  if (parts.size() == 2 && is(0, Kind::kText) && is(1, Kind::kAnyRun))
    return {"begins", parts[0].text};
  if (parts.size() == 3 && is(0, Kind::kAnyRun) && is(1, Kind::kText) && is(2, Kind::kAnyRun))
    return {"contains", parts[1].text};
  std::string text;
  for (const PatternPart& part : parts) {
    if (part.kind == Kind::kAnyRun) text += '*';
    if (part.kind == Kind::kAnyOne) text += '?';
    for (const char c : part.text) {
      if (part.kind == Kind::kText && (c == '*' || c == '?')) text += '\\';
      text += c;
    }
  }
  return {"fits", text};
}

const char* sign_of(Compare compare) {
  switch (compare) {
    case Compare::kEqual:
      return "=";
    case Compare::kLess:
      return "<";
    case Compare::kLessEqual:
      return "<=";
    case Compare::kGreater:
      return ">";
    case Compare::kGreaterEqual:
      return ">=";
    case Compare::kNotEqual:
      return "!=";
  }
  return "=";
}

const char* how_of(RefMode mode) {
  switch (mode) {
    case RefMode::kEqual:
      return "is";
    case RefMode::kStartsWith:
      return "begins";
    case RefMode::kEndsWith:
      return "ends";
    case RefMode::kContains:
      return "contains";
  }
  return "is";
}

std::string number_text(double number) {
  if (std::nearbyint(number) == number && std::fabs(number) < 1e15)
    return std::to_string(static_cast<std::int64_t>(number));
  return Json(number).dump();
}

std::string flags_of(const Test& test) {
  std::string flags;
  if (test.ignore_case) flags += 'i';
  if (test.multi_line) flags += 'm';
  if (test.dot_all) flags += 's';
  return flags;
}

std::string quoted(const std::string& text) {
  return "'" + text + "'";
}

const char* kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kAnd:
      return "and";
    case Node::Kind::kOr:
      return "or";
    case Node::Kind::kNot:
      return "not";
    case Node::Kind::kTest:
      return "test";
  }
  return "test";
}

class TreeText {
 public:
  std::string take() { return std::move(text_); }

  void add(const TruthNode& node, std::size_t depth) {
    add_line(node, depth);
    if (node.node->kind == Node::Kind::kTest) add_seen(node, depth + 1);
    std::size_t hidden = 0;
    std::size_t shown = 0;
    for (const TruthNode& child : node.children) {
      const bool lists = node.node->kind == Node::Kind::kOr && !child.holds &&
                         child.node->kind == Node::Kind::kTest && child.node->selection.empty();
      if (lists && (node.holds || shown >= kFalseShown)) {
        ++hidden;
        continue;
      }
      shown += lists ? 1U : 0U;
      add(child, depth + 1);
    }
    if (hidden > 0) {
      text_ += indent(depth + 1) + styled(say("explain.more_false", {{"n", hidden}}), Style::kDim) +
               "\n";
    }
  }

 private:
  static std::string indent(std::size_t depth) { return std::string(depth * 2, ' '); }

  void add_line(const TruthNode& node, std::size_t depth) {
    const Style style = node.holds ? Style::kGreen : node.near_miss ? Style::kYellow : Style::kRed;
    const char* mark = node.holds ? "+" : node.near_miss ? "~" : "-";
    text_ += indent(depth) +
             styled(std::string(mark) + " " + word("truth", node.holds ? "true" : "false"), style) +
             "  ";
    if (!node.node->selection.empty()) {
      text_ += styled(visible(node.node->selection), Style::kBold) + "  ";
    }
    if (node.node->kind == Node::Kind::kTest) {
      text_ += visible(test_text(node.node->test), kWantedShown);
      if (const int line = node.node->test.line;
          line > 0)  // an exception's lines are of its own file
        text_ += styled("  " + say("show.line", {{"n", line}}), Style::kDim);
      if (!node.holds) text_ += "  " + word("why", reason_name(node.reason));
    } else {
      text_ += word("node", kind_name(node.node->kind));
      if (node.near_miss) text_ += "  " + styled(say("explain.near_miss"), Style::kYellow);
    }
    text_ += "\n";
  }

  void add_seen(const TruthNode& node, std::size_t depth) {
    for (const rules::SeenValue& seen : node.seen) {
      if (node.holds && !seen.passes && node.node->test.op != Op::kFieldRef) continue;
      const std::string field = seen.field.empty() ? say("show.keyword") : seen.field;
      text_ += indent(depth + 1) + styled(visible(field), Style::kBlue) + " = " +
               visible(seen.value, kValueShown) + "\n";
    }
  }

  std::string text_;
};

Json node_json(const TruthNode& node) {
  Json json = {{"kind", kind_name(node.node->kind)}, {"holds", node.holds}};
  if (!node.node->selection.empty()) json["selection"] = node.node->selection;
  if (node.near_miss) json["near_miss"] = true;
  if (node.node->kind != Node::Kind::kTest) {
    json["children"] = Json::array();
    for (const TruthNode& child : node.children) json["children"].push_back(node_json(child));
    return json;
  }
  const auto [how, wanted] = machine_text(node.node->test);
  json["field"] = node.node->test.field;
  json["test"] = how;
  json["wanted"] = wanted;
  if (node.node->test.cased) json["cased"] = true;
  json["line"] = node.node->test.line;
  json["reason"] = reason_name(node.reason);
  json["seen"] = Json::array();
  for (const rules::SeenValue& seen : node.seen)
    json["seen"].push_back({{"field", seen.field}, {"value", seen.value}, {"passes", seen.passes}});
  return json;
}

}  // namespace

std::pair<std::string, std::string> machine_text(const Test& test) {
  switch (test.op) {
    case Op::kString: {
      Wanted wanted = wanted_of(test.parts);
      return {wanted.how, std::move(wanted.text)};
    }
    case Op::kRegex:
      return {"regex", "/" + test.text + "/" + flags_of(test)};
    case Op::kCidr:
      return {"network", test.text};
    case Op::kNumber:
      return {sign_of(test.compare), number_text(test.number)};
    case Op::kExists:
      return {test.flag ? "present" : "absent", ""};
    case Op::kNull:
      return {"empty", ""};
    case Op::kFieldRef:
      return {std::string(how_of(test.ref)) + "-field", test.text};
    case Op::kBool:
      return {"is", test.flag ? "true" : "false"};
    case Op::kTime:
      return {test.text + " " + sign_of(test.compare), number_text(test.number)};
  }
  return {};
}

std::string test_text(const Test& test) {
  const std::string field = test.field.empty() ? say("show.keyword") : test.field;
  const auto text = [&](const std::string& how, const std::string& value) {
    return field + " " + word("test", how) + (value.empty() ? "" : " ") + value;
  };
  switch (test.op) {
    case Op::kString: {
      const Wanted wanted = wanted_of(test.parts);
      return text(wanted.how, std::string(wanted.how) == "any" ? "" : quoted(wanted.text));
    }
    case Op::kRegex:
      return text("regex", "/" + test.text + "/" + flags_of(test));
    case Op::kCidr:
      return text("network", test.text);
    case Op::kNumber:
      return field + " " + sign_of(test.compare) + " " + number_text(test.number);
    case Op::kExists:
      return text(test.flag ? "present" : "absent", "");
    case Op::kNull:
      return text("empty", "");
    case Op::kFieldRef:
      return text(how_of(test.ref), say("explain.field", {{"name", test.text}}));
    case Op::kBool:
      return text("is", test.flag ? "true" : "false");
    case Op::kTime:
      return field + " " + word("part", test.text) + " " + sign_of(test.compare) + " " +
             number_text(test.number);
  }
  return field;
}

std::string show_truth(const rules::Truth& truth) {
  TreeText tree;
  tree.add(truth.root, 1);
  return tree.take();
}

Json truth_json(const rules::Truth& truth) {
  return {{"log_source", truth.admitted},
          {"holds", truth.holds()},
          {"condition", node_json(truth.root)}};
}

}  // namespace picket::app
