// Each call is one step: hits enter their groups, groups that changed are evaluated once, inner
// correlations before those that refer to them, and the state is written at the end.
#include "correlator/correlator.h"

#include <algorithm>
#include <utility>

#include "correlator/entities.h"
#include "correlator/group_keys.h"

namespace picket::correlator {
namespace {

constexpr std::string_view kWatermarkKey = "c/w";
constexpr std::string_view kSuppressed = "/suppressed";  // behind the id of a detection
constexpr std::size_t kGroupHitsLimit = 1 << 20;         // whatever rules and options say
constexpr std::size_t kProofMatchesMax = 8;              // of one hit
constexpr std::size_t kExpireStep = 1024;    // groups handled between two writes of the state
constexpr std::size_t kToldEvents = 20'000;  // of the alerts that one tick tells of
constexpr std::size_t kToldEventsBusy = 1'000;
constexpr std::size_t kSweptGroups = 4096;   // that one tick looks at, at least
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

// The first input of the feed is the one that counts, unless each reference has its own say.
bool counts_each_reference(rules::CorrelationType type) {
  return type == rules::CorrelationType::kTemporal ||
         type == rules::CorrelationType::kTemporalOrdered;
}

const std::string* group_value(const Alert& alert, std::string_view field) {
  for (const auto& [name, value] : alert.group) {
    if (name == field) return &value;
  }
  return nullptr;
}

// What an alert of an inner correlation has of the fields that count.
std::optional<std::string> group_values(const Alert& alert,
                                        const rules::Correlation::Input& input) {
  const std::string* const first = group_value(alert, input.field);
  if (first == nullptr) return std::nullopt;
  if (input.more_fields.empty()) return *first;
  std::vector<std::optional<std::string_view>> parts = {*first};
  for (const std::string& field : input.more_fields) {
    const std::string* const value = group_value(alert, field);
    if (value == nullptr) return std::nullopt;
    parts.emplace_back(*value);
  }
  return joined_value(parts);
}

}  // namespace

std::optional<std::string_view> counted_value(const rules::RuleSet& rules, Batch& batch,
                                              const Event& event, std::uint32_t rule,
                                              const CountedFields& fields, std::string& room) {
  const auto first = rules.field_value(batch, event, rule, fields.first);
  if (!first || fields.more.empty()) return first;
  std::vector<std::optional<std::string_view>> parts = {first};
  for (const std::string& other : fields.more)
    parts.push_back(rules.field_value(batch, event, rule, other));
  std::optional<std::string> joined = joined_value(parts);
  if (!joined) return std::nullopt;
  room = *std::move(joined);
  return room;
}

Correlator::Correlator(std::shared_ptr<const rules::RuleSet> rules, Options options,
                       StatePort& state)
    : rules_(std::move(rules)),
      options_(std::move(options)),
      state_(state),
      sources_(state),
      cache_(state, options_.secret, options_.deferred, options_.log_bytes_max),
      builder_(rules_) {
  watermark_ns_ = watermark_of(state_);
  wire();
  sort_by_dependence();
  state_.for_each(kGrownPrefix, [this](std::string_view key, std::string_view) {
    grown_.emplace_back(key.substr(kGrownPrefix.size()));
    is_grown_.insert(grown_.back());
    return true;
  });
}

std::int64_t Correlator::watermark_of(StatePort& state) {
  const auto saved = state.get(kWatermarkKey);
  return saved ? instant_at(*saved) : INT64_MIN;
}

void Correlator::wire() {
  correlations_ = rules_->correlations();
  add_suppressions();
  const std::vector<rules::Correlation>& correlations = correlations_;
  const std::size_t count = correlations.size();
  detection_feeds_.resize(rules_->rule_count());
  correlation_feeds_.resize(count);
  raises_.assign(count, true);
  queues_.resize(count);
  changes_.resize(count);
  counters_.resize(count);
  std::vector<bool> wanted(count, false);  // some outer rule says `generate: true`
  for (std::uint32_t c = 0; c < count; ++c) {
    const rules::CorrelationRule& rule = correlations[c].rule;
    limits_.push_back(limit_of_hits(rule, options_.group_hits_max));
    const bool each = rule.type == rules::CorrelationType::kEach;
    keys_.push_back(GroupCache::rule_key(
        each ? rule.identity.id + std::string(kSuppressed) : rule.identity.id, rule.identity.hash));
    // What is left of a cold one, from before an edit, is of a rule that is gone.
    if (!options_.cold.contains(rule.identity.id)) by_key_.emplace(keys_.back(), c);
    for (std::size_t i = 0; i < correlations[c].inputs.size(); ++i) {
      const rules::Correlation::Input& input = correlations[c].inputs[i];
      const bool inner = input.correlation >= 0;
      const auto from = inner ? static_cast<std::size_t>(input.correlation) : input.detection;
      auto& feeds = inner ? correlation_feeds_ : detection_feeds_;
      PICKET_CHECK(from < feeds.size());
      if (inner) raises_[from] = false;
      if (inner && rule.generates) wanted[from] = true;
      if (options_.cold.contains(rule.identity.id)) continue;
      if (feeds[from].empty() || feeds[from].back().correlation != c)
        feeds[from].push_back({c, {}});
      feeds[from].back().inputs.push_back(i);
    }
  }
  for (std::size_t c = 0; c < count; ++c) {
    raises_[c] = raises_[c] || wanted[c];
    evaluations_.emplace_back(correlations[c], sources_,
                              Audience{raises_[c], !correlation_feeds_[c].empty()});
  }
}

// A detection whose alerts are suppressed raises them through a correlation over it, at each hit.
void Correlator::add_suppressions() {
  for (std::uint32_t r = 0; r < rules_->rule_count(); ++r) {
    const rules::Suppression& suppression = rules_->suppression(r);
    if (suppression.for_ns <= 0 || !rules_->raises_alert(r)) continue;
    rules::Correlation& made = correlations_.emplace_back();
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
  for (std::uint32_t c = 0; c < waits.size(); ++c) {
    if (waits[c] == 0) order_.push_back(c);
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    for (const Feed& feed : correlation_feeds_[order_[i]]) {
      if (--waits[feed.correlation] == 0) order_.push_back(feed.correlation);
    }
  }
}

void Correlator::process(Batch& batch, const SourceNames& names, std::vector<Alert>& out) {
  proofs_.begin_batch();
  const std::uint64_t asked = cache_.counters().asked;
  if (many_asked_) announce_groups(batch);
  for (const Hit& hit : batch.hits()) {
    PICKET_CHECK(hit.rule < detection_feeds_.size() && hit.event < batch.events().size());
    bool raised = !rules_->raises_alert(hit.rule);
    if (!detection_feeds_[hit.rule].empty())
      sources_.learn(batch.records()[hit.event].source, names);
    for (const Feed& feed : detection_feeds_[hit.rule]) {
      const bool taken = feed_hit(batch, hit, feed);
      raised |= taken && correlations_[feed.correlation].rule.type == rules::CorrelationType::kEach;
    }
    // Also what is too late to be joined to another.
    if (!raised) out.push_back(builder_.detection(batch, hit, names));
  }
  many_asked_ = (cache_.counters().asked - asked) * kAskedShare > batch.hits().size();
  evaluate_queued(out);
  write_state();
}

// Where many groups are not in memory: so that the state is asked once for the groups of all hits
// and not for each.
void Correlator::announce_groups(Batch& batch) {
  for (const Hit& hit : batch.hits()) {
    PICKET_CHECK(hit.rule < detection_feeds_.size() && hit.event < batch.events().size());
    for (const Feed& feed : detection_feeds_[hit.rule]) {
      const rules::Correlation& correlation = correlations_[feed.correlation];
      const bool each = correlation.rule.type == rules::CorrelationType::kEach;
      for (const std::size_t i : feed.inputs) {
        if (read_group(batch, hit, correlation.inputs[i].group_by, each))
          cache_.announce(keys_[feed.correlation], group_values_);
      }
    }
  }
  cache_.fetch();
}

// False if it was too late, or in no group, for each of the feed's inputs.
bool Correlator::feed_hit(Batch& batch, const Hit& hit, const Feed& feed) {
  const rules::Correlation& correlation = correlations_[feed.correlation];
  const Event& event = batch.events()[hit.event];
  const Record& record = batch.records()[hit.event];
  if (event.time_ns < horizon()) {
    ++counters_[feed.correlation].late;
    return false;
  }
  const bool each = correlation.rule.type == rules::CorrelationType::kEach;
  bool taken = false;
  std::vector<std::pair<std::vector<std::string>, bool>> seen;  // as answers or not
  std::vector<std::string>& values = group_values_;
  for (const std::size_t i : feed.inputs) {
    const rules::Correlation::Input& input = correlation.inputs[i];
    if (!read_group(batch, hit, input.group_by, each)) {
      ++counters_[feed.correlation].ungrouped;
      continue;
    }
    if (feed.inputs.size() > 1 && !counts_each_reference(correlation.rule.type)) {
      const bool answers = correlation.rule.is_answer(input.reference);
      if (std::find(seen.begin(), seen.end(), std::pair(values, answers)) != seen.end()) continue;
      seen.emplace_back(values, answers);
    }
    MemberHit member;
    member.time_ns = event.time_ns;
    member.seq = record.seq;
    member.source = record.source;
    member.reference = input.reference;
    member.layer = event.layer;
    if (counts_values(correlation.rule.type)) {
      std::string room;
      if (const auto value = counted_value(*rules_, batch, event, hit.rule,
                                           {input.field, input.more_fields}, room)) {
        member.value = cache_.texts().share(bounded_value(*value));
        member.number = number_of(*value);
      }
    }
    Group& group = group_of(feed.correlation, values);
    const bool few = group.hits().size() < options_.proof_hits_max;
    // The one that others join has its whole proof.
    const bool opens =
        each && (group.opened_ns == INT64_MIN || member.time_ns < group.opened_ns ||
                 member.time_ns > add_ns(group.opened_ns, correlation.rule.suppress_ns));
    member.proof = proof(batch, hit,
                         opens ? Explain::kWhole
                         : few ? Explain::kCut
                               : Explain::kNot,
                         group);
    taken |= add(group, std::move(member));
  }
  return taken;
}

// The values of the group-by fields, into group_values_. False: one is missing.
bool Correlator::read_group(Batch& batch, const Hit& hit, const std::vector<std::string>& fields,
                            bool all_have_one) {
  group_values_.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto value = rules_->field_value(batch, batch.events()[hit.event], hit.rule, fields[i]);
    if (!value && !all_have_one)
      return false;  // a suppressed alert without the field has a key too
    const std::string_view text = value.value_or("");
    if (text.size() <= kValueMax) {
      group_values_[i].assign(text);
    } else {
      group_values_[i] = bounded_value(text);
    }
  }
  return true;
}

void Correlator::feed_alert(const Alert& alert, const MemberHit& hit, const Feed& feed,
                            bool withdrawn) {
  const rules::Correlation& correlation = correlations_[feed.correlation];
  for (const std::size_t i : feed.inputs) {
    const rules::Correlation::Input& input = correlation.inputs[i];
    std::vector<std::string> values;
    for (const std::string& field : input.group_by) {
      if (const std::string* value = group_value(alert, field)) values.push_back(*value);
    }
    if (values.size() < input.group_by.size()) {
      if (!withdrawn) ++counters_[feed.correlation].ungrouped;
      continue;
    }
    MemberHit member = hit;
    member.reference = input.reference;
    Group& group = group_of(feed.correlation, values);
    if (!withdrawn) {
      if (const auto value = group_values(alert, input)) {
        member.value = SharedText(bounded_value(*value));
        member.number = number_of(*value);
      }
      add(group, std::move(member));
      continue;
    }
    const std::size_t index = group.find(member, sources_);
    if (index == Group::kNone || index < group.settled) continue;
    evaluations_[feed.correlation].remove(group, index, changes_[feed.correlation]);
    queue(group);
  }
}

bool Correlator::add(Group& group, MemberHit hit) {
  const Group::Insert inserted = evaluations_[group.correlation].insert(group, std::move(hit));
  if (inserted == Group::Insert::kAdded) ++counters_[group.correlation].hits;
  if (inserted == Group::Insert::kTooOld) ++counters_[group.correlation].late;
  if (group.dirty_from != Group::kNone) queue(group);
  return inserted != Group::Insert::kTooOld;
}

Group& Correlator::group_of(std::uint32_t correlation, const std::vector<std::string>& values) {
  const std::uint64_t before = cache_.counters().created;
  Group& group = cache_.group(correlation, keys_[correlation], values);
  counters_[correlation].groups += cache_.counters().created - before;
  return group;
}

SharedText Correlator::proof(Batch& batch, const Hit& hit, Explain explain, const Group& group) {
  const SharedText last = group.hits().empty() ? SharedText() : group.hits().back().proof;
  if (explain == Explain::kNot) {
    SharedText bare = proofs_.bare(batch, hit.event);
    return bare == last ? last : bare;
  }
  std::vector<Match> matches = rules_->explain(batch, batch.events()[hit.event], hit.rule);
  if (explain == Explain::kCut) {
    if (matches.size() > kProofMatchesMax) matches.resize(kProofMatchesMax);
    for (Match& match : matches) cut_for_member(match);
  }
  const std::string made = proofs_.with(batch, hit.event, std::move(matches));
  return last && *last == made ? last : SharedText(made);
}

void Correlator::queue(Group& group) {
  if (group.queued) return;
  group.queued = true;
  queues_[group.correlation].push_back(&group);
}

void Correlator::evaluate_queued(std::vector<Alert>& out) {
  for (const std::uint32_t c : order_) {
    std::vector<Group*> groups = std::move(queues_[c]);
    queues_[c].clear();
    for (Group* group : groups) {
      group->queued = false;
      if (!options_.deferred || finishing_) evaluate(*group, limit_of(c));
      enforce_limit(*group);
      plan(*group);
    }
    publish(c, out);
  }
}

void Correlator::evaluate(Group& group, std::int64_t limit_ns) {
  evaluations_[group.correlation].run(group, limit_ns, changes_[group.correlation]);
  if (group.grown > 0) note_growth(group);
}

// Only here do groups leave memory.
void Correlator::write_state() {
  cache_.flush();
  cache_.trim(options_.cache_bytes_max);
}

void Correlator::note_growth(Group& group) {
  if (std::exchange(group.noted, true)) return;
  if (!is_grown_.insert(group.suffix).second) return;
  grown_.push_back(group.suffix);
  state_.put(std::string(kGrownPrefix) + group.suffix, "");
}

void Correlator::tell(std::vector<Alert>& out) {
  tell_some(SIZE_MAX, out);
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
    Group* group = cache_.find(suffix, found->second);
    if (group == nullptr) continue;
    group->noted = false;
    if (group->grown == 0) continue;
    evaluations_[found->second].tell(*group, changes_[found->second]);
    for (const AlertChange& change : changes_[found->second].changed)
      events += change.alert.events.size();
    publish(found->second, out);
  }
  write_state();
}

