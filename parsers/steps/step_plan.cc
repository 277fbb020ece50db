#include "parsers/steps/step_plan.h"

#include <algorithm>
#include <string_view>

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
  }
}

Outcome StepPlans::run(Work& work) {
  if (work.trace != nullptr) return run_steps(*steps_, work);
  const std::span<const Step> all(*steps_);
  if (const Outcome outcome = run_steps(all.first(start_), work); outcome != Outcome::kDone)
    return outcome;
  const Plan* const plan = choose(work);
  return plan == nullptr ? run_steps(all.subspan(start_), work) : run_plan(*plan, work);
}

Outcome StepPlans::run_plan(const Plan& plan, Work& work) {
  work.begin_watch(plan.watch);
  for (const Step* const step : plan.steps) {
    const Outcome outcome = run_steps({step, 1}, work);
    if (outcome != Outcome::kDone) {
      work.end_watch();
      return outcome;
    }
    if (!work.appeared()) continue;
    work.end_watch();
    unsteady_.insert(*work.appeared());
    plans_.clear();
    last_ = nullptr;
    return run_steps(
        std::span<const Step>(*steps_).subspan(static_cast<std::size_t>(step - steps_->data()) + 1),
        work);
  }
  work.end_watch();
  return Outcome::kDone;
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
      made->steps.push_back(&(*steps_)[start_ + i]);
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
