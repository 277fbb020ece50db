#include "response/runner.h"

#include <algorithm>

#include "base/check.h"
#include "base/time.h"

namespace picket::response {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kGiveUpAfter = 24 * kHour;
constexpr std::int64_t kFirstRetry = 30 * kSecond;
constexpr std::int64_t kJournalRetry = kSecond;
constexpr std::size_t kAddressesMax = 8;
constexpr std::size_t kEntitiesMax = 200;
constexpr std::size_t kTimelineMax = 50;

bool is_notification(CommandType type) {
  return type == CommandType::kMail || type == CommandType::kWebhook;
}

// 30 s, 1 min, 2 min, ... at most an hour.
std::int64_t backoff(std::uint64_t attempts) {
  return std::min(kHour, kFirstRetry << std::min<std::uint64_t>(attempts - 1, 7));
}

template <class T>
void push_bounded(std::vector<T>& list, T value, std::size_t count_max) {
  if (list.size() == count_max) list.erase(list.begin());
  list.push_back(std::move(value));
}

StepRun step_run(const PlaybookStep& plan, std::string parameter, std::size_t ordinal) {
  StepRun step;
  step.id = plan.id + (ordinal > 1 ? "." + std::to_string(ordinal) : "");
  step.step_id = plan.id;
  step.name = plan.name;
  step.name_vi = plan.name_vi;
  step.type = plan.command;
  step.parameter = std::move(parameter);
  step.approval = plan.approval;
  step.reverse = plan.reverse;
  return step;
}

// Steps of the workflow in the order in which they are reached, each once.
std::vector<const PlaybookStep*> flow(const Playbook& playbook) {
  std::vector<const PlaybookStep*> order = {playbook.find(playbook.workflow_start)};
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const std::string* next :
         {&order[i]->on_completion, &order[i]->on_success, &order[i]->on_failure}) {
      const PlaybookStep* step = playbook.find(*next);
      if (step != nullptr && std::find(order.begin(), order.end(), step) == order.end())
        order.push_back(step);
    }
  }
  return order;
}

// What a run keeps of its incident: enough for every message, bounded.
Incident context_of(const Incident& incident) {
  Incident context = incident;
  if (context.entities.size() > kEntitiesMax) context.entities.resize(kEntitiesMax);
  auto& timeline = context.timeline;
  if (timeline.size() > kTimelineMax) {
    std::stable_sort(
        timeline.begin(), timeline.end(),
        [](const TimelineEntry& a, const TimelineEntry& b) { return a.level > b.level; });
    timeline.resize(kTimelineMax);
    std::stable_sort(
        timeline.begin(), timeline.end(),
        [](const TimelineEntry& a, const TimelineEntry& b) { return a.time_ns < b.time_ns; });
  }
  return context;
}

bool is_triggered(const Playbook& playbook, const Incident& incident) {
  const bool over =
      incident.status == IncidentStatus::kResolved || incident.status == IncidentStatus::kClosed;
  if (over || !incident.merged_into.empty()) return false;
  const auto layers = std::count_if(incident.layers.begin(), incident.layers.end(),
                                    [](Layer layer) { return layer != Layer::kNone; });
  return incident.level >= playbook.trigger_level &&
         static_cast<std::size_t>(layers) >= playbook.trigger_layers;
}

// Where a group of step runs leads, given how far each of them is.
std::vector<std::string> leads_to(const PlaybookStep& plan,
                                  const std::vector<const StepRun*>& group) {
  const bool ended =
      std::all_of(group.begin(), group.end(), [](auto* s) { return has_ended(s->state); });
  if (!plan.on_completion.empty()) {
    // A message must not hold up containment, delivered or not; a block that may or may not have
    // happened must.
    const bool lets_go = std::all_of(group.begin(), group.end(), [](const StepRun* s) {
      return has_ended(s->state) || is_notification(s->type);
    });
    return lets_go ? std::vector{plan.on_completion} : std::vector<std::string>();
  }
  if (!ended) return {};
  const bool success =
      std::any_of(group.begin(), group.end(), [](auto* s) { return s->state == StepState::kDone; });
  return {success ? plan.on_success : plan.on_failure};
}

