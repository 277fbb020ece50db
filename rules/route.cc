#include "rules/route.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "event/ecs.h"
#include "rules/anchor.h"
#include "rules/fold.h"
#include "rules/test_value.h"

namespace picket::rules {
namespace {

using Shape = CompiledTest::Shape;
using NodeKind = CompiledNode::Kind;

constexpr std::size_t kSetMin = 4;       // whole values in an OR list that are worth a hash set
constexpr std::size_t kLiteralsMin = 3;  // parts of values in one that are worth a matcher

// A tree while it is being specialised: constants folded, tests compiled.
struct Draft {
  enum class Kind : std::uint8_t { kTrue, kFalse, kAnd, kOr, kNot, kTest, kSet, kLiterals };
  Kind kind = Kind::kTrue;
  std::vector<Draft> children;
  std::uint32_t index = 0;  // of the test, the set or the literals
  double cost = 0;
};

// A rule that wants an anchor of either set of its call.
struct DraftPair {
  std::uint32_t rule = 0;
  WakeCall call;
};

// A set of anchors as pairs have it in common.
struct SharedSet {
  std::uint32_t uses = 0;
  std::optional<std::uint32_t> flag;
};

double cost_of(const CompiledTest& test) {
  switch (test.shape) {
    case Shape::kExact:
    case Shape::kExists:
    case Shape::kNull:
    case Shape::kAny:
    case Shape::kBool:
      return 1;
    case Shape::kPrefix:
    case Shape::kSuffix:
      return 1.5;
    case Shape::kNumber:
    case Shape::kFieldRef:
    case Shape::kTime:
      return 3;
    case Shape::kContains:
      return 4;
    case Shape::kCidr:
      return 8;
    case Shape::kGlob:
      return 10;
    case Shape::kRegex:
      return test.regex && test.regex->look_around() ? 1000 : 60;
  }
  return 10;
}

class RouteBuilder {
 public:
  RouteBuilder(const Taxonomy& taxonomy, const EventKind& kind, MatcherCache& matchers)
      : taxonomy_(taxonomy), kind_(kind), matchers_(matchers), route_(std::make_unique<Route>()) {
    route_->columns.push_back({});  // 0: the whole event
  }

  void add(std::uint32_t index, const LogSource& source, const Node& condition) {
    enter(source);
    if (decided(condition) == false) return;  // most rules that ask for another event id
    tests_.clear();
    sets_.clear();
    literals_.clear();
    Draft draft = specialise(condition);
    if (draft.kind == Draft::Kind::kFalse) return;
    const auto root = static_cast<std::uint32_t>(route_->nodes.size());
    route_->nodes.emplace_back();
    emit(std::move(draft), root);
    route_->rules.push_back({.rule = index, .root = root});
  }

  void add_leaves(const LogSource& source, const Node& node,
                  std::unordered_map<const Test*, RuleLeaves::Leaf>& leaves) {
    using Kind = RuleLeaves::Leaf::Kind;
    if (node.kind != Node::Kind::kTest) {
      for (const Node& child : node.children) add_leaves(source, child, leaves);
      return;
    }
    enter(source);
    tests_.clear();
    const Draft draft = specialise_test(node.test);
    leaves[&node.test] = {.kind = draft.kind == Draft::Kind::kTest   ? Kind::kTest
                                  : draft.kind == Draft::Kind::kTrue ? Kind::kTrue
                                                                     : Kind::kFalse,
                          .test = static_cast<std::uint32_t>(route_->tests.size())};
    if (draft.kind == Draft::Kind::kTest) route_->tests.push_back(std::move(tests_.front()));
  }

  void index_rules() {
    std::vector<DraftPair> pairs;
    for (std::uint32_t i = 0; i < route_->rules.size(); ++i) {
      std::optional<std::vector<WakeCall>> calls = wake_calls(*route_, route_->rules[i].root);
      if (!calls) {
        route_->always.push_back(i);
        continue;
      }
      for (WakeCall& call : *calls) {
        if (call.second.anchors.empty()) {
          index_anchors(call.first, WakeId::of(WakeId::kRule, i));
        } else {
          pairs.push_back({.rule = i, .call = std::move(call)});
        }
      }
    }
    index_pairs(pairs);
    for (LiteralIndex& index : route_->indexes) index.build();
    const std::vector<std::string> texts = route_->keywords.texts();
    route_->keywords.build(texts.empty() ? nullptr : matchers_.keywords(texts));
  }

