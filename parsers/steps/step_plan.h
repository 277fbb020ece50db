// StepPlans: the steps of a definition without those that a record's fields rule out.
//
// Most steps ask for a field that most records have not, or for a value that few have. Records of a
// source repeat their fields and such values, so behind the first reader of pairs (or before all
// steps) the names of the fields so far, and the classes of the values that steps ask for most
// (facts.h), choose a plan: what is left of the steps when all conditions are decided that these
// decide, and the steps inside the chosen cases stand in a row. The plan watches what it relies on:
// should a step before change one of these fields, the rest of the steps are run as they are
// written, and that field is never relied on again. So the answer is that of run_steps(). A plan is
// made when its shape comes again; at most kPlansMax are kept. One per thread.
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
  // Where a step stands: in the steps of another one, or in those of the definition.
  struct Frame {
    const StepList* list = nullptr;
    const Step* owner = nullptr;  // nullptr: the definition
    std::size_t outer = 0;        // frame of the owner
  };
  // What is looked at of a step for every record, together.
  struct Planned {
    const Condition* when = nullptr;
    const Verb* run = nullptr;
    const Step* step = nullptr;
    std::size_t frame = 0;
  };
  struct Plan {
    std::vector<FieldId> shape;  // of the event's fields, in order; then the classes, as numbers
    std::vector<Planned> steps;  // those that may have something to do
    std::vector<Frame> frames;   // the first is the definition's
    Work::Watch watch;
    const Plan* next = nullptr;  // of the record that came behind it last
  };

  const Plan* choose(Work& work);
  void read_classes(Work& work);
  bool read_shape(std::span<const Field> fields);
  bool fits(const Plan& plan, std::span<const Field> fields) const;
  const Plan* make(const Work& work, std::uint64_t key);
  void add_steps(std::span<const Step> steps, std::size_t frame, Facts& facts, Plan& plan) const;
  void add_step(const Step& step, std::size_t frame, Facts& facts, Plan& plan) const;
  void watch_relied(Facts& facts, Plan& plan) const;
  Outcome run_plan(const Plan& plan, Work& work);
  static Outcome run_one(const Planned& planned, Work& work);
  Outcome run_rest(const Plan& plan, const Planned& behind, Work& work);

  const StepList* steps_;
  const Work::Aliases* aliases_;
  std::size_t start_ = 0;       // steps before it are run as they are
  std::size_t asking_ = 0;      // of those from there on that need a field
  std::set<FieldId> unsteady_;  // were changed by steps
  std::vector<ValueClasses> keys_;
  std::vector<ValueClasses::Class> classes_;  // of them, of the record at hand
  std::unordered_map<std::uint64_t, std::unique_ptr<Plan>> plans_;  // by a hash of their shape
  static constexpr std::size_t kSeen = 256;
  std::array<std::uint64_t, kSeen> seen_{};  // hashes of shapes that came, the last of each place
  Plan* last_ = nullptr;
  std::vector<FieldId> shape_;  // of the record at hand
};

}  // namespace picket::parsers
