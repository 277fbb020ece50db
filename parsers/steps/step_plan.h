// StepPlans: the steps of a definition without those that a record's fields rule out.
//
// Most steps ask for a field that most records have not. Records of a source repeat their fields,
// so behind the first reader of pairs (or before all steps) the names of the fields so far choose a
// plan: the steps left, without those whose condition cannot hold as long as none of the fields
// that they need appears. The plan watches these fields: should a step put one, the rest of the
// steps are run as they are written, and that field is never relied on again. So the answer is that
// of run_steps(). A plan is made when its shape comes again; at most kPlansMax are kept. One per
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "parsers/steps/step.h"

namespace picket::parsers {

class StepPlans {
 public:
  static constexpr std::size_t kPlansMax = 256;
  static constexpr std::size_t kShapeMax = 256;  // fields; records with more have no plan

  static constexpr std::size_t kAskingMin = 6;  // steps that need a field; fewer are quicker asked

  // Both must outlive it.
  StepPlans(const StepList& steps, const Work::Aliases& aliases);

  Outcome run(Work& work);

  std::size_t size() const { return plans_.size(); }

 private:
  // What is looked at of a step for every record, together.
  struct Planned {
    const Condition* when = nullptr;
    const Verb* run = nullptr;
    const Step* step = nullptr;
  };
  struct Plan {
    std::vector<FieldId> shape;  // of the event's fields, in order
    std::vector<Planned> steps;  // those that may have something to do
    Work::Watch watch;
    const Plan* next = nullptr;  // of the record that came behind it last
  };

  const Plan* choose(Work& work);
  const Plan* make(Work& work, std::uint64_t key);
  // Can no condition that needs these hold as long as none of them appears?
  bool ruled_out(const std::vector<FieldId>& needs, Work& work) const;
  void watch(const std::vector<FieldId>& needs, Work::Watch& watch) const;
  Outcome run_plan(const Plan& plan, Work& work);
  static Outcome run_one(const Planned& planned, Work& work);
  Outcome run_rest(const Step& behind, FieldId appeared, Work& work);

  const StepList* steps_;
  const Work::Aliases* aliases_;
  std::size_t start_ = 0;                    // steps before it are run as they are
  std::vector<std::vector<FieldId>> needs_;  // of the steps from there on; empty: nothing known
  std::size_t asking_ = 0;                   // of them that are not empty
  std::set<FieldId> unsteady_;               // have appeared
  std::unordered_map<std::uint64_t, std::unique_ptr<Plan>> plans_;  // by a hash of their shape
  static constexpr std::size_t kSeen = 256;
  std::array<std::uint64_t, kSeen> seen_{};  // hashes of shapes that came, the last of each place
  Plan* last_ = nullptr;
  std::vector<FieldId> shape_;  // of the record at hand
};

}  // namespace picket::parsers
