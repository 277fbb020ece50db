#include "tests/correlator/reference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
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

std::vector<double> numbers(const std::vector<RefHit>& window) {
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
bool chain(const std::vector<RefHit>& window, std::size_t end, std::size_t steps) {
  if (window[end].reference + 1 != steps) return false;
  if (steps == 1) return true;
  for (std::size_t i = 0; i < end; ++i) {
    if (window[i].place() < window[end].place() && chain(window, i, steps - 1)) return true;
  }
  return false;
}

std::optional<double> quantity(const rules::CorrelationRule& rule,
                               const std::vector<RefHit>& window) {
  const std::vector<double> values = numbers(window);
  double sum = 0;
  for (const double value : values) sum += value;
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
    case CorrelationType::kValueSum:
      return sum;
    default:
      break;
  }
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
              const std::vector<RefHit>& window, double amount) {
  const RefHit& trigger = window.back();
  RefAlert made;
  Alert& alert = made.alert;
  alert.kind = AlertKind::kCorrelation;
  alert.time_ns = trigger.time_ns;
  alert.rule = rule.identity;
  for (std::size_t i = 0; i < values.size(); ++i)
    alert.group.emplace_back(rule.group_by[i], values[i]);
  alert.window.count = amount;
  alert.trigger.source = trigger.source;
  alert.trigger.seq = trigger.seq;
  for (const RefHit& hit : window) show(alert, hit);
  alert.hit_count = window.size();
  alert.last_seen_ns = trigger.time_ns;
  alert.id = make_alert_id(alert);
  made.hit = trigger;
  made.hit.inner = alert.id;
  made.hit.value.reset();
  made.hit.entities = {alert.entities.begin(), alert.entities.end()};
  made.hit.layers = {alert.layers.begin(), alert.layers.end()};
  return made;
}

std::vector<RefAlert> evaluate(const rules::CorrelationRule& rule,
                               const std::vector<std::string>& values, std::vector<RefHit> hits) {
  std::sort(hits.begin(), hits.end(),
            [](const RefHit& a, const RefHit& b) { return a.order() < b.order(); });
  std::vector<RefAlert> alerts;
  bool evaluated = false;
  bool was_true = false;
  std::int64_t last_ns = 0;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (rule.type == CorrelationType::kTemporalOrdered &&
        hits[i].reference + 1 != rule.rules.size())
      continue;
    // An event is one place in the order, and evaluated once.
    if (i + 1 < hits.size() && hits[i + 1].place() == hits[i].place()) continue;
    std::vector<RefHit> window;
    for (std::size_t j = 0; j <= i; ++j) {
      if (hits[j].time_ns >= hits[i].time_ns - rule.timespan_ns) window.push_back(hits[j]);
    }
    const auto amount = quantity(rule, window);
    const bool truth = amount && true_for(rule, *amount);
    const bool gap = !evaluated || hits[i].time_ns - last_ns > rule.timespan_ns;
    if (truth && (rule.repeat_every || !was_true || gap)) {
      alerts.push_back(fire(rule, values, window, *amount));
    } else if (truth) {
      Alert& open = alerts.back().alert;
      for (std::size_t j = 0; j <= i; ++j) {
        if (hits[j].place() != hits[i].place()) continue;
        ++open.hit_count;
        show(open, hits[j]);
      }
      open.last_seen_ns = hits[i].time_ns;
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

void add_events(const Correlation& correlation, const std::vector<Scripted>& events,
                Groups& groups) {
  const bool temporal = correlation.rule.type == CorrelationType::kTemporal ||
                        correlation.rule.type == CorrelationType::kTemporalOrdered;
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, std::vector<std::string>>>
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
      if (!temporal && !counted.insert({event.source, event.seq, input.detection, values}).second)
        continue;
      RefHit hit{event.time_ns,
                 std::string(kSourceNames[event.source]),
                 event.seq,
                 input.reference,
                 "",
                 value_of(event.fields, input.field),
                 {},
                 {}};
      if (const auto ip = value_of(event.fields, "source.ip")) hit.entities.insert({"ip", *ip});
      if (const auto user = value_of(event.fields, "user.name"))
        hit.entities.insert({"user", *user});
      hit.layers.insert(static_cast<Layer>(event.source + 1));
      groups[values].push_back(hit);
    }
  }
}

}  // namespace

std::string reference_alerts(const rules::RuleSet& rules, const std::vector<Scripted>& all) {
  // A record that came twice is one record.
  std::map<std::pair<std::uint32_t, std::uint64_t>, Scripted> unique;
  for (const Scripted& event : all) unique.insert({{event.source, event.seq}, event});
  std::vector<Scripted> events;
  for (const auto& [key, event] : unique) events.push_back(event);

  std::vector<std::vector<RefAlert>> alerts;  // by correlation; tests add inner ones first
  std::set<std::int32_t> inner;
  for (const Correlation& correlation : rules.correlations()) {
    Groups groups;
    add_events(correlation, events, groups);
    for (const Correlation::Input& input : correlation.inputs) {
      if (input.correlation < 0) continue;
      inner.insert(input.correlation);
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
      for (RefAlert& made : evaluate(correlation.rule, values, hits))
        alerts.back().push_back(std::move(made));
    }
  }
  std::vector<std::string> lines;
  for (std::size_t c = 0; c < alerts.size(); ++c) {
    const bool silent = inner.count(static_cast<std::int32_t>(c)) > 0;
    for (const RefAlert& made : alerts[c]) {
      if (!silent) lines.push_back(line_of(made.alert));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace picket::correlator
