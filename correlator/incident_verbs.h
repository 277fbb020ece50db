// IncidentVerbs: what people do to incidents. Every verb leaves a change in the history with what
// was and what is, and undo takes the newest back.
//
// After a merge the incident goes on gathering for both. After a split or a detach, what only the
// alerts that left spoke of no longer leads to the old incident, and the two are not merged again
// by alerts alone. An order is done once: one with the key of a change that is there, or that would
// change nothing, answers with the incident as it is. One thread, that of the port. The caller
// commits.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "correlator/incident_index.h"
#include "correlator/incident_port.h"

namespace picket::correlator {

struct IncidentOrder {
  enum class Kind : std::uint8_t { kEdit, kMerge, kSplit, kDetach, kUndo };
  Kind kind = Kind::kEdit;
  std::string verb;      // as the history shall name an edit: "acknowledge"
  std::string incident;  // id
  std::string actor;
  std::string comment;
  std::optional<IncidentStatus> status;  // edits: those that are set
  std::optional<std::string> assignee;   // empty: nobody
  std::optional<Disposition> disposition;
  std::string other;                // merge: id of the incident that comes in
  std::vector<std::string> alerts;  // split, detach: ids
  std::uint64_t change = 0;         // undo: the number that is meant; 0: the last
  std::string version;              // incident_version() that the person saw; empty: any
  std::string key;

  static constexpr std::size_t kAlertsMax = 1000;
  static constexpr std::size_t kCommentMax = 4096;
  static constexpr std::size_t kAssigneeMax = 128;
};

struct OrderResult {
  enum class Outcome : std::uint8_t { kChanged, kUnchanged, kStale };
  Outcome outcome = Outcome::kUnchanged;
  std::vector<Incident> incidents;  // the one that was asked for, then others that changed; as put
};

class IncidentVerbs {
 public:
  // All must outlive this.
  IncidentVerbs(const IncidentOptions& options, IncidentIndex& index, IncidentPort& port)
      : options_(options), index_(index), port_(port) {}

  // kNotFound: there is no such incident or alert. kInvalid: it is not where that could be done.
  // kLimit: a text or a list is too long.
  Result<OrderResult> apply(const IncidentOrder& order, Nanos now);

 private:
  struct Span {
    std::int64_t first_ns;
    std::int64_t last_ns;
  };
  using Keys = std::map<Entity, Span>;

  Result<OrderResult> edit(const IncidentOrder& order, Incident incident, Nanos now);
  Result<OrderResult> merge(const IncidentOrder& order, Incident incident, Nanos now);
  Result<OrderResult> split(const IncidentOrder& order, Incident incident, Nanos now);
  Result<OrderResult> detach(const IncidentOrder& order, Incident incident, Nanos now);
  Result<OrderResult> undo(const IncidentOrder& order, Incident incident, Nanos now);
  Result<OrderResult> undo_merge(const IncidentOrder& order, Incident into, Incident from,
                                 Nanos now);
  Result<OrderResult> undo_split(const IncidentOrder& order, Incident of, Incident to, Nanos now);
  Result<OrderResult> undo_detach(const IncidentOrder& order, Incident incident, Nanos now);
  Result<std::vector<TimelineEntry>> take_entries(const IncidentOrder& order,
                                                  Incident& incident) const;
  Keys keys_in(const Incident& incident);
  bool owns(const Incident& incident, const Entity& key, EntityEntry& entry);
  void divide(const Incident& first, const Incident& second);
  void release(const Incident& incident, const std::vector<TimelineEntry>& gone);
  void move_home(const std::vector<TimelineEntry>& entries, const std::string& incident);
  OrderResult put(Incident first, std::vector<Incident> others = {});

  const IncidentOptions& options_;
  IncidentIndex& index_;
  IncidentPort& port_;
};

}  // namespace picket::correlator
