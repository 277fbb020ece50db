// How a group is evaluated. At each hit the window slides: the hit enters, hits older than the
// timespan leave, the type names its quantity, the conditions make it true or false. A change from
// false to true, or true after a gap longer than the timespan, fires; true after true joins.
//
// A late hit is inserted and evaluation starts over from it. A hit at which the verdict is what it
// was before, and whose window holds nothing that changed, ends it: from there on everything is as
// it was. Alerts are then built again from the hits of their run, so their contents depend on the
// hits and never on the way they came.
//
// An absence looks forward instead: what asks is true when no answer follows it within the
// timespan. It is decided when the watermark has passed that, and an answer that comes late is
// evaluated at all hits that it may answer.
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
// What an inner alert says of entities and layers is that of its last hits. One that is raised at
// every hit needs few: it would tell the same of each hit as often as its window is long.
constexpr std::size_t kOuterHits = 64;
constexpr std::size_t kOuterHitsOfEvery = 8;

void merge_layers(std::vector<Layer>& into, const std::vector<Layer>& more) {
  for (const Layer layer : more) {
    const auto at = std::lower_bound(into.begin(), into.end(), layer);
    if (at == into.end() || *at != layer) into.insert(at, layer);
  }
}

}  // namespace

void Evaluation::run(Group& group, std::int64_t limit_ns, Changes& changes) const {
  if (group.dirty_from == Group::kNone) return;
  const std::size_t before = changes.changed.size();
  const Range range = decide(group, limit_ns, changes);
  if (range.joins_earlier && range.earlier_open && range.only_new) {
    group.grown += range.end - range.first;
    if (group.grown <= group.told) return;
  }
  if (range.joins_earlier || (group.grown > 0 && !range.earlier_open))
    raise_earlier(group, range, changes);
  group.run.reset();
  for (std::size_t i = range.first; i < range.end; ++i) {
    if (group.hits()[i].verdict != Verdict::kFired) continue;
    changes.changed.push_back(change(group, i));
    changes.changed.back().fresh = std::binary_search(range.fresh.begin(), range.fresh.end(), i);
  }
  const bool raised = changes.changed.size() > before;
  if (raised) remember_run(group, range.end, changes.changed.back().alert);
  if (!range.to_end) return tell(group, changes);  // what has grown lies further on
  if (raised) note_told(group, changes.changed.back().alert);
}

void Evaluation::note_told(Group& group, const Alert& alert) const {
  group.told = alert.hit_count;
  group.grown = 0;
  group.dirty = true;
}

// The alert that was open before the range.
void Evaluation::raise_earlier(Group& group, const Range& range, Changes& changes) const {
  const std::size_t start = fired_before(group, range.first);
  if (group.run && group.run_end <= range.first) {
    Alert alert = run_from(group, std::move(*std::exchange(group.run, nullptr)), group.run_end);
    changes.changed.push_back({std::move(alert), {}, false, true});
  } else if (start != Group::kNone) {
    changes.changed.push_back(change(group, start));
    changes.changed.back().known = range.only_new;
  } else if (group.carry.open) {
    Alert alert = run_from(group, *group.carry.open, group.settled);
    changes.changed.push_back({std::move(alert), {}, false, true});
  }
}

void Evaluation::tell(Group& group, Changes& changes) const {
  if (group.grown == 0) return;
  const std::size_t end = group.hits().size();
  const std::size_t before = changes.changed.size();
  raise_earlier(group, {end, end, false, true, true, true, {}}, changes);
  group.grown = 0;
  group.dirty = true;
  if (changes.changed.size() == before) return;
  const Alert& alert = changes.changed.back().alert;
  note_told(group, alert);
  remember_run(group, end, alert);
}

// A long alert that is still open at the last hit is kept, so that the next hits are added to it.
void Evaluation::remember_run(Group& group, std::size_t end, const Alert& alert) const {
  if (end != group.hits().size() || alert.events.size() < kRunKept || !group.previous(end).truth)
    return;
  if (alert.last_seen_ns != moment_ns(group.previous(end).time_ns)) return;
  group.run = std::make_unique<Alert>(alert);
  group.run_end = end;
}

