#include "app/engine.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "app/health_record.h"
#include "app/terminal.h"
#include "app/words.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCommitRecordsMax = 4096;
constexpr std::size_t kLettersMax = 64;
constexpr Nanos kTickEvery = 1s;
// Alerts that are grouped anew from one tick to the next, about: where nothing else is to be done, and where much is.
constexpr std::int64_t kSettled = 5000;
constexpr std::int64_t kSettledBusy = 200;
// Of these before one commit, so that what comes in meanwhile does not wait for all of them.
constexpr std::int64_t kSettledIdle = 500;
constexpr std::int64_t kSettledBetween = 50;
constexpr std::size_t kSettledAtStop = 50'000;  // what is left goes on after the next start
constexpr std::string_view kWatchSpace = "source-watch";  // of documents: what is usual, by source
constexpr Nanos kSettle = 30s;  // sources may be this far behind each other before any is late

std::vector<parsers::SourceFormat> formats_of(const std::vector<EngineSource>& sources) {
  std::vector<parsers::SourceFormat> formats;
  for (const EngineSource& source : sources) formats.push_back(source.format);
  return formats;
}

std::vector<bool> watched_of(const std::vector<EngineSource>& sources) {
  std::vector<bool> watched;
  for (const EngineSource& source : sources) watched.push_back(source.watched);
  return watched;
}

std::vector<std::string> names_of(const std::vector<EngineSource>& sources) {
  std::vector<std::string> names;
  for (const EngineSource& source : sources) names.push_back(source.name);
  return names;
}

const response::Systems& no_systems() {
  static const response::Systems kNone;
  return kNone;
}

}  // namespace

class Engine::Names final : public correlator::SourceNames {
 public:
  Names(const std::vector<EngineSource>& sources, const response::Systems& systems)
      : sources_(sources), systems_(systems) {}
  std::string_view name(SourceId source) const override { return at(source).name; }
  std::string_view system(SourceId source) const override { return at(source).system; }
  std::string_view system_of(Batch& batch, const Event& event, SourceId source) const override {
    if (at(source).name == kHealthSource) return spoken_of(batch, event);
    const response::System* system = systems_.of(batch, event);
    return system != nullptr ? std::string_view(system->name) : at(source).system;
  }
  // Detections know their event; what is over several goes by what they speak of.
  void name_system(Alert& alert) const {
    if (alert.kind != AlertKind::kCorrelation) return;
    if (const response::System* system = systems_.of(alert.entities)) alert.system = system->name;
  }

 private:
  // The system of the source that a record of our own is about.
  std::string_view spoken_of(Batch& batch, const Event& event) const {
    const auto name = spoken_of_ ? batch.text(event, *spoken_of_) : std::nullopt;
    for (const EngineSource& source : sources_) {
      if (name && source.name == *name) return source.system;
    }
    return {};
  }
  const EngineSource& at(SourceId source) const {
    static const EngineSource kNone;
    const auto index = static_cast<std::size_t>(source);
    return index < sources_.size() ? sources_[index] : kNone;
  }
  const std::vector<EngineSource>& sources_;
  EventSystems systems_;
  // Known before a parser is made, so that it is read.
  const std::optional<FieldId> spoken_of_ = intern_field("picket.source.name");
};

