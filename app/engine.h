// Engine: the one thread on which records become events, hits, alerts and incidents.
//
// Takes deliveries from the doors, numbers their records, parses, detects, correlates, groups, and
// writes it all as one commit; then, and only then, acknowledges. A full disk stops it until space
// returns (the doors feel the queue fill); a failing disk stops it for good. Rules are swapped between
// two commits, so every event is seen by exactly one rule set.
//
// start() and stop() belong to the owner's thread; post_*() and statistics() to any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/detection.h"
#include "app/event_systems.h"
#include "app/key_watch.h"
#include "app/rule_lanes.h"
#include "app/rule_texts.h"
#include "app/source_health.h"
#include "app/source_kinds.h"
#include "app/source_watch.h"
#include "app/warm_start.h"
#include "base/guarded.h"
#include "base/mailbox.h"
#include "base/result.h"
#include "base/wakeup.h"
#include "base/world.h"
#include "collector/delivery.h"
#include "correlator/correlator.h"
#include "correlator/incidents.h"
#include "correlator/recent_state.h"
#include "correlator/store_ports.h"
#include "event/alert.h"
#include "event/incident.h"
#include "rules/payload.h"
#include "rules/rule_set.h"
#include "storage/store.h"

namespace picket::app {

// What the engine must know of a source; its id is its index.
struct EngineSource {
  std::string name;
  std::string system;
  parsers::SourceFormat format;
  bool watched = false;  // its silence, slowness and floods are told of
};

struct EngineOptions {
  std::vector<EngineSource> sources;
  // The register of systems; the owner of this outlives the engine. nullptr: there is none.
  const response::Systems* systems = nullptr;
  std::int64_t lateness_ns = 24LL * 3600 * 1'000'000'000;
  std::size_t correlation_threads = 1;  // of the live correlator
  Nanos clock_skew_max = std::chrono::minutes(5);  // a source's clock further off is warned about; 0: none
  std::uint64_t keys_max = 100'000;  // new ones of a correlation in five minutes: more are told of
  std::string secret;  // of this installation
  LaneOptions lanes;   // of rules that cost too much
};

// Called on the engine's thread after the commit that made it true.
struct EngineListener {
  std::function<void(const Alert&)> alert;
  std::function<void(const Incident&)> incident;
};

struct EngineStatistics {
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
  std::uint64_t hits = 0;
  std::uint64_t alerts_by_level[5] = {};
  double commit_seconds = 0;  // in all
  rules::PayloadCounters payloads;  // that YARA looked at, or could not
  bool disk_full = false;
  std::optional<std::string> failure;  // the store refuses for good; the process should end
};

class Engine {
 public:
  // All references must outlive the engine.
  Engine(EngineOptions options, Detection detection, storage::Store& store, collector::DeliveryQueue& queue,
         Wakeup& wakeup, Clock& clock, EngineListener listener);
  ~Engine();  // stops
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void start();
  // Takes what is in the queue, commits it, joins. The doors are closed before.
  void stop();

  // The engine goes on with these rules from the next commit on; rules() tells when. What can be made ready
  // is made ready here, on the caller's thread. False when the engine is behind with its letters.
  [[nodiscard]] bool post_rules(Detection detection);
  // Does it and answers when it is on disk. Errors of IncidentVerbs::apply(), and kBusy, kFull: perhaps it is
  // done later, the same order with its key asks again.
  Result<correlator::OrderResult> change(correlator::IncidentOrder order);

  EngineStatistics statistics() const {
    return statistics_.with([](const EngineStatistics& s) { return s; });
  }
  // The store's ledger with what is on its way to it: received = stored + rejected + dropped + in flight.
  // Any thread. kBusy if no two commits were far enough apart to look between them.
  Result<std::vector<storage::Ledger>> ledger() const;
  // What each rule costs, as of the last second. Any thread.
  std::shared_ptr<const RuleCostSnapshot> rule_costs() const { return lanes_.costs(); }
  // Correlations whose windows are being filled from stored events. Any thread.
  WarmStatus warming() const { return warm_.status(); }
  // What parsing says about each source, as of the last second. Any thread.
  std::shared_ptr<const SourceReport> sources() const { return health_.report(); }
  std::shared_ptr<const rules::RuleSet> rules() const {
    return in_use_.with([](const InUse& now) { return now.rules; });
  }
  // The source definitions that are in use with them. Any thread.
  std::shared_ptr<const parsers::Catalog> catalog() const {
    return in_use_.with([](const InUse& now) { return now.catalog; });
  }