// Hands out what a correlation has raised, and passes it on to the correlations over it.
void Correlator::publish(std::uint32_t correlation, std::vector<Alert>& out) {
  Changes changes = std::move(changes_[correlation]);
  changes_[correlation] = {};
  for (const AlertWithdrawal& gone : changes.withdrawn) {
    ++counters_[correlation].withdrawn;
    for (const Feed& feed : correlation_feeds_[correlation])
      feed_alert(gone.alert, gone.hit, feed, true);
    if (raises_[correlation]) withdrawn_.insert(gone.alert.id);
  }
  for (AlertChange& change : changes.changed) {
    if (change.fresh) ++counters_[correlation].fired;
    for (const Feed& feed : correlation_feeds_[correlation]) {
      if (!change.known) feed_alert(change.alert, change.hit, feed, false);
    }
    if (!raises_[correlation]) continue;
    withdrawn_.erase(change.alert.id);
    out.push_back(std::move(change.alert));
  }
}

void Correlator::enforce_limit(Group& group) {
  const std::size_t limit = limits_[group.correlation];
  if (group.hits().size() <= limit) return;
  const std::int64_t time_ns = group.hits()[group.hits().size() - limit * 3 / 4].time_ns;
  const std::size_t end = group.first_at(time_ns);
  // What waits for the watermark has to be decided now. But what has time left is not absent: it
  // goes without a word, counted as evicted.
  const std::int64_t passed_ns =
      std::min(add_ns(time_ns, 1),
               subtract_ns(add_ns(group.hits().back().time_ns, 1), ahead_of(group.correlation)));
  evaluate(group, std::max(limit_of(group.correlation), passed_ns));
  settle(group, std::max(end, group.settled));
  counters_[group.correlation].evicted += group.drop_before(time_ns);
}

