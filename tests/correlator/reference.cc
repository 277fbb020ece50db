#include "tests/correlator/reference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <tuple>

#include "correlator/entities.h"

namespace picket::correlator {
namespace {

using rules::Compare;
using rules::Correlation;
using rules::CorrelationType;

struct RefHit {
  std::int64_t time_ns = 0;
  std::string source;
  std::uint64_t seq = 0;
  std::uint32_t reference = 0;
  std::string inner;  // id of the inner alert, if it is one
  std::optional<std::string> value;
  std::set<Entity> entities;
  std::set<Layer> layers;

  auto place() const { return std::tie(time_ns, source, seq); }
  auto order() const { return std::tie(time_ns, source, seq, reference, inner); }
};

struct RefAlert {
  Alert alert;
  RefHit hit;  // as an outer correlation sees it
};

using Groups = std::map<std::vector<std::string>, std::vector<RefHit>>;
using Hits = std::span<const RefHit>;  // sorted, those of a group or of a part of it

std::vector<double> numbers(Hits window) {
  std::vector<double> found;
  for (const RefHit& hit : window) {
    if (hit.value && number_of(*hit.value)) found.push_back(*number_of(*hit.value));
  }
  return found;
}

// Nearest rank, by its definition: the smallest value with at least `percentile` percent at or
// below it.
double at_percentile(const std::vector<double>& values, double percentile) {
  std::optional<double> found;
  for (const double candidate : values) {
    const auto below =
        std::count_if(values.begin(), values.end(), [&](double v) { return v <= candidate; });
    const bool enough =
        static_cast<double>(below) * 100 >= percentile * static_cast<double>(values.size());
    if (enough && (!found || candidate < *found)) found = candidate;
  }
  return *found;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double low = values[(values.size() - 1) / 2];
  return low + (values[values.size() / 2] - low) / 2;
}

// Is there a chain of the first `steps` rules ending at window[end]?
bool chain(Hits window, std::size_t end, std::size_t steps) {
  if (window[end].reference + 1 != steps) return false;
  if (steps == 1) return true;
  for (std::size_t i = 0; i < end; ++i) {
    if (window[i].place() < window[end].place() && chain(window, i, steps - 1)) return true;
  }
  return false;
}

std::optional<double> quantity(const rules::CorrelationRule& rule, Hits window) {
  switch (rule.type) {
    case CorrelationType::kEventCount:
      return static_cast<double>(window.size());
    case CorrelationType::kValueCount: {
      std::set<std::string> distinct;
      for (const RefHit& hit : window) {
        if (hit.value) distinct.insert(*hit.value);
      }
      return static_cast<double>(distinct.size());
    }
    case CorrelationType::kTemporal: {
      std::set<std::uint32_t> distinct;
      for (const RefHit& hit : window) distinct.insert(hit.reference);
      return static_cast<double>(distinct.size());
    }
    case CorrelationType::kTemporalOrdered:
      return chain(window, window.size() - 1, rule.rules.size())
                 ? static_cast<double>(rule.rules.size())
                 : 0.0;
    default:
      break;
  }
  const std::vector<double> values = numbers(window);
  double sum = 0;
  for (const double value : values) sum += value;
  if (rule.type == CorrelationType::kValueSum) return sum;
  if (values.empty()) return std::nullopt;
  if (rule.type == CorrelationType::kValueAvg) return sum / static_cast<double>(values.size());
  if (rule.type == CorrelationType::kValueMedian) return median(values);
  return at_percentile(values, rule.percentile);
}

bool true_for(const rules::CorrelationRule& rule, double amount) {
  const auto all = static_cast<double>(rule.rules.size());
  if (rule.type == CorrelationType::kTemporalOrdered && amount < all) return false;
  if (rule.type == CorrelationType::kTemporal && rule.conditions.empty()) return amount >= all;
  for (const auto& [how, bound] : rule.conditions) {
    const bool good = how == Compare::kEqual       ? amount == bound
                      : how == Compare::kNotEqual  ? amount != bound
                      : how == Compare::kLess      ? amount < bound
                      : how == Compare::kLessEqual ? amount <= bound
                      : how == Compare::kGreater   ? amount > bound
                                                   : amount >= bound;
    if (!good) return false;
  }
  return true;
}

void show(Alert& alert, const RefHit& hit) {
  EventRef ref;
  ref.source = hit.source;
  ref.seq = hit.seq;
  ref.time_ns = hit.time_ns;
  if (alert.events.empty() || !(alert.events.back() == ref)) alert.events.push_back(ref);
  std::set<Entity> entities(alert.entities.begin(), alert.entities.end());
  entities.insert(hit.entities.begin(), hit.entities.end());
  alert.entities.assign(entities.begin(), entities.end());
  std::set<Layer> layers(alert.layers.begin(), alert.layers.end());
  layers.insert(hit.layers.begin(), hit.layers.end());
  alert.layers.assign(layers.begin(), layers.end());
}

RefAlert fire(const rules::CorrelationRule& rule, const std::vector<std::string>& values,
              Hits window, double amount, std::int64_t time_ns) {
  const RefHit& trigger = window.back();
  RefAlert made;
  Alert& alert = made.alert;
  alert.kind = AlertKind::kCorrelation;
  alert.time_ns = time_ns;
  alert.rule = rule.identity;
  for (std::size_t i = 0; i < values.size(); ++i)
    alert.group.emplace_back(rule.group_by[i], values[i]);
  alert.window.count = amount;
  alert.trigger.source = trigger.source;
  alert.trigger.seq = trigger.seq;
  for (const RefHit& hit : window) show(alert, hit);
  alert.hit_count = window.size();
  alert.last_seen_ns = time_ns;
  alert.id = make_alert_id(alert);
  made.hit = trigger;
  made.hit.time_ns = time_ns;
  made.hit.inner = alert.id;
  made.hit.value.reset();
  made.hit.entities.clear();
  made.hit.layers.clear();
  const std::size_t told = rule.repeat_every ? 8 : 64;
  for (std::size_t i = window.size(); i > 0 && i + told > window.size(); --i) {
    const RefHit& hit = window[i - 1];
    for (const Entity& entity : hit.entities) {
      if (made.hit.entities.size() < kEntitiesMax) made.hit.entities.insert(entity);
    }
    made.hit.layers.insert(hit.layers.begin(), hit.layers.end());
  }
  return made;
}

// When what a hit says is certain: an absence when its time is over.
std::int64_t certain_ns(const rules::CorrelationRule& rule, const RefHit& hit) {
  return rule.type == CorrelationType::kAbsence ? hit.time_ns + rule.timespan_ns : hit.time_ns;
}

// A type that tells of the event alone: those of its hits that are not answers.
bool asks_history(const rules::CorrelationRule& rule) {
  return rule.type == CorrelationType::kFirstSeen || rule.type == CorrelationType::kRare;
}
bool tells_of_event(const rules::CorrelationRule& rule) {
  return rule.type == CorrelationType::kAbsence || asks_history(rule);
}

// All hits of the event at this place.
Hits event_at(Hits hits, const RefHit& place) {
  const auto [first, end] =
      std::equal_range(hits.begin(), hits.end(), place,
                       [](const RefHit& a, const RefHit& b) { return a.place() < b.place(); });
  return {first, end};
}

std::vector<RefHit> hits_of_event(const rules::CorrelationRule& rule, Hits hits,
                                  const RefHit& place) {
  std::vector<RefHit> found;
  for (const RefHit& hit : event_at(hits, place)) {
    if (!rule.is_answer(hit.reference)) found.push_back(hit);
  }
  return found;
}

// 1 if nothing that answers is later in the order and inside the timespan. None: nothing asks.
std::optional<double> absent(const rules::CorrelationRule& rule, Hits hits, const RefHit& asked) {
  if (hits_of_event(rule, hits, asked).empty()) return std::nullopt;
  const RefHit* later = &*event_at(hits, asked).rbegin() + 1;
  for (; later != hits.data() + hits.size(); ++later) {
    if (later->time_ns > asked.time_ns + rule.timespan_ns) break;
    if (rule.is_answer(later->reference)) return 0;
  }
  return 1;
}

// What types that ask how often a value was seen know of the group: its events that have values.
struct SeenEvent {
  std::tuple<std::int64_t, std::string, std::uint64_t> place;
  std::int64_t known_ns = 0;  // since then there was no gap longer than the timespan
  std::set<std::string> values;

