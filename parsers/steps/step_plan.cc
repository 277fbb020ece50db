#include "parsers/steps/step_plan.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/hash.h"

namespace picket::parsers {
namespace {

bool reads_pairs(const Step& step) {
  constexpr std::string_view kReaders[] = {"kv", "cef", "leef", "json", "xml", "w3c", "csv", "sd"};
  return std::find(std::begin(kReaders), std::end(kReaders), step.verb) != std::end(kReaders);
}

}  // namespace

StepPlans::StepPlans(const StepList& steps, const Work::Aliases& aliases)
    : steps_(&steps), aliases_(&aliases) {
  const auto reader = std::find_if(steps.begin(), steps.end(), reads_pairs);
  if (reader != steps.end()) start_ = static_cast<std::size_t>(reader - steps.begin()) + 1;
  for (std::size_t at = start_; at < steps.size(); ++at) {
    const Condition* const when = steps[at].when.get();
    needs_.push_back(when == nullptr ? std::vector<FieldId>() : when->needs());
    if (!needs_.back().empty()) ++asking_;
  }
}

Outcome StepPlans::run(Work& work) {
  if (work.trace != nullptr) return run_steps(*steps_, work);
  const std::span<const Step> all(*steps_);
  if (const Outcome outcome = run_steps(all.first(start_), work); outcome != Outcome::kDone)
    return outcome;
  const Plan* const plan = asking_ < kAskingMin ? nullptr : choose(work);
  return plan == nullptr ? run_steps(all.subspan(start_), work) : run_plan(*plan, work);
}

// As run_steps() does one step.
Outcome StepPlans::run_one(const Planned& planned, Work& work) {
  if (!work.step()) return Outcome::kStop;
  if (planned.when != nullptr && !planned.when->holds(work)) return Outcome::kDone;
  const Outcome outcome = planned.run->run(work);
  return outcome == Outcome::kFailed ? after_failure(*planned.step, work) : outcome;
}

// Steps, conditions and verbs lie apart, and what records bring along pushes them out of the
// nearest cache: what the next steps need is asked for before it is needed.
Outcome StepPlans::run_plan(const Plan& plan, Work& work) {
  work.begin_watch(plan.watch);
  Outcome outcome = Outcome::kDone;
  const std::size_t count = plan.steps.size();
  for (std::size_t at = 0; at < count && outcome == Outcome::kDone; ++at) {
    if (at + 2 < count) {
      __builtin_prefetch(plan.steps[at + 2].when);
      __builtin_prefetch(plan.steps[at + 2].run);
    }
    if (at + 1 < count && plan.steps[at + 1].when != nullptr) plan.steps[at + 1].when->prefetch();
    outcome = run_one(plan.steps[at], work);
    if (work.appeared() && outcome == Outcome::kDone)
      return run_rest(*plan.steps[at].step, *work.appeared(), work);
  }
  work.end_watch();
  return outcome;
}

// A step has put what was relied on not to be there. The plans end with this.
Outcome StepPlans::run_rest(const Step& behind, FieldId appeared, Work& work) {
  work.end_watch();
  unsteady_.insert(appeared);
  plans_.clear();
  last_ = nullptr;
  const auto next = static_cast<std::size_t>(&behind - steps_->data()) + 1;
  return run_steps(std::span<const Step>(*steps_).subspan(next), work);
}

const StepPlans::Plan* StepPlans::choose(Work& work) {
  const std::span<const Field> fields = work.batch().last_fields();
  if (fields.size() > kShapeMax) return nullptr;
  shape_.resize(fields.size());
  bool whole = true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    shape_[i] = fields[i].id;
    whole &= fields[i].data != nullptr;
  }
  if (!whole) return nullptr;  // some were removed
  if (last_ != nullptr && last_->next != nullptr && last_->next->shape == shape_) {
    last_ = const_cast<Plan*>(last_->next);
    return last_;
  }
  const std::uint64_t key =
      hash64({reinterpret_cast<const char*>(shape_.data()), shape_.size() * sizeof(FieldId)});
  const auto found = plans_.find(key);
  if (found == plans_.end() && std::exchange(seen_[key % kSeen], key) != key)
    return nullptr;  // a shape that comes once is not worth a plan
  const Plan* const plan = found == plans_.end() ? make(work, key) : found->second.get();
  if (plan->shape != shape_) return nullptr;  // another one with that hash
  if (last_ != nullptr) last_->next = plan;
  last_ = const_cast<Plan*>(plan);
  return plan;
}

const StepPlans::Plan* StepPlans::make(Work& work, std::uint64_t key) {
  if (plans_.size() >= kPlansMax) {
    plans_.clear();
    last_ = nullptr;
  }
  auto made = std::make_unique<Plan>();
  made->shape = shape_;
  for (std::size_t i = 0; i < needs_.size(); ++i) {
    if (ruled_out(needs_[i], work)) {
      watch(needs_[i], made->watch);
    } else {
      const Step& step = (*steps_)[start_ + i];
      made->steps.push_back({step.when.get(), step.run.get(), &step});
    }
  }
  return (plans_[key] = std::move(made)).get();
}

bool StepPlans::ruled_out(const std::vector<FieldId>& needs, Work& work) const {
  if (needs.empty()) return false;
  return std::all_of(needs.begin(), needs.end(), [&](FieldId id) {
    if (work.has(id) || unsteady_.contains(id)) return false;
    const auto originals = aliases_->of(id);
    return std::none_of(originals.begin(), originals.end(),
                        [&](const auto& alias) { return unsteady_.contains(alias.second); });
  });
}

void StepPlans::watch(const std::vector<FieldId>& needs, Work::Watch& watch) const {
  for (const FieldId id : needs) {
    watch.add(id);
    for (const auto& [ecs, original] : aliases_->of(id)) watch.add(original);
  }
}

}  // namespace picket::parsers