  // Of a pair one set is a flag, best one that is a flag of other pairs too; the other set then
  // wakes the rule.
  void index_pairs(const std::vector<DraftPair>& pairs) {
    std::unordered_map<std::string, SharedSet> sets;
    std::vector<std::array<SharedSet*, 2>> of_pair;
    for (const DraftPair& pair : pairs) {
      of_pair.push_back({&sets[key_of(pair.call.first)], &sets[key_of(pair.call.second)]});
      for (SharedSet* set : of_pair.back()) ++set->uses;
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const WakeCall& call = pairs[i].call;
      const auto cost = [](const AnchorSet& flag, const SharedSet& shared, const AnchorSet& other) {
        return other.rate + flag.rate / shared.uses;
      };
      const auto [first, second] = of_pair[i];
      const bool first_is_flag =
          cost(call.first, *first, call.second) < cost(call.second, *second, call.first);
      SharedSet& flag = first_is_flag ? *first : *second;
      if (!flag.flag) {
        flag.flag = route_->flags++;
        index_anchors(first_is_flag ? call.first : call.second,
                      WakeId::of(WakeId::kFlag, *flag.flag));
      }
      const auto pair = static_cast<std::uint32_t>(route_->pairs.size());
      route_->pairs.push_back({.rule = pairs[i].rule, .flag = *flag.flag});
      index_anchors(first_is_flag ? call.second : call.first, WakeId::of(WakeId::kPair, pair));
    }
  }

  static std::string key_of(const AnchorSet& set) {
    std::string key;
    for (const Anchor& anchor : set.anchors) {
      key.append(reinterpret_cast<const char*>(&anchor.column), sizeof anchor.column);
      key += static_cast<char>(anchor.kind);
      key += anchor.text;
      key += '\0';
    }
    return key;
  }

  void index_anchors(const AnchorSet& set, std::uint32_t id) {
    for (const Anchor& anchor : set.anchors) {
      if (anchor.column == 0) {
        route_->keywords.add(anchor, id);
      } else {
        index_of(anchor.column).add(anchor, id);
      }
    }
  }

  void note_payload(const PayloadFields& payloads) {
    for (const FieldId field : payloads.names_in(kind_)) {
      const auto id = static_cast<std::size_t>(field);
      if (route_->payload_fields.size() <= id) route_->payload_fields.resize(id + 1);
      route_->payload_fields[id] = true;
    }
  }

  std::unique_ptr<const Route> finish() {
    place_fields();
    return std::move(route_);
  }

 private:
  // ---- columns

  // What a field of the rules of one log source is in events of the kind: the same for all tests.
  struct Known {
    std::vector<FieldId> candidates;
    std::optional<std::vector<std::string>> constants;
    std::uint16_t column = kNoColumn;
  };
  using Fields = std::unordered_map<std::string_view, Known>;  // by the name in the test

  // Goes on to a rule of that log source; the rule lives longer than this.
  void enter(const LogSource& source) {
    source_ = &source;
    fields_ = &fields_by_source_[{source.product, source.category, source.service}];
  }

  Known& known(std::string_view field) {
    const auto [found, is_new] = fields_->try_emplace(field);
    if (is_new) found->second.candidates = resolve_field(taxonomy_, *source_, field, kind_);
    return found->second;
  }

  std::uint16_t column(std::string_view field) {
    if (field.empty()) {
      route_->has_keywords = true;
      return 0;
    }
    Known& known_field = known(field);
    if (known_field.column == kNoColumn) {
      const auto [found, is_new] = columns_.try_emplace(
          known_field.candidates, static_cast<std::uint16_t>(route_->columns.size()));
      if (is_new) route_->columns.push_back({found->first});
      known_field.column = found->second;
    }
    return known_field.column;
  }