  std::int64_t time_ns() const { return std::get<0>(place); }
};

std::vector<SeenEvent> seen_events(const rules::CorrelationRule& rule, Hits hits) {
  std::vector<SeenEvent> events;
  for (const RefHit& hit : hits) {
    if (!hit.value) continue;
    if (events.empty() || events.back().place != hit.place()) {
      const bool gap = events.empty() || events.back().time_ns() < hit.time_ns - rule.timespan_ns;
      events.push_back({hit.place(), gap ? hit.time_ns : events.back().known_ns, {}});
    }
    events.back().values.insert(*hit.value);
  }
  return events;
}

// How often the value of hits[at]'s event was seen inside the timespan, counted in events; of
// several values the one seen least. Zero: it is too early to say. None: it has no value.
std::optional<double> seen(const rules::CorrelationRule& rule, std::span<const SeenEvent> events,
                           const RefHit& at) {
  const auto own = std::partition_point(events.begin(), events.end(),
                                        [&](const SeenEvent& e) { return e.place < at.place(); });
  if (own == events.end() || own->place != at.place()) return std::nullopt;
  std::size_t all = 0;
  std::map<std::string, std::size_t> counts;
  for (auto event = own + 1; event != events.begin();) {
    if ((--event)->time_ns() < at.time_ns - rule.timespan_ns) break;
    ++all;
    for (const std::string& value : event->values) ++counts[value];
  }
  if (all < rule.seen_after || at.time_ns - own->known_ns < rule.learn_ns) return 0;
  std::size_t least = SIZE_MAX;
  for (const std::string& value : own->values) least = std::min(least, counts[value]);
  return static_cast<double>(least);
}

std::vector<RefAlert> evaluate(const rules::CorrelationRule& rule,
                               const std::vector<std::string>& values, std::vector<RefHit> hits) {
  std::sort(hits.begin(), hits.end(),
            [](const RefHit& a, const RefHit& b) { return a.order() < b.order(); });
  const std::vector<SeenEvent> events =
      asks_history(rule) ? seen_events(rule, hits) : std::vector<SeenEvent>();
  std::vector<RefAlert> alerts;
  std::size_t first = 0;  // of the window
  bool evaluated = false;
  bool was_true = false;
  std::int64_t opened_ns = 0;  // where the newest alert fired
  std::int64_t last_ns = 0;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (rule.type == CorrelationType::kTemporalOrdered &&
        hits[i].reference + 1 != rule.rules.size())
      continue;
    // An event is one place in the order, and evaluated once.
    if (i + 1 < hits.size() && hits[i + 1].place() == hits[i].place()) continue;
    while (hits[first].time_ns < hits[i].time_ns - rule.timespan_ns) ++first;
    Hits window = Hits(hits).subspan(first, i + 1 - first);
    std::vector<RefHit> own;
    const auto amount = rule.type == CorrelationType::kAbsence ? absent(rule, hits, hits[i])
                        : asks_history(rule)                   ? seen(rule, events, hits[i])
                                                               : quantity(rule, window);
    if (tells_of_event(rule) && !amount) continue;
    if (tells_of_event(rule)) window = own = hits_of_event(rule, hits, hits[i]);
    const bool truth = asks_history(rule) ? *amount > 0 && *amount <= rule.seen_max
                                          : amount && true_for(rule, *amount);
    const bool gap = !evaluated || hits[i].time_ns - last_ns > rule.timespan_ns;
    const bool suppressed =
        rule.suppress_ns > 0 && !alerts.empty() && hits[i].time_ns <= opened_ns + rule.suppress_ns;
    if (truth && !suppressed && (rule.repeat_every || !was_true || gap)) {
      opened_ns = hits[i].time_ns;
      alerts.push_back(fire(rule, values, window, *amount, certain_ns(rule, hits[i])));
    } else if (truth) {
      Alert& open = alerts.back().alert;
      for (const RefHit& hit : hits_of_event(rule, hits, hits[i])) {
        ++open.hit_count;
        show(open, hit);
      }
      open.last_seen_ns = certain_ns(rule, hits[i]);
    }
    evaluated = true;
    was_true = truth;
    last_ns = hits[i].time_ns;
  }
  return alerts;
}

std::optional<std::string> value_of(const std::map<std::string, std::string>& fields,
                                    const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::nullopt : std::optional(found->second);
}

RefHit ref_hit(const Scripted& event) {
  RefHit hit{event.time_ns, std::string(kSourceNames[event.source]), event.seq, 0, "", {}, {}, {}};
  if (const auto ip = value_of(event.fields, "source.ip")) hit.entities.insert({"ip", *ip});
  if (const auto user = value_of(event.fields, "user.name")) hit.entities.insert({"user", *user});
  hit.layers.insert(static_cast<Layer>(event.source + 1));
  return hit;
}

void add_events(const Correlation& correlation, const std::vector<Scripted>& events,
                Groups& groups) {
  const bool temporal = correlation.rule.type == CorrelationType::kTemporal ||
                        correlation.rule.type == CorrelationType::kTemporalOrdered;
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, std::vector<std::string>, bool>>
      counted;
  for (const Scripted& event : events) {
    for (const Correlation::Input& input : correlation.inputs) {
      if (input.correlation >= 0) continue;
      if (std::count(event.rules.begin(), event.rules.end(), input.detection) == 0) continue;
      std::vector<std::string> values;
      for (const std::string& field : input.group_by) {
        if (const auto value = value_of(event.fields, field)) values.push_back(*value);
      }
      if (values.size() < input.group_by.size()) continue;
      const bool answers = correlation.rule.is_answer(input.reference);
      if (!temporal &&
          !counted.insert({event.source, event.seq, input.detection, values, answers}).second)
        continue;
      RefHit hit = ref_hit(event);
      hit.reference = input.reference;
      hit.value = value_of(event.fields, input.field);
      groups[values].push_back(hit);
    }
  }
}

// A detection's alerts, of which those of one key inside the time are one.
std::vector<Alert> suppressed_alerts(const rules::RuleSet& rules, std::uint32_t rule,
                                     const std::vector<Scripted>& events) {
  const rules::Suppression& suppression = rules.suppression(rule);
  std::map<std::vector<std::string>, std::vector<RefHit>> keys;
  for (const Scripted& event : events) {
    if (std::count(event.rules.begin(), event.rules.end(), rule) == 0) continue;
    std::vector<std::string> key;
    for (const std::string& field : suppression.by)
      key.push_back(value_of(event.fields, field).value_or(""));
    keys[key].push_back(ref_hit(event));
  }
  std::vector<Alert> alerts;
  for (auto& [key, hits] : keys) {
    std::sort(hits.begin(), hits.end(),
              [](const RefHit& a, const RefHit& b) { return a.order() < b.order(); });
    std::size_t open = SIZE_MAX;
    for (const RefHit& hit : hits) {
      if (open == SIZE_MAX || hit.time_ns > alerts[open].time_ns + suppression.for_ns) {
        open = alerts.size();
        Alert& made = alerts.emplace_back();
        made.rule = rules.identity(rule);
        made.time_ns = hit.time_ns;
        made.trigger.source = hit.source;
        made.trigger.seq = hit.seq;
        made.hit_count = 0;
      }
      show(alerts[open], hit);
      ++alerts[open].hit_count;
      alerts[open].last_seen_ns = hit.time_ns;
    }
  }
  return alerts;
}

}  // namespace

