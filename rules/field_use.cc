#include "rules/field_use.h"

namespace picket::rules {
namespace {

struct Outcomes {
  bool may_hold = true;
  bool may_fail = true;
};

using Absent = std::function<bool(std::string_view field)>;
using Known = std::function<std::optional<bool>(const Test&)>;

// A missing field passes only tests that want it to be missing.
std::optional<bool> without(const Test& test, const Absent& absent) {
  const auto is_absent = [&](const std::string& field) { return !field.empty() && absent(field); };
  if (is_absent(test.field)) return test.op == Op::kNull || (test.op == Op::kExists && !test.flag);
  if (test.op == Op::kFieldRef && is_absent(test.text)) return false;
  return std::nullopt;
}

Outcomes outcomes(const Node& node, const Known& known) {
  if (node.kind == Node::Kind::kTest) {
    const std::optional<bool> holds = known(node.test);
    return {.may_hold = holds.value_or(true), .may_fail = !holds.value_or(false)};
  }
  if (node.kind == Node::Kind::kNot) {
    const Outcomes child = outcomes(node.children.front(), known);
    return {.may_hold = child.may_fail, .may_fail = child.may_hold};
  }
  const bool is_and = node.kind == Node::Kind::kAnd;
  Outcomes all{.may_hold = is_and, .may_fail = !is_and};
  for (const Node& child_node : node.children) {
    const Outcomes child = outcomes(child_node, known);
    if (is_and) {
      all.may_hold = all.may_hold && child.may_hold;
      all.may_fail = all.may_fail || child.may_fail;
    } else {
      all.may_hold = all.may_hold || child.may_hold;
      all.may_fail = all.may_fail && child.may_fail;
    }
  }
  return all;
}

void collect(const Node& node, std::set<std::string>& fields) {
  if (node.kind == Node::Kind::kTest) {
    if (!node.test.field.empty()) fields.insert(node.test.field);
    if (node.test.op == Op::kFieldRef) fields.insert(node.test.text);
  }
  for (const Node& child : node.children) collect(child, fields);
}

}  // namespace

std::set<std::string> fields_of(const Node& condition) {
  std::set<std::string> fields;
  collect(condition, fields);
  return fields;
}

bool can_hold(const Node& condition, const Absent& absent) {
  return can_hold_if(condition, [&](const Test& test) { return without(test, absent); });
}

bool can_hold_if(const Node& condition, const Known& known) {
  return outcomes(condition, known).may_hold;
}

}  // namespace picket::rules
