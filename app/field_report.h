// What becomes of the fields that rules use: which name the taxonomies give them, and whether
// events have them. And from that, which rules cannot fire.
//
// A field of a log source is `ecs`, mapped by a taxonomy to an ECS name; or `named`, not mapped,
// but an ECS name itself or an original name that a source definition knows; or `literal`, neither:
// it is looked for under its own name, which is ordinary for structured events, and what a misspelt
// field is, too.
//
// A rule cannot fire if every way of it to be true needs a literal field that is believed absent:
//   - without events, one that differs in case and in `_-` only from a name that a taxonomy
//     maps for the log source, or from an ECS name: taken for misspelt, names are compared exactly;
//   - with events, one that none of them has, although events are there on which the rule could be
//     true as far as their kind goes: of its log source, and of the event ids that it asks for.
// A correlation cannot fire if rules that it needs cannot. All other rules are believed able to.
//
// Detection and tallies outlive the report. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "app/detection.h"
#include "event/event.h"
#include "event/kind.h"
#include "rules/route.h"

namespace picket::app {

// Which fields were seen in events, by kind.
class FieldTally {
 public:
  void count(const Batch& batch);

  struct Kind {
    std::uint64_t events = 0;
    std::map<FieldId, std::uint64_t> fields;  // original field -> events that have a value of it
  };
  std::uint64_t events() const { return events_; }
  const std::map<KindId, Kind>& kinds() const { return kinds_; }

 private:
  std::uint64_t events_ = 0;
  std::map<KindId, Kind> kinds_;
};

struct FieldUse {
  enum class Mapping : std::uint8_t { kEcs, kNamed, kLiteral };
  rules::LogSource source = {};
  std::string field = {};  // as rules write it
  Mapping mapping = Mapping::kLiteral;
  std::string target = {};             // ECS name of kEcs, else the field itself
  std::string nearest = {};            // of kLiteral: a known name like it, or empty
  std::size_t rules = 0;               // that use it
  std::uint64_t seen = 0;              // events of the log source that have it, at least
  std::set<std::string> seen_as = {};  // under which original names
  bool misspelt = false;               // see above
};
std::string_view mapping_name(FieldUse::Mapping mapping);  // "ecs", "named", "literal"

class FieldReport {
 public:
  // Without a tally nothing is known of events. `detection` was loaded with keep_trees.
  FieldReport(const Detection& detection, const FieldTally* tally);

  const std::vector<FieldUse>& uses() const { return uses_; }  // by log source, then field
  bool has_events() const { return tally_ != nullptr; }
  std::uint64_t events_of(const rules::LogSource& source) const;

  // Why the rule of detection.trees, or of detection.correlations, cannot fire: the fields, or
  // rules, that it lacks. Empty if it may.
  const std::vector<std::string>& lacking(std::size_t rule) const { return lacking_[rule]; }
  const std::vector<std::string>& correlation_lacking(std::size_t rule) const {
    return correlation_lacking_[rule];
  }

 private:
  using SourceKey = std::tuple<std::string, std::string, std::string>;
  static SourceKey key_of(const rules::LogSource& source);
  void collect_known_names();
  void add_uses();
  void judge(FieldUse& use, const std::vector<std::string_view>& known);
  std::string alike_name(const FieldUse& use) const;
  std::vector<std::string_view> known_names(const rules::LogSource& source) const;
  void look(FieldUse& use);
  bool is_absent(const FieldUse& use) const;
  bool has_events_for(const rules::DetectionRule& rule);
  void find_lacking();
  void find_correlations_lacking();

  const Detection& detection_;
  const FieldTally* tally_;
  rules::MatcherCache matchers_;
  std::set<std::string, std::less<>> named_;  // ECS names and originals of source definitions
  std::vector<FieldUse> uses_;
  std::map<std::pair<SourceKey, std::string>, std::size_t> by_field_;
  std::vector<std::vector<std::string>> lacking_;
  std::vector<std::vector<std::string>> correlation_lacking_;
};

}  // namespace picket::app
