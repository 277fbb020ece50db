#include "correlator/partition.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "correlator/group_keys.h"

namespace picket::correlator {
namespace {

std::string_view text_at(const std::string& texts, std::size_t& at) {
  std::uint32_t size = 0;
  std::memcpy(&size, texts.data() + at, sizeof size);
  const std::string_view text = std::string_view(texts).substr(at + sizeof size, size);
  at += sizeof size + size;
  return text;
}

}  // namespace

void Inbox::add_text(std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  char bytes[sizeof size];
  std::memcpy(bytes, &size, sizeof size);
  texts.append(bytes, sizeof size);
  texts += text;
}

void Inbox::clear() {
  hits.clear();
  texts.clear();
}

Partition::Partition(const Terms& terms, const SourceTable& sources, StatePort& state,
                     GroupTails& tails, bool alone)
    : terms_(terms),
      sources_(sources),
      pending_(alone ? std::nullopt : std::make_optional<PendingState>(state)),
      cache_(pending_ ? *pending_ : state, terms.options.secret, terms.options.deferred, tails),
      queues_(terms.correlations.size()),
      outcomes_(terms.correlations.size()),
      counters_(terms.correlations.size()) {
  for (std::size_t c = 0; c < terms.correlations.size(); ++c)
    evaluations_.emplace_back(terms.correlations[c], sources, terms.audiences[c]);
}

Group& Partition::group(std::uint32_t correlation, std::string_view name,
                        const std::vector<std::string>& values) {
  const std::uint64_t before = cache_.counters().created;
  Group& group = cache_.named(correlation, name, values);
  counters_[correlation].groups += cache_.counters().created - before;
  return group;
}

Explain Partition::explain_of(const Group& group, std::int64_t time_ns) const {
  const rules::CorrelationRule& rule = terms_.correlations[group.correlation].rule;
  // The one that others join has its whole proof.
  const bool opens = rule.type == rules::CorrelationType::kEach &&
                     (group.opened_ns == INT64_MIN || time_ns < group.opened_ns ||
                      time_ns > add_ns(group.opened_ns, rule.suppress_ns));
  if (opens) return Explain::kWhole;
  return group.hits().size() < terms_.options.proof_hits_max ? Explain::kCut : Explain::kNot;
}

SharedText Partition::own(const SharedText& text) {
  return pending_ ? cache_.texts().share_apart(text) : text;
}

bool Partition::add(Group& group, MemberHit hit) {
  const Group::Insert inserted = evaluations_[group.correlation].insert(group, std::move(hit));
  if (inserted == Group::Insert::kAdded) ++counters_[group.correlation].hits;
  if (inserted == Group::Insert::kTooOld) ++counters_[group.correlation].late;
  if (group.dirty_from != Group::kNone) queue(group);
  return inserted != Group::Insert::kTooOld;
}

void Partition::remove(Group& group, const MemberHit& hit) {
  const std::size_t index = group.find(hit, sources_);
  if (index == Group::kNone || index < group.settled) return;
  evaluations_[group.correlation].remove(group, index, outcomes_[group.correlation].changes);
  stamp(group.correlation);
  queue(group);
}

void Partition::enter(const std::vector<SharedText>& bare, bool announces) {
  if (announces) {
    for (const DealtHit& dealt : inbox.hits)
      cache_.announce(std::string(dealt.name.data(), dealt.name.size()));
    cache_.fetch();
  }
  for (DealtHit& dealt : inbox.hits) enter_hit(dealt, bare);
}

void Partition::enter_hit(DealtHit& dealt, const std::vector<SharedText>& bare) {
  begin(dealt.place);
  std::size_t at = dealt.texts_at;
  values_.resize(dealt.values);
  for (std::string& value : values_) value.assign(text_at(inbox.texts, at));
  Group& entered = group(dealt.correlation, {dealt.name.data(), dealt.name.size()}, values_);
  MemberHit member;
  member.time_ns = dealt.time_ns;
  member.seq = dealt.seq;
  member.source = dealt.source;
  member.reference = dealt.reference;
  member.layer = dealt.layer;
  if (dealt.counts) {
    member.value = cache_.texts().share(text_at(inbox.texts, at));
    member.number = dealt.number;
  }
  const Explain explain = explain_of(entered, dealt.time_ns);
  if (explain == Explain::kNot) {
    const SharedText last = entered.hits().empty() ? SharedText() : entered.hits().back().proof;
    member.proof = bare[dealt.bare] == last ? last : own(bare[dealt.bare]);
  }
  const std::uint64_t hits = counters_[dealt.correlation].hits;
  dealt.group = &entered;
  dealt.taken = add(entered, std::move(member));
  if (counters_[dealt.correlation].hits > hits) dealt.explain = explain;
}

void Partition::fill() {
  for (const DealtHit& dealt : inbox.hits) {
    if (dealt.explain == Explain::kNot) continue;
    MemberHit same;
    same.time_ns = dealt.time_ns;
    same.seq = dealt.seq;
    same.source = dealt.source;
    same.reference = dealt.reference;
    const std::size_t index = dealt.group->find(same, sources_);
    PICKET_CHECK(index != Group::kNone);
    dealt.group->set_proof(index, SharedText(dealt.proof));
  }
  inbox.clear();
}

void Partition::queue(Group& group) {
  if (group.queued) return;
  group.queued = true;
  queues_[group.correlation].push_back({place_, &group});
}

void Partition::evaluate_queued(std::uint32_t correlation, std::uint64_t hand_over, bool in_tick) {
  for (const auto& [place, group] : std::exchange(queues_[correlation], {})) {
    begin(place.in(hand_over));
    if (in_tick) cache_.find(group->suffix, correlation);  // it is written again
    group->queued = false;
    if (!terms_.options.deferred || (terms_.finishing && !in_tick))
      evaluate(*group, terms_.limit_of(correlation));
    enforce_limit(*group);
    // It may have been over before, and only kept because it was queued.
    if (in_tick && group->hits().empty()) {
      expire(*group);
    } else {
      plan(*group);
    }
  }
}

void Partition::evaluate(Group& group, std::int64_t limit_ns) {
  Outcome& outcome = outcomes_[group.correlation];
  evaluations_[group.correlation].run(group, limit_ns, outcome.changes);
  stamp(group.correlation);
  if (group.grown == 0 || std::exchange(group.noted, true)) return;
  outcome.grown.push_back(group.suffix);
  outcome.grown_at.push_back(place_.number());
}

// What was said now was said here.
void Partition::stamp(std::uint32_t correlation) {
  Outcome& outcome = outcomes_[correlation];
  outcome.changed_at.resize(outcome.changes.changed.size(), place_.number());
  outcome.withdrawn_at.resize(outcome.changes.withdrawn.size(), place_.number());
}

Outcome Partition::take(std::uint32_t correlation) {
  return std::exchange(outcomes_[correlation], {});
}

void Partition::take_counters(std::vector<RuleCounters>& counters) {
  for (std::size_t c = 0; c < counters_.size(); ++c) {
    counters[c].hits += counters_[c].hits;
    counters[c].groups += counters_[c].groups;
    counters[c].late += counters_[c].late;
    counters[c].evicted += counters_[c].evicted;
    counters_[c] = {};
  }
}

void Partition::tell(std::uint32_t correlation, const std::string& suffix) {
  Group* const group = cache_.find(suffix, correlation);
  if (group == nullptr) return;
  group->noted = false;
  if (group->grown == 0) return;
  evaluations_[correlation].tell(*group, outcomes_[correlation].changes);
  stamp(correlation);
}

void Partition::enforce_limit(Group& group) {
  const std::size_t limit = terms_.limits[group.correlation];
  if (group.hits().size() <= limit) return;
  const std::int64_t time_ns = group.hits()[group.hits().size() - limit * 3 / 4].time_ns;
  const std::size_t end = group.first_at(time_ns);
  // What waits for the watermark has to be decided now. But what has time left is not absent: it
  // goes without a word, counted as evicted.
  const std::int64_t passed_ns = std::min(
      add_ns(time_ns, 1),
      subtract_ns(add_ns(group.hits().back().time_ns, 1), terms_.ahead_of(group.correlation)));
  evaluate(group, std::max(terms_.limit_of(group.correlation), passed_ns));
  settle(group, std::max(end, group.settled));
  counters_[group.correlation].evicted += group.drop_before(time_ns);
}

void Partition::settle(Group& group, std::size_t end) {
  evaluations_[group.correlation].settle(group, end);
  counters_[group.correlation].evicted += std::exchange(group.forgotten, 0);
}

// When the group is to be looked at: by the sweep, when its oldest hit is too old; by its timer,
// when hits wait for the watermark.
void Partition::plan(Group& group) {
  const std::int64_t lateness_ns = terms_.options.lateness_ns;
  if (terms_.options.deferred) return;
  const bool history = has_history(terms_.correlations[group.correlation].rule.type);
  if (group.hits().empty() && !history) return;
  const std::int64_t reach_ns = add_ns(lateness_ns, terms_.span_ns(group.correlation));
  std::int64_t due_ns = 0;
  if (!history) {
    due_ns = add_ns(add_ns(group.hits().front().time_ns, reach_ns), 1);
    due_ns = std::max(due_ns, add_ns(terms_.watermark_ns, reach_ns / 4 + 1));
  } else if (group.settled < group.hits().size()) {
    // Hits enter the history as soon as they are final.
    due_ns = add_ns(add_ns(group.hits()[group.settled].time_ns, lateness_ns), 1);
    due_ns = std::max(due_ns, add_ns(terms_.watermark_ns, lateness_ns / 8 + 1));
  } else {
    due_ns = add_ns(add_ns(group.carry.history.last_ns(), reach_ns), 1);
  }
  if (due_ns < group.due_ns) {
    group.due_ns = due_ns;
    group.dirty = group.whole = true;  // who reads the heads looks for it
  }
  if (group.dirty_from == Group::kNone) return;
  const std::int64_t waits_ns = add_ns(terms_.ahead_of(group.correlation), 1);
  const std::int64_t wake_ns = add_ns(group.hits()[group.dirty_from].time_ns, waits_ns);
  if (wake_ns < group.wake_ns) cache_.schedule(group, wake_ns);
}

void Partition::announce_names() {
  for (const DealtName& name : names) cache_.announce(name.suffix);
  cache_.fetch();
}

void Partition::look_at_due(std::uint32_t correlation) {
  announce_names();
  for (const auto& [place, suffix] : std::exchange(names, {})) {
    begin(place);
    Group* const group = cache_.find(suffix, correlation);
    if (group == nullptr) continue;
    if (group->wake_ns <= terms_.watermark_ns) group->wake_ns = Group::kNever;  // taken
    if (group->due_ns <= terms_.watermark_ns) {
      group->due_ns = Group::kNever;
      group->whole = true;
    }
    group->dirty = true;
    if (!terms_.options.deferred) evaluate(*group, terms_.limit_of(correlation));
    expire(*group);
  }
}

// A hit older than the horizon can come no more, so what is older is final; what is older by the
// timespan too is in nobody's window.
void Partition::expire(Group& group) {
  const std::uint32_t correlation = group.correlation;
  const std::int64_t final_ns = subtract_ns(terms_.horizon(), terms_.ahead_of(correlation));
  const std::int64_t unseen_ns = subtract_ns(terms_.horizon(), terms_.span_ns(correlation));
  const std::size_t final_end = group.first_at(final_ns);
  const bool history = has_history(terms_.correlations[correlation].rule.type);
  if (final_end > group.settled) settle(group, final_end);
  group.drop_before(history ? final_ns : unseen_ns);
  if (history) group.history_dirty |= group.carry.history.drop_before(unseen_ns);
  const bool over = (group.hits().empty() || group.hits().back().time_ns < unseen_ns) &&
                    (!history || group.carry.history.last_ns() < unseen_ns);
  if (over && !group.queued) {
    evaluations_[correlation].tell(group, outcomes_[correlation].changes);
    stamp(correlation);
    cache_.erase(group);
  } else {
    plan(group);
  }
}

void Partition::finish(std::uint32_t correlation) {
  for (const auto& [place, suffix] : std::exchange(names, {})) {
    begin(place);
    Group* const group = cache_.find(suffix, correlation);
    if (group == nullptr) continue;
    evaluate(*group, INT64_MAX);
    enforce_limit(*group);
  }
}

void Partition::drop_queue(std::uint32_t correlation) {
  for (const auto& [place, group] : std::exchange(queues_[correlation], {})) group->queued = false;
}

void Partition::write_logged() {
  for (const GroupLog::Logged& next : logged) cache_.write_logged(next);
  logged.clear();
}

}  // namespace picket::correlator
