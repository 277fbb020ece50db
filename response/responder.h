// Responder: the room's two threads.
//
// The desk owns the runner: it takes incidents from the engine and orders from people, and
// journals. The hands perform effects, one after another, so that a mail server which does not
// answer never keeps a human's approval waiting. Incidents come through an SpscQueue, orders
// through a mailbox, effects and outcomes through one SpscQueue each way.
//
// Everything given to the constructor must outlive it. start() and stop() once each, on one thread.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mailbox.h"
#include "base/result.h"
#include "base/spsc_queue.h"
#include "base/wakeup.h"
#include "base/world.h"
#include "event/incident.h"
#include "response/runner.h"

namespace picket::response {

class Responder {
 public:
  Responder(const Library& library, Journal& journal, Hands& hands, Clock& clock,
            Runner::Changed changed = {});
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();  // stops

  // Reads the journal (open runs go on), offers `incidents` (those that may lack a run), and
  // begins.
  Result<void> start(const std::vector<Incident>& incidents = {});
  // Finishes the effect under way, journals its outcome and joins. Nothing new is begun.
  void stop();

  // Engine thread only. False when the queue (1,024) is full: nothing was taken, offer again.
  // Offering an incident twice does no harm.
  [[nodiscard]] bool offer(Incident incident);

  // Any thread, after start(); answers within milliseconds. The run after the order, as the API
  // shows it. kNotFound, kInvalid (not possible now), kLimit (ask again later), kBusy (stopped, or
  // the mailbox is full).
  Result<Json> order(StepOrder order);

  // Any thread. Runs of one incident, or of all when it is empty, newest first; one run by id.
  Result<std::vector<Json>> runs(std::string_view incident_id = {}) const;
  Result<Json> run(std::string_view id) const;
  // Any thread. What the playbook would do for the incident.
  Result<Json> dry_run(std::string_view playbook, const Incident& incident) const;
  // After start(): documents of the journal that could not be read, each named.
  std::vector<std::string> unreadable() const { return unreadable_; }

 private:
  struct Letter {
    StepOrder order;
    std::promise<Result<Json>> answer;
  };

  void desk();   // thread
  void hands();  // thread
  void take_offers();
  void offer_again();
  void take_letters(std::vector<Letter> letters);
  void take_outcome();
  void give_effect();
  std::chrono::milliseconds idle() const;

  const Library& library_;
  Journal& journal_;
  Hands& way_out_;
  Clock& clock_;
  Runner runner_;
  std::vector<std::string> unreadable_;
  std::vector<Incident> refused_;  // by the runner, for now; the latest of each incident
  bool effect_out_ = false;        // desk only

  Wakeup desk_wakeup_;
  Wakeup hands_wakeup_;
  SpscQueue<Incident> offers_{1024};  // full: the engine is told and offers again
  Mailbox<Letter> mailbox_{256, desk_wakeup_};
  // At most one effect is out, so these are never full. An empty effect ends the hands.
  SpscQueue<std::unique_ptr<Effect>> effects_{2};
  SpscQueue<Outcome> outcomes_{2};
  std::thread desk_thread_;
  std::thread hands_thread_;
};

}  // namespace picket::response
