// Evaluation: decides at which hits of a group a correlation fires, and builds its alerts.
//
// A pure function of the group's hits, in their order: it starts at the first hit that is new and
// stops where nothing can differ any more. Holds references; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "correlator/group.h"
#include "correlator/source_table.h"
#include "event/alert.h"
#include "rules/rule_set.h"

namespace picket::correlator {

// An alert that is new, or may have grown or changed; and its hit, for correlations over this one.
struct AlertChange {
  Alert alert;         // as it stands
  MemberHit hit;       // its trigger, with the proof of the window at which it fired
  bool fresh = false;  // it fired just now
  bool known = false;  // it fired long ago and only grew: correlations over it have the hit already
};

// An alert that was raised and would not have been, had all hits come in order.
struct AlertWithdrawal {
  Alert alert;  // id, rule, group and trigger only
  MemberHit hit;
};

struct Changes {
  std::vector<AlertChange> changed;
  std::vector<AlertWithdrawal> withdrawn;
};

// Who is told of a correlation's alerts.
struct Audience {
  bool people = true;  // false: its alerts name no events, matches and entities
  bool outer = false;  // a correlation over it
};

class Evaluation {
 public:
  Evaluation(const rules::Correlation& correlation, const SourceTable& sources, Audience audience)
      : correlation_(correlation), sources_(sources), audience_(audience) {}

  // Decides the hits before `limit_ns`, as far as they are marked. An alert that only grew is
  // raised when it has doubled; what it has grown by is in group.grown until then.
  void run(Group& group, std::int64_t limit_ns, Changes& changes) const;

  // Raises the open alert as it stands, if it has grown since it was raised last.
  void tell(Group& group, Changes& changes) const;

  // Makes the hits before hits()[end] final: their outcome moves to the carry. They are decided.
  void settle(Group& group, std::size_t end) const;

  // Inserts a hit and marks what it may change, which for an absence lies before it.
  Group::Insert insert(Group& group, MemberHit hit) const;

  // Removes a hit (of an inner alert that was withdrawn), and the alert it had fired.
  void remove(Group& group, std::size_t index, Changes& changes) const;

 private:
  struct Range {
    std::size_t first = 0;  // decided again: [first, end)
    std::size_t end = 0;
    bool joins_earlier = false;      // the run before `first` has grown or shrunk
    bool earlier_open = false;       // and goes on at `end`
    bool only_new = true;            // nothing of it had been decided before
    bool to_end = true;              // there is nothing decided behind it
    std::vector<std::size_t> fresh;  // fired now, and did not before
  };

  // What one hit hands to the next while they are decided in order.
  struct Pass {
    Previous previous;
    std::size_t answer = 0;                 // kAbsence: the first hit that may answer the next one
    std::optional<std::int64_t> opened_ns;  // with suppression: where the newest alert fired
  };

  Range decide(Group& group, std::int64_t limit_ns, Changes& changes) const;
  void place_window(Group& group, std::size_t index) const;
  Verdict verdict(Group& group, std::size_t index, Pass& pass, double& quantity) const;
  void slide(Group& group, std::size_t index) const;
  double unanswered(const Group& group, std::size_t index, Pass& pass) const;
  bool suppresses() const { return correlation_.rule.suppress_ns > 0; }
  bool ends_run(Verdict verdict) const;
  std::optional<std::int64_t> opened_before(const Group& group, std::size_t index) const;
  void remember(Group& group, std::size_t end) const;
  void mark_asked(Group& group, std::int64_t time_ns) const;
  std::size_t fired_before(const Group& group, std::size_t index) const;

  Alert fired(const Group& group, std::size_t index) const;
  Alert run_from(const Group& group, Alert alert, std::size_t index) const;
  void join(Alert& alert, const Group& group, std::size_t index) const;
  void raise_earlier(Group& group, const Range& range, Changes& changes) const;
  void note_told(Group& group, const Alert& alert) const;
  void remember_run(Group& group, std::size_t end, const Alert& alert) const;
  void show(Alert& alert, const MemberHit& hit) const;
  const MemberProof& proof_of(const MemberHit& hit) const;
  void withdraw(const Group& group, std::size_t index, Changes& changes) const;
  AlertChange change(const Group& group, std::size_t index) const;
  MemberProof told_to_outer(const Group& group, std::size_t index) const;
  std::int64_t moment_ns(std::int64_t hit_ns) const;
  bool is_asked(const MemberHit& hit) const;
  std::size_t event_begin(const Group& group, std::size_t index) const;
  Alert blank(const Group& group, const MemberHit& trigger) const;

  const rules::Correlation& correlation_;
  const SourceTable& sources_;
  Audience audience_;
  mutable SharedText shown_;  // the proof that was unpacked last
  mutable MemberProof shown_proof_;
};

// The hit that an alert is for a correlation over its rule; the value fields are left empty.
MemberHit member_of(const Alert& alert, SourceId source, const MemberProof& proof = {});

}  // namespace picket::correlator