Engine::Engine(EngineOptions options, Detection detection, storage::Store& store, collector::DeliveryQueue& queue,
               Wakeup& wakeup, Clock& clock, EngineListener listener)
    : options_(std::move(options)),
      store_(store),
      queue_(queue),
      wakeup_(wakeup),
      clock_(clock),
      listener_(std::move(listener)),
      letters_(kLettersMax, wakeup),
      names_(std::make_unique<Names>(options_.sources, options_.systems != nullptr ? *options_.systems : no_systems())),
      texts_(store),
      state_(store, commit_),
      incident_state_(state_),
      incidents_port_(store, commit_),
      grouper_(incident_options(options_.systems != nullptr ? *options_.systems : no_systems()), incident_state_, incidents_port_),
      health_(names_of(options_.sources), options_.clock_skew_max),
      watch_(watched_of(options_.sources)),
      key_watch_(options_.keys_max),
      warm_(store_, *names_, formats_of(options_.sources), correlation_options(), [this](WarmResult& result) {
        Letter letter;
        letter.warm = std::move(result);
        if (letters_.post(std::move(letter))) return true;
        result = *std::move(letter.warm);
        return false;
      }),
      lanes_(options_.lanes, store_, formats_of(options_.sources), [this](SlowResult& result) {
        Letter letter;
        letter.slow = std::move(result);
        if (letters_.post(std::move(letter))) return true;
        result = *std::move(letter.slow);
        return false;
      }) {
  for (std::size_t i = 0; i < options_.sources.size(); ++i) {
    next_seq_.push_back(store_.next_seq(SourceId{static_cast<std::uint32_t>(i)}));
  }
  if (const auto ledgers = store_.ledger()) {
    for (const storage::Ledger& ledger : *ledgers) received_before_[ledger.source] = ledger.received;
  }
  restore_watch();
  queue_.settle({}, store_.last_commit());
  incidents_port_.look_in(&alerts_);
  use(make_ready(std::move(detection)));
}

Engine::~Engine() { stop(); }

void Engine::start() {
  thread_ = std::thread([this] { run(); });
  lanes_.start();
  warm_.start();
}

void Engine::stop() {
  if (!thread_.joinable()) return;
  lanes_.stop();  // what is left is done after the next start
  warm_.stop();
  stopping_.store(true, std::memory_order_release);
  wakeup_.notify();
  thread_.join();
  // What was asked for too late is not done.
  auto late = letters_.take();
  for (Letter& letter : late.letters) {
    if (letter.order) letter.order->answer.set_value(fail(Errc::kBusy, "the server is stopping"));
  }
  letters_.close();
}

bool Engine::post_rules(Detection detection) {
  Letter letter;
  letter.rules = make_ready(std::move(detection));
  return letters_.post(std::move(letter));
}

Result<correlator::OrderResult> Engine::change(correlator::IncidentOrder order) {
  Letter letter;
  letter.order.emplace();
  letter.order->order = std::move(order);
  auto answer = letter.order->answer.get_future();
  if (!letters_.post(std::move(letter))) return fail(Errc::kBusy, "the engine is busy, try again");
  if (answer.wait_for(5s) != std::future_status::ready) return fail(Errc::kBusy, "the engine did not answer in 5 s");
  return answer.get();
}

void Engine::run() {
  for (;;) {
    const bool stopping = stopping_.load(std::memory_order_acquire);  // before the last look at the queue
    read_letters();
    const bool took = take();
    tick();
    settle_incidents(took ? kSettledBetween : kSettledIdle);
    if (stopping && !took) tell_growth();
    commit();
    if (statistics().failure) break;
    if (took) continue;
    if (stopping) break;
    const Nanos idle_since = clock_.now();
    wakeup_.wait(50ms);
    idle_ += clock_.now() - idle_since;
  }
}

bool Engine::take() {
  std::size_t records = 0;
  bool took = false;
  while (records < kCommitRecordsMax) {
    std::optional<collector::Delivery> delivery = queue_.try_pop();
    if (!delivery) break;
    took = true;
    records += delivery->batch->records().size();
    process(*delivery);
  }
  return took;
}

