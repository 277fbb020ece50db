// Partition: the groups whose names fall to it, and what is done with them. A correlator has one
// for each thread; which groups are whose follows from their names (partition_of()), so it may be
// another number after a restart.
//
// Belongs to one thread at a time: the coordinator hands it over (Crew::run()) and takes it back,
// and may do itself what is little. All that is done is done at a place in the order of all
// partitions. What comes of it (Outcome) is kept with these places until the coordinator takes it.
// It writes to a state of its own (PendingState), unless it is the only one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/evaluation.h"
#include "correlator/group_cache.h"
#include "correlator/pending_state.h"
#include "correlator/source_table.h"
#include "correlator/terms.h"

namespace picket::correlator {

// Where in a step something is done: in which hand-over, and as what of all that was dealt.
class Place {
 public:
  Place() = default;
  Place(std::uint64_t hand_over, std::uint64_t dealt) : number_(hand_over << kDealtBits | dealt) {}
  Place in(std::uint64_t hand_over) const {
    return {hand_over, number_ & ((1ULL << kDealtBits) - 1)};
  }
  std::uint64_t number() const { return number_; }

 private:
  static constexpr unsigned kDealtBits = 40;
  std::uint64_t number_ = 0;
};

enum class Explain : std::uint8_t { kNot, kCut, kWhole };

// A hit on its way to its group. What it holds is owned: the batch stays with the coordinator.
struct DealtHit {
  Place place;
  std::uint32_t hit = 0;  // of the batch
  std::uint32_t correlation = 0;
  std::uint32_t reference = 0;  // which of the correlation's rules
  std::uint32_t bare = 0;       // index into the coordinator's proofs of this batch
  std::size_t texts_at = 0;     // in Inbox::texts: the group's values, then the counted one
  std::uint32_t values = 0;
  bool counts = false;  // there is a counted value
  MaybeNumber number;   // which it is
  SourceId source{};
  Layer layer = Layer::kNone;
  std::int64_t time_ns = 0;
  std::uint64_t seq = 0;
  std::array<char, 24> name{};

  // Of the partition, for the coordinator.
  Group* group = nullptr;
  bool taken = false;               // it was not too late
  Explain explain = Explain::kNot;  // wanted, and not there yet
  std::string proof;                // which the coordinator has made
};

struct Inbox {
  std::vector<DealtHit> hits;
  std::string texts;  // each with its size before it, 4 bytes

  void add_text(std::string_view text);
  void clear();
};

// What a correlation said, and the places at which it did.
struct Outcome {
  Changes changes;
  std::vector<std::uint64_t> changed_at;
  std::vector<std::uint64_t> withdrawn_at;
  std::vector<std::string> grown;  // groups whose open alert has grown
  std::vector<std::uint64_t> grown_at;

  bool empty() const {
    return changes.changed.empty() && changes.withdrawn.empty() && grown.empty();
  }
};

// A group to be looked at.
struct DealtName {
  Place place;
  std::string suffix;
};

class Partition {
 public:
  // `terms`, `sources`, `state` and `tails` must outlive it. `alone`: it is the only one.
  Partition(const Terms& terms, const SourceTable& sources, StatePort& state, GroupTails& tails,
            bool alone);

  // What is done from here on is done at this place. Places ascend.
  void begin(Place place) {
    place_ = place;
    cache_.begin(place.number());
  }
  Group& group(std::uint32_t correlation, std::string_view name,
               const std::vector<std::string>& values);
  // How a hit of a detection is to be explained that enters the group now.
  Explain explain_of(const Group& group, std::int64_t time_ns) const;
  // Queues the group where it has to be evaluated. False: the hit was too late.
  bool add(Group& group, MemberHit hit);
  // The hit of an inner alert that was withdrawn.
  void remove(Group& group, const MemberHit& hit);
  TextShare& texts() { return cache_.texts(); }
  // The text as this partition may keep it.
  SharedText own(const SharedText& text);

  // The hits in the inbox enter their groups. Of those that want an explanation it is missing until
  // fill(), which comes before all else. `announces`: the state is asked once for all groups.
  // `bare` are the coordinator's proofs; they are only read.
  void enter(const std::vector<SharedText>& bare, bool announces);
  void fill();

  std::size_t queued(std::uint32_t correlation) const { return queues_[correlation].size(); }
  // Evaluates what is queued, in the order in which it was. `in_tick`: a group that has lost its
  // last hit goes, and some may have been written since they were queued.
  void evaluate_queued(std::uint32_t correlation, std::uint64_t hand_over, bool in_tick);
  // At a watermark: forgets what is too old, decides what waited.
  void look_at_due(std::uint32_t correlation);
  // At the end of the input.
  void finish(std::uint32_t correlation);
  void drop_queue(std::uint32_t correlation);
  // Says of the group's open alert how it stands, if it has grown.
  void tell(std::uint32_t correlation, const std::string& suffix);

  // What the correlation has said since.
  Outcome take(std::uint32_t correlation);
  const Outcome& outcome(std::uint32_t correlation) const { return outcomes_[correlation]; }
  // Since the last call; adds to `counters`, by correlation.
  void take_counters(std::vector<RuleCounters>& counters);

  // What was written goes into the state that all read.
  void apply() {
    if (pending_) pending_->apply();
  }

  GroupCache& cache() { return cache_; }
  const GroupCache& cache() const { return cache_; }

  Inbox inbox;
  std::vector<DealtName> names;          // for look_at_due() and finish()
  std::vector<GroupLog::Logged> logged;  // to be written by write_logged()
  void write_logged();

 private:
  void enter_hit(DealtHit& dealt, const std::vector<SharedText>& bare);
  void queue(Group& group);
  void evaluate(Group& group, std::int64_t limit_ns);
  void stamp(std::uint32_t correlation);
  void enforce_limit(Group& group);
  void settle(Group& group, std::size_t end);
  void plan(Group& group);
  void expire(Group& group);
  void announce_names();

  struct Queued {
    Place place;
    Group* group = nullptr;
  };

  const Terms& terms_;
  const SourceTable& sources_;
  std::optional<PendingState> pending_;
  GroupCache cache_;
  std::vector<Evaluation> evaluations_;
  std::vector<std::vector<Queued>> queues_;  // by correlation: to be evaluated in this step
  std::vector<Outcome> outcomes_;            // by correlation
  std::vector<RuleCounters> counters_;
  Place place_;
  std::vector<std::string> values_;  // of the hit that enters
};

}  // namespace picket::correlator
