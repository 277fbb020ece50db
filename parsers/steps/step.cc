#include "parsers/steps/step.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/time.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kShownMax = 4096;  // bytes of a value

std::map<FieldId, std::string> snapshot(Work& work) {
  std::map<FieldId, std::string> values;
  work.each([&](const Field& field) {
    std::string& all = values[field.id];
    if (!all.empty()) all += ", ";
    if (all.size() < kShownMax) all += field_text(field, work.arena()).substr(0, kShownMax);
  });
  return values;
}

std::vector<StepTrace::Change> changes(const std::map<FieldId, std::string>& before,
                                       const std::map<FieldId, std::string>& after) {
  std::vector<StepTrace::Change> made;
  for (const auto& [id, value] : after) {
    const auto old = before.find(id);
    if (old == before.end() || old->second != value)
      made.push_back({std::string(field_name(id)), value});
  }
  for (const auto& [id, value] : before) {
    if (!after.contains(id)) made.push_back({std::string(field_name(id)), {}});
  }
  return made;
}

Outcome traced(const Step& step, Work& work) {
  StepTrace& trace = *work.trace;
  if (trace.entries.size() >= StepTrace::kEntriesMax) return step.run->run(work);
  const std::size_t at = trace.entries.size();
  trace.entries.push_back({.depth = trace.depth,
                           .line = step.line,
                           .verb = step.verb,
                           .name = step.name,
                           .skipped = false,
                           .outcome = Outcome::kDone,
                           .changes = {}});
  std::map<FieldId, std::string> before;
  if (!step.flow) before = snapshot(work);
  const std::int64_t time_before = work.event().time_ns;
  ++trace.depth;
  const Outcome outcome = step.run->run(work);
  --trace.depth;
  StepTrace::Entry& entry = trace.entries[at];
  entry.outcome = outcome;
  if (step.flow) return outcome;
  entry.changes = changes(before, snapshot(work));
  if (work.event().time_ns != time_before)
    entry.changes.push_back({"@timestamp", format_time(work.event().time_ns)});
  return outcome;
}

void note_skipped(const Step& step, Work& work) {
  StepTrace& trace = *work.trace;
  if (trace.entries.size() >= StepTrace::kEntriesMax) return;
  trace.entries.push_back({.depth = trace.depth,
                           .line = step.line,
                           .verb = step.verb,
                           .name = step.name,
                           .skipped = true,
                           .outcome = Outcome::kDone,
                           .changes = {}});
}

}  // namespace

Step::Step() = default;
Step::Step(Step&&) noexcept = default;
Step& Step::operator=(Step&&) noexcept = default;
Step::~Step() = default;

void ask_of(const StepList& steps, AskedValues& asked) {
  for (const Step& step : steps) {
    if (step.when != nullptr) step.when->ask(asked);
    step.run->ask(asked);
  }
}

Outcome after_failure(const Step& step, Work& work) {
  switch (step.on_failure) {
    case OnFailure::kFail:
      return Outcome::kReject;
    case OnFailure::kContinue:
      return Outcome::kDone;
    case OnFailure::kStop:
      return Outcome::kStop;
    case OnFailure::kSteps:
      return run_steps(step.recovery, work);
  }
  return Outcome::kReject;
}

void note_phase(std::string_view name, std::uint32_t before, Work& work) {
  StepTrace& trace = *work.trace;
  if (trace.entries.size() >= StepTrace::kEntriesMax) return;
  StepTrace::Entry entry;
  entry.verb = name;
  for (const Field& field : work.batch().fields(work.event()).subspan(before)) {
    if (field.data == nullptr) continue;
    const std::string_view text = field_text(field, work.arena());
    if (text.empty()) continue;
    entry.changes.push_back(
        {std::string(field_name(field.id)), std::string(text.substr(0, kShownMax))});
  }
  if (!entry.changes.empty()) trace.entries.push_back(std::move(entry));
}

Outcome run_steps(std::span<const Step> steps, Work& work) {
  for (const Step& step : steps) {
    if (!work.step()) return Outcome::kStop;
    if (step.when != nullptr && !step.when->holds(work)) {
      if (work.trace != nullptr) note_skipped(step, work);
      continue;
    }
    Outcome outcome = work.trace == nullptr ? step.run->run(work) : traced(step, work);
    if (outcome == Outcome::kFailed) outcome = after_failure(step, work);
    if (outcome != Outcome::kDone) return outcome;
  }
  return Outcome::kDone;
}

}  // namespace picket::parsers