void Engine::process(collector::Delivery& delivery) {
  for (const auto& [source, n] : collector::tally(delivery)) taken_[source] += n;
  Batch& batch = *delivery.batch;
  for (Record& record : batch.records()) record.seq = next_seq_[static_cast<std::size_t>(record.source)]++;
  parser_->parse(batch);
  detection_.rules->evaluate(batch, *evaluation_);
  lanes_.after_batch(batch, *evaluation_);
  // A time in the far future was clamped by the parser, so that it does not move the watermark.
  for (const Event& event : batch.events()) latest_event_ns_ = std::max(latest_event_ns_, event.time_ns);
  kinds_.note(batch);
  const std::size_t first_alert = alerts_.size();
  correlator_->process(batch, *names_, alerts_);
  group(first_alert);
  const rules::RuleSet& rules = *detection_.rules;
  commit_.add(batch, [&rules](std::uint32_t rule) { return std::string_view(rules.identity(rule).id); });
  for (const collector::Count& count : delivery.rejected) commit_.count_rejected(count.source, count.reason, count.n);
  for (const collector::Count& count : delivery.dropped) commit_.count_dropped(count.source, count.reason, count.n);
  for (auto& [name, value] : delivery.offsets) commit_.put_offset(std::move(name), std::move(value));
  std::move(delivery.acks.begin(), delivery.acks.end(), std::back_inserter(acks_));
  events_ += batch.events().size();
  hits_ += batch.hits().size();
}

void Engine::name_owner(const std::string& id) {
  const Incident* const incident = incidents_port_.look(id);
  if (incident == nullptr || !incident->owner.empty() || options_.systems == nullptr) return;
  const response::System* system = options_.systems->by_name(incident->system);
  if (system != nullptr && !system->owner.name.empty()) incidents_port_.edit(id)->owner = system->owner.name;
}

void Engine::note_changed(const std::vector<std::string>& incidents) {
  for (const std::string& id : incidents) {
    name_owner(id);
    changed_.insert(id);
  }
}

// Alerts from `first_alert` on into incidents, and both into the commit.
void Engine::group(std::size_t first_alert) {
  std::vector<const Alert*> in_order;
  for (std::size_t i = first_alert; i < alerts_.size(); ++i) {
    alerts_[i].basis = texts_.keep(alerts_[i].rule.id, commit_);
    names_->name_system(alerts_[i]);
    commit_.put(alerts_[i]);
    in_order.push_back(&alerts_[i]);
  }
  // In order of event time there is the least to be grouped anew.
  std::stable_sort(in_order.begin(), in_order.end(), [](const Alert* a, const Alert* b) {
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->id < b->id;
  });
  for (const Alert* alert : in_order) note_changed(grouper_.absorb(*alert, clock_.now()));
  for (const std::string& id : correlator_->take_withdrawn()) {
    commit_.delete_alert(id);
    note_changed(grouper_.withdraw(id));
  }
}

void Engine::tick() {
  const Nanos now = clock_.now();
  if (now - last_tick_ < kTickEvery) return;
  const double leisure = static_cast<double>(std::exchange(idle_, Nanos(0)).count()) /
                         static_cast<double>((now - last_tick_).count());
  last_tick_ = now;
  lanes_.publish(*evaluation_, now);
  watch_sources(now);
  watch_keys(now);
  health_.publish(parser_->counters(), watch_, now);
  const double free = std::clamp(leisure, 0.0, 1.0);
  allow_settling(free);
  if (latest_event_ns_ == INT64_MIN) return;
  const std::size_t first_alert = alerts_.size();
  correlator_->tick(Nanos(latest_event_ns_) - kSettle, alerts_, free);  // it knows the lateness itself
  group(first_alert);
  grouper_.tick(Nanos(latest_event_ns_ - options_.lateness_ns));  // behind what the watermark has decided
}

// What has come until this tick may be grouped anew until the next one, so many alerts of it.
void Engine::allow_settling(double leisure) {
  to_settle_ += kSettledBusy + static_cast<std::int64_t>(leisure * kSettled);
  to_settle_ = std::min(to_settle_, kSettledBusy + kSettled);
  grouper_.next_turn();
}

// What belongs together is taken at once, however many more these are.
void Engine::settle_incidents(std::int64_t alerts_max) {
  const std::int64_t some = std::min(to_settle_, alerts_max);
  if (some <= 0) return;
  const std::uint64_t before = grouper_.settled().alerts;
  note_changed(grouper_.settle(static_cast<std::size_t>(some), clock_.now()));
  to_settle_ -= static_cast<std::int64_t>(grouper_.settled().alerts - before);
}

