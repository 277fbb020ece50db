#include "app/cause.h"

#include "app/show_truth.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

using rules::Node;
using rules::TruthNode;

constexpr std::size_t kWantedShown = 120;  // characters
constexpr std::size_t kValueShown = 160;

// As deep as the condition, whose depth the loader bounds.
class Search {
 public:
  explicit Search(const rules::DetectionRule& rule) : rule_(rule) {}

  std::vector<Cause> take() { return std::move(causes_); }

  // Why `node` is false.
  void why_false(const TruthNode& node, const std::string& outer) {
    if (node.holds) return;
    const std::string& selection = node.node->selection.empty() ? outer : node.node->selection;
    switch (node.node->kind) {
      case Node::Kind::kTest:
        add({&node, selection, false, nullptr, 0});
        return;
      case Node::Kind::kNot:
        for (const TruthNode& child : node.children) why_true(child, selection);
        return;
      case Node::Kind::kAnd:
        for (const TruthNode& child : node.children) why_false(child, selection);
        return;
      case Node::Kind::kOr:
        why_none(node, selection);
        return;
    }
  }

 private:
  // Values of one field are a list: the first one stands for all.
  void why_none(const TruthNode& node, const std::string& selection) {
    Cause* first = nullptr;
    for (const TruthNode& child : node.children) {
      const bool listed = child.node->kind == Node::Kind::kTest && child.node->selection.empty();
      if (listed && first != nullptr && first->node->node->test.field == child.node->test.field) {
        ++first->alternatives;
        continue;
      }
      const std::size_t before = causes_.size();
      why_false(child, selection);
      first = listed && causes_.size() > before ? &causes_.back() : nullptr;
    }
  }

  // What of `node`, which should not be true, is.
  void why_true(const TruthNode& node, const std::string& outer) {
    if (!node.holds) return;
    const std::string& selection = node.node->selection.empty() ? outer : node.node->selection;
    if (node.node->kind == Node::Kind::kNot) {
      for (const TruthNode& child : node.children) why_false(child, selection);
      return;
    }
    if (node.node->kind == Node::Kind::kTest || !node.node->selection.empty()) {
      const TruthNode* test = first_true(node);
      add({test != nullptr ? test : &node, selection, true, nullptr, 0});
      return;
    }
    for (const TruthNode& child : node.children) why_true(child, selection);
  }

  static const TruthNode* first_true(const TruthNode& node) {
    if (!node.holds) return nullptr;
    if (node.node->kind == Node::Kind::kTest) return &node;
    for (const TruthNode& child : node.children) {
      if (const TruthNode* found = first_true(child)) return found;
    }
    return nullptr;
  }

  void add(Cause cause) {
    if (causes_.size() >= kCausesMax) return;
    for (const rules::JoinedFilter& filter : rule_.filters) {
      const std::string prefix = filter.identity.name + ": ";
      if (!cause.selection.starts_with(prefix)) continue;
      cause.exception = &filter;
      cause.selection.erase(0, prefix.size());
      break;
    }
    causes_.push_back(std::move(cause));
  }

  const rules::DetectionRule& rule_;
  std::vector<Cause> causes_;
};

const rules::SeenValue* seen_value(const Cause& cause) {
  for (const rules::SeenValue& seen : cause.node->seen) {
    if (!cause.excludes || seen.passes) return &seen;
  }
  return nullptr;
}

}  // namespace

std::vector<Cause> causes_of(const rules::DetectionRule& rule, const rules::Truth& truth) {
  Search search(rule);
  search.why_false(truth.root, {});
  return search.take();
}

std::string cause_text(const Cause& cause) {
  const rules::Test& test = cause.node->node->test;
  std::string where;
  if (cause.exception != nullptr) {
    where = say("cause.exception", {{"name", cause.exception->identity.name},
                                    {"path", cause.exception->identity.path},
                                    {"line", cause.exception->line}}) +
            ", ";
  }
  where += cause.selection;
  if (test.line > 0) where += ", " + say("show.line", {{"n", test.line}});
  std::string text =
      visible(where, kValueShown * 2) + ": " + visible(test_text(test), kWantedShown);
  if (cause.alternatives > 0) text += " " + say("cause.alternatives", {{"n", cause.alternatives}});
  text += ": " +
          (cause.excludes ? say("cause.excludes") : word("why", reason_name(cause.node->reason)));
  if (const rules::SeenValue* seen = seen_value(cause)) {
    text += ": " + (seen->field.empty() ? "" : visible(seen->field) + " = ") + "'" +
            visible(seen->value, kValueShown) + "'";
  }
  return text;
}

std::string cause_code(const Cause& cause) {
  const rules::Test& test = cause.node->node->test;
  const auto [how, wanted] = machine_text(test);
  std::string text;
  if (cause.exception != nullptr) {
    text = "exception '" + cause.exception->identity.name + "' " + cause.exception->identity.path +
           ":" + std::to_string(cause.exception->line) + " ";
  }
  text += cause.selection + ":" + std::to_string(test.line) + " " + test.field + " " + how + " '" +
          wanted + "' ";
  text += cause.excludes ? "excluded" : reason_name(cause.node->reason);
  if (const rules::SeenValue* seen = seen_value(cause)) text += " '" + seen->value + "'";
  return text;
}

Json cause_json(const Cause& cause) {
  const rules::Test& test = cause.node->node->test;
  const auto [how, wanted] = machine_text(test);
  Json json = {{"selection", cause.selection},
               {"line", test.line},
               {"field", test.field},
               {"test", how},
               {"wanted", wanted},
               {"excludes", cause.excludes},
               {"reason", reason_name(cause.node->reason)},
               {"alternatives", cause.alternatives}};
  if (const rules::SeenValue* seen = seen_value(cause))
    json["seen"] = {{"field", seen->field}, {"value", seen->value}};
  if (cause.exception != nullptr) {
    json["exception"] = {{"id", cause.exception->identity.id},
                         {"name", cause.exception->identity.name},
                         {"path", cause.exception->identity.path},
                         {"line", cause.exception->line}};
  }
  return json;
}

}  // namespace picket::app
