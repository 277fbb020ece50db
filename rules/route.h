// Route: all detection rules that events of one kind can fire, specialised for that kind.
//
// Fields are resolved to columns, tests on what the kind fixes (event id, channel, constants) are
// folded away, OR lists become one hash set or one literal database, and children are ordered by
// cost. Made at the first event of a kind; immutable afterwards. route.cc builds, evaluation.cc
// runs.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "event/kind.h"
#include "rules/field_lists.h"
#include "rules/keyword_index.h"
#include "rules/literal_index.h"
#include "rules/literal_set.h"
#include "rules/matcher_cache.h"
#include "rules/payload.h"
#include "rules/regex.h"
#include "rules/rule.h"
#include "rules/tail_bits.h"
#include "rules/taxonomy.h"

namespace picket::rules {

// The values of one field as a rule means it: the first of these original fields that an event has.
struct Column {
  std::vector<FieldId> candidates;  // in order of preference; empty for the whole event (keywords)
};
inline constexpr std::uint16_t kNoColumn = 0xFFFF;

struct CidrBlock {
  std::array<std::uint8_t, 16> address{};  // IPv4 as ::ffff:a.b.c.d
  unsigned bits = 0;                       // of the 128
  bool v4 = false;
};
std::optional<CidrBlock> parse_cidr(std::string_view text);
bool contains(const CidrBlock& block, std::string_view address);

// One atomic test, ready to run.
struct CompiledTest {
  enum class Shape : std::uint8_t {
    kExact,
    kContains,
    kPrefix,
    kSuffix,
    kGlob,
    kAny,  // strings; kAny: "*"
    kRegex,
    kCidr,
    kNumber,
    kExists,
    kNull,
    kFieldRef,
    kBool,
    kTime,
  };
  Shape shape = Shape::kExact;
  bool cased = false;
  bool flag = false;
  Compare compare = Compare::kEqual;
  RefMode ref = RefMode::kEqual;
  std::uint16_t column = kNoColumn;
  std::uint16_t other = kNoColumn;  // of a field reference
  double number = 0;
  std::string text;                // folded, unless cased
  std::vector<PatternPart> parts;  // of kGlob, folded likewise
  std::shared_ptr<const Regex> regex;
  CidrBlock cidr;
  const Test* origin = nullptr;  // in the rule; lives as long as the rule set
};

struct CompiledNode {
  enum class Kind : std::uint8_t { kAnd, kOr, kNot, kTest, kSet, kLiterals };
  Kind kind = Kind::kAnd;
  std::uint32_t first = 0;  // children: nodes[first, first + count)
  std::uint32_t count = 0;
  std::uint32_t index = 0;  // of the test, the set or the literals
};

// An OR list of whole values of one column.
struct ValueSet {
  std::uint16_t column = kNoColumn;
  std::unordered_set<std::string, StringHash, std::equal_to<>> values;  // folded
  TailBits tails;                                                       // of them

  bool has(std::string_view folded) const {
    return tails.may_have(folded) && values.find(folded) != values.end();
  }
};

// An OR list of parts of values of one column.
struct ColumnLiterals {
  std::uint16_t column = kNoColumn;
  std::shared_ptr<const LiteralSet> literals;
};

struct RouteRule {
  std::uint32_t rule = 0;  // index in the rule set
  std::uint32_t root = 0;  // node
};

// What an anchor that is there stands for: a rule of the route; a flag, which many rules may want
// to be up and which is no more than noted; or a pair, a rule that wakes if its flag is up.
struct WakeId {
  enum Kind : std::uint32_t { kRule, kFlag, kPair };
  static constexpr std::uint32_t of(Kind kind, std::uint32_t index) { return index << 2 | kind; }
  static constexpr std::uint32_t index(std::uint32_t id) { return id >> 2; }
  static constexpr Kind kind(std::uint32_t id) { return static_cast<Kind>(id & 3); }
};

struct RulePair {
  std::uint32_t rule = 0;  // index into Route::rules
  std::uint32_t flag = 0;
};

struct Route {
  std::vector<Column> columns;
  std::vector<CompiledNode> nodes;
  std::vector<CompiledTest> tests;
  std::vector<ValueSet> sets;
  std::vector<ColumnLiterals> literals;
  std::vector<RouteRule> rules;  // ascending by rule
  std::vector<LiteralIndex> indexes;  // of the columns that wake something
  KeywordIndex keywords;
  std::vector<RulePair> pairs;
  std::uint32_t flags = 0;            // how many there are
  std::vector<std::uint32_t> always;  // indexes into `rules` that nothing can wake
  bool has_keywords = false;          // column 0 is the whole event
  std::vector<bool> payload_fields;   // by field id: may hold what YARA looks at

  // Columns that a field may fill, with its rank among their candidates.
  struct Place {
    std::uint16_t column;
    std::uint16_t rank;
  };
  FieldLists<Place> places;
  FieldLists<std::uint16_t> watching;  // indexes of the columns that a field may fill

  bool may_hold_payload(FieldId field) const {
    const auto id = static_cast<std::size_t>(field);
    return id < payload_fields.size() && payload_fields[id];
  }
  void prepare(HyperscanScratch& scratch) const;
};

// Of the rules `admitted`, by index: those whose log source admits the kind.
std::unique_ptr<const Route> build_route(const std::vector<DetectionRule>& rules,
                                         const std::vector<std::uint32_t>& admitted,
                                         const Taxonomy& taxonomy, const EventKind& kind,
                                         const PayloadFields& payloads, MatcherCache& matchers);

// One rule for one kind, test by test and without anchors: for explaining.
struct RuleLeaves {
  std::unique_ptr<const Route> route;  // its columns and tests; no rules
  struct Leaf {
    enum class Kind : std::uint8_t { kTrue, kFalse, kTest };  // the kind decides, or a test does
    Kind kind = Kind::kFalse;
    std::uint32_t test = 0;
  };
  std::unordered_map<const Test*, Leaf> leaves;  // all of the rule's
};
std::shared_ptr<const RuleLeaves> build_leaves(const DetectionRule& rule, const Taxonomy& taxonomy,
                                               const EventKind& kind, MatcherCache& matchers);

// A field name as rules and events agree on it: without its spaces ("Threat Name" is ThreatName).
std::string compact_name(std::string_view name);

// The original fields that may hold a rule's field in events of a kind, in order of preference.
std::vector<FieldId> resolve_field(const Taxonomy& taxonomy, const LogSource& source,
                                   std::string_view field, const EventKind& kind);

}  // namespace picket::rules