Evaluation::Range Evaluation::decide(Group& group, std::int64_t limit_ns, Changes& changes) const {
  // How far behind a changed hit others may still be told something else: those in whose window it
  // is, and, where it closes a gap in what a group is known for, those that were not yet told of
  // for that.
  const std::int64_t effect_ns = add_ns(correlation_.rule.timespan_ns, correlation_.rule.learn_ns);
  Range range;
  range.first = range.end = group.dirty_from;
  Pass pass{group.previous(range.first), range.first, opened_before(group, range.first)};
  const bool open = suppresses() ? pass.opened_ns.has_value() : pass.previous.truth;
  bool same_opener = true;  // the alert that hits join is the one that they joined
  range.joins_earlier = open && group.run_shrunk;
  range.only_new = !group.run_shrunk;
  group.run_shrunk = false;
  bool run_goes_on = open;  // no verdict since `first` has ended the earlier run,
  bool run_went_on = open;  // and none of the old ones had
  place_window(group, range.first);
  std::size_t i = range.first;
  for (; i < group.hits().size() && group.hits()[i].time_ns < limit_ns; ++i) {
    const Verdict old = group.hits()[i].verdict;
    range.only_new &= old == Verdict::kPending;
    double quantity = 0;
    const Verdict now = verdict(group, i, pass, quantity);
    if (old == Verdict::kFired && now != old) withdraw(group, i, changes);
    if (now == Verdict::kFired && old != now) range.fresh.push_back(i);
    group.set_verdict(i, now, quantity);
    range.joins_earlier |=
        (run_goes_on && now == Verdict::kTrue) || (run_went_on && old == Verdict::kTrue);
    if (ends_run(now)) run_goes_on = false;
    if (ends_run(old)) run_went_on = false;
    if (now == Verdict::kFired || old == Verdict::kFired) same_opener = now == old;
    const bool untouched = group.hits()[i].time_ns > add_ns(group.dirty_until_ns, effect_ns);
    const bool same = now == old && (same_opener || !suppresses());
    if (untouched && same && now != Verdict::kSkipped) break;
  }
  if (pass.opened_ns) group.opened_ns = *pass.opened_ns;
  range.end = std::min(i + 1, group.hits().size());
  range.earlier_open = run_goes_on;
  range.to_end = i >= group.hits().size() || group.hits()[i].time_ns >= limit_ns;
  group.dirty_from = Group::kNone;
  group.dirty_until_ns = INT64_MIN;
  // Hits that wait for the watermark stay marked.
  const std::size_t waiting = std::max(range.first, group.first_at(limit_ns));
  range.end = std::min(range.end, waiting);
  if (waiting < group.hits().size()) group.mark(waiting, group.hits().back().time_ns);
  return range;
}

void Evaluation::place_window(Group& group, std::size_t index) const {
  if (correlation_.rule.type == rules::CorrelationType::kAbsence) return;
  // A window that was placed for a later hit, which then waited, lacks what an earlier one sees.
  if (group.window && group.window_end == index && index < group.hits().size()) {
    const std::int64_t from_ns =
        subtract_ns(group.hits()[index].time_ns, correlation_.rule.timespan_ns);
    if (has_history(correlation_.rule.type) || group.window_first == 0 ||
        group.hits()[group.window_first - 1].time_ns < from_ns)
      return;
  }
  if (!group.window) group.window = make_window(correlation_.rule, group.carry.history);
  group.window->clear();
  if (index >= group.hits().size()) {
    group.window.reset();
    group.window_first = group.window_end = 0;
    return;
  }
  group.window_first =
      group.first_at(subtract_ns(group.hits()[index].time_ns, correlation_.rule.timespan_ns));
  if (has_history(correlation_.rule.type)) group.window_first = group.settled;
  for (std::size_t i = group.window_first; i < index; ++i) group.window->add(group.hits()[i]);
  group.window_end = index;
}