std::vector<std::string> reference_lines(const rules::RuleSet& rules,
                                         const std::vector<Scripted>& all) {
  // A record that came twice is one record.
  std::map<std::pair<std::uint32_t, std::uint64_t>, Scripted> unique;
  for (const Scripted& event : all) unique.insert({{event.source, event.seq}, event});
  std::vector<Scripted> events;
  for (const auto& [key, event] : unique) events.push_back(event);

  std::set<std::int32_t> inner;  // those that others refer to say nothing themselves
  for (const Correlation& correlation : rules.correlations()) {
    for (const Correlation::Input& input : correlation.inputs) inner.insert(input.correlation);
  }
  std::vector<std::string> lines;
  std::vector<std::vector<RefAlert>> alerts;  // by correlation; tests add inner ones first
  for (const Correlation& correlation : rules.correlations()) {
    const bool silent = inner.contains(static_cast<std::int32_t>(alerts.size()));
    Groups groups;
    add_events(correlation, events, groups);
    for (const Correlation::Input& input : correlation.inputs) {
      if (input.correlation < 0) continue;
      for (const RefAlert& made : alerts[static_cast<std::size_t>(input.correlation)]) {
        std::vector<std::string> values;
        for (const std::string& field : input.group_by) {
          for (const auto& [name, value] : made.alert.group) {
            if (name == field) values.push_back(value);
          }
        }
        if (values.size() < input.group_by.size()) continue;
        RefHit hit = made.hit;
        hit.reference = input.reference;
        groups[values].push_back(hit);
      }
    }
    alerts.emplace_back();
    for (const auto& [values, hits] : groups) {
      for (RefAlert& made : evaluate(correlation.rule, values, hits)) {
        if (silent) {
          alerts.back().push_back(std::move(made));
        } else {
          lines.push_back(line_of(made.alert));
        }
      }
    }
  }
  for (std::uint32_t rule = 0; rule < rules.rule_count(); ++rule) {
    if (!rules.raises_alert(rule)) continue;
    for (const Alert& alert : suppressed_alerts(rules, rule, events))
      lines.push_back(line_of(alert));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string reference_alerts(const rules::RuleSet& rules, const std::vector<Scripted>& events) {
  const std::vector<std::string> lines = reference_lines(rules, events);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace picket::correlator
