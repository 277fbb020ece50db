// Correlator: hits become alerts. Detection alerts at once, correlation alerts when INTERFACES
// ("When a correlation fires") says so, in event time and whatever the order of arrival inside the
// lateness.
//
// State is kept behind the StatePort and is whole whenever a call returns: a new Correlator over
// the same state continues as if nothing had happened. Alerts are new or grown; the id tells which
// they are, so an alert is put, never appended. One thread, that of the port.
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

#include "base/world.h"
#include "correlator/alert_builder.h"
#include "correlator/evaluation.h"
#include "correlator/group_cache.h"
#include "correlator/proof_table.h"
#include "correlator/source_table.h"
#include "correlator/state.h"
#include "event/alert.h"
#include "event/event.h"
#include "rules/rule_set.h"

namespace picket::correlator {

struct Options {
  static constexpr std::int64_t kHour = 3'600'000'000'000;

  std::int64_t lateness_ns =
      24 * kHour;  // a hit that is later than this is counted, not correlated
  std::size_t cache_bytes_max = 256 * 1024 * 1024;
  // Of the state, about: what is read at a start, and kept until the groups are asked for.
  std::size_t log_bytes_max = GroupLog::kBytesMax;
  // Hits of one group in state. Above it the oldest are settled and dropped, and counted as
  // evicted: counts stay exact up to this number, late hits older than what is kept are lost for
  // correlation. Never less than twice what the rule counts to.
  std::size_t group_hits_max = 16'384;
  // Hits of a group beyond this number carry no matches: explaining is for people, not for floods.
  std::size_t proof_hits_max = 64;
  // Correlate at finish() only: for `scan`, whose whole input is inside the lateness. The state is
  // where groups go that do not fit into memory, and nothing to start from again.
  bool deferred = false;
  // Ids of correlations that take no part yet, because their windows are being filled.
  std::set<std::string, std::less<>> cold = {};
  std::string secret;  // of this installation: makes hashes of group values unpredictable
};

struct RuleCounters {
  std::uint64_t hits = 0;       // counted
  std::uint64_t groups = 0;     // begun
  std::uint64_t ungrouped = 0;  // lacked a group-by field
  std::uint64_t late = 0;       // beyond the lateness
  std::uint64_t evicted = 0;    // dropped at group_hits_max
  std::uint64_t fired = 0;
  std::uint64_t withdrawn = 0;
};

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
  const GroupCache::Counters& group_counters() const { return cache_.counters(); }
  std::size_t cache_bytes() const { return cache_.bytes(); }

 private:
  struct Feed {
    std::uint32_t correlation = 0;
    std::vector<std::size_t> inputs;  // of that correlation
  };
  void wire();
  void sort_by_dependence();
  enum class Explain : std::uint8_t { kNot, kCut, kWhole };

  void add_suppressions();
  void announce_groups(Batch& batch);
  bool read_group(Batch& batch, const Hit& hit, const std::vector<std::string>& fields,
                  bool all_have_one);
  bool feed_hit(Batch& batch, const Hit& hit, const Feed& feed);
  void feed_alert(const Alert& alert, const MemberHit& hit, const Feed& feed, bool withdrawn);
  bool add(Group& group, MemberHit hit);
  Group& group_of(std::uint32_t correlation, const std::vector<std::string>& values);
  SharedText proof(Batch& batch, const Hit& hit, Explain explain, const Group& group);

  void evaluate_queued(std::vector<Alert>& out);
  void evaluate(Group& group, std::int64_t limit_ns);
  void advance(Nanos watermark, std::vector<Alert>& out);
  void note_growth(Group& group);
  void write_state();
  void tell_some(std::size_t events_max, std::vector<Alert>& out);
  void publish(std::uint32_t correlation, std::vector<Alert>& out);
  void enforce_limit(Group& group);
  void expire(Group& group);
  void plan(Group& group);
  void queue(Group& group);
  void announce_next(const std::vector<std::string>& suffixes, std::size_t from);
  std::vector<std::string> sweep();
  std::int64_t shortest_reach() const;
  std::int64_t limit_of(std::uint32_t correlation) const;
  void settle(Group& group, std::size_t end);
  std::int64_t span_ns(std::uint32_t correlation) const;
  std::int64_t ahead_of(std::uint32_t correlation) const;
  std::int64_t horizon() const;

  std::shared_ptr<const rules::RuleSet> rules_;
  Options options_;
  StatePort& state_;
  SourceTable sources_;
  GroupCache cache_;
  ProofTable proofs_;
  AlertBuilder builder_;
  std::int64_t watermark_ns_ = INT64_MIN;
  bool finishing_ = false;

  std::vector<rules::Correlation> correlations_;      // of the rules, then suppressed detections
  std::vector<std::vector<Feed>> detection_feeds_;    // by detection rule
  std::vector<std::vector<Feed>> correlation_feeds_;  // by correlation
  std::vector<std::uint32_t> order_;                  // of correlations, inner ones first
  std::vector<std::string> keys_;                     // by correlation
  std::unordered_map<std::string, std::uint32_t> by_key_;
  std::vector<bool> raises_;  // by correlation: its own alerts go out
  std::vector<Evaluation> evaluations_;
  std::vector<std::size_t> limits_;  // hits of a group, by correlation

  std::vector<std::vector<Group*>> queues_;  // by correlation: groups to be evaluated in this step
  std::vector<Changes> changes_;             // by correlation: not published yet
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
