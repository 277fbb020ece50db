#include "response/run.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/time.h"

namespace picket::response {
namespace {

constexpr std::array<std::string_view, 10> kStates = {
    "pending", "intended", "waiting_approval", "started",  "retrying",
    "done",    "failed",   "unknown",          "rejected", "skipped"};
// The same in the coarser words of the run list (api/ports.h).
constexpr std::array<std::string_view, 10> kStatuses = {"pending",  "pending", "waiting", "started",
                                                        "started",  "done",    "failed",  "unknown",
                                                        "rejected", "skipped"};
constexpr std::array<std::string_view, 6> kVerbs = {"approve", "reject", "retry",
                                                    "done",    "skip",   "reverse"};
constexpr std::array<CommandType, 6> kTypes = {CommandType::kNone,    CommandType::kMail,
                                               CommandType::kWebhook, CommandType::kBlock,
                                               CommandType::kUnblock, CommandType::kHttp};

template <class Names>
std::size_t index_of(const Names& names, std::string_view name, std::size_t fallback) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? fallback : static_cast<std::size_t>(found - names.begin());
}

Json time_json(std::int64_t time_ns) {
  return time_ns == 0 ? Json(nullptr) : Json(format_time(time_ns));
}

std::int64_t time_from(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return 0;
  const auto parsed = parse_time(found->get<std::string>());
  return parsed ? parsed->time_ns : 0;
}

CommandType type_from(const std::string& name) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](CommandType type) {
    return command_type_name(type) == name;
  });
  return found == kTypes.end() ? CommandType::kNone : *found;
}

Json step_json(const Run& run, const StepRun& step) {
  // A branch that was not taken is no longer pending once the run is over.
  const bool not_taken = step.state == StepState::kPending && !is_open(run);
  const auto state = static_cast<std::size_t>(not_taken ? StepState::kSkipped : step.state);
  Json json = {
      {"id", step.id},
      {"name", step.name},
      {"names", {{"en", step.name}, {"vi", step.name_vi.empty() ? step.name : step.name_vi}}},
      {"type", command_type_name(step.type)},
      {"parameter", step.parameter},
      {"state", kStates[state]},
      {"status", kStatuses[state]},
      {"started", time_json(step.started_ns)},
      {"ended", time_json(step.ended_ns)},
      {"at", time_json(step.ended_ns != 0 ? step.ended_ns : step.started_ns)},
      {"detail", not_taken ? "not needed" : step.detail},
      {"approval", step.approval},
      {"approved_by", step.approved_by},
      {"attempt_count", step.attempt_count},
      {"next_attempt", time_json(step.state == StepState::kRetrying ? step.next_ns : 0)},
      {"undoes", step.undoes}};
  json["verbs"] = Json::array();
  for (const StepVerb verb : verbs_of(run, step)) json["verbs"].push_back(step_verb_name(verb));
  json["decisions"] = Json::array();
  for (const Decision& d : step.decisions) {
    json["decisions"].push_back({{"verb", step_verb_name(d.verb)},
                                 {"user", d.user},
                                 {"at", format_time(d.time_ns)},
                                 {"comment", d.comment}});
  }
  json["attempts"] = Json::array();
  for (const Attempt& a : step.attempts) {
    json["attempts"].push_back(
        {{"at", format_time(a.time_ns)}, {"outcome", a.outcome}, {"detail", a.detail}});
  }
  return json;
}

StepRun step_from(const Json& json) {
  StepRun step;
  step.id = json.at("id").get<std::string>();
  step.step_id = json.at("step").get<std::string>();
  step.name = json.value("name", std::string());
  if (const auto names = json.find("names"); names != json.end()) {
    step.name_vi = names->value("vi", std::string());
  }
  step.type = type_from(json.at("type").get<std::string>());
  step.parameter = json.value("parameter", std::string());
  step.state = static_cast<StepState>(index_of(kStates, json.at("internal").get<std::string>(),
                                               static_cast<std::size_t>(StepState::kUnknown)));
  step.approval = json.value("approval", true);
  step.reverse = json.value("reverse", std::string());
  step.undoes = json.value("undoes", std::string());
  step.started_ns = time_from(json, "started");
  step.ended_ns = time_from(json, "ended");
  step.next_ns = time_from(json, "next_attempt");
  step.detail = json.value("detail", std::string());
  step.approved_by = json.value("approved_by", std::string());
  step.attempt_count = json.value("attempt_count", std::uint64_t{0});
  for (const Json& a : json.value("attempts", Json::array())) {
    step.attempts.push_back(
        {time_from(a, "at"), a.value("outcome", std::string()), a.value("detail", std::string())});
  }
  for (const Json& d : json.value("decisions", Json::array())) {
    step.decisions.push_back(
        {static_cast<StepVerb>(index_of(kVerbs, d.value("verb", std::string()), 0)),
         d.value("user", std::string()), time_from(d, "at"), d.value("comment", std::string())});
  }
  return step;
}

