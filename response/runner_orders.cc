// What humans ask of runs. Every order is journaled with who and when before anything follows from
// it.
#include <algorithm>

#include "base/time.h"
#include "response/runner.h"

namespace picket::response {
namespace {

constexpr std::size_t kUserMax = 128;

bool is_clean(std::string_view text, std::size_t bytes_max) {
  return text.size() <= bytes_max && std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
         });
}

std::string would(const Effect& effect) {
  switch (effect.type) {
    case CommandType::kMail:
      return "would send \"" + effect.mail.subject + "\" to " + effect.mail.to;
    case CommandType::kWebhook:
    case CommandType::kHttp:
      return "would call " + effect.call.method + " " + effect.call.url;
    case CommandType::kBlock:
      return "would propose blocking " + effect.address;
    case CommandType::kUnblock:
      return "would unblock " + effect.address;
    case CommandType::kNone:
      break;
  }
  return {};
}

}  // namespace

Result<Json> Runner::order(const StepOrder& order) {
  if (order.user.empty() || !is_clean(order.user, kUserMax) ||
      order.user.find('\n') != std::string::npos) {
    return fail(Errc::kInvalid, "an order needs the name of a user");
  }
  if (!is_clean(order.comment, StepRun::kCommentMax)) {
    return fail(Errc::kInvalid, "a comment is text of at most 1000 bytes");
  }
  Result<Run> loaded = load(order.run);
  if (!loaded) {
    if (loaded.error().code != Errc::kNotFound) return tl::unexpected(std::move(loaded).error());
    return fail(Errc::kNotFound, "there is no run '" + order.run.substr(0, 64) + "'");
  }
  Run run = *std::move(loaded);
  StepRun* step = run.find(order.step);
  if (step == nullptr)
    return fail(Errc::kNotFound, "the run has no step '" + order.step.substr(0, 64) + "'");
  const std::vector<StepVerb> verbs = verbs_of(run, *step);
  if (std::find(verbs.begin(), verbs.end(), order.verb) == verbs.end()) {
    return fail(Errc::kInvalid, "a step that is " + std::string(step_state_name(step->state)) +
                                    " cannot be asked to " +
                                    std::string(step_verb_name(order.verb)));
  }
  PICKET_TRY_VOID(apply(run, *step, order));
  resume(run);
  const Json shown = to_json(run);
  PICKET_TRY_VOID(keep(std::move(run)));
  return shown;
}

Result<void> Runner::apply(Run& run, StepRun& step, const StepOrder& order) {
  const std::int64_t now = clock_.now().count();
  if (step.decisions.size() == StepRun::kDecisionsMax) step.decisions.erase(step.decisions.begin());
  step.decisions.push_back({order.verb, order.user, now, order.comment});
  const auto end = [&](StepState state, const std::string& word) {
    step.state = state;
    step.detail = word + " by " + order.user + (order.comment.empty() ? "" : ": " + order.comment);
    step.ended_ns = now;
  };
  switch (order.verb) {
    case StepVerb::kApprove:
      return approve(run, step, order);
    case StepVerb::kReject:
      end(StepState::kRejected, "rejected");
      return {};
    case StepVerb::kSkip:
      end(StepState::kSkipped, "skipped");
      return {};
    case StepVerb::kDone:
      end(StepState::kDone, "marked as done");
      return {};
    case StepVerb::kRetry:
      step.state = StepState::kIntended;
      step.detail = "asked for again by " + order.user;
      step.started_ns = step.ended_ns = 0;
      step.attempt_count = 0;
      breakers_.erase(target_of(step));
      return {};
    case StepVerb::kReverse:
      return reverse(run, step, order);
  }
  return {};
}

Result<void> Runner::approve(const Run& run, StepRun& step, const StepOrder& order) {
  const Playbook* plan = playbook(run.playbook);
  if (plan == nullptr)
    return fail(Errc::kInvalid, "the playbook of this run is not loaded any more");
  if (step.type == CommandType::kBlock) {
    PICKET_TRY_VOID(composer_.may_block(*plan, step.parameter));
    if (const auto until = limited_until(*plan)) {
      return fail(Errc::kLimit, "the limit of " + std::to_string(plan->blocks_per_hour) +
                                    " blocks an hour is reached until " + format_time(*until));
    }
  }
  step.state = StepState::kIntended;
  step.approved_by = order.user;
  step.detail = "approved by " + order.user;
  return {};
}

// Undoing is one more step of the run, approved by whoever asks for it.
Result<void> Runner::reverse(Run& run, const StepRun& step, const StepOrder& order) {
  const Playbook* plan = playbook(run.playbook);
  const PlaybookStep* undo = plan == nullptr ? nullptr : plan->find(step.reverse);
  if (undo == nullptr)
    return fail(Errc::kInvalid, "the playbook has no way back for this step any more");
  StepRun back;
  const auto ordinal = std::count_if(run.steps.begin(), run.steps.end(),
                                     [&](const StepRun& s) { return s.step_id == undo->id; });
  back.id = undo->id + (ordinal == 0 ? "" : "." + std::to_string(ordinal + 1));
  back.step_id = undo->id;
  back.name = undo->name;
  back.name_vi = undo->name_vi;
  back.type = undo->command;
  back.parameter = step.parameter;
  back.approval = true;
  back.approved_by = order.user;
  back.undoes = step.id;
  back.state = StepState::kIntended;
  back.detail = "asked for by " + order.user;
  run.steps.push_back(std::move(back));
  return {};
}

Result<Json> Runner::dry_run(std::string_view playbook_id, const Incident& incident) const {
  const Playbook* plan = playbook(playbook_id);
  if (plan == nullptr) {
    return fail(Errc::kNotFound,
                "there is no playbook '" + std::string(playbook_id.substr(0, 64)) + "'");
  }
  Run run = make_run(*plan, incident);
  run.dry_run = true;
  for (StepRun& step : run.steps) {
    reach(step, *plan);
    if (has_ended(step.state)) continue;
    const Result<Effect> effect = composer_.compose(run, step, *plan, clock_.now().count());
    step.detail = effect ? would(*effect) + (step.approval ? ", after a human's approval" : "")
                         : effect.error().what;
    step.state = effect ? StepState::kPending : StepState::kFailed;
  }
  Json json = to_json(run);
  json["state"] = json["status"] = "dry_run";
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    json["steps"][i]["state"] = json["steps"][i]["status"] = step_state_name(run.steps[i].state);
    json["steps"][i]["detail"] = run.steps[i].detail;
    json["steps"][i]["verbs"] = Json::array();
  }
  return json;
}

}  // namespace picket::response