 private:
  struct Order {
    correlator::IncidentOrder order;
    std::promise<Result<correlator::OrderResult>> answer;
  };
  // Answered when the commit is through.
  struct Answer {
    std::promise<Result<correlator::OrderResult>> to;
    Result<correlator::OrderResult> result;
  };
  // Rules with all that the engine's thread needs to go on with them.
  struct ReadyRules {
    Detection detection;
    parsers::Parser parser;
    rules::EvaluationPtr evaluation;
  };
  struct Letter {
    std::optional<ReadyRules> rules;
    std::optional<Order> order;
    std::optional<SlowResult> slow;
    std::optional<WarmResult> warm;
  };
  struct InUse {
    std::shared_ptr<const rules::RuleSet> rules;
    std::shared_ptr<const parsers::Catalog> catalog;
  };
  class Names;

  void run();
  bool take();  // deliveries of the queue into the commit; false: there was none
  void process(collector::Delivery& delivery);
  void group(std::size_t first_alert);
  void note_changed(const std::vector<std::string>& incidents);
  void name_owner(const std::string& incident);
  void tick();
  void restore_watch();
  void watch_sources(Nanos now);
  void watch_keys(Nanos now);
  std::vector<std::string> blind_rules(const SourceChange& change) const;
  void take_own(std::string_view record, Nanos now);
  void tell_growth();
  void allow_settling(double leisure);
  void settle_incidents(std::int64_t alerts_max);
  void commit();
  bool commit_once();   // false: try again later
  void announce();
  void add_in_flight(const collector::DeliveryQueue::Flows& flows, std::vector<storage::Ledger>& ledgers) const;
  void read_letters();
  ReadyRules make_ready(Detection detection) const;
  void use(ReadyRules rules);
  std::vector<correlator::ColdRule> cold_rules();
  void make_correlator(const std::vector<correlator::ColdRule>& cold);
  correlator::Options correlation_options() const;
  void take_warm(WarmResult result);
  Result<void> pour(WarmResult& result);
  void carry_out(Order order);
  void answer_orders(const std::optional<Error>& failure);
  void take_slow(SlowResult result);

  EngineOptions options_;
  storage::Store& store_;
  collector::DeliveryQueue& queue_;
  Wakeup& wakeup_;
  Clock& clock_;
  EngineListener listener_;
  Mailbox<Letter> letters_;

  // The engine's thread only, once it runs.
  Detection detection_;
  std::unique_ptr<Names> names_;
  std::optional<parsers::Parser> parser_;
  rules::EvaluationPtr evaluation_;
  rules::PayloadCounters payloads_before_;  // of the rule sets before this one
  storage::Commit commit_;
  KeptTexts texts_;  // of the rules that raised what is in the store
  correlator::StoreState state_;
  correlator::RecentState incident_state_;  // over it: what concerns incidents
  correlator::StoreIncidents incidents_port_;
  std::optional<correlator::Correlator> correlator_;
  correlator::IncidentGrouper grouper_;
  std::vector<std::uint64_t> next_seq_;
  collector::Tally taken_;  // records in commit_
  std::vector<collector::Ack> acks_;
  std::vector<Alert> alerts_;
  std::set<std::string> changed_;
  std::vector<Answer> answers_;
  std::uint64_t events_ = 0;
  std::uint64_t hits_ = 0;
  std::int64_t latest_event_ns_ = INT64_MIN;
  Nanos last_tick_{0};
  Nanos idle_{0};  // since the last tick
  std::int64_t to_settle_ = 0;  // alerts that may be grouped anew; below 0: as many too many were

  std::atomic<bool> stopping_{false};
  std::map<std::string, std::uint64_t> received_before_;  // by source, before this engine
  std::thread thread_;
  Guarded<EngineStatistics> statistics_;
  Guarded<InUse> in_use_;
  SourceHealth health_;
  std::optional<SourceId> own_source_;  // kHealthSource, if it is one of the sources
  SourceKinds kinds_;
  SourceWatch watch_;
  KeyWatch key_watch_;
  std::uint64_t warm_epoch_ = 0;
  WarmStart warm_;   // these last: their threads post letters
  RuleLanes lanes_;
};

}  // namespace picket::app