void Correlator::settle(Group& group, std::size_t end) {
  evaluations_[group.correlation].settle(group, end);
  counters_[group.correlation].evicted += std::exchange(group.forgotten, 0);
}

// How far back a hit may have a say: the window, or the alert that later ones join.
std::int64_t Correlator::span_ns(std::uint32_t correlation) const {
  const rules::CorrelationRule& rule = correlations_[correlation].rule;
  return std::max(rule.timespan_ns, rule.suppress_ns);
}

// When the group is to be looked at: by the sweep, when its oldest hit is too old; by its timer,
// when hits wait for the watermark.
void Correlator::plan(Group& group) {
  if (options_.deferred) return;
  const bool history = has_history(correlations_[group.correlation].rule.type);
  if (group.hits().empty() && !history) return;
  const std::int64_t reach_ns = add_ns(options_.lateness_ns, span_ns(group.correlation));
  std::int64_t due_ns = 0;
  if (!history) {
    due_ns = add_ns(add_ns(group.hits().front().time_ns, reach_ns), 1);
    due_ns = std::max(due_ns, add_ns(watermark_ns_, reach_ns / 4 + 1));
  } else if (group.settled < group.hits().size()) {
    // Hits enter the history as soon as they are final.
    due_ns = add_ns(add_ns(group.hits()[group.settled].time_ns, options_.lateness_ns), 1);
    due_ns = std::max(due_ns, add_ns(watermark_ns_, options_.lateness_ns / 8 + 1));
  } else {
    due_ns = add_ns(add_ns(group.carry.history.last_ns(), reach_ns), 1);
  }
  if (due_ns < group.due_ns) {
    group.due_ns = due_ns;
    group.dirty = group.whole = true;  // who reads the heads looks for it
  }
  if (group.dirty_from == Group::kNone) return;
  const std::int64_t waits_ns = add_ns(ahead_of(group.correlation), 1);
  const std::int64_t wake_ns = add_ns(group.hits()[group.dirty_from].time_ns, waits_ns);
  if (wake_ns < group.wake_ns) cache_.schedule(group, wake_ns);
}