void Engine::restore_watch() {
  const auto saved = store_.documents(kWatchSpace);
  for (std::size_t i = 0; i < options_.sources.size(); ++i) {
    if (options_.sources[i].name == kHealthSource) own_source_ = SourceId{static_cast<std::uint32_t>(i)};
    if (!saved) continue;  // what is damaged is learned again
    for (const auto& [name, learned] : *saved) {
      if (name == options_.sources[i].name) watch_.restore(i, learned);
    }
  }
}

void Engine::watch_sources(Nanos now) {
  if (!own_source_) return;
  std::vector<std::uint64_t> records;
  for (const parsers::SourceCounters& source : parser_->counters().sources) records.push_back(source.records);
  for (const SourceChange& change : watch_.look(records, now)) {
    const EngineSource& source = options_.sources[change.source];
    take_own(health_record(change, source.name, source.system, blind_rules(change), now), now);
  }
  for (const std::size_t i : watch_.take_changed()) {
    // One that cannot be written is written an hour later.
    static_cast<void>(commit_.put_document(kWatchSpace, options_.sources[i].name, watch_.save(i)));
  }
}

void Engine::watch_keys(Nanos now) {
  if (!own_source_) return;
  std::vector<KeyCount> counts;
  const std::vector<rules::Correlation>& correlations = detection_.rules->correlations();
  for (std::size_t c = 0; c < correlations.size(); ++c) {
    const RuleIdentity& rule = correlations[c].rule.identity;
    counts.push_back({rule.id, rule.name, correlator_->rule_counters()[c].groups});
  }
  for (const KeyChange& change : key_watch_.look(counts, now)) take_own(key_record(change, now), now);
}

std::vector<std::string> Engine::blind_rules(const SourceChange& change) const {
  std::vector<std::string> names;
  if (change.now != SourceState::kSilent) return names;
  std::vector<bool> silent;
  for (std::size_t i = 0; i < options_.sources.size(); ++i) silent.push_back(watch_.state(i) == SourceState::kSilent);
  const rules::RuleSet& rules = *detection_.rules;
  for (const std::uint32_t rule : kinds_.blind(change.source, silent, rules)) names.push_back(rules.identity(rule).name);
  return names;
}

// A record of our own takes the way of all others.
void Engine::take_own(std::string_view record, Nanos now) {
  collector::Delivery delivery;
  delivery.batch = std::make_unique<Batch>();
  delivery.batch->add(record, *own_source_, 0, now.count());
  queue_.accept(collector::tally(delivery));
  process(delivery);
}

// Nothing more comes: alerts are left as they stand.
void Engine::tell_growth() {
  const std::size_t first_alert = alerts_.size();
  correlator_->tell(alerts_);
  group(first_alert);
  grouper_.next_turn();
  note_changed(grouper_.settle(kSettledAtStop, clock_.now()));
}

void Engine::commit() {
  if (commit_.empty() && acks_.empty()) return answer_orders(std::nullopt);
  while (!commit_once()) {
    if (stopping_.load(std::memory_order_acquire)) {
      // Nothing was acknowledged; what the doors hold is read or sent again after the next start.
      for (const collector::Ack& ack : acks_) ack(false);
      acks_.clear();
      commit_.clear();
      texts_.given_up();
      lanes_.given_up();
      queue_.give_back(std::exchange(taken_, {}));
      answer_orders(Error{Errc::kFull, "the disk is full"});
      return;
    }
    wakeup_.wait(1000ms);
  }
  for (const collector::Ack& ack : acks_) ack(true);
  acks_.clear();
  answer_orders(std::nullopt);
  announce();
}

