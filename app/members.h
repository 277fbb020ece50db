// Members: what a correlation counts of an event: one member for each of its rules that hit it,
// with its group values, through inner correlations down to the detections, as the correlator does
// it (correlator/correlator.h), but for events that were stored, by people who look back.
//
// Points into the rule set, which must outlive it. Const functions: any thread, each with a batch
// of its own.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "correlator/member.h"
#include "event/event.h"
#include "rules/rule_set.h"

namespace picket::app {

struct Member {
  std::uint32_t detection = 0;
  std::vector<std::string> group;  // a value for each of the correlation's group-by, bounded
  correlator::MemberHit hit;       // without proof
};

class Members {
 public:
  Members(const rules::RuleSet& rules, const rules::Correlation& correlation);

  // Of batch.events()[event], by its hits in the batch. An alert of an inner correlation has a time
  // of its own, `time_ns`.
  std::vector<Member> of(Batch& batch, std::uint32_t event, std::int64_t time_ns) const;

  const std::set<std::uint32_t>& detections() const { return detections_; }
  bool has_inner() const { return has_inner_; }

 private:
  // A detection below the correlation, with the names that the correlation's fields have there.
  struct Leaf {
    std::uint32_t detection = 0;
    std::uint32_t reference = 0;
    std::vector<std::string> group_by;
    std::string field;
    std::vector<std::string> more_fields;
    bool inner = false;
  };
  std::vector<Leaf> leaves_of(const rules::Correlation& correlation, int depth) const;

  const rules::RuleSet& rules_;
  const rules::Correlation& correlation_;
  std::vector<Leaf> leaves_;
  std::set<std::uint32_t> detections_;
  bool has_inner_ = false;
};

}  // namespace picket::app