void Correlator::tick(Nanos watermark, std::vector<Alert>& out, double leisure) {
  if (watermark.count() > watermark_ns_) advance(watermark, out);
  tell_some(std::max(kToldEventsBusy, static_cast<std::size_t>(leisure * kToldEvents)), out);
}

void Correlator::advance(Nanos watermark, std::vector<Alert>& out) {
  watermark_ns_ = watermark.count();
  std::string saved;
  append_instant(saved, watermark_ns_);
  state_.put(std::string(kWatermarkKey), std::move(saved));

  std::vector<std::vector<std::string>> due(order_.empty() ? 0 : keys_.size());
  for (std::string& suffix : cache_.timers().take_due(watermark_ns_, SIZE_MAX)) {
    const auto found = by_key_.find(suffix.substr(0, GroupCache::kRuleKeySize));
    if (found == by_key_.end()) {
      cache_.erase_orphan(suffix);
    } else {
      due[found->second].push_back(std::move(suffix));
    }
  }
  for (std::string& suffix : sweep()) {
    due[by_key_.at(suffix.substr(0, GroupCache::kRuleKeySize))].push_back(std::move(suffix));
  }
  for (const std::uint32_t c : order_) {
    std::size_t handled = 0;
    for (const std::string& suffix : due[c]) {
      if (handled % kExpireStep == 0) {
        if (handled > 0) write_state();
        announce_next(due[c], handled);
      }
      ++handled;
      Group* group = cache_.find(suffix, c);
      if (group == nullptr) continue;
      if (group->wake_ns <= watermark_ns_) group->wake_ns = Group::kNever;  // taken
      if (group->due_ns <= watermark_ns_) {
        group->due_ns = Group::kNever;
        group->whole = true;
      }
      group->dirty = true;
      if (!options_.deferred) evaluate(*group, limit_of(c));
      expire(*group);
    }
    for (Group* group : std::exchange(queues_[c], {})) {
      group->queued = false;
      if (!options_.deferred) evaluate(*group, limit_of(c));
      enforce_limit(*group);
      // It may have been over above, and only kept because it was queued.
      if (group->hits().empty()) {
        expire(*group);
      } else {
        plan(*group);
      }
    }
    publish(c, out);
  }
  write_state();
}