  const std::vector<std::string>& constants(std::string_view field) {
    static const std::vector<std::string> kNone;
    if (field.empty() || taxonomy_.literal()) return kNone;
    Known& known_field = known(field);
    if (!known_field.constants) known_field.constants = constants_of(known_field.candidates);
    return *known_field.constants;
  }

  // What every event of this kind has in the fields, if the kind fixes it: one value or several.
  // The channel is not among them: event data may hold a field of that name (which log was
  // cleared).
  std::vector<std::string> constants_of(const std::vector<FieldId>& candidates) const {
    std::vector<std::string> values;
    for (const FieldId id : candidates) {
      const FieldId ecs = kind_.ecs_of(id);
      if (ecs == ecs::kEventCode && kind_.code >= 0) return {std::to_string(kind_.code)};
      for (const auto& [name, value] : kind_.constants) {
        if (name == ecs) values.push_back(value);
      }
      if (!values.empty()) return values;
    }
    return values;
  }

  // ---- tests

  // What the kind alone says of the node, without looking at more of it than decides; nullopt where
  // events of the kind differ.
  std::optional<bool> decided(const Node& node) {
    if (node.kind == Node::Kind::kTest) {
      const std::vector<std::string>& values = constants(node.test.field);
      return values.empty() ? std::nullopt : decide(compile(node.test), values);
    }
    if (node.kind == Node::Kind::kNot) {
      const std::optional<bool> child = decided(node.children.front());
      return child ? std::optional(!*child) : std::nullopt;
    }
    const bool deciding = node.kind == Node::Kind::kOr;
    bool all = true;
    for (const Node& child : node.children) {
      const std::optional<bool> known = decided(child);
      if (known == deciding) return deciding;
      all = all && known.has_value();
    }
    return all ? std::optional(!deciding) : std::nullopt;
  }

  Draft specialise(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kTest:
        return specialise_test(node.test);
      case Node::Kind::kNot:
        return negate(specialise(node.children.front()));
      case Node::Kind::kAnd:
        return combine(node, Draft::Kind::kAnd, Draft::Kind::kTrue, Draft::Kind::kFalse);
      case Node::Kind::kOr:
        return combine(node, Draft::Kind::kOr, Draft::Kind::kFalse, Draft::Kind::kTrue);
    }
    return {};
  }

  static Draft negate(Draft draft) {
    if (draft.kind == Draft::Kind::kTrue) return {.kind = Draft::Kind::kFalse, .children = {}};
    if (draft.kind == Draft::Kind::kFalse) return {.kind = Draft::Kind::kTrue, .children = {}};
    if (draft.kind == Draft::Kind::kNot) return std::move(draft.children.front());
    const double cost = draft.cost;
    Draft made{.kind = Draft::Kind::kNot, .children = {}, .index = 0, .cost = cost};
    made.children.push_back(std::move(draft));
    return made;
  }

  // And and Or alike: drops neutral children, ends at a deciding one, flattens its own kind.
  Draft combine(const Node& node, Draft::Kind kind, Draft::Kind neutral, Draft::Kind deciding) {
    Draft made{.kind = kind, .children = {}};
    for (const Node& child_node : node.children) {
      Draft child = specialise(child_node);
      if (child.kind == neutral) continue;
      if (child.kind == deciding) return {.kind = deciding, .children = {}};
      if (child.kind == kind) {
        std::move(child.children.begin(), child.children.end(), std::back_inserter(made.children));
      } else {
        made.children.push_back(std::move(child));
      }
    }
    if (made.children.empty()) return {.kind = neutral, .children = {}};
    if (kind == Draft::Kind::kOr) gather_sets(made.children);
    if (made.children.size() == 1) return std::move(made.children.front());
    std::stable_sort(made.children.begin(), made.children.end(),
                     [](const Draft& a, const Draft& b) { return a.cost < b.cost; });
    for (const Draft& child : made.children) made.cost += child.cost;
    return made;
  }

