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

bool is_there(const Field& field) {
  return field.data != nullptr;  // else it was removed
}

}  // namespace

StepPlans::StepPlans(const StepList& steps, const Work::Aliases& aliases)
    : steps_(&steps), aliases_(&aliases) {
  const auto reader = std::find_if(steps.begin(), steps.end(), reads_pairs);
  if (reader != steps.end()) start_ = static_cast<std::size_t>(reader - steps.begin()) + 1;
  AskedValues asked;
  for (std::size_t at = start_; at < steps.size(); ++at) {
    const Condition* const when = steps[at].when.get();
    if (when != nullptr && !when->needs().empty()) ++asking_;
    if (when != nullptr) when->ask(asked);
    steps[at].run->ask(asked);
  }
  for (const auto& [field, values] : asked.most_asked()) keys_.emplace_back(field, values);
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
    work.watch_step(static_cast<std::uint32_t>(at));
    outcome = run_one(plan.steps[at], work);
    if (work.touched() && outcome == Outcome::kDone) return run_rest(plan, plan.steps[at], work);
  }
  work.end_watch();
  return outcome;
}

// A step has changed what was relied on. The plans end with this.
Outcome StepPlans::run_rest(const Plan& plan, const Planned& behind, Work& work) {
  work.end_watch();
  unsteady_.insert(*work.touched());
  Outcome outcome = Outcome::kDone;
  const Step* last = behind.step;
  for (std::size_t at = behind.frame; outcome == Outcome::kDone && last != nullptr;) {
    const Frame& frame = plan.frames[at];
    const auto next = static_cast<std::size_t>(last - frame.list->data()) + 1;
    outcome = run_steps(std::span<const Step>(*frame.list).subspan(next), work);
    last = frame.owner;
    at = frame.outer;
  }
  plans_.clear();
  last_ = nullptr;
  return outcome;
}

void StepPlans::read_classes(Work& work) {
  classes_.resize(keys_.size());
  for (std::size_t i = 0; i < keys_.size(); ++i) classes_[i] = keys_[i].of(work);
}

// Is that the shape of the record at hand, of which none was removed and whose classes are known?
bool StepPlans::fits(const Plan& plan, std::span<const Field> fields) const {
  if (plan.shape.size() != fields.size() + classes_.size()) return false;
  const FieldId* shape = plan.shape.data();
  unsigned other = 0;
  for (const Field& field : fields)
    other |= static_cast<unsigned>(field.id) ^ static_cast<unsigned>(*shape++);
  for (const ValueClasses::Class of : classes_) other |= of ^ static_cast<unsigned>(*shape++);
  return other == 0;
}

// False: some fields were removed, or there are too many.
bool StepPlans::read_shape(std::span<const Field> fields) {
  if (fields.size() > kShapeMax) return false;
  shape_.clear();
  bool whole = true;
  for (const Field& field : fields) {
    shape_.push_back(field.id);
    whole &= field.data != nullptr;
  }
  for (const ValueClasses::Class of : classes_) shape_.push_back(FieldId{of});
  return whole;
}

const StepPlans::Plan* StepPlans::choose(Work& work) {
  const std::span<const Field> fields = work.batch().last_fields();
  read_classes(work);
  const bool whole = !work.is_untidy() || std::all_of(fields.begin(), fields.end(), is_there);
  if (whole && last_ != nullptr && last_->next != nullptr && fits(*last_->next, fields)) {
    last_ = const_cast<Plan*>(last_->next);
    return last_;
  }
  if (!read_shape(fields)) return nullptr;
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

const StepPlans::Plan* StepPlans::make(const Work& work, std::uint64_t key) {
  if (plans_.size() >= kPlansMax) {
    plans_.clear();
    last_ = nullptr;
  }
  auto made = std::make_unique<Plan>();
  made->shape = shape_;
  made->frames.push_back({steps_, nullptr, 0});
  Facts facts(work, keys_, classes_, *aliases_, unsteady_);
  add_steps(std::span<const Step>(*steps_).subspan(start_), 0, facts, *made);
  return (plans_[key] = std::move(made)).get();
}

void StepPlans::add_steps(std::span<const Step> steps, std::size_t frame, Facts& facts,
                          Plan& plan) const {
  for (const Step& step : steps) add_step(step, frame, facts, plan);
}

void StepPlans::add_step(const Step& step, std::size_t frame, Facts& facts, Plan& plan) const {
  const Truth holds = step.when == nullptr ? Truth::kYes : step.when->decide(facts);
  watch_relied(facts, plan);
  if (holds == Truth::kNo) return;
  const Condition* const when = holds == Truth::kYes ? nullptr : step.when.get();
  const StepList* const inner = when == nullptr ? step.run->chosen(facts) : nullptr;
  watch_relied(facts, plan);
  if (inner == nullptr) return plan.steps.push_back({when, step.run.get(), &step, frame});
  plan.frames.push_back({inner, &step, frame});
  add_steps(*inner, plan.frames.size() - 1, facts, plan);
}

// The steps that are in the plan already must leave alone what was decided by.
void StepPlans::watch_relied(Facts& facts, Plan& plan) const {
  const auto place = static_cast<std::uint32_t>(plan.steps.size());
  for (const FieldId id : facts.relied()) {
    plan.watch.add(id, place);
    for (const auto& [ecs, original] : aliases_->of(id)) plan.watch.add(original, place);
  }
  facts.relied().clear();
}

}  // namespace picket::parsers