// Some of these groups, from this one on, are about to be asked for.
void Correlator::announce_next(const std::vector<std::string>& suffixes, std::size_t from) {
  const std::size_t end = std::min(suffixes.size(), from + kExpireStep);
  for (std::size_t i = from; i < end; ++i) cache_.announce(suffixes[i]);
  cache_.fetch();
}

// Groups that are due, of the next heads. Takes more at a time when more come to be.
std::vector<std::string> Correlator::sweep() {
  std::vector<std::string> due;
  if (options_.deferred || (swept_to_.empty() && watermark_ns_ < next_sweep_ns_)) return due;
  const std::uint64_t created = cache_.counters().created;
  std::size_t left = std::max<std::size_t>(
      kSweptGroups, 2 * (created - std::exchange(created_before_sweep_, created)));
  std::vector<std::string> orphans;
  std::string last;
  state_.for_each(kHeadPrefix, swept_to_, [&](std::string_view key, std::string_view head) {
    if (left-- == 0) {
      last = key;
      return false;
    }
    if (Group::due_of(head) > watermark_ns_) return true;
    std::string suffix(key.substr(kHeadPrefix.size()));
    const bool known = by_key_.contains(suffix.substr(0, GroupCache::kRuleKeySize));
    (known ? due : orphans).push_back(std::move(suffix));
    return true;
  });
  for (const std::string& suffix : orphans) cache_.erase_orphan(suffix);
  if (last.empty()) next_sweep_ns_ = add_ns(watermark_ns_, shortest_reach() / kSweepShare + 1);
  swept_to_ = std::move(last);
  return due;
}