  // Values of one column, tested one by one, become one hash set; parts of values one database.
  void gather_sets(std::vector<Draft>& children) {
    std::map<std::uint16_t, std::vector<std::size_t>> whole;
    std::map<std::uint16_t, std::vector<std::size_t>> parts;
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (children[i].kind != Draft::Kind::kTest) continue;
      const CompiledTest& test = tests_[children[i].index];
      if (test.cased) continue;
      if (test.shape == Shape::kExact) whole[test.column].push_back(i);
      if (place_of(test) && !test.text.empty()) parts[test.column].push_back(i);
    }
    std::vector<bool> gone(children.size(), false);
    std::vector<Draft> gathered;
    for (const auto& [column_index, members] : whole) {
      if (members.size() >= kSetMin)
        gathered.push_back(gather_values(column_index, take(children, members, gone)));
    }
    for (const auto& [column_index, members] : parts) {
      if (members.size() >= kLiteralsMin)
        gathered.push_back(gather_parts(column_index, take(children, members, gone)));
    }
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (!gone[i]) gathered.push_back(std::move(children[i]));
    }
    children = std::move(gathered);
  }

  static std::optional<LiteralSet::Place> place_of(const CompiledTest& test) {
    switch (test.shape) {
      case Shape::kContains:
        return LiteralSet::Place::kAnywhere;
      case Shape::kPrefix:
        return LiteralSet::Place::kAtBegin;
      case Shape::kSuffix:
        return LiteralSet::Place::kAtEnd;
      default:
        return std::nullopt;
    }
  }

  std::vector<const CompiledTest*> take(const std::vector<Draft>& children,
                                        const std::vector<std::size_t>& members,
                                        std::vector<bool>& gone) const {
    std::vector<const CompiledTest*> tests;
    for (const std::size_t i : members) {
      tests.push_back(&tests_[children[i].index]);
      gone[i] = true;
    }
    return tests;
  }

  Draft gather_values(std::uint16_t column_index, const std::vector<const CompiledTest*>& tests) {
    ValueSet set{.column = column_index, .values = {}, .tails = {}};
    for (const CompiledTest* test : tests) set.values.insert(test->text);
    set.tails = TailBits(set.values, true);
    sets_.push_back(std::move(set));
    return {.kind = Draft::Kind::kSet,
            .children = {},
            .index = static_cast<std::uint32_t>(sets_.size() - 1),
            .cost = 1};
  }

  Draft gather_parts(std::uint16_t column_index, const std::vector<const CompiledTest*>& tests) {
    std::vector<LiteralSet::Literal> literals;
    for (const CompiledTest* test : tests)
      literals.push_back({.place = *place_of(*test), .text = test->text});
    literals_.push_back(
        {.column = column_index, .literals = matchers_.literals(std::move(literals))});
    return {.kind = Draft::Kind::kLiterals,
            .children = {},
            .index = static_cast<std::uint32_t>(literals_.size() - 1),
            .cost = 12};
  }

  Draft specialise_test(const Test& test) {
    CompiledTest made = compile(test);
    if (made.shape == Shape::kRegex && !made.regex)
      return {.kind = Draft::Kind::kFalse, .children = {}};
    if (const std::vector<std::string>& values = constants(test.field); !values.empty()) {
      const std::optional<bool> known = decide(made, values);
      if (known) return {.kind = *known ? Draft::Kind::kTrue : Draft::Kind::kFalse, .children = {}};
    }
    made.column = column(test.field);
    if (test.op == Op::kFieldRef) made.other = column(test.text);
    const double cost = cost_of(made);
    tests_.push_back(std::move(made));
    return {.kind = Draft::Kind::kTest,
            .children = {},
            .index = static_cast<std::uint32_t>(tests_.size() - 1),
            .cost = cost};
  }

  // The outcome on values that are the same in all events; nullopt where other fields matter.
  static std::optional<bool> decide(const CompiledTest& test,
                                    const std::vector<std::string>& values) {
    if (test.shape == Shape::kRegex && !test.regex) return false;
    std::optional<bool> known = decide(test, values.front());
    for (const std::string& value : values) {
      if (known) known = *known || *decide(test, value);
    }
    return known;
  }
  static std::optional<bool> decide(const CompiledTest& test, const std::string& value) {
    switch (test.shape) {
      case Shape::kExists:
        return test.flag;
      case Shape::kNull:
        return false;
      case Shape::kFieldRef:
        return std::nullopt;
      default:
        break;
    }
    HyperscanScratch scratch;
    if (test.regex) test.regex->prepare(scratch);
    return passes(test, wants_folded(test) ? fold(value) : value, scratch);
  }

  CompiledTest compile(const Test& test) {
    CompiledTest made;
    made.origin = &test;
    made.cased = test.cased;
    made.flag = test.flag;
    made.compare = test.compare;
    made.ref = test.ref;
    made.number = test.number;
    switch (test.op) {
      case Op::kString:
        compile_string(test, made);
        break;
      case Op::kRegex:
        made.shape = Shape::kRegex;
        made.regex = matchers_.regex(test.text, {test.ignore_case, test.multi_line, test.dot_all});
        break;
      case Op::kCidr:
        made.shape = Shape::kCidr;
        made.cidr = parse_cidr(test.text).value_or(CidrBlock{});
        break;
      case Op::kNumber:
        made.shape = Shape::kNumber;
        break;
      case Op::kExists:
        made.shape = Shape::kExists;
        break;
      case Op::kNull:
        made.shape = Shape::kNull;
        break;
      case Op::kFieldRef:
        made.shape = Shape::kFieldRef;
        break;
      case Op::kBool:
        made.shape = Shape::kBool;
        break;
      case Op::kTime:
        made.shape = Shape::kTime;
        made.text = test.text;
        break;
    }
    return made;
  }

  static void compile_string(const Test& test, CompiledTest& made) {
    using Part = PatternPart::Kind;
    const std::vector<PatternPart>& parts = test.parts;
    const std::size_t n = parts.size();
    const auto is = [&](std::size_t i, Part kind) { return parts[i].kind == kind; };
    const auto folded = [&](const std::string& text) { return test.cased ? text : fold(text); };
    const auto become = [&](Shape shape, std::size_t text) {
      made.shape = shape;
      made.text = folded(parts[text].text);
    };
    if (n == 0) {
      made.shape = Shape::kExact;
    } else if (n == 1 && is(0, Part::kText)) {
      become(Shape::kExact, 0);
    } else if (n == 1 && is(0, Part::kAnyRun)) {
      made.shape = Shape::kAny;
    } else if (n == 2 && is(0, Part::kText) && is(1, Part::kAnyRun)) {
      become(Shape::kPrefix, 0);
    } else if (n == 2 && is(0, Part::kAnyRun) && is(1, Part::kText)) {
      become(Shape::kSuffix, 1);
    } else if (n == 3 && is(0, Part::kAnyRun) && is(1, Part::kText) && is(2, Part::kAnyRun)) {
      become(Shape::kContains, 1);
    } else {
      made.shape = Shape::kGlob;
      for (const PatternPart& part : parts)
        made.parts.push_back({.kind = part.kind, .text = folded(part.text)});
    }
  }

  // ---- laying out

  void emit(Draft draft, std::uint32_t at) {
    CompiledNode node;
    const auto move_in = [&](NodeKind kind, auto& from, auto& to) {
      node.kind = kind;
      node.index = static_cast<std::uint32_t>(to.size());
      to.push_back(std::move(from[draft.index]));
    };
    switch (draft.kind) {
      case Draft::Kind::kTest:
        move_in(NodeKind::kTest, tests_, route_->tests);
        break;
      case Draft::Kind::kSet:
        move_in(NodeKind::kSet, sets_, route_->sets);
        break;
      case Draft::Kind::kLiterals:
        move_in(NodeKind::kLiterals, literals_, route_->literals);
        break;
      case Draft::Kind::kNot:
        node.kind = NodeKind::kNot;
        break;
      case Draft::Kind::kOr:
      case Draft::Kind::kFalse:
        node.kind = NodeKind::kOr;
        break;
      default:
        node.kind = NodeKind::kAnd;
        break;
    }
    node.first = static_cast<std::uint32_t>(route_->nodes.size());
    node.count = static_cast<std::uint32_t>(draft.children.size());
    route_->nodes[at] = node;
    route_->nodes.resize(route_->nodes.size() + draft.children.size());
    for (std::uint32_t i = 0; i < node.count; ++i)
      emit(std::move(draft.children[i]), node.first + i);
  }

  void place_fields() {
    std::vector<std::tuple<std::uint16_t, std::uint16_t, std::uint16_t>>
        all;  // field, column, rank
    for (std::size_t c = 0; c < route_->columns.size(); ++c) {
      const std::vector<FieldId>& candidates = route_->columns[c].candidates;
      for (std::size_t rank = 0; rank < candidates.size(); ++rank) {
        all.emplace_back(static_cast<std::uint16_t>(candidates[rank]),
                         static_cast<std::uint16_t>(c), static_cast<std::uint16_t>(rank));
      }
    }
    std::sort(all.begin(), all.end());
    for (const auto& [field, column_index, rank] : all) {
      route_->places.add(FieldId{field}, {.column = column_index, .rank = rank});
      if (column_index < index_of_.size() && index_of_[column_index] != kNoIndex)
        route_->watching.add(FieldId{field}, index_of_[column_index]);
    }
    route_->places.shrink();
    route_->watching.shrink();
  }

  LiteralIndex& index_of(std::uint16_t column_index) {
    if (index_of_.size() <= column_index) index_of_.resize(route_->columns.size(), kNoIndex);
    std::uint16_t& index = index_of_[column_index];
    if (index == kNoIndex) {
      index = static_cast<std::uint16_t>(route_->indexes.size());
      route_->indexes.emplace_back();
    }
    return route_->indexes[index];
  }

  const Taxonomy& taxonomy_;
  const EventKind& kind_;
  MatcherCache& matchers_;
  std::unique_ptr<Route> route_;
  const LogSource* source_ = nullptr;  // of the rule being added
  Fields* fields_ = nullptr;           // of that log source
  // Views of the rules' own strings.
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, Fields>
      fields_by_source_;
  std::map<std::vector<FieldId>, std::uint16_t> columns_;
  // Of the rule being added; what its tree holds in the end moves to the route.
  std::vector<CompiledTest> tests_;
  std::vector<ValueSet> sets_;
  std::vector<ColumnLiterals> literals_;
  static constexpr std::uint16_t kNoIndex = 0xFFFF;
  std::vector<std::uint16_t> index_of_;  // by column, of route_->indexes
};

}  // namespace

