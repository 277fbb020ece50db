// How a group is evaluated. At each hit the window slides: the hit enters, hits older than the
// timespan leave, the type names its quantity, the conditions make it true or false. A change from
// false to true, or true after a gap longer than the timespan, fires; true after true joins.
//
// A late hit is inserted and evaluation starts over from it. A hit at which the verdict is what it
// was before, and whose window holds nothing that changed, ends it: from there on everything is as
// it was. Alerts are then built again from the hits of their run, so their contents depend on the
// hits and never on the way they came.
#include "correlator/evaluation.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "correlator/entities.h"

namespace picket::correlator {
namespace {

constexpr std::size_t kRunKept = 32;      // events of an alert that is not built anew for every hit
constexpr std::size_t kMatchesMax = 200;  // shown in one alert
constexpr std::size_t kAlertEntitiesMax = 1000;  // of all its events

}  // namespace

void Evaluation::run(Group& group, std::int64_t limit_ns, Changes& changes) const {
  if (group.dirty_from == Group::kNone) return;
  const std::size_t before = changes.changed.size();
  std::optional<Alert> grown = std::exchange(group.run, std::nullopt);
  const bool extends = grown && group.run_end == group.dirty_from;
  const Range range = decide(group, limit_ns, changes);
  if (range.joins_earlier && extends) {
    changes.changed.push_back({run_from(group, *std::move(grown), group.run_end), {}, false, true});
  } else if (range.joins_earlier) {
    const std::size_t start = fired_before(group, range.first);
    if (start != Group::kNone) {
      changes.changed.push_back(change(group, start));
    } else if (group.carry.open) {
      Alert alert = run_from(group, *group.carry.open, group.settled);
      MemberHit hit = member_of(alert, alert.trigger.source_id);
      changes.changed.push_back({std::move(alert), std::move(hit), false, true});
    }
  }
  for (std::size_t i = range.first; i < range.end; ++i) {
    if (group.hits()[i].verdict != Verdict::kFired) continue;
    changes.changed.push_back(change(group, i));
    changes.changed.back().fresh = std::binary_search(range.fresh.begin(), range.fresh.end(), i);
  }
  if (changes.changed.size() > before) remember_run(group, range.end, changes.changed.back().alert);
}

// A long alert that is still open at the last hit is kept, so that the next hits are added to it.
void Evaluation::remember_run(Group& group, std::size_t end, const Alert& alert) const {
  if (end != group.hits().size() || alert.events.size() < kRunKept || !group.previous(end).truth)
    return;
  if (alert.last_seen_ns != group.previous(end).time_ns) return;
  group.run = alert;
  group.run_end = end;
}

Evaluation::Range Evaluation::decide(Group& group, std::int64_t limit_ns, Changes& changes) const {
  const std::int64_t timespan_ns = correlation_.rule.timespan_ns;
  Range range{group.dirty_from, group.dirty_from, false, {}};
  Previous previous = group.previous(range.first);
  const bool open = previous.truth;
  range.joins_earlier = open && group.run_shrunk;
  group.run_shrunk = false;
  bool run_goes_on = open;  // no verdict since `first` has ended the earlier run,
  bool run_went_on = open;  // and none of the old ones had
  place_window(group, range.first);
  std::size_t i = range.first;
  for (; i < group.hits().size() && group.hits()[i].time_ns < limit_ns; ++i) {
    const Verdict old = group.hits()[i].verdict;
    double quantity = 0;
    const Verdict now = verdict(group, i, previous, quantity);
    if (old == Verdict::kFired && now != old) withdraw(group, i, changes);
    if (now == Verdict::kFired && old != now) range.fresh.push_back(i);
    group.set_verdict(i, now, quantity);
    range.joins_earlier |=
        (run_goes_on && now == Verdict::kTrue) || (run_went_on && old == Verdict::kTrue);
    if (now == Verdict::kFalse || now == Verdict::kFired) run_goes_on = false;
    if (old == Verdict::kFalse || old == Verdict::kFired) run_went_on = false;
    const bool untouched = group.hits()[i].time_ns > add_ns(group.dirty_until_ns, timespan_ns);
    if (untouched && now == old && now != Verdict::kSkipped) break;
  }
  range.end = std::min(i + 1, group.hits().size());
  group.dirty_from = Group::kNone;
  group.dirty_until_ns = INT64_MIN;
  // Hits that wait for the watermark stay marked.
  const std::size_t waiting = std::max(range.first, group.first_at(limit_ns));
  range.end = std::min(range.end, waiting);
  if (waiting < group.hits().size()) group.mark(waiting, group.hits().back().time_ns);
  return range;
}

void Evaluation::place_window(Group& group, std::size_t index) const {
  if (group.window && group.window_end == index) return;
  if (!group.window) group.window = make_window(correlation_.rule);
  group.window->clear();
  if (index >= group.hits().size()) {
    group.window.reset();
    group.window_first = group.window_end = 0;
    return;
  }
  group.window_first =
      group.first_at(subtract_ns(group.hits()[index].time_ns, correlation_.rule.timespan_ns));
  for (std::size_t i = group.window_first; i < index; ++i) group.window->add(group.hits()[i]);
  group.window_end = index;
}

Verdict Evaluation::verdict(Group& group, std::size_t index, Previous& previous,
                            double& quantity) const {
  const MemberHit& hit = group.hits()[index];
  const std::int64_t timespan_ns = correlation_.rule.timespan_ns;
  const std::int64_t from_ns = subtract_ns(hit.time_ns, timespan_ns);
  group.window->add(hit);
  group.window_end = index + 1;
  while (group.hits()[group.window_first].time_ns < from_ns) {
    group.window->remove(group.hits()[group.window_first++]);
  }
  // An event is one place in the order, however many rules hit it: decide when all of it is in.
  const bool more = index + 1 < group.hits().size() && group.hits()[index + 1].same_event(hit);
  if (more || !group.window->evaluates_at(hit)) return Verdict::kSkipped;
  const std::optional<double> found = group.window->quantity(from_ns);
  const bool truth = found && holds(correlation_.rule, *found);
  const bool gap = !previous.seen || previous.time_ns < from_ns;
  const bool fires = truth && (correlation_.rule.repeat_every || !previous.truth || gap);
  previous = {true, truth, hit.time_ns};
  quantity = found.value_or(0);
  return fires ? Verdict::kFired : truth ? Verdict::kTrue : Verdict::kFalse;
}

// The fired hit of the run that goes on at hits()[index]; kNone: it is in the carry, or there is
// none.
std::size_t Evaluation::fired_before(const Group& group, std::size_t index) const {
  while (index > group.settled) {
    const Verdict verdict = group.hits()[--index].verdict;
    if (verdict == Verdict::kFired) return index;
    if (verdict == Verdict::kFalse) return Group::kNone;
  }
  return Group::kNone;
}

void Evaluation::settle(Group& group, std::size_t end) const {
  PICKET_CHECK(end <= group.hits().size());
  for (; group.settled < end; ++group.settled) {
    const MemberHit& hit = group.hits()[group.settled];
    if (hit.verdict == Verdict::kSkipped || hit.verdict == Verdict::kPending) continue;
    const bool truth = hit.verdict != Verdict::kFalse;
    group.carry.previous = {true, truth, hit.time_ns};
    group.carry_dirty |= truth || group.carry.open.has_value();
    if (!truth) group.carry.open.reset();
    if (hit.verdict == Verdict::kFired && !correlation_.rule.repeat_every) {
      group.carry.open = fired(group, group.settled);
    }
    if (hit.verdict == Verdict::kTrue && group.carry.open) {
      join(*group.carry.open, group, group.settled);
    }
  }
  group.dirty = true;
}

void Evaluation::remove(Group& group, std::size_t index, Changes& changes) const {
  if (group.hits()[index].verdict == Verdict::kFired) withdraw(group, index, changes);
  group.run_shrunk |= group.hits()[index].verdict == Verdict::kTrue;
  group.remove(index);
}

Alert Evaluation::blank(const Group& group, const MemberHit& trigger) const {
  const rules::CorrelationRule& rule = correlation_.rule;
  Alert alert;
  alert.kind = AlertKind::kCorrelation;
  alert.time_ns = trigger.time_ns;
  alert.rule = rule.identity;
  for (std::size_t i = 0; i < rule.group_by.size() && i < group.values.size(); ++i) {
    alert.group.emplace_back(rule.group_by[i], group.values[i]);
  }
  alert.trigger = {trigger.source, sources_.name(trigger.source), trigger.seq, trigger.time_ns};
  alert.id = make_alert_id(alert);
  return alert;
}

Alert Evaluation::fired(const Group& group, std::size_t index) const {
  const MemberHit& trigger = group.hits()[index];
  const rules::CorrelationRule& rule = correlation_.rule;
  Alert alert = blank(group, trigger);
  alert.tags = rule.tags;
  alert.layer = trigger.layer;
  alert.system = sources_.system(trigger.source);
  alert.window = {subtract_ns(trigger.time_ns, rule.timespan_ns), trigger.time_ns,
                  trigger.quantity};
  const std::size_t first = group.first_at(alert.window.start_ns);
  alert.hit_count = index + 1 - first;
  alert.last_seen_ns = trigger.time_ns;
  // Of a window with more events than an alert may hold, the last ones.
  const std::size_t shown = std::max(first, index + 1 - std::min(index + 1, Alert::kEventsMax));
  for (std::size_t i = shown; i <= index; ++i) show(alert, group.hits()[i]);
  return alert;
}

// Joins what follows to an alert, from hits()[index] to the end of its run.
Alert Evaluation::run_from(const Group& group, Alert alert, std::size_t index) const {
  for (; index < group.hits().size(); ++index) {
    const MemberHit& hit = group.hits()[index];
    if (hit.verdict == Verdict::kSkipped) continue;
    if (hit.verdict != Verdict::kTrue) break;
    join(alert, group, index);
  }
  return alert;
}

// All hits of the event of hits()[index], the last of them.
void Evaluation::join(Alert& alert, const Group& group, std::size_t index) const {
  std::size_t first = index;
  while (first > 0 && group.hits()[first - 1].same_event(group.hits()[index])) --first;
  alert.hit_count += index + 1 - first;
  alert.last_seen_ns = group.hits()[index].time_ns;
  if (alert.events.size() >= Alert::kEventsMax) return;
  for (std::size_t i = first; i <= index; ++i) show(alert, group.hits()[i]);
}

void Evaluation::show(Alert& alert, const MemberHit& hit) const {
  EventRef ref{hit.source, sources_.name(hit.source), hit.seq, hit.time_ns};
  MemberProof proof = unpack_proof(hit.proof);
  merge_entities(alert.entities, proof.entities, kAlertEntitiesMax);
  for (const Layer layer : proof.layers) {
    const auto at = std::lower_bound(alert.layers.begin(), alert.layers.end(), layer);
    if (at == alert.layers.end() || *at != layer) alert.layers.insert(at, layer);
  }
  for (Match& match : proof.matches) {
    if (alert.matches.size() >= kMatchesMax) break;
    match.event = ref;
    alert.matches.push_back(std::move(match));
  }
  // Two rules may have hit one event.
  if (alert.events.empty() || !(alert.events.back() == ref)) alert.events.push_back(std::move(ref));
}

void Evaluation::withdraw(const Group& group, std::size_t index, Changes& changes) const {
  Alert alert = blank(group, group.hits()[index]);
  MemberHit hit = member_of(alert, alert.trigger.source_id);
  changes.withdrawn.push_back({std::move(alert), std::move(hit)});
}

AlertChange Evaluation::change(const Group& group, std::size_t index) const {
  Alert alert = fired(group, index);
  MemberHit hit = member_of(alert, alert.trigger.source_id);
  return {run_from(group, std::move(alert), index + 1), std::move(hit), false, false};
}

MemberHit member_of(const Alert& alert, SourceId source) {
  MemberHit hit;
  hit.time_ns = alert.time_ns;
  hit.source = source;
  hit.seq = alert.trigger.seq;
  hit.origin = hash64(alert.id) | 1;
  hit.layer = alert.layer;
  hit.proof = pack({alert.entities, alert.layers, {}});
  return hit;
}

}  // namespace picket::correlator