std::int64_t Correlator::shortest_reach() const {
  std::int64_t shortest_ns = INT64_MAX;
  for (const std::uint32_t c : order_)
    shortest_ns = std::min(shortest_ns, add_ns(options_.lateness_ns, span_ns(c)));
  return shortest_ns;
}

// A hit older than the horizon can come no more, so what is older is final; what is older by the
// timespan too is in nobody's window.
void Correlator::expire(Group& group) {
  const std::int64_t final_ns = subtract_ns(horizon(), ahead_of(group.correlation));
  const std::int64_t unseen_ns = subtract_ns(horizon(), span_ns(group.correlation));
  const std::size_t final_end = group.first_at(final_ns);
  const bool history = has_history(correlations_[group.correlation].rule.type);
  if (final_end > group.settled) settle(group, final_end);
  group.drop_before(history ? final_ns : unseen_ns);
  if (history) group.history_dirty |= group.carry.history.drop_before(unseen_ns);
  const bool over = (group.hits().empty() || group.hits().back().time_ns < unseen_ns) &&
                    (!history || group.carry.history.last_ns() < unseen_ns);
  if (over && !group.queued) {
    evaluations_[group.correlation].tell(group, changes_[group.correlation]);
    cache_.erase(group);
  } else {
    plan(group);
  }
}

void Correlator::finish(std::vector<Alert>& out) {
  finishing_ = true;
  for (const std::uint32_t c : order_) {
    for (Group* group : std::exchange(queues_[c], {})) group->queued = false;
    std::size_t handled = 0;
    for (const std::string& suffix : cache_.all(keys_[c])) {
      Group* group = cache_.find(suffix, c);
      if (group == nullptr) continue;
      evaluate(*group, INT64_MAX);
      enforce_limit(*group);
      if (++handled % kExpireStep == 0) write_state();
    }
    publish(c, out);
  }
  tell(out);
  finishing_ = false;
}

std::optional<std::string> Correlator::key_of(std::string_view rule_id) const {
  for (std::size_t c = 0; c < rules_->correlations().size(); ++c) {
    if (correlations_[c].rule.identity.id == rule_id) return keys_[c];
  }
  return std::nullopt;
}

std::vector<std::string> Correlator::take_withdrawn() {
  std::vector<std::string> ids(withdrawn_.begin(), withdrawn_.end());
  withdrawn_.clear();
  return ids;
}

std::int64_t Correlator::limit_of(std::uint32_t correlation) const {
  if (finishing_ || decided_at_once(correlations_[correlation].rule)) return INT64_MAX;
  return subtract_ns(watermark_ns_, ahead_of(correlation));
}

// How far after a hit those may lie that decide what is said at it.
std::int64_t Correlator::ahead_of(std::uint32_t correlation) const {
  const rules::CorrelationRule& rule = correlations_[correlation].rule;
  return rule.type == rules::CorrelationType::kAbsence ? rule.timespan_ns : 0;
}

std::int64_t Correlator::horizon() const {
  return subtract_ns(watermark_ns_, options_.lateness_ns);
}

}  // namespace picket::correlator