void Route::prepare(HyperscanScratch& scratch) const {
  keywords.prepare(scratch);
  for (const CompiledTest& test : tests) {
    if (test.regex) test.regex->prepare(scratch);
  }
}

std::string compact_name(std::string_view name) {
  std::string compact(name);
  std::erase(compact, ' ');
  return compact;
}

std::vector<FieldId> resolve_field(const Taxonomy& taxonomy, const LogSource& source,
                                   std::string_view field, const EventKind& kind) {
  std::vector<FieldId> candidates;
  const auto append = [&](FieldId id) {
    if (std::find(candidates.begin(), candidates.end(), id) == candidates.end())
      candidates.push_back(id);
  };
  const auto append_named = [&](std::string_view name) {
    const std::optional<FieldId> id = find_field(compact_name(name));
    if (!id) return;
    if (!taxonomy.literal()) {
      for (const auto& [ecs, original] : kind.originals(*id)) append(original);
    }
    append(*id);
  };
  if (const auto ecs = taxonomy.ecs_name(source, field)) append_named(*ecs);
  append_named(field);
  return candidates;
}

std::unique_ptr<const Route> build_route(const std::vector<DetectionRule>& rules,
                                         const std::vector<std::uint32_t>& admitted,
                                         const Taxonomy& taxonomy, const EventKind& kind,
                                         const PayloadFields& payloads, MatcherCache& matchers) {
  RouteBuilder builder(taxonomy, kind, matchers);
  for (const std::uint32_t i : admitted) builder.add(i, rules[i].log_source, rules[i].condition);
  builder.index_rules();
  builder.note_payload(payloads);
  return builder.finish();
}

std::shared_ptr<const RuleLeaves> build_leaves(const DetectionRule& rule, const Taxonomy& taxonomy,
                                               const EventKind& kind, MatcherCache& matchers) {
  auto made = std::make_shared<RuleLeaves>();
  RouteBuilder builder(taxonomy, kind, matchers);
  builder.add_leaves(rule.log_source, rule.condition, made->leaves);
  made->route = builder.finish();
  return made;
}

}  // namespace picket::rules
