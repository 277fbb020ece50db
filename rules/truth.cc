#include "rules/truth.h"

#include <algorithm>

namespace picket::rules {
namespace {

using Shape = CompiledTest::Shape;

class Judge {
 public:
  Judge(const DetectionRule& rule, const RuleLeaves& leaves, const Taxonomy& taxonomy, Batch& batch,
        const Event& event, Evaluation& evaluation)
      : rule_(rule),
        leaves_(leaves),
        taxonomy_(taxonomy),
        batch_(batch),
        event_(event),
        evaluation_(evaluation) {
    evaluation_.load(batch, event, *leaves.route);
  }

  // As deep as the condition, whose depth the loader bounds.
  TruthNode judge(const Node& node) {
    TruthNode made;
    made.node = &node;
    if (node.kind == Node::Kind::kTest) {
      judge_test(node.test, made);
      return made;
    }
    for (const Node& child : node.children) made.children.push_back(judge(child));
    const auto true_ones =
        static_cast<std::size_t>(std::count_if(made.children.begin(), made.children.end(),
                                               [](const TruthNode& child) { return child.holds; }));
    switch (node.kind) {
      case Node::Kind::kAnd:
        made.holds = true_ones == made.children.size();
        made.near_miss = made.children.size() > 1 && true_ones + 1 == made.children.size();
        break;
      case Node::Kind::kOr:
        made.holds = true_ones > 0;
        break;
      default:
        made.holds = true_ones == 0;
    }
    return made;
  }

 private:
  void judge_test(const Test& test, TruthNode& made) {
    const RuleLeaves::Leaf& leaf = leaves_.leaves.at(&test);
    if (leaf.kind != RuleLeaves::Leaf::Kind::kTest) {
      made.holds = leaf.kind == RuleLeaves::Leaf::Kind::kTrue;
      see_constant(test, made);
      return;
    }
    const CompiledTest& compiled = leaves_.route->tests[leaf.test];
    made.holds = evaluation_.test_holds(compiled);
    see_values(compiled, made);
    EventValues& values = evaluation_.values();
    if (made.holds) {
      made.reason = Reason::kMatches;
    } else if (compiled.shape == Shape::kExists || compiled.shape == Shape::kNull) {
      made.reason = values.present(compiled.column) ? Reason::kPresent : Reason::kMissing;
    } else if (!values.has(compiled.column)) {
      made.reason = values.present(compiled.column) ? Reason::kNull : Reason::kMissing;
    } else if (compiled.shape == Shape::kFieldRef && !values.has(compiled.other)) {
      made.reason = Reason::kOtherMissing;
    } else {
      made.reason = Reason::kDiffers;
    }
  }

  // What the kind of the event decides: its constants, and fields that none of its events has.
  void see_constant(const Test& test, TruthNode& made) const {
    const EventKind& kind = kind_of(event_.kind);
    for (const FieldId id : resolve_field(taxonomy_, rule_.log_source, test.field, kind)) {
      const FieldId ecs = kind.ecs_of(id);
      if (const auto value = batch_.text(event_, ecs)) {
        add(made, {.field = std::string(field_name(ecs)),
                   .value = std::string(*value),
                   .passes = made.holds});
        break;
      }
    }
    if (made.holds) {
      made.reason = Reason::kMatches;
    } else if (made.seen.empty()) {
      made.reason = Reason::kMissing;
    } else {
      const bool wants_none = test.op == Op::kExists || test.op == Op::kNull;
      made.reason = wants_none ? Reason::kPresent : Reason::kDiffers;
    }
  }

  void see_values(const CompiledTest& test, TruthNode& made) {
    const bool by_presence = test.shape == Shape::kExists || test.shape == Shape::kNull;
    see_column(test.column, made, [&](std::uint32_t value) {
      return !by_presence && evaluation_.value_passes(test, value);
    });
    if (test.shape == Shape::kFieldRef) {
      see_column(test.other, made, [](std::uint32_t) { return false; });
    }
  }

  template <class Passes>
  void see_column(std::uint16_t column, TruthNode& made, Passes passes) {
    const EventKind& kind = kind_of(event_.kind);
    evaluation_.values().any(column, [&](std::uint32_t value) {
      const bool good = passes(value);
      if (column == 0 && !good) return false;  // a keyword looks at everything
      const FieldId id = evaluation_.values().field(value).id;
      add(made, {.field = column == 0 ? std::string() : std::string(field_name(kind.ecs_of(id))),
                 .value = std::string(evaluation_.values().text(value)),
                 .passes = good});
      return false;
    });
  }

  static void add(TruthNode& made, SeenValue value) {
    value.value.resize(std::min(value.value.size(), kSeenBytesMax));
    const auto place = value.passes ? std::find_if(made.seen.begin(), made.seen.end(),
                                                   [](const SeenValue& one) { return !one.passes; })
                                    : made.seen.end();
    made.seen.insert(place, std::move(value));
    if (made.seen.size() > kSeenValuesMax) made.seen.pop_back();
  }

  const DetectionRule& rule_;
  const RuleLeaves& leaves_;
  const Taxonomy& taxonomy_;
  Batch& batch_;
  const Event& event_;
  Evaluation& evaluation_;
};

}  // namespace

std::string_view reason_name(Reason reason) {
  switch (reason) {
    case Reason::kMatches:
      return "matches";
    case Reason::kMissing:
      return "missing";
    case Reason::kNull:
      return "null";
    case Reason::kOtherMissing:
      return "other-missing";
    case Reason::kDiffers:
      return "differs";
    case Reason::kPresent:
      return "present";
  }
  return "differs";
}

std::shared_ptr<const RuleLeaves> TruthFinder::leaves(KindId kind) {
  if (!evaluation_ || leaves_.size() >= kKindsMax) {
    leaves_.clear();
    evaluation_.emplace(std::nullopt);
  }
  std::shared_ptr<const RuleLeaves>& known = leaves_[kind];
  if (!known) known = build_leaves(rule_, taxonomy_, kind_of(kind), matchers_);
  return known;
}

Truth TruthFinder::find(Batch& batch, const Event& event) {
  Truth truth;
  truth.admitted = taxonomy_.admits(rule_.log_source, kind_of(event.kind));
  const std::shared_ptr<const RuleLeaves> tests = leaves(event.kind);
  truth.root = Judge(rule_, *tests, taxonomy_, batch, event, *evaluation_).judge(rule_.condition);
  return truth;
}

}  // namespace picket::rules
