// Correlator: hits become alerts. Detection alerts at once, correlation alerts when INTERFACES
// ("When a correlation fires") says so, in event time and whatever the order of arrival inside the
// lateness.
//
// State is kept behind the StatePort and is whole whenever a call returns: a new Correlator over
// the same state continues as if nothing had happened. Alerts are new or grown; the id tells which
// they are, so an alert is put, never appended. One thread, that of the port.
//
// The groups are dealt over partitions, each with a thread (Options::threads). A call that has much
// to do hands them over and waits; what comes out, and its order, is the same for any number. Only
// the calling thread reads batches and writes to the port.
//
// In memory: a cache of groups (cache_bytes_max). Bounds have counters, nothing is dropped
// silently.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/crew.h"
#include "base/world.h"
#include "correlator/alert_builder.h"
#include "correlator/group_cache.h"
#include "correlator/partition.h"
#include "correlator/proof_table.h"
#include "correlator/source_table.h"
#include "correlator/state.h"
#include "correlator/terms.h"
#include "correlator/timers.h"
#include "event/alert.h"
#include "event/event.h"
#include "rules/rule_set.h"

namespace picket::correlator {

class Correlator {
 public:
  Correlator(std::shared_ptr<const rules::RuleSet> rules, Options options, StatePort& state);

  // The batch's hits, as evaluated by this rule set. New and grown alerts are appended to `out`.
  void process(Batch& batch, const SourceNames& names, std::vector<Alert>& out);
  // Everything before `watermark` is believed to have come: decides what waited for that, forgets
  // what is older than any hit can reach. A watermark never goes back. And tells of alerts that
  // have grown, of so many in one call that it stays short: `leisure`, 0 to 1, is how much of the
  // time nothing else was to be done.
  void tick(Nanos watermark, std::vector<Alert>& out, double leisure = 1);
  // All alerts that have grown since they were raised last: before a stop. An alert that is open is
  // raised again at once when it has doubled, and for less at one of the next ticks.
  void tell(std::vector<Alert>& out);
  // The input has ended: decides everything. Not for a shutdown, which just stops.
  void finish(std::vector<Alert>& out);

  // Ids of alerts raised earlier which late hits have shown to be none (another trigger, usually):
  // to be removed. Since the last call, sorted.
  std::vector<std::string> take_withdrawn();

  // By index into RuleSet::correlations(); behind them are the detections whose alerts are
  // suppressed, in their order.
  // The watermark of a state; INT64_MIN: there has been none.
  static std::int64_t watermark_of(StatePort& state);
  // The name under which the groups of a correlation are in the state. nullopt: there is none.
  std::optional<std::string> key_of(std::string_view rule_id) const;

  const std::vector<RuleCounters>& rule_counters() const { return counters_; }
  GroupCache::Counters group_counters() const;
  std::size_t cache_bytes() const;

 private:
  struct Feed {
    std::uint32_t correlation = 0;
    std::vector<std::size_t> inputs;  // of that correlation
  };
  void wire();
  void make_partitions();
  void sort_by_dependence();
  void add_suppressions();

  // Partitions and what they are given to do.
  void begin_step();
  void end_step();
  Place next_place() { return {hand_over_, dealt_++}; }
  Partition& part_of(std::string_view name);
  bool is_worth(std::size_t amount) const;
  void each_part(std::size_t amount, const std::function<void(Partition&)>& work);
  template <class Amount>
  std::size_t sum(Amount amount) const;

  // Hits of detections.
  void announce_groups(Batch& batch);
  bool read_group(Batch& batch, const Hit& hit, const std::vector<std::string>& fields,
                  bool all_have_one);
  bool feed_hit(Batch& batch, const Hit& hit, const Feed& feed, bool deals);
  bool enter(Batch& batch, const Hit& hit, MemberHit member, const std::string& name,
             std::uint32_t correlation, const std::optional<std::string>& value);
  void deal(Batch& batch, const Hit& hit, const MemberHit& member, const std::string& name,
            std::uint32_t correlation, const std::optional<std::string>& value);
  void feed_all(Batch& batch, const SourceNames& names, std::vector<Alert>& out);
  void deal_all(Batch& batch, const SourceNames& names, std::vector<Alert>& out);
  void explain_dealt(Batch& batch);
  std::string explained(Batch& batch, const Hit& hit, Explain explain);
  SharedText proof(Batch& batch, const Hit& hit, Explain explain, const Group& group,
                   Partition& part);

  void feed_alert(const Alert& alert, const MemberHit& hit, const Feed& feed, bool withdrawn);
  void evaluate_queued(std::vector<Alert>& out);
  void advance(Nanos watermark, std::vector<Alert>& out);
  void look_at_due(std::uint32_t correlation, std::vector<std::string>& due);
  void deal_names(std::vector<std::string>& suffixes, std::size_t from);
  std::vector<std::string> names_of(std::uint32_t correlation);
  void write_state();
  void write_oldest();
  void tell_some(std::size_t events_max, std::vector<Alert>& out);
  void publish(std::uint32_t correlation, std::vector<Alert>& out);
  void publish_gone(const AlertWithdrawal& gone, std::uint32_t correlation);
  void publish_change(AlertChange& change, std::uint32_t correlation, std::vector<Alert>& out);
  void note_growth(std::string suffix);
  std::vector<std::string> sweep();
  std::int64_t shortest_reach() const;

  std::shared_ptr<const rules::RuleSet> rules_;
  StatePort& state_;
  Terms terms_;
  SourceTable sources_;
  GroupNames names_;
  ProofTable proofs_;
  AlertBuilder builder_;
  Timers timers_;

  std::vector<std::vector<Feed>> detection_feeds_;    // by detection rule
  std::vector<std::vector<Feed>> correlation_feeds_;  // by correlation
  std::vector<std::vector<std::uint32_t>> levels_;    // of correlations, inner ones first
  std::unordered_map<std::string, std::uint32_t> by_key_;
  std::vector<bool> raises_;  // by correlation: its own alerts go out

  GroupLog log_;
  std::vector<std::unique_ptr<Partition>> parts_;
  Crew crew_;                          // behind what its threads use
  std::uint64_t hand_over_ = 0;        // of this step
  std::uint64_t dealt_ = 0;            // in this step
  std::vector<SharedText> bare_;       // proofs of the events of this batch that were dealt
  std::size_t bare_event_ = SIZE_MAX;  // the event of the last one

  std::deque<std::string> grown_;  // groups whose open alert was not told of, oldest first
  std::unordered_set<std::string> is_grown_;
  std::vector<RuleCounters> counters_;
  std::set<std::string> withdrawn_;
  std::string swept_to_;  // the head at which the sweep goes on; empty: it has seen all
  std::int64_t next_sweep_ns_ = INT64_MIN;
  std::uint64_t created_before_sweep_ = 0;
  bool many_asked_ = true;                 // in the last batch the state was asked for many groups
  std::vector<std::string> group_values_;  // of the hit that is being fed
};

// The fields whose values a correlation counts: one, or several together. Lent.
struct CountedFields {
  const std::string& first;
  const std::vector<std::string>& more;
};
// What an event that `rule` hit has of them; of several in `room`. nullopt where one is missing.
std::optional<std::string_view> counted_value(const rules::RuleSet& rules, Batch& batch,
                                              const Event& event, std::uint32_t rule,
                                              const CountedFields& fields, std::string& room);

}  // namespace picket::correlator