std::string_view outcome_name(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::kDone:
      return "done";
    case OutcomeKind::kFailed:
      return "failed";
    case OutcomeKind::kRetry:
      return "retry";
    case OutcomeKind::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace

Runner::Runner(const Library& library, Journal& journal, Clock& clock, Changed changed)
    : library_(library),
      composer_(library),
      journal_(journal),
      clock_(clock),
      changed_(std::move(changed)) {}

const Playbook* Runner::playbook(std::string_view id) const {
  const auto found = std::find_if(library_.playbooks.begin(), library_.playbooks.end(),
                                  [&](const Playbook& p) { return p.id == id; });
  return found == library_.playbooks.end() ? nullptr : &*found;
}

Result<void> Runner::open() {
  PICKET_TRY(const auto documents, journal_.all());
  const std::int64_t now = clock_.now().count();
  for (const auto& [key, document] : documents) {
    Result<Run> read = run_from_json(document);
    if (!read) {
      unreadable_.push_back(key + ": " + read.error().what);
      continue;
    }
    Run run = *std::move(read);
    bool in_doubt = false;
    for (StepRun& step : run.steps) {
      if (step.type == CommandType::kBlock && step.started_ns > now - kHour) {
        blocks_.emplace_back(run.playbook, step.started_ns);
      }
      if (step.state != StepState::kStarted) continue;
      in_doubt = true;
      step.state = StepState::kUnknown;
      step.detail = "the program ended while this was under way: it may or may not have happened";
    }
    if (in_doubt) {
      PICKET_TRY_VOID(write(run));
    }
    if (is_open(run)) runs_.emplace(run.id, std::move(run));
  }
  for (auto& [id, run] : runs_) resume(run);
  return {};
}

// Brings a run up to date with its playbook after something ended. Not journaled by itself: what is
// reached follows from what ended, and is written with the next change.
void Runner::resume(Run& run) {
  if (const Playbook* plan = playbook(run.playbook)) advance(run, *plan);
}

Result<void> Runner::write(Run& run) {
  run.ended_ns = is_open(run) ? 0 : clock_.now().count();
  PICKET_TRY_VOID(journal_.put(run.id, to_document(run)));
  if (changed_) changed_(to_json(run));
  return {};
}

// Journals the run as it has become, and then takes it as the truth.
Result<void> Runner::keep(Run run) {
  PICKET_TRY_VOID(write(run));
  const std::string id = run.id;
  if (is_open(run)) {
    runs_.insert_or_assign(id, std::move(run));
  } else {
    runs_.erase(id);
  }
  return {};
}

Result<Run> Runner::load(std::string_view id) const {
  if (const auto found = runs_.find(id); found != runs_.end()) return found->second;
  Result<Json> document = journal_.get(id);
  if (!document) return tl::unexpected(std::move(document).error());
  return run_from_json(*document);
}

Result<void> Runner::offer(const Incident& incident) {
  for (const Playbook& plan : library_.playbooks) {
    if (!is_triggered(plan, incident)) continue;
    const std::string id = make_run_id(run_owner(incident), plan.id);
    const Result<Json> document = runs_.contains(id) ? Result<Json>(Json()) : journal_.get(id);
    if (document) {
      PICKET_TRY_VOID(extend(plan, id, incident));
    } else if (document.error().code == Errc::kNotFound) {
      PICKET_TRY_VOID(begin(plan, incident));
    } else {
      return tl::unexpected(document.error());
    }
  }
  return {};
}

Result<void> Runner::begin(const Playbook& plan, const Incident& incident) {
  if (runs_.size() >= library_.options.runs_open_max) {
    return fail(Errc::kFull, "there are " + std::to_string(runs_.size()) + " open runs already");
  }
  Run run = make_run(plan, incident);
  advance(run, plan);
  return keep(std::move(run));
}

Result<void> Runner::extend(const Playbook& plan, const std::string& run_id,
                            const Incident& incident) {
  Result<Run> run = load(run_id);
  if (!run) return {};  // unreadable: left alone, and open() has said so
  const std::size_t before = run->steps.size();
  for (const PlaybookStep* step : flow(plan)) {
    if (step->command == CommandType::kBlock) add_blocks(*run, *step, incident);
  }
  if (run->steps.size() == before) return {};
  advance(*run, plan);
  return keep(*std::move(run));
}

Run Runner::make_run(const Playbook& plan, const Incident& incident) const {
  Run run;
  run.id = make_run_id(run_owner(incident), plan.id);
  run.playbook = plan.id;
  run.playbook_name = plan.name;
  run.playbook_name_vi = plan.name_vi;
  run.playbook_hash = plan.hash;
  run.incident = context_of(incident);
  run.dry_run = library_.options.dry_run;
  run.created_ns = clock_.now().count();
  for (const PlaybookStep* step : flow(plan)) {
    if (step->type == StepType::kAction) add_steps(run, *step, incident);
  }
  return run;
}

void Runner::add_steps(Run& run, const PlaybookStep& step, const Incident& incident) const {
  if (step.command == CommandType::kBlock) return add_blocks(run, step, incident);
  if (step.command == CommandType::kMail && step.to == Recipient::kOwner) {
    std::size_t ordinal = 0;
    for (const Addressee& owner : owners_of(incident, library_.systems)) {
      run.steps.push_back(step_run(step, owner.contact.email, ++ordinal));
    }
    if (ordinal == 0) run.steps.push_back(step_run(step, "", 1));
    return;
  }
  const std::string parameter = step.command == CommandType::kMail ? library_.options.duty.email
                                : step.command == CommandType::kWebhook ? step.webhook
                                                                        : step.url;
  run.steps.push_back(step_run(step, parameter, 1));
}

// One step run for each outside address that has none yet; one without a parameter if there is
// none.
void Runner::add_blocks(Run& run, const PlaybookStep& step, const Incident& incident) const {
  std::size_t count = 0;
  std::size_t left_out = 0;
  const auto of_step = [&](const StepRun& s) { return s.step_id == step.id; };
  std::size_t ordinal =
      static_cast<std::size_t>(std::count_if(run.steps.begin(), run.steps.end(), of_step));
  for (const IpAddress& address : outside_addresses(incident, library_.systems)) {
    const std::string text = address.text();
    const bool known = std::any_of(run.steps.begin(), run.steps.end(), [&](const StepRun& s) {
      return of_step(s) && s.parameter == text;
    });
    if (++count > kAddressesMax) ++left_out;
    if (known || count > kAddressesMax) continue;
    const auto after = std::find_if(run.steps.rbegin(), run.steps.rend(), of_step).base();
    run.steps.insert(ordinal == 0 ? run.steps.end() : after, step_run(step, text, ordinal + 1));
    ++ordinal;
  }
  if (ordinal == 0) run.steps.push_back(step_run(step, "", 1));
  if (left_out > 0)
    run.note = std::to_string(left_out) + " more outside addresses are not proposed";
}

// Marks every pending step that the steps before it lead to.
void Runner::advance(Run& run, const Playbook& plan) const {
  std::vector<std::string> reached = {plan.workflow_start};
  for (std::size_t i = 0; i < reached.size(); ++i) {
    const PlaybookStep* step = plan.find(reached[i]);
    if (step == nullptr || step->type == StepType::kEnd) continue;
    std::vector<const StepRun*> group;
    for (StepRun& s : run.steps) {
      if (s.step_id != step->id || !s.undoes.empty()) continue;
      if (s.state == StepState::kPending) reach(s, plan);
      group.push_back(&s);
    }
    for (std::string& next : leads_to(*step, group)) {
      if (!next.empty() && std::find(reached.begin(), reached.end(), next) == reached.end()) {
        reached.push_back(std::move(next));
      }
    }
  }
}

void Runner::reach(StepRun& step, const Playbook& plan) const {
  const auto end = [&](StepState state, std::string detail) {
    step.state = state;
    step.detail = std::move(detail);
    step.ended_ns = clock_.now().count();
  };
  const PlaybookStep* planned = plan.find(step.step_id);
  if (step.type == CommandType::kBlock) {
    if (step.parameter.empty())
      return end(StepState::kSkipped, "the incident names no outside address");
    if (const auto allowed = composer_.may_block(plan, step.parameter); !allowed) {
      return end(StepState::kSkipped, allowed.error().what);
    }
  }
  if (step.type == CommandType::kMail && step.parameter.empty()) {
    if (planned->to == Recipient::kDuty) {
      return end(StepState::kSkipped, "nobody is on duty in the configuration (response.duty)");
    }
    return end(StepState::kFailed,
               "no registered system is involved: add its hosts or networks to the register");
  }
  if (step.type == CommandType::kWebhook) {
    const auto& hooks = library_.options.notify.webhooks;
    const bool known = std::any_of(hooks.begin(), hooks.end(),
                                   [&](const auto& w) { return w.name == step.parameter; });
    if (!known) {
      return end(StepState::kSkipped,
                 "no webhook '" + step.parameter + "' is configured (response.webhooks)");
    }
  }
  step.state = step.approval ? StepState::kWaiting : StepState::kIntended;
}

void Runner::complete(const Outcome& outcome) {
  PICKET_CHECK(out_.has_value());
  const auto found = runs_.find(out_->first);
  PICKET_CHECK(found != runs_.end());
  StepRun* step = found->second.find(out_->second);
  PICKET_CHECK(step != nullptr && step->state == StepState::kStarted);
  out_.reset();
  settle(found->second, *step, outcome);
}

// The effect is over, whatever the journal says: memory is right, and the journal is told until it
// listens. If the program ends before it does, the step is found as started, and so unknown.
void Runner::settle(Run& run, StepRun& step, const Outcome& outcome) {
  const std::int64_t now = clock_.now().count();
  Breaker& breaker = breakers_[target_of(step)];
  OutcomeKind kind = outcome.kind;
  step.detail = outcome.detail;
  if (kind == OutcomeKind::kRetry) {
    breaker.closed_until_ns = now + std::min(backoff(++breaker.failures), 10 * 60 * kSecond);
    step.next_ns = now + backoff(step.attempt_count);
    if (now - step.started_ns >= kGiveUpAfter) {
      kind = OutcomeKind::kFailed;
      step.detail = "given up after 24 hours: " + outcome.detail;
    }
  } else {
    breaker = {};
  }
  push_bounded(step.attempts, Attempt{now, std::string(outcome_name(kind)), outcome.detail},
               StepRun::kAttemptsMax);
  step.state = kind == OutcomeKind::kDone     ? StepState::kDone
               : kind == OutcomeKind::kFailed ? StepState::kFailed
               : kind == OutcomeKind::kRetry  ? StepState::kRetrying
                                              : StepState::kUnknown;
  if (has_ended(step.state)) step.ended_ns = now;
  resume(run);
  const std::string id = run.id;
  if (!keep(run)) {
    unwritten_.push_back(id);
    stalled_until_ns_ = now + kJournalRetry;
  }
}

void Runner::fail_step(Run& run, StepRun& step, std::string detail) {
  step.state = StepState::kFailed;
  step.detail = std::move(detail);
  step.ended_ns = clock_.now().count();
  resume(run);
}

std::string Runner::target_of(const StepRun& step) const {
  return std::string(command_type_name(step.type)) +
         (step.type == CommandType::kMail ? "" : " " + step.parameter);
}

std::int64_t Runner::due_of(const StepRun& step) const {
  if (step.state != StepState::kIntended && step.state != StepState::kRetrying) return INT64_MAX;
  std::int64_t due = step.state == StepState::kRetrying ? step.next_ns : 0;
  if (is_notification(step.type)) {
    const auto breaker = breakers_.find(target_of(step));
    if (breaker != breakers_.end()) due = std::max(due, breaker->second.closed_until_ns);
  }
  return due;
}

bool Runner::is_due(const StepRun& step, std::int64_t now) const {
  return due_of(step) <= now;
}

Nanos Runner::next_due() const {
  std::int64_t due = unwritten_.empty() ? INT64_MAX : 0;
  if (out_) return Nanos::max();
  for (const auto& [id, run] : runs_) {
    for (const StepRun& step : run.steps) due = std::min(due, due_of(step));
  }
  return Nanos(due == INT64_MAX ? due : std::max(due, stalled_until_ns_));
}

// Containment first, then what has waited longest.
Runner::Pick Runner::pick(std::int64_t now) {
  Pick best;
  for (auto& [id, run] : runs_) {
    for (StepRun& step : run.steps) {
      if (!is_due(step, now)) continue;
      const bool better = best.step == nullptr ||
                          (is_containment(step.type) && !is_containment(best.step->type)) ||
                          (is_containment(step.type) == is_containment(best.step->type) &&
                           due_of(step) < due_of(*best.step));
      if (better) best = {&run, &step};
    }
  }
  return best;
}

std::optional<Effect> Runner::next_effect() {
  const std::int64_t now = clock_.now().count();
  if (out_ || now < stalled_until_ns_) return std::nullopt;
  while (!unwritten_.empty()) {
    const auto found = runs_.find(unwritten_.back());
    if (found != runs_.end() && !keep(found->second)) {
      stalled_until_ns_ = now + kJournalRetry;
      return std::nullopt;
    }
    unwritten_.pop_back();
  }
  for (Pick next = pick(now); next.step != nullptr; next = pick(now)) {
    std::optional<Effect> effect = start_step(*next.run, *next.step);
    if (effect || now < stalled_until_ns_) return effect;
  }
  return std::nullopt;
}

// Works on a copy: only what the journal has taken becomes true.
std::optional<Effect> Runner::start_step(Run& run, StepRun& step) {
  const std::int64_t now = clock_.now().count();
  Run next = run;
  StepRun& changed = *next.find(step.id);
  const Playbook* plan = playbook(run.playbook);
  Result<Effect> effect = plan == nullptr
                              ? fail(Errc::kNotFound, "the playbook is not loaded any more")
                              : composer_.compose(run, step, *plan, now);
  const auto limit =
      plan != nullptr && step.type == CommandType::kBlock ? limited_until(*plan) : std::nullopt;
  if (!effect) {
    fail_step(next, changed, effect.error().what);
  } else if (limit) {
    changed.state = StepState::kWaiting;
    changed.detail = "the limit of " + std::to_string(plan->blocks_per_hour) +
                     " blocks an hour is reached until " + format_time(*limit);
  } else {
    changed.state = StepState::kStarted;
    if (changed.started_ns == 0) changed.started_ns = now;
    ++changed.attempt_count;
  }
  const bool started = changed.state == StepState::kStarted;
  if (!keep(std::move(next))) {
    stalled_until_ns_ = now + kJournalRetry;
    return std::nullopt;
  }
  if (!started) return std::nullopt;
  out_.emplace(effect->run, effect->step);
  forget_old_blocks(now);
  if (effect->type == CommandType::kBlock) blocks_.emplace_back(plan->id, now);
  return *std::move(effect);
}

void Runner::forget_old_blocks(std::int64_t now) {
  std::erase_if(blocks_, [&](const auto& block) { return block.second <= now - kHour; });
}

std::optional<std::int64_t> Runner::limited_until(const Playbook& plan) const {
  const std::int64_t since = clock_.now().count() - kHour;
  std::vector<std::int64_t> times;
  for (const auto& [id, time_ns] : blocks_) {
    if (id == plan.id && time_ns > since) times.push_back(time_ns);
  }
  if (times.size() < plan.blocks_per_hour) return std::nullopt;
  return (times.empty() ? clock_.now().count() : *std::min_element(times.begin(), times.end())) +
         kHour;
}

}  // namespace picket::response
