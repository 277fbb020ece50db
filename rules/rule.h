// The nouns of the rules room: what a rule file says, before it is compiled.
//
// A detection rule is one tree over atomic tests, with every selection, modifier and wildcard already
// expanded: what the Sigma specification 2.1 calls selections and conditions becomes And, Or, Not and
// Test. The compiler (compiler.h) turns trees into a rule set; the loader (loader.h) makes them.
// Everything here owns its data. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event/alert.h"

namespace picket::rules {

struct LogSource {
  std::string product;   // empty: any
  std::string category;  // empty: any
  std::string service;   // empty: any

  friend bool operator==(const LogSource&, const LogSource&) = default;
};

// "product: windows, category: process_creation", for messages.
std::string describe(const LogSource& source);

// A piece of a string test: literal text, '*' (any run of characters) or '?' (one character).
struct PatternPart {
  enum class Kind : std::uint8_t { kText, kAnyRun, kAnyOne };
  Kind kind = Kind::kText;
  std::string text;  // unescaped UTF-8, as written; folded by the compiler unless the test is cased

  friend bool operator==(const PatternPart&, const PatternPart&) = default;
};

enum class Op : std::uint8_t {
  kString,    // parts; the whole value must match
  kRegex,     // text, flags; unanchored search (PCRE syntax)
  kCidr,      // text: "10.0.0.0/8", "2001:db8::/32"
  kNumber,    // number with `compare`
  kExists,    // flag: must the field be there?
  kNull,      // missing, or null
  kFieldRef,  // text: the other field; parts hold no text, ref says how they compare
  kBool,      // flag: the value is true or false (in JSON, or as that word)
  kTime,      // text: which part ("minute", "hour", "day", "week", "month", "year"), number
};
enum class Compare : std::uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kNotEqual };
enum class RefMode : std::uint8_t { kEqual, kStartsWith, kEndsWith, kContains };

// One atomic test on one field. A field with several values passes if any of them does.
struct Test {
  Op op = Op::kString;
  std::string field;  // as the rule writes it, trimmed; empty: a keyword, tested on the whole event
  std::vector<PatternPart> parts;
  std::string text;
  double number = 0;
  Compare compare = Compare::kEqual;
  RefMode ref = RefMode::kEqual;
  bool flag = false;
  bool cased = false;           // compare bytes, not folded text
  bool ignore_case = false;     // of a regex: i
  bool multi_line = false;      // m
  bool dot_all = false;         // s
  int line = 0;                 // 1-based, where the value stands in the file
};

struct Node {
  enum class Kind : std::uint8_t { kAnd, kOr, kNot, kTest };
  Kind kind = Kind::kAnd;      // And of nothing is true, Or of nothing is false
  std::vector<Node> children;  // Not has one, Test none
  Test test;                   // of kTest
  std::string selection;       // set on the root of each selection: its name in the rule
};

// picket: {suppress: {for: 1h, by: [fields]}}: alerts of one rule and one key that come no later
// than `for_ns` after the first of them are one alert.
struct Suppression {
  std::int64_t for_ns = 0;      // 0: none
  std::vector<std::string> by;  // fields of the event; a correlation's key is its group
};

// An exception that was joined to a rule (sigma_filter.h): its selections are named "<name>: ...".
struct JoinedFilter {
  RuleIdentity identity;
  int line = 1;
};

struct DetectionRule {
  RuleIdentity identity;
  std::string name;        // Sigma `name`, by which correlations may refer to it; may be empty
  std::string status;      // "stable", "test", "experimental", ...
  std::string description;
  std::vector<std::string> tags;
  LogSource log_source;
  Node condition;          // several conditions are joined by Or
  bool look_around = false;  // has a regex that Hyperscan cannot run; PCRE2 confirms
  bool generates = true;   // false: feeds correlations only, raises no alert of its own
  Suppression suppress;
  std::vector<JoinedFilter> filters = {};  // in the order in which they were joined
  int line = 1;
};

enum class CorrelationType : std::uint8_t {
  kEventCount, kValueCount, kTemporal, kTemporalOrdered, kValueSum, kValueAvg, kValuePercentile,
  kValueMedian,
  // Ours, written under the `picket` key (docs/formats/correlations.md).
  kAbsence,    // a hit that none of the last `answers` of `rules` follows within the timespan
  kFirstSeen,  // a hit whose value the group did not have within the timespan before it
  kRare,       // a hit whose value the group has had `seen_max` times at most, this one included
  kEach,       // every hit: what the suppression of a detection is made of, never written in a rule
};

struct CorrelationRule {
  RuleIdentity identity;
  std::string name;
  std::vector<std::string> tags;
  CorrelationType type = CorrelationType::kEventCount;
  std::vector<std::string> rules;     // names or ids, as written, resolved by the compiler
  std::vector<std::string> group_by;  // field names or aliases; empty: one global group
  // alias -> (rule name or id -> field name there)
  std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> aliases;
  std::int64_t timespan_ns = 0;
  std::vector<std::pair<Compare, double>> conditions;  // all must hold: {gte, 10} and {lt, 20}
  std::string field;       // value_count, sums, ...: the field whose values count
  std::vector<std::string> more_fields;  // value_count: what counts are values of all, together
  double percentile = 50;
  bool generates = false;  // Sigma `generate`: do the referenced rules raise their own alerts too?
  bool repeat_every = false;  // picket: {repeat: every}
  std::uint32_t seen_max = 1;    // kFirstSeen, kRare: so often within the timespan, at most
  std::uint32_t seen_after = 0;  // kRare: hits with a value that the group must have there
  std::int64_t learn_ns = 0;     // kFirstSeen: nothing fires in a group younger than this
  std::int64_t suppress_ns = 0;  // further alerts of the group in so long a time join the first
  std::uint32_t answers = 0;  // kAbsence: so many of `rules`, the last ones, are what is missed

  // Is this one of the rules that answer, rather than one that asks?
  bool is_answer(std::uint32_t reference) const { return reference + answers >= rules.size(); }
  int line = 1;
};

// A file, or one rule in it, that was not accepted. Or, as a warning, one that was.
struct Finding {
  std::string path;
  int line = 1;
  std::string rule_id;  // where known
  std::string code;     // stable, for machines: "bad-modifier", "placeholder", ...
  std::string reason;   // one sentence for people
};

struct LoadedRules {
  std::vector<DetectionRule> detections;      // in order of path
  std::vector<CorrelationRule> correlations;
  std::vector<std::string> yara_files;        // *.yar, *.yara: loaded by yara.h
  std::vector<Finding> refused;
  std::vector<Finding> warnings;
  std::size_t files = 0;
  bool has_yara = false;      // what correlations name may be a YARA rule
  // Some of them name what may be a YARA rule or a feed of indicators: check_references() is to be
  // called once these are known.
  bool asks_foreign = false;
};

}  // namespace picket::rules