bool Engine::commit_once() {
  Result<void> done;
  for (const std::optional<Error>* error : {&state_.error(), &incidents_port_.error()}) {
    if (*error) done = tl::unexpected(**error);
  }
  const Nanos start = clock_.now();
  if (done) lanes_.before_commit(commit_);
  if (done) done = store_.commit(commit_);
  if (!done && done.error().code == Errc::kFull) {
    const bool was_full = statistics_.with([](EngineStatistics& s) { return std::exchange(s.disk_full, true); });
    if (!was_full) tell(say("notice.disk_full", {{"reason", translated(done.error().what)}}));
    return false;
  }
  if (!done) {
    tell(say("notice.disk_failed", {{"reason", translated(done.error().what)}}));
    statistics_.with([&](EngineStatistics& s) { s.failure = done.error().what; });
    for (const collector::Ack& ack : acks_) ack(false);
    acks_.clear();
    alerts_.clear();
    changed_.clear();
    answer_orders(done.error());
    lanes_.given_up();
    queue_.give_back(std::exchange(taken_, {}));
    return true;
  }
  queue_.settle(std::exchange(taken_, {}), store_.last_commit());
  incidents_port_.committed();
  commit_.clear();
  lanes_.committed();
  statistics_.with([&](EngineStatistics& s) {
    if (s.disk_full) tell(say("notice.space_again"));
    s.disk_full = false;
    ++s.commits;
    s.events += std::exchange(events_, 0);
    s.hits += std::exchange(hits_, 0);
    s.payloads = payloads_before_;
    s.payloads.add(evaluation_->counters().payloads);
    s.commit_seconds += std::chrono::duration<double>(clock_.now() - start).count();
    for (const Alert& alert : alerts_) ++s.alerts_by_level[static_cast<std::size_t>(alert.rule.level)];
  });
  return true;
}

// What the store has committed and what the queue has settled are changed one right after the other; they
// are read together when both tell of the same commit.
Result<std::vector<storage::Ledger>> Engine::ledger() const {
  constexpr int kTriesMax = 10'000;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const collector::DeliveryQueue::Flows flows = queue_.flows();
    if (flows.commit == store_.last_commit()) {
      PICKET_TRY(std::vector<storage::Ledger> ledgers, store_.ledger());
      if (flows.commit == store_.last_commit()) {
        add_in_flight(flows, ledgers);
        return ledgers;
      }
    }
    std::this_thread::yield();
  }
  return fail(Errc::kBusy, "the ledger changes too fast to be read, try again");
}

void Engine::add_in_flight(const collector::DeliveryQueue::Flows& flows, std::vector<storage::Ledger>& ledgers) const {
  for (const auto& [source, flow] : flows.sources) {
    const auto index = static_cast<std::size_t>(source);  // the store lists sources by id
    if (index >= ledgers.size()) continue;
    storage::Ledger& ledger = ledgers[index];
    const auto before = received_before_.find(ledger.source);
    ledger.received = flow.accepted + (before != received_before_.end() ? before->second : 0);
    ledger.in_flight = flow.accepted - flow.settled;
  }
}

void Engine::announce() {
  for (const Alert& alert : alerts_) listener_.alert(alert);
  for (const std::string& id : changed_) {
    const Incident* const incident = incidents_port_.look(id);
    if (incident != nullptr && incident->id == id) listener_.incident(*incident);  // not under an old name
  }
  alerts_.clear();
  changed_.clear();
}

void Engine::read_letters() {
  auto letters = letters_.take();
  for (Letter& letter : letters.letters) {
    if (letter.rules) use(*std::move(letter.rules));
    if (letter.order) carry_out(*std::move(letter.order));
    if (letter.slow) take_slow(*std::move(letter.slow));
    if (letter.warm) take_warm(*std::move(letter.warm));
  }
}

Engine::ReadyRules Engine::make_ready(Detection detection) const {
  parsers::Parser parser = detection.make_parser(false);
  for (std::size_t i = 0; i < options_.sources.size(); ++i) {
    parser.set_source(SourceId{static_cast<std::uint32_t>(i)}, options_.sources[i].format);
  }
  rules::EvaluationPtr evaluation = detection.rules->make_evaluation();
  return {std::move(detection), std::move(parser), std::move(evaluation)};
}