Result<Run> read_run(const Json& json) {
  Run run;
  run.id = json.at("id").get<std::string>();
  const Json& playbook = json.at("playbook");
  run.playbook = playbook.at("id").get<std::string>();
  run.playbook_name = playbook.value("name", std::string());
  run.playbook_hash = playbook.value("hash", std::string());
  if (const auto names = playbook.find("names"); names != playbook.end()) {
    run.playbook_name_vi = names->value("vi", std::string());
  }
  PICKET_TRY(run.incident, incident_from_json(json.at("context")));
  run.dry_run = json.value("dry_run", false);
  run.created_ns = time_from(json, "created");
  run.ended_ns = time_from(json, "ended");
  run.note = json.value("note", std::string());
  for (const Json& step : json.at("steps")) run.steps.push_back(step_from(step));
  return run;
}

}  // namespace

std::string_view step_state_name(StepState state) {
  return kStates[static_cast<std::size_t>(state)];
}
std::string_view step_verb_name(StepVerb verb) {
  return kVerbs[static_cast<std::size_t>(verb)];
}

StepRun* Run::find(std::string_view step) {
  const auto found =
      std::find_if(steps.begin(), steps.end(), [&](const StepRun& s) { return s.id == step; });
  return found == steps.end() ? nullptr : &*found;
}

std::string_view run_state(const Run& run) {
  const auto any = [&](StepState state) {
    return std::any_of(run.steps.begin(), run.steps.end(),
                       [&](const StepRun& s) { return s.state == state; });
  };
  if (any(StepState::kUnknown)) return "attention";
  if (any(StepState::kWaiting)) return "waiting_approval";
  if (any(StepState::kIntended) || any(StepState::kStarted) || any(StepState::kRetrying))
    return "running";
  return any(StepState::kFailed) ? "failed" : "done";
}

bool is_open(const Run& run) {
  return std::any_of(run.steps.begin(), run.steps.end(), [](const StepRun& s) {
    return s.state != StepState::kPending && !has_ended(s.state);
  });
}

bool has_ended(StepState state) {
  return state == StepState::kDone || state == StepState::kFailed ||
         state == StepState::kRejected || state == StepState::kSkipped;
}

std::vector<StepVerb> verbs_of(const Run& run, const StepRun& step) {
  switch (step.state) {
    case StepState::kWaiting:
      return {StepVerb::kApprove, StepVerb::kReject};
    case StepState::kUnknown:
      return {StepVerb::kRetry, StepVerb::kDone, StepVerb::kSkip};
    case StepState::kFailed:
    case StepState::kRetrying:
      return {StepVerb::kRetry, StepVerb::kSkip};
    case StepState::kDone:
      break;
    default:
      return {};
  }
  const bool undone = std::any_of(run.steps.begin(), run.steps.end(), [&](const StepRun& other) {
    return other.undoes == step.id && other.state != StepState::kRejected &&
           other.state != StepState::kSkipped;
  });
  if (step.reverse.empty() || undone) return {};
  return {StepVerb::kReverse};
}

std::string run_owner(const Incident& incident) {
  for (const IncidentChange& change : incident.history) {
    const auto id = change.verb == "rename" ? change.before.find("id") : change.before.end();
    if (id != change.before.end() && id->is_string()) return id->get<std::string>();
  }
  return incident.id;
}

std::string make_run_id(std::string_view incident, std::string_view playbook) {
  return hash128_hex(std::string(incident) + "\n" + std::string(playbook));
}

Json to_json(const Run& run) {
  const std::string_view state = run_state(run);
  Json json = {
      {"id", run.id},
      {"incident", run.incident.id},
      {"incident_number", run.incident.number},
      {"playbook",
       {{"id", run.playbook},
        {"name", run.playbook_name},
        {"names",
         {{"en", run.playbook_name},
          {"vi", run.playbook_name_vi.empty() ? run.playbook_name : run.playbook_name_vi}}},
        {"hash", run.playbook_hash}}},
      {"state", state},
      {"status", state == "waiting_approval" || state == "attention" ? "waiting" : state},
      {"dry_run", run.dry_run},
      {"created", time_json(run.created_ns)},
      {"started", time_json(run.created_ns)},
      {"ended", time_json(run.ended_ns)},
      {"note", run.note}};
  json["steps"] = Json::array();
  for (const StepRun& step : run.steps) json["steps"].push_back(step_json(run, step));
  return json;
}

Json to_document(const Run& run) {
  Json json = to_json(run);
  json["context"] = to_json(run.incident);
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    json["steps"][i]["step"] = run.steps[i].step_id;
    json["steps"][i]["reverse"] = run.steps[i].reverse;
    json["steps"][i]["internal"] = step_state_name(run.steps[i].state);
    json["steps"][i]["detail"] = run.steps[i].detail;
  }
  return json;
}

Json without_context(Json document) {
  const Result<Run> run = run_from_json(document);
  if (run) return to_json(*run);
  document.erase("context");
  return document;
}

Result<Run> run_from_json(const Json& document) {
  try {
    return read_run(document);
  } catch (const Json::exception& error) {
    return fail(Errc::kCorrupt, std::string("run: ") + error.what());
  }
}

}  // namespace picket::response
