// A run: one execution of a playbook for one incident, with the journal of each of its steps.
//
// The JSON of a run is both what the journal keeps and, without its `context`, what the API gives.
// docs/formats/playbooks.md describes it. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "event/incident.h"
#include "response/playbook.h"

namespace picket::response {

enum class StepState : std::uint8_t {
  kPending,   // not reached
  kIntended,  // reached; will be done
  kWaiting,   // for a human's approval
  kStarted,   // written before the effect; after a crash this becomes kUnknown
  kRetrying,  // not delivered; next attempt at `next_ns`
  kDone,
  kFailed,    // certainly without effect
  kUnknown,   // may have happened; a human must look
  kRejected,  // by a human
  kSkipped,
};
std::string_view step_state_name(StepState state);  // "pending", ..., "waiting_approval", ...

enum class StepVerb : std::uint8_t { kApprove, kReject, kRetry, kDone, kSkip, kReverse };
std::string_view step_verb_name(StepVerb verb);

struct Decision {
  StepVerb verb = StepVerb::kApprove;
  std::string user;
  std::int64_t time_ns = 0;
  std::string comment;
};

struct Attempt {
  std::int64_t time_ns = 0;
  std::string outcome;  // "done", "retry", "failed", "unknown"
  std::string detail;
};

struct StepRun {
  std::string id;       // of this run: the playbook's step id, with ".2" ... for further parameters
  std::string step_id;  // in the playbook
  std::string name;
  std::string name_vi;
  CommandType type = CommandType::kNone;
  std::string parameter;  // address to block, mail address to tell, name of the webhook
  StepState state = StepState::kPending;
  bool approval = false;
  std::string reverse;          // id of the playbook's step that undoes this one
  std::string undoes;           // id of the step run that this one undoes
  std::int64_t started_ns = 0;  // first attempt
  std::int64_t ended_ns = 0;
  std::int64_t next_ns = 0;  // kRetrying
  std::string detail;
  std::string approved_by;
  std::uint64_t attempt_count = 0;
  std::vector<Attempt> attempts;    // the last kAttemptsMax
  std::vector<Decision> decisions;  // the last kDecisionsMax

  static constexpr std::size_t kAttemptsMax = 20;
  static constexpr std::size_t kDecisionsMax = 50;
  static constexpr std::size_t kCommentMax = 1000;
};

struct Run {
  std::string id;
  std::string playbook;  // id
  std::string playbook_name;
  std::string playbook_name_vi;
  std::string playbook_hash;
  Incident incident;  // as it was when the run began, its timeline cut short
  bool dry_run = false;
  std::int64_t created_ns = 0;
  std::int64_t ended_ns = 0;
  std::string note;  // what did not fit: "3 more addresses are not proposed"
  std::vector<StepRun> steps;

  StepRun* find(std::string_view step);
};

// "running", "waiting_approval", "attention" (a step is unknown), "failed" or "done".
std::string_view run_state(const Run& run);
bool is_open(const Run& run);
bool has_ended(StepState state);  // done, failed, rejected, skipped

// What a human may ask of the step now.
std::vector<StepVerb> verbs_of(const Run& run, const StepRun& step);

// The id under which the runs of the incident are: the first that it had, where late alerts have
// given it another.
std::string run_owner(const Incident& incident);
// One run an (incident, playbook), whenever and wherever it is asked for. `incident`: run_owner().
std::string make_run_id(std::string_view incident, std::string_view playbook);

Json to_json(const Run& run);         // for the API
Json to_document(const Run& run);     // for the journal
Json without_context(Json document);  // from the one to the other
Result<Run> run_from_json(const Json& document);

}  // namespace picket::response