Verdict Evaluation::verdict(Group& group, std::size_t index, Pass& pass, double& quantity) const {
  const rules::CorrelationRule& rule = correlation_.rule;
  const MemberHit& hit = group.hits()[index];
  const bool windowed = rule.type != rules::CorrelationType::kAbsence;
  if (windowed) slide(group, index);
  // An event is one place in the order, however many rules hit it: decide when all of it is in.
  const bool more = index + 1 < group.hits().size() && group.hits()[index + 1].same_event(hit);
  if (more) return Verdict::kSkipped;
  if (windowed ? !group.window->evaluates_at(hit)
               : !is_asked(group.hits()[event_begin(group, index)])) {
    return Verdict::kSkipped;
  }
  const std::int64_t from_ns = subtract_ns(hit.time_ns, rule.timespan_ns);
  const std::optional<double> found =
      windowed ? group.window->quantity(from_ns) : unanswered(group, index, pass);
  const bool truth = found && holds(rule, *found);
  const bool gap = !pass.previous.seen || pass.previous.time_ns < from_ns;
  bool fires = truth && (rule.repeat_every || !pass.previous.truth || gap);
  if (pass.opened_ns && hit.time_ns <= add_ns(*pass.opened_ns, rule.suppress_ns)) fires = false;
  if (fires && suppresses()) pass.opened_ns = hit.time_ns;
  pass.previous = {true, truth, hit.time_ns};
  quantity = found.value_or(0);
  return fires ? Verdict::kFired : truth ? Verdict::kTrue : Verdict::kFalse;
}

// The window moves on to hits()[index].
void Evaluation::slide(Group& group, std::size_t index) const {
  const MemberHit& hit = group.hits()[index];
  const std::int64_t from_ns = subtract_ns(hit.time_ns, correlation_.rule.timespan_ns);
  group.window->add(hit);
  group.window_end = index + 1;
  while (group.hits()[group.window_first].time_ns < from_ns) {
    group.window->remove(group.hits()[group.window_first++]);
  }
}

// 1 if no answer is later in the order than the event that ends with hits()[index], within the
// timespan; else 0. The hits before pass.answer are no answers, so each is looked at once.
double Evaluation::unanswered(const Group& group, std::size_t index, Pass& pass) const {
  const std::vector<MemberHit>& hits = group.hits();
  const std::int64_t until_ns = moment_ns(hits[index].time_ns);
  pass.answer = std::max(pass.answer, index + 1);
  for (; pass.answer < hits.size() && hits[pass.answer].time_ns <= until_ns; ++pass.answer) {
    if (correlation_.rule.is_answer(hits[pass.answer].reference)) return 0;
  }
  return 1;
}

// When what a hit says is certain: at once, or for an absence when its time is over.
std::int64_t Evaluation::moment_ns(std::int64_t hit_ns) const {
  const rules::CorrelationRule& rule = correlation_.rule;
  return rule.type == rules::CorrelationType::kAbsence ? add_ns(hit_ns, rule.timespan_ns) : hit_ns;
}

bool Evaluation::is_asked(const MemberHit& hit) const {
  return correlation_.rule.type != rules::CorrelationType::kAbsence ||
         !correlation_.rule.is_answer(hit.reference);
}

// The first hit of the event of hits()[index]. What asks stands before what answers.
std::size_t Evaluation::event_begin(const Group& group, std::size_t index) const {
  while (index > 0 && group.hits()[index - 1].same_event(group.hits()[index])) --index;
  return index;
}

// When the alert fired that hits()[index] may still join, if alerts of this rule are suppressed.
std::optional<std::int64_t> Evaluation::opened_before(const Group& group, std::size_t index) const {
  if (!suppresses()) return std::nullopt;
  const std::size_t fired = fired_before(group, index);
  if (fired != Group::kNone) return group.hits()[fired].time_ns;
  if (group.carry.open) return group.carry.open->trigger.time_ns;
  return std::nullopt;
}

// A suppressed rule's alert is joined until the next one fires.
bool Evaluation::ends_run(Verdict verdict) const {
  return verdict == Verdict::kFired || (verdict == Verdict::kFalse && !suppresses());
}

