#include "rules/explain.h"

#include <algorithm>

#include "rules/evaluation.h"
#include "rules/fold.h"

namespace picket::rules {
namespace {

using Shape = CompiledTest::Shape;
using Span = std::pair<std::size_t, std::size_t>;

constexpr std::size_t kValueMax = 4096;  // of a value shown as proof

Span span_of(std::string_view text, const CompiledTest& test) {
  const std::string subject = test.cased ? std::string(text) : fold(text);
  const auto unfold = [&](std::size_t begin, std::size_t end) -> Span {
    if (test.cased) return {begin, end};
    return {unfold_offset(text, begin), unfold_offset(text, end)};
  };
  switch (test.shape) {
    case Shape::kContains: {
      const std::size_t found = find_bytes(subject, test.text);
      if (found == std::string_view::npos) return {0, 0};
      return unfold(found, found + test.text.size());
    }
    case Shape::kPrefix:
      return unfold(0, test.text.size());
    case Shape::kSuffix:
      return unfold(subject.size() - std::min(subject.size(), test.text.size()), subject.size());
    case Shape::kRegex:
      return test.regex->span(text);
    case Shape::kExists:
    case Shape::kNull:
    case Shape::kAny:
      return {0, 0};
    default:
      return {0, text.size()};
  }
}

class Explainer {
 public:
  Explainer(const DetectionRule& rule, const RuleLeaves& leaves, const Taxonomy& taxonomy,
            Batch& batch, const Event& event)
      : rule_(rule),
        leaves_(leaves),
        taxonomy_(taxonomy),
        batch_(batch),
        event_(event),
        evaluation_(std::nullopt) {
    evaluation_.load(batch, event, *leaves.route);
  }

  // Appends what made the node true; answers whether it is.
  bool visit(const Node& node, const std::string& selection, std::vector<Match>& matches) {
    const std::string& name = node.selection.empty() ? selection : node.selection;
    switch (node.kind) {
      case Node::Kind::kTest:
        return test(node.test, name, matches);
      case Node::Kind::kNot: {
        std::vector<Match> unused;
        return !visit(node.children.front(), name, unused);
      }
      case Node::Kind::kAnd: {
        const std::size_t before = matches.size();
        for (const Node& child : node.children) {
          if (visit(child, name, matches)) continue;
          matches.resize(before);
          return false;
        }
        return true;
      }
      case Node::Kind::kOr: {
        bool any = false;
        for (const Node& child : node.children) any = visit(child, name, matches) || any;
        return any;
      }
    }
    return false;
  }

 private:
  bool test(const Test& test, const std::string& selection, std::vector<Match>& matches) {
    using Leaf = RuleLeaves::Leaf;
    const Leaf& leaf = leaves_.leaves.at(&test);
    if (leaf.kind == Leaf::Kind::kFalse) return false;
    Match match;
    match.selection = selection;
    match.line = test.line;
    match.rule_field = test.field;
    match.field = test.field;
    if (leaf.kind == Leaf::Kind::kTrue) {
      fill_constant(kind_of(event_.kind), match);
      matches.push_back(std::move(match));
      return true;
    }
    const CompiledTest& compiled = leaves_.route->tests[leaf.test];
    if (!evaluation_.test_holds(compiled)) return false;
    evaluation_.values().any(compiled.column, [&](std::uint32_t value) {
      const bool by_presence = compiled.shape == Shape::kExists;
      if (!by_presence && !evaluation_.value_passes(compiled, value)) return false;
      fill_value(evaluation_, compiled, value, kind_of(event_.kind), match);
      return true;
    });
    matches.push_back(std::move(match));
    return true;
  }

  void fill_constant(const EventKind& kind, Match& match) const {
    for (const FieldId id : resolve_field(taxonomy_, rule_.log_source, match.rule_field, kind)) {
      const FieldId ecs = kind.ecs_of(id);
      if (const auto value = batch_.text(event_, ecs)) {
        match.field = field_name(ecs);
        match.value = *value;
        match.end = static_cast<std::uint32_t>(match.value.size());
        return;
      }
    }
  }

  static void fill_value(Evaluation& evaluation, const CompiledTest& compiled, std::uint32_t value,
                         const EventKind& kind, Match& match) {
    const std::string_view text = evaluation.values().text(value);
    const auto [begin, end] = span_of(text, compiled);
    if (compiled.column != 0)
      match.field = field_name(kind.ecs_of(evaluation.values().field(value).id));
    match.value = text.substr(0, kValueMax);
    match.begin = static_cast<std::uint32_t>(std::min(begin, match.value.size()));
    match.end = static_cast<std::uint32_t>(std::min(end, match.value.size()));
  }

  const DetectionRule& rule_;
  const RuleLeaves& leaves_;
  const Taxonomy& taxonomy_;
  Batch& batch_;
  const Event& event_;
  Evaluation evaluation_;
};

}  // namespace

std::vector<Match> explain_rule(const DetectionRule& rule, const RuleLeaves& leaves,
                                const Taxonomy& taxonomy, Batch& batch, const Event& event) {
  std::vector<Match> matches;
  Explainer explainer(rule, leaves, taxonomy, batch, event);
  if (!explainer.visit(rule.condition, {}, matches)) matches.clear();
  return matches;
}

}  // namespace picket::rules
