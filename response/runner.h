// Runner: the state machine of runs. It decides and journals; Hands act.
//
// Every change of a step is in the journal before anything follows from it: intended, started, then
// the effect, then its outcome. An effect is handed out only after its step was journaled as
// started, once for that. A step that the journal shows as started when the runner opens may have
// happened: it becomes unknown and waits for a human, whatever it is. A journal that refuses (disk
// full) stops effects, never the order of things.
//
// Owner: Responder, or a test. One thread. Reads wall time through the Clock only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "event/incident.h"
#include "response/composer.h"
#include "response/effect.h"
#include "response/journal.h"
#include "response/playbook.h"
#include "response/run.h"

namespace picket::response {

// What a human asks of a step.
struct StepOrder {
  std::string run;
  std::string step;
  StepVerb verb = StepVerb::kApprove;
  std::string user;
  std::string comment;
};

class Runner {
 public:
  // Called after each change that reached the journal, with the run as the API shows it.
  using Changed = std::function<void(const Json& run)>;

  // All three must outlive the runner.
  Runner(const Library& library, Journal& journal, Clock& clock, Changed changed = {});

  // Reads the journal: open runs go on, started steps become unknown. Once, before anything else.
  Result<void> open();

  // Begins the runs that this incident triggers and does not have yet; adds new outside addresses
  // to the ones it has. Give the incident again whenever it has changed. kFull, kIo: nothing was
  // begun, give it again later.
  Result<void> offer(const Incident& incident);

  // The run after the order, as the API shows it. kNotFound; kInvalid: not possible in this state;
  // kLimit: the playbook's limit is reached, ask again later.
  Result<Json> order(const StepOrder& order);

  // The next effect to perform, its step already journaled as started; then call complete(). At
  // most one is out at a time.
  std::optional<Effect> next_effect();
  void complete(const Outcome& outcome);

  // When next_effect() may have something to give; Nanos::max() when only an event can change that.
  Nanos next_due() const;

  // What the playbook would do for the incident; nothing is journaled or done.
  Result<Json> dry_run(std::string_view playbook, const Incident& incident) const;

  // Journal documents that could not be read at open(): they are left alone.
  const std::vector<std::string>& unreadable() const { return unreadable_; }
  std::size_t open_count() const { return runs_.size(); }

 private:
  struct Breaker {  // of one target: a dead mail server is not asked once per waiting step
    std::int64_t closed_until_ns = 0;
    unsigned failures = 0;
  };
  struct Pick {
    Run* run = nullptr;
    StepRun* step = nullptr;
  };

  const Playbook* playbook(std::string_view id) const;
  Result<void> begin(const Playbook& playbook, const Incident& incident);
  Result<void> extend(const Playbook& playbook, const std::string& run_id,
                      const Incident& incident);
  Run make_run(const Playbook& playbook, const Incident& incident) const;
  void add_steps(Run& run, const PlaybookStep& step, const Incident& incident) const;
  void add_blocks(Run& run, const PlaybookStep& step, const Incident& incident) const;

  void advance(Run& run, const Playbook& playbook) const;
  void reach(StepRun& step, const Playbook& playbook) const;
  Result<void> write(Run& run);
  Result<void> keep(Run run);
  Result<Run> load(std::string_view id) const;

  bool is_due(const StepRun& step, std::int64_t now) const;
  std::int64_t due_of(const StepRun& step) const;
  Pick pick(std::int64_t now);
  std::optional<std::int64_t> limited_until(const Playbook& playbook) const;
  std::string target_of(const StepRun& step) const;
  void settle(Run& run, StepRun& step, const Outcome& outcome);
  void fail_step(Run& run, StepRun& step, std::string detail);
  std::optional<Effect> start_step(Run& run, StepRun& step);

  Result<void> apply(Run& run, StepRun& step, const StepOrder& order);
  Result<void> approve(const Run& run, StepRun& step, const StepOrder& order);
  Result<void> reverse(Run& run, const StepRun& step, const StepOrder& order);
  void resume(Run& run);
  void forget_old_blocks(std::int64_t now);

  const Library& library_;
  const Composer composer_;
  Journal& journal_;
  Clock& clock_;
  Changed changed_;
  std::map<std::string, Run, std::less<>> runs_;  // open ones
  std::map<std::string, Breaker, std::less<>> breakers_;
  std::vector<std::pair<std::string, std::int64_t>> blocks_;  // playbook and time, of the last hour
  std::vector<std::string> unreadable_;
  std::optional<std::pair<std::string, std::string>> out_;  // run and step of the effect under way
  std::vector<std::string> unwritten_;  // runs whose last change the journal has refused so far
  std::int64_t stalled_until_ns_ = 0;   // after the journal refused
};

}  // namespace picket::response
