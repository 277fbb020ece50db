// Each call is one step: hits enter their groups, groups that changed are evaluated once, inner
// correlations before those that refer to them, and the state is written at the end.
//
// A step is a number of hand-overs. Everything is dealt at a place: (hand-over, how many were dealt
// before). What partitions say is taken in the order of places, so that it is the same for any
// number of them, and whether they worked at once or one after the other on the calling thread.
// Explaining a hit reads the batch, which is not for other threads: a hit that was dealt enters its
// group without, and gets it before anything is evaluated (feeding.cc).
#include "correlator/correlator.h"

#include <algorithm>
#include <utility>

#include "correlator/group_keys.h"
#include "correlator/in_order.h"

namespace picket::correlator {
namespace {

constexpr std::string_view kWatermarkKey = "c/w";
constexpr std::string_view kSuppressed = "/suppressed";  // behind the id of a detection
constexpr std::size_t kGroupHitsLimit = 1 << 20;         // whatever rules and options say
constexpr std::size_t kExpireStep = 1024;    // groups handled between two writes of the state
constexpr std::size_t kToldEvents = 20'000;  // of the alerts that one tick tells of
constexpr std::size_t kToldEventsBusy = 1'000;
constexpr std::size_t kSweptGroups = 4096;  // that one tick looks at, at least
constexpr std::uint64_t kAskedShare =
    16;  // of hits with groups that are not in memory: one in so many
constexpr std::int64_t kSweepShare = 16;  // of the time that hits are kept: between two sweeps

std::size_t limit_of_hits(const rules::CorrelationRule& rule, std::size_t wanted) {
  double most = 0;
  for (const auto& [how, bound] : rule.conditions) most = std::max(most, bound);
  const bool counts = rule.type == rules::CorrelationType::kEventCount ||
                      rule.type == rules::CorrelationType::kValueCount;
  const auto needed = counts ? static_cast<std::size_t>(std::min(2 * most, 1e6)) : 0;
  return std::min(kGroupHitsLimit, std::max({wanted, needed, 4 * Group::kPageHits}));
}

std::size_t threads_of(const Options& options) {
  return std::clamp<std::size_t>(options.threads, 1, Options::kThreadsMax);
}

}  // namespace

Correlator::Correlator(std::shared_ptr<const rules::RuleSet> rules, Options options,
                       StatePort& state)
    : rules_(std::move(rules)),
      state_(state),
      terms_{std::move(options)},
      sources_(state),
      names_(terms_.options.secret),
      builder_(rules_),
      timers_(state, std::string(kTimerPrefix)),
      log_(state, terms_.options.log_bytes_max, threads_of(terms_.options)),
      crew_(threads_of(terms_.options)) {
  terms_.watermark_ns = watermark_of(state_);
  wire();
  sort_by_dependence();
  make_partitions();
  state_.for_each(kGrownPrefix, [this](std::string_view key, std::string_view) {
    grown_.emplace_back(key.substr(kGrownPrefix.size()));
    is_grown_.insert(grown_.back());
    return true;
  });
}

void Correlator::make_partitions() {
  for (std::size_t p = 0; p < crew_.size(); ++p) {
    parts_.push_back(
        std::make_unique<Partition>(terms_, sources_, state_, log_.tails(p), crew_.size() == 1));
  }
}

std::int64_t Correlator::watermark_of(StatePort& state) {
  const auto saved = state.get(kWatermarkKey);
  return saved ? instant_at(*saved) : INT64_MIN;
}

void Correlator::wire() {
  terms_.correlations = rules_->correlations();
  add_suppressions();
  const std::vector<rules::Correlation>& correlations = terms_.correlations;
  const std::size_t count = correlations.size();
  detection_feeds_.resize(rules_->rule_count());
  correlation_feeds_.resize(count);
  raises_.assign(count, true);
  counters_.resize(count);
  std::vector<bool> wanted(count, false);  // some outer rule says `generate: true`
  for (std::uint32_t c = 0; c < count; ++c) {
    const rules::CorrelationRule& rule = correlations[c].rule;
    terms_.limits.push_back(limit_of_hits(rule, terms_.options.group_hits_max));
    const bool each = rule.type == rules::CorrelationType::kEach;
    terms_.keys.push_back(GroupCache::rule_key(
        each ? rule.identity.id + std::string(kSuppressed) : rule.identity.id, rule.identity.hash));
    // What is left of a cold one, from before an edit, is of a rule that is gone.
    if (!terms_.options.cold.contains(rule.identity.id)) by_key_.emplace(terms_.keys.back(), c);
    for (std::size_t i = 0; i < correlations[c].inputs.size(); ++i) {
      const rules::Correlation::Input& input = correlations[c].inputs[i];
      const bool inner = input.correlation >= 0;
      const auto from = inner ? static_cast<std::size_t>(input.correlation) : input.detection;
      auto& feeds = inner ? correlation_feeds_ : detection_feeds_;
      PICKET_CHECK(from < feeds.size());
      if (inner) raises_[from] = false;
      if (inner && rule.generates) wanted[from] = true;
      if (terms_.options.cold.contains(rule.identity.id)) continue;
      if (feeds[from].empty() || feeds[from].back().correlation != c)
        feeds[from].push_back({c, {}});
      feeds[from].back().inputs.push_back(i);
    }
  }
  for (std::size_t c = 0; c < count; ++c) {
    raises_[c] = raises_[c] || wanted[c];
    terms_.audiences.push_back({raises_[c], !correlation_feeds_[c].empty()});
  }
}

// A detection whose alerts are suppressed raises them through a correlation over it, at each hit.
void Correlator::add_suppressions() {
  for (std::uint32_t r = 0; r < rules_->rule_count(); ++r) {
    const rules::Suppression& suppression = rules_->suppression(r);
    if (suppression.for_ns <= 0 || !rules_->raises_alert(r)) continue;
    rules::Correlation& made = terms_.correlations.emplace_back();
    made.rule.identity = rules_->identity(r);
    made.rule.tags = rules_->tags(r);
    made.rule.type = rules::CorrelationType::kEach;
    made.rule.rules = {made.rule.identity.id};
    made.rule.group_by = suppression.by;
    made.rule.timespan_ns = made.rule.suppress_ns = suppression.for_ns;
    made.rule.repeat_every = true;
    made.inputs.emplace_back();
    made.inputs.back().detection = r;
    made.inputs.back().group_by = suppression.by;
  }
}

// Correlations of a circle are left out; the compiler has refused them.
void Correlator::sort_by_dependence() {
  std::vector<std::size_t> waits(correlation_feeds_.size(), 0);
  for (const auto& feeds : correlation_feeds_) {
    for (const Feed& feed : feeds) ++waits[feed.correlation];
  }
  std::vector<std::uint32_t> ready;
  for (std::uint32_t c = 0; c < waits.size(); ++c) {
    if (waits[c] == 0) ready.push_back(c);
  }
  while (!ready.empty()) {
    levels_.push_back(std::move(ready));
    ready.clear();
    for (const std::uint32_t inner : levels_.back()) {
      for (const Feed& feed : correlation_feeds_[inner]) {
        if (--waits[feed.correlation] == 0) ready.push_back(feed.correlation);
      }
    }
  }
}

void Correlator::begin_step() {
  hand_over_ = dealt_ = 0;
}

void Correlator::end_step() {
  write_state();
  for (const auto& part : parts_) part->take_counters(counters_);
}

Partition& Correlator::part_of(std::string_view name) {
  return *parts_[partition_of(name, parts_.size())];
}

bool Correlator::is_worth(std::size_t amount) const {
  return parts_.size() > 1 && amount >= terms_.options.hand_over_min;
}

// Each partition does this part of so much work, all at once if that is worth it.
void Correlator::each_part(std::size_t amount, const std::function<void(Partition&)>& work) {
  if (is_worth(amount)) return crew_.run([&](std::size_t p) { work(*parts_[p]); });
  for (const auto& part : parts_) work(*part);
}

template <class Amount>
std::size_t Correlator::sum(Amount amount) const {
  std::size_t all = 0;
  for (const auto& part : parts_) all += amount(*part);
  return all;
}

GroupCache::Counters Correlator::group_counters() const {
  GroupCache::Counters all;
  for (const auto& part : parts_) {
    const GroupCache::Counters& some = part->cache().counters();
    all.created += some.created;
    all.erased += some.erased;
    all.asked += some.asked;
    all.loaded += some.loaded;
    all.spilled += some.spilled;
    all.corrupt += some.corrupt;
  }
  return all;
}

std::size_t Correlator::cache_bytes() const {
  return sum([](const Partition& part) { return part.cache().bytes(); });
}

void Correlator::process(Batch& batch, const SourceNames& names, std::vector<Alert>& out) {
  begin_step();
  proofs_.begin_batch();
  const std::uint64_t asked = group_counters().asked;
  if (is_worth(batch.hits().size())) {
    deal_all(batch, names, out);
  } else {
    if (many_asked_) announce_groups(batch);
    feed_all(batch, names, out);
  }
  many_asked_ = (group_counters().asked - asked) * kAskedShare > batch.hits().size();
  evaluate_queued(out);
  end_step();
}

void Correlator::evaluate_queued(std::vector<Alert>& out) {
  for (const std::vector<std::uint32_t>& level : levels_) {
    ++hand_over_;
    const std::size_t queued = sum([&](const Partition& part) {
      std::size_t groups = 0;
      for (const std::uint32_t c : level) groups += part.queued(c);
      return groups;
    });
    if (queued > 0) {
      each_part(queued, [&](Partition& part) {
        for (const std::uint32_t c : level) part.evaluate_queued(c, hand_over_, false);
      });
    }
    for (const std::uint32_t c : level) publish(c, out);
  }
}

// Only here do groups leave memory.
void Correlator::write_state() {
  const std::size_t touched = sum([](const Partition& part) { return part.cache().touched(); });
  each_part(touched, [](Partition& part) { part.cache().write_touched(); });
  log_.close();
  while (log_.is_long() && log_.has_old()) {
    write_oldest();
    log_.drop_oldest();
  }
  const std::size_t bytes_max = terms_.options.cache_bytes_max / parts_.size();
  const bool full =
      sum([&](const Partition& part) { return part.cache().bytes() > bytes_max; }) > 0;
  if (full) each_part(touched, [&](Partition& part) { part.cache().trim(bytes_max); });
  for (const auto& part : parts_) part->apply();
}

// The groups that only the oldest segment of the log makes whole.
void Correlator::write_oldest() {
  std::size_t groups = 0;
  for (GroupLog::Logged next = log_.take_oldest(); next.segment != 0; next = log_.take_oldest()) {
    ++groups;
    part_of(next.suffix).logged.push_back(std::move(next));
  }
  each_part(groups, [](Partition& part) { part.write_logged(); });
}

void Correlator::note_growth(std::string suffix) {
  if (!is_grown_.insert(suffix).second) return;
  state_.put(std::string(kGrownPrefix) + suffix, "");
  grown_.push_back(std::move(suffix));
}

void Correlator::tell(std::vector<Alert>& out) {
  begin_step();
  tell_some(SIZE_MAX, out);
  end_step();
}

void Correlator::tell_some(std::size_t events_max, std::vector<Alert>& out) {
  std::size_t handled = 0;
  for (std::size_t events = 0; !grown_.empty() && events < events_max; ++events) {
    if (++handled % kExpireStep == 0) write_state();
    const std::string suffix = std::move(grown_.front());
    grown_.pop_front();
    is_grown_.erase(suffix);
    state_.erase(std::string(kGrownPrefix) + suffix);
    const auto found = by_key_.find(suffix.substr(0, GroupCache::kRuleKeySize));
    if (found == by_key_.end()) continue;  // of a rule that is gone
    Partition& part = part_of(suffix);
    part.begin(next_place());
    part.tell(found->second, suffix);
    for (const AlertChange& change : part.outcome(found->second).changes.changed)
      events += change.alert.events.size();
    publish(found->second, out);
  }
}

// Hands out what a correlation has raised, and passes it on to the correlations over it.
void Correlator::publish(std::uint32_t correlation, std::vector<Alert>& out) {
  if (sum([&](const Partition& part) { return part.outcome(correlation).empty() ? 0U : 1U; }) == 0)
    return;
  std::vector<Outcome> said;
  for (const auto& part : parts_) said.push_back(part->take(correlation));
  const auto places = [&](std::vector<std::uint64_t> Outcome::*which) {
    std::vector<const std::vector<std::uint64_t>*> all;
    for (const Outcome& outcome : said) all.push_back(&(outcome.*which));
    return all;
  };
  in_order(places(&Outcome::grown_at),
           [&](std::size_t p, std::size_t i) { note_growth(std::move(said[p].grown[i])); });
  in_order(places(&Outcome::withdrawn_at), [&](std::size_t p, std::size_t i) {
    publish_gone(said[p].changes.withdrawn[i], correlation);
  });
  in_order(places(&Outcome::changed_at), [&](std::size_t p, std::size_t i) {
    publish_change(said[p].changes.changed[i], correlation, out);
  });
}

void Correlator::publish_gone(const AlertWithdrawal& gone, std::uint32_t correlation) {
  ++counters_[correlation].withdrawn;
  for (const Feed& feed : correlation_feeds_[correlation])
    feed_alert(gone.alert, gone.hit, feed, true);
  if (raises_[correlation]) withdrawn_.insert(gone.alert.id);
}

void Correlator::publish_change(AlertChange& change, std::uint32_t correlation,
                                std::vector<Alert>& out) {
  if (change.fresh) ++counters_[correlation].fired;
  for (const Feed& feed : correlation_feeds_[correlation]) {
    if (!change.known) feed_alert(change.alert, change.hit, feed, false);
  }
  if (!raises_[correlation]) return;
  withdrawn_.erase(change.alert.id);
  out.push_back(std::move(change.alert));
}

void Correlator::tick(Nanos watermark, std::vector<Alert>& out, double leisure) {
  begin_step();
  if (watermark.count() > terms_.watermark_ns) advance(watermark, out);
  tell_some(std::max(kToldEventsBusy, static_cast<std::size_t>(leisure * kToldEvents)), out);
  end_step();
}

void Correlator::advance(Nanos watermark, std::vector<Alert>& out) {
  terms_.watermark_ns = watermark.count();
  std::string saved;
  append_instant(saved, terms_.watermark_ns);
  state_.put(std::string(kWatermarkKey), std::move(saved));

  std::vector<std::vector<std::string>> due(terms_.keys.size());
  for (const auto& part : parts_) timers_.expect(part->cache().timers().take_earliest());
  for (std::string& suffix : timers_.take_due(terms_.watermark_ns, SIZE_MAX)) {
    const auto found = by_key_.find(suffix.substr(0, GroupCache::kRuleKeySize));
    if (found == by_key_.end()) {
      part_of(suffix).cache().erase_orphan(suffix);
    } else {
      due[found->second].push_back(std::move(suffix));
    }
  }
  for (std::string& suffix : sweep()) {
    due[by_key_.at(suffix.substr(0, GroupCache::kRuleKeySize))].push_back(std::move(suffix));
  }
  for (const std::vector<std::uint32_t>& level : levels_) {
    for (const std::uint32_t c : level) {
      look_at_due(c, due[c]);
      ++hand_over_;
      const std::size_t queued = sum([&](const Partition& part) { return part.queued(c); });
      if (queued > 0)
        each_part(queued, [&](Partition& part) { part.evaluate_queued(c, hand_over_, true); });
      publish(c, out);
    }
  }
  write_state();
}

void Correlator::look_at_due(std::uint32_t correlation, std::vector<std::string>& due) {
  for (std::size_t from = 0; from < due.size(); from += kExpireStep) {
    if (from > 0) write_state();
    deal_names(due, from);
    each_part(std::min(kExpireStep, due.size() - from),
              [&](Partition& part) { part.look_at_due(correlation); });
  }
}

// Some of these groups, from this one on.
void Correlator::deal_names(std::vector<std::string>& suffixes, std::size_t from) {
  ++hand_over_;
  const std::size_t end = std::min(suffixes.size(), from + kExpireStep);
  for (std::size_t i = from; i < end; ++i) {
    Partition& part = part_of(suffixes[i]);
    part.names.push_back({next_place(), std::move(suffixes[i])});
  }
}

// Groups that are due, of the next heads. Takes more at a time when more come to be.
std::vector<std::string> Correlator::sweep() {
  std::vector<std::string> due;
  if (terms_.options.deferred || (swept_to_.empty() && terms_.watermark_ns < next_sweep_ns_))
    return due;
  const std::uint64_t created = group_counters().created;
  std::size_t left = std::max<std::size_t>(
      kSweptGroups, 2 * (created - std::exchange(created_before_sweep_, created)));
  std::vector<std::string> orphans;
  std::string last;
  state_.for_each(kHeadPrefix, swept_to_, [&](std::string_view key, std::string_view head) {
    if (left-- == 0) {
      last = key;
      return false;
    }
    if (Group::due_of(head) > terms_.watermark_ns) return true;
    std::string suffix(key.substr(kHeadPrefix.size()));
    const bool known = by_key_.contains(suffix.substr(0, GroupCache::kRuleKeySize));
    (known ? due : orphans).push_back(std::move(suffix));
    return true;
  });
  for (const std::string& suffix : orphans) part_of(suffix).cache().erase_orphan(suffix);
  if (last.empty())
    next_sweep_ns_ = add_ns(terms_.watermark_ns, shortest_reach() / kSweepShare + 1);
  swept_to_ = std::move(last);
  return due;
}

std::int64_t Correlator::shortest_reach() const {
  std::int64_t shortest_ns = INT64_MAX;
  for (const std::vector<std::uint32_t>& level : levels_) {
    for (const std::uint32_t c : level)
      shortest_ns = std::min(shortest_ns, add_ns(terms_.options.lateness_ns, terms_.span_ns(c)));
  }
  return shortest_ns;
}

// Of all groups of a correlation; the state is whole then.
std::vector<std::string> Correlator::names_of(std::uint32_t correlation) {
  write_state();
  std::set<std::string> names;
  state_.for_each(head_key(terms_.keys[correlation]), [&](std::string_view key, std::string_view) {
    names.emplace_hint(names.end(), key.substr(kHeadPrefix.size()));
    return true;
  });
  for (const auto& part : parts_) part->cache().add_names(terms_.keys[correlation], names);
  return {names.begin(), names.end()};
}

void Correlator::finish(std::vector<Alert>& out) {
  begin_step();
  terms_.finishing = true;
  for (const std::vector<std::uint32_t>& level : levels_) {
    for (const std::uint32_t c : level) {
      for (const auto& part : parts_) part->drop_queue(c);
      std::vector<std::string> names = names_of(c);
      for (std::size_t from = 0; from < names.size(); from += kExpireStep) {
        if (from > 0) write_state();
        deal_names(names, from);
        each_part(std::min(kExpireStep, names.size() - from),
                  [&](Partition& part) { part.finish(c); });
      }
      publish(c, out);
    }
  }
  end_step();
  tell(out);
  terms_.finishing = false;
}

std::optional<std::string> Correlator::key_of(std::string_view rule_id) const {
  for (std::size_t c = 0; c < rules_->correlations().size(); ++c) {
    if (terms_.correlations[c].rule.identity.id == rule_id) return terms_.keys[c];
  }
  return std::nullopt;
}

std::vector<std::string> Correlator::take_withdrawn() {
  std::vector<std::string> ids(withdrawn_.begin(), withdrawn_.end());
  withdrawn_.clear();
  return ids;
}

}  // namespace picket::correlator
