// The truth of a rule on one event, test by test: for people who ask why it is true, or why not.
//
// A TruthNode mirrors each Node of the condition. Every node is judged, also where evaluation would
// have stopped before, and a test keeps the values that it looked at. Cold path. The answer owns
// its values and points into the rule, which must outlive it. A TruthFinder belongs to one thread
// and remembers what it made for a kind of event; rule and taxonomy must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "rules/evaluation.h"
#include "rules/route.h"
#include "rules/rule.h"
#include "rules/taxonomy.h"

namespace picket::rules {

// Why a test is as it is.
enum class Reason : std::uint8_t {
  kMatches,       // a value passes; or nothing is there and nothing was wanted
  kMissing,       // the event has no such field
  kNull,          // the field is there without a value
  kOtherMissing,  // a field reference: the field is there, the one it is compared with is not
  kDiffers,       // there are values, none passes
  kPresent,       // a value is there and none was wanted
};
std::string_view reason_name(Reason reason);  // "matches", "missing", "null", "other-missing", ...

struct SeenValue {
  std::string field;  // ECS name, or the original one where it has none; empty: of a keyword
  std::string value;  // cut to kSeenBytesMax
  bool passes = false;
};
inline constexpr std::size_t kSeenBytesMax = 4096;
inline constexpr std::size_t kSeenValuesMax = 8;  // of one test: those that pass are kept first

struct TruthNode {
  const Node* node = nullptr;
  bool holds = false;
  bool near_miss = false;            // an And of several of which one alone is false
  Reason reason = Reason::kDiffers;  // of a test
  std::vector<SeenValue> seen;       // of a test; of a keyword only those that pass
  std::vector<TruthNode> children;
};

struct Truth {
  bool admitted = false;  // the event belongs to the rule's log source
  TruthNode root;
  bool holds() const { return admitted && root.holds; }
};

class TruthFinder {
 public:
  TruthFinder(const DetectionRule& rule, const Taxonomy& taxonomy)
      : rule_(rule), taxonomy_(taxonomy) {}

  Truth find(Batch& batch, const Event& event);

 private:
  std::shared_ptr<const RuleLeaves> leaves(KindId kind);

  const DetectionRule& rule_;
  const Taxonomy& taxonomy_;
  MatcherCache matchers_;
  std::optional<Evaluation> evaluation_;                        // knows the routes of leaves_
  std::map<KindId, std::shared_ptr<const RuleLeaves>> leaves_;  // at most kKindsMax
  static constexpr std::size_t kKindsMax = 1024;
};

}  // namespace picket::rules