// The fired hit of the run that goes on at hits()[index]; kNone: it is in the carry, or there is
// none.
std::size_t Evaluation::fired_before(const Group& group, std::size_t index) const {
  while (index > group.settled) {
    const Verdict verdict = group.hits()[--index].verdict;
    if (verdict == Verdict::kFired) return index;
    if (verdict == Verdict::kFalse && !suppresses()) return Group::kNone;
  }
  return Group::kNone;
}

void Evaluation::settle(Group& group, std::size_t end) const {
  PICKET_CHECK(end <= group.hits().size());
  if (end == group.settled) return;
  if (has_history(correlation_.rule.type)) remember(group, end);
  for (; group.settled < end; ++group.settled) {
    const MemberHit& hit = group.hits()[group.settled];
    if (hit.verdict == Verdict::kSkipped || hit.verdict == Verdict::kPending) continue;
    const bool truth = hit.verdict != Verdict::kFalse;
    group.carry.previous = {true, truth, hit.time_ns};
    group.carry_dirty |= truth || group.carry.open != nullptr;
    if (!truth && !suppresses()) group.carry.open.reset();
    if (hit.verdict == Verdict::kFired && (!correlation_.rule.repeat_every || suppresses())) {
      group.carry.open = std::make_unique<Alert>(fired(group, group.settled));
    }
    if (hit.verdict == Verdict::kTrue && group.carry.open) {
      join(*group.carry.open, group, group.settled);
    }
  }
  // Only what was given up at the limit of hits is still marked here.
  if (group.dirty_from < group.settled) group.dirty_from = group.settled;
  group.dirty = group.whole = true;
}

// The values of hits()[settled] to hits()[end - 1] enter the history, event by event.
void Evaluation::remember(Group& group, std::size_t end) const {
  group.window.reset();  // it has them as hits that are not settled
  std::vector<std::string_view> values;
  for (std::size_t i = group.settled; i < end; ++i) {
    const MemberHit& hit = group.hits()[i];
    if (hit.value && std::find(values.begin(), values.end(), *hit.value) == values.end())
      values.push_back(*hit.value);
    if (i + 1 < end && group.hits()[i + 1].same_event(hit)) continue;
    group.forgotten += group.carry.history.add(hit.time_ns, values, correlation_.rule);
    values.clear();
  }
  group.history_dirty = true;
}

Group::Insert Evaluation::insert(Group& group, MemberHit hit) const {
  const bool answers = !is_asked(hit);
  const std::int64_t time_ns = hit.time_ns;
  const Group::Insert inserted = group.insert(std::move(hit), sources_);
  if (inserted == Group::Insert::kAdded && answers) mark_asked(group, time_ns);
  return inserted;
}

// What an answer at this time may have answered.
void Evaluation::mark_asked(Group& group, std::int64_t time_ns) const {
  const std::size_t first = group.first_at(subtract_ns(time_ns, correlation_.rule.timespan_ns));
  group.mark(std::max(first, group.settled), time_ns);
}

void Evaluation::remove(Group& group, std::size_t index, Changes& changes) const {
  if (group.hits()[index].verdict == Verdict::kFired) withdraw(group, index, changes);
  group.run_shrunk |= group.hits()[index].verdict == Verdict::kTrue;
  const bool answers = !is_asked(group.hits()[index]);
  const std::int64_t time_ns = group.hits()[index].time_ns;
  group.remove(index);
  if (answers) mark_asked(group, time_ns);
}

Alert Evaluation::blank(const Group& group, const MemberHit& trigger) const {
  const rules::CorrelationRule& rule = correlation_.rule;
  Alert alert;
  const bool each = rule.type == rules::CorrelationType::kEach;
  alert.kind = each ? AlertKind::kDetection : AlertKind::kCorrelation;
  alert.time_ns = moment_ns(trigger.time_ns);
  alert.rule = rule.identity;
  for (std::size_t i = 0; !each && i < rule.group_by.size() && i < group.values.size(); ++i) {
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
  const bool ahead = rule.type == rules::CorrelationType::kAbsence;
  if (tells_of_event(rule.type)) {
    alert.window = {ahead ? trigger.time_ns : subtract_ns(trigger.time_ns, rule.timespan_ns),
                    alert.time_ns, trigger.quantity};
    if (rule.type == rules::CorrelationType::kEach) alert.window = {};
    alert.hit_count = 0;
    join(alert, group, index);
    return alert;
  }
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
    if (hit.verdict == Verdict::kFalse && suppresses()) continue;
    if (hit.verdict != Verdict::kTrue) break;
    join(alert, group, index);
  }
  return alert;
}