// Between two commits only: the state in the store is whole then.
void Engine::use(ReadyRules rules) {
  if (evaluation_) payloads_before_.add(evaluation_->counters().payloads);
  evaluation_ = std::move(rules.evaluation);
  if (parser_) rules.parser.counters() = std::move(parser_->counters());
  parser_.emplace(std::move(rules.parser));
  detection_ = std::move(rules.detection);
  texts_.use(detection_.texts);
  const std::vector<correlator::ColdRule> cold = cold_rules();
  make_correlator(cold);
  warm_.use({cold, detection_.texts, detection_.catalog, detection_.taxonomy, detection_.payloads}, ++warm_epoch_);
  if (!cold.empty()) tell(say("notice.warming", {{"n", cold.size()}}));
  in_use_.with([&](InUse& now) { now = {detection_.rules, detection_.catalog}; });
  lanes_.use(detection_, *evaluation_, clock_.now());
}

correlator::Options Engine::correlation_options() const {
  correlator::Options correlation;
  correlation.lateness_ns = options_.lateness_ns;
  correlation.secret = options_.secret;
  return correlation;
}

void Engine::make_correlator(const std::vector<correlator::ColdRule>& cold) {
  correlator::Options correlation = correlation_options();
  correlation.threads = options_.correlation_threads;
  for (const correlator::ColdRule& rule : cold) correlation.cold.insert(rule.id);
  correlator_.reset();
  correlator_.emplace(detection_.rules, std::move(correlation), state_);
}

// Those of the rules in use whose windows have to be filled first. Without texts nobody knows whether they were
// edited.
std::vector<correlator::ColdRule> Engine::cold_rules() {
  if (!detection_.texts) return {};
  std::map<std::string, std::string> bases;
  for (const rules::Correlation& correlation : detection_.rules->correlations()) {
    const std::string& id = correlation.rule.identity.id;
    if (const RuleTexts::Basis* basis = detection_.texts->of(id)) bases.emplace(id, basis->hash);
  }
  correlator::WarmTable table(state_);
  return table.use(bases, store_.last_commit(), correlator::Correlator::watermark_of(state_));
}

// The windows are those as of the last commit, and the rules take part from the next one on.
void Engine::take_warm(WarmResult result) {
  if (result.epoch != warm_epoch_) return;  // of rules before these
  const Result<void> poured = pour(result);
  if (poured) tell(say("notice.warm", {{"n", result.rules.size()}, {"records", (*result.filling)->rows()}}));
  if (!poured) tell(say("notice.not_warm", {{"n", result.rules.size()}, {"reason", translated(poured.error().what)}}));
  correlator::WarmTable table(state_);
  for (const correlator::ColdRule& rule : result.rules) table.set_warm(rule);
  make_correlator({});
  warm_.done();
}

Result<void> Engine::pour(WarmResult& result) {
  PICKET_TRY(WarmFilling* const filling, result.filling.map([](auto& made) { return made.get(); }));
  PICKET_TRY_VOID(filling->read_to(store_.last_commit(), [] { return false; }));
  const std::size_t first_alert = alerts_.size();
  for (Alert& alert : filling->pour(state_)) alerts_.push_back(std::move(alert));
  group(first_alert);
  return {};
}

// Hits of the slow lane go on as those of the fast one; their events are stored already.
void Engine::take_slow(SlowResult result) {
  if (!lanes_.accepts(result)) return;
  const std::size_t first_alert = alerts_.size();
  correlator_->process(*result.batch, *names_, alerts_);
  group(first_alert);
  hits_ += result.batch->hits().size();
  lanes_.add(result, commit_);
}

void Engine::carry_out(Order order) {
  Result<correlator::OrderResult> result = grouper_.change(order.order, clock_.now());
  if (result && result->outcome == correlator::OrderResult::Outcome::kChanged) {
    for (const Incident& incident : result->incidents) changed_.insert(incident.id);
  }
  answers_.push_back({std::move(order.answer), std::move(result)});
}

void Engine::answer_orders(const std::optional<Error>& failure) {
  for (Answer& answer : answers_) {
    if (failure && answer.result) answer.result = fail(failure->code, failure->what);
    answer.to.set_value(std::move(answer.result));
  }
  answers_.clear();
}

}  // namespace picket::app