// All hits of the event of hits()[index], the last of them. An answer is not what is told.
void Evaluation::join(Alert& alert, const Group& group, std::size_t index) const {
  const bool shown = alert.events.size() < Alert::kEventsMax;
  for (std::size_t i = event_begin(group, index); i <= index; ++i) {
    if (!is_asked(group.hits()[i])) continue;
    ++alert.hit_count;
    if (shown) show(alert, group.hits()[i]);
  }
  alert.last_seen_ns = moment_ns(group.hits()[index].time_ns);
}

void Evaluation::show(Alert& alert, const MemberHit& hit) const {
  if (!audience_.people) return;
  EventRef ref{hit.source, sources_.name(hit.source), hit.seq, hit.time_ns};
  const MemberProof& proof = proof_of(hit);
  merge_entities(alert.entities, proof.entities, kAlertEntitiesMax);
  merge_layers(alert.layers, proof.layers);
  for (const Match& match : proof.matches) {
    if (alert.matches.size() >= kMatchesMax) break;
    alert.matches.push_back(match);
    alert.matches.back().event = ref;
  }
  // Two rules may have hit one event.
  if (alert.events.empty() || !(alert.events.back() == ref)) alert.events.push_back(std::move(ref));
}

// Hits that follow each other often have one proof.
const MemberProof& Evaluation::proof_of(const MemberHit& hit) const {
  if (!shown_ || !(shown_ == hit.proof)) {
    shown_ = hit.proof;
    shown_proof_ = unpack_proof(*hit.proof);
  }
  return shown_proof_;
}

void Evaluation::withdraw(const Group& group, std::size_t index, Changes& changes) const {
  Alert alert = blank(group, group.hits()[index]);
  MemberHit hit = member_of(alert, alert.trigger.source_id);
  changes.withdrawn.push_back({std::move(alert), std::move(hit)});
}

AlertChange Evaluation::change(const Group& group, std::size_t index) const {
  Alert alert = fired(group, index);
  MemberHit hit;
  if (audience_.outer) hit = member_of(alert, alert.trigger.source_id, told_to_outer(group, index));
  return {run_from(group, std::move(alert), index + 1), std::move(hit), false, false};
}

// The entities and layers of the alert that fired at hits()[index], those of the last hits first.
MemberProof Evaluation::told_to_outer(const Group& group, std::size_t index) const {
  const rules::CorrelationRule& rule = correlation_.rule;
  const std::int64_t from_ns = subtract_ns(group.hits()[index].time_ns, rule.timespan_ns);
  std::size_t first =
      tells_of_event(rule.type) ? event_begin(group, index) : group.first_at(from_ns);
  const std::size_t hits = rule.repeat_every ? kOuterHitsOfEvery : kOuterHits;
  first = std::max(first, index + 1 - std::min(index + 1, hits));
  MemberProof told;
  for (std::size_t i = index + 1; i > first; --i) {
    const MemberHit& hit = group.hits()[i - 1];
    if (!is_asked(hit)) continue;
    const MemberProof& proof = proof_of(hit);
    merge_entities(told.entities, proof.entities, kEntitiesMax);
    merge_layers(told.layers, proof.layers);
  }
  return told;
}

MemberHit member_of(const Alert& alert, SourceId source, const MemberProof& proof) {
  MemberHit hit;
  hit.time_ns = alert.time_ns;
  hit.source = source;
  hit.seq = alert.trigger.seq;
  hit.origin = hash64(alert.id) | 1;
  hit.layer = alert.layer;
  hit.proof = SharedText(pack(proof));
  return hit;
}

}  // namespace picket::correlator
