#include "app/backtest_tally.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace picket::app {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;

std::int64_t day_of(std::int64_t time_ns) {
  return time_ns / kDayNs - (time_ns % kDayNs < 0 ? 1 : 0);
}

// As the store gives it back: JSON holds Unicode only.
std::string as_stored(const std::string& value) {
  const Result<Json> json = parse_json(dump_json(Json(value)));
  return json && json->is_string() ? json->get<std::string>() : value;
}

bool earlier(const Alert& a, const Alert& b) {
  return std::tie(a.time_ns, a.id) < std::tie(b.time_ns, b.id);
}

void count_down(std::unordered_map<std::uint32_t, std::uint64_t>& counts, std::uint32_t entity) {
  const auto found = counts.find(entity);
  if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

std::string alert_place(const Alert& alert) {
  std::string text = alert.rule.id + '\x1f' + as_stored(alert.trigger.source) + '\x1f' +
                     std::to_string(alert.trigger.seq);
  if (alert.kind != AlertKind::kCorrelation) return hash128_hex(text);
  std::vector<std::pair<std::string, std::string>> group;
  for (const auto& [name, value] : alert.group)
    group.emplace_back(as_stored(name), as_stored(value));
  std::sort(group.begin(), group.end());
  for (const auto& [name, value] : group) text += '\x1f' + name + '\x1e' + value;
  return hash128_hex(text);
}

BacktestTally::BacktestTally(const rules::RuleSet& rules, std::size_t samples) : samples_(samples) {
  const auto add = [&](const RuleIdentity& identity, AlertKind kind) {
    by_id_.emplace(identity.id, static_cast<std::uint32_t>(rules_.size()));
    rules_.push_back({.identity = identity, .kind = kind});
  };
  for (std::uint32_t i = 0; i < rules.rule_count(); ++i) add(rules.identity(i), rules.kind(i));
  for (const rules::Correlation& one : rules.correlations())
    add(one.rule.identity, AlertKind::kCorrelation);
  rule_entities_.resize(rules_.size());
}

std::uint32_t BacktestTally::rule_of(const Alert& alert) const {
  const auto found = by_id_.find(alert.rule.id);
  PICKET_CHECK(found != by_id_.end());  // alerts are of the rules
  return found->second;
}

// UINT32_MAX when there are too many.
std::uint32_t BacktestTally::entity_number(const Entity& entity) {
  const auto found = entity_numbers_.find(entity);
  if (found != entity_numbers_.end()) return found->second;
  if (entities_.size() >= kEntitiesMax) return UINT32_MAX;
  const auto number = static_cast<std::uint32_t>(entities_.size());
  entities_.push_back(entity);
  entity_numbers_.emplace(entity, number);
  return number;
}

std::uint32_t BacktestTally::source_number(const std::string& name) {
  const auto [found, fresh] =
      source_numbers_.emplace(name, static_cast<std::uint32_t>(sources_.size()));
  if (fresh) sources_.push_back(name);
  return found->second;
}

void BacktestTally::put(const Alert& alert) {
  const auto [found, fresh] = notes_.try_emplace(alert.id);
  Note& note = found->second;
  if (fresh) {
    note.rule = rule_of(alert);
    note.time_ns = alert.time_ns;
    note.place = alert_place(alert);
    note.source = source_number(alert.trigger.source);
    note.seq = alert.trigger.seq;
    BacktestRule& rule = rules_[note.rule];
    ++rule.alerts;
    ++rule.days[day_of(alert.time_ns)];
  }
  note.hit_count = alert.hit_count;
  for (const Entity& entity : alert.entities) {
    const std::uint32_t number = entity_number(entity);
    if (number == UINT32_MAX) {
      ++entities_left_out_;
      continue;
    }
    if (std::find(note.entities.begin(), note.entities.end(), number) != note.entities.end())
      continue;
    note.entities.push_back(number);
    ++rule_entities_[note.rule][number];
  }
  keep_sample(rules_[note.rule], alert);
}

void BacktestTally::keep_sample(BacktestRule& rule, const Alert& alert) {
  std::vector<Alert>& samples = rule.samples;
  const auto known = std::find_if(samples.begin(), samples.end(),
                                  [&](const Alert& one) { return one.id == alert.id; });
  if (known != samples.end()) {
    *known = alert;
    return;
  }
  const auto where = std::upper_bound(samples.begin(), samples.end(), alert, earlier);
  if (where == samples.end() && samples.size() >= samples_) return;
  samples.insert(where, alert);
  if (samples.size() > samples_) samples.pop_back();
}

void BacktestTally::remove(const std::string& id) {
  const auto found = notes_.find(id);
  if (found == notes_.end()) return;
  const Note& note = found->second;
  BacktestRule& rule = rules_[note.rule];
  --rule.alerts;
  const auto day = rule.days.find(day_of(note.time_ns));
  if (--day->second == 0) rule.days.erase(day);
  for (const std::uint32_t entity : note.entities) count_down(rule_entities_[note.rule], entity);
  std::erase_if(rule.samples, [&](const Alert& one) { return one.id == id; });
  notes_.erase(found);
}

std::vector<EntityCount> BacktestTally::top(
    const std::unordered_map<std::uint32_t, std::uint64_t>& counts) const {
  std::vector<EntityCount> all;
  for (const auto& [number, alerts] : counts) all.push_back({entities_[number], alerts});
  const auto more = [](const EntityCount& a, const EntityCount& b) {
    return std::tie(b.alerts, a.entity) < std::tie(a.alerts, b.entity);
  };
  const std::size_t shown = std::min(kEntitiesShown, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), all.end(), more);
  all.resize(shown);
  return all;
}

std::vector<BacktestRule> BacktestTally::rules() const {
  std::vector<BacktestRule> found;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].alerts == 0 && rules_[i].hits == 0 && rules_.size() > kFewRules) continue;
    found.push_back(rules_[i]);
    found.back().entities = top(rule_entities_[i]);
  }
  std::stable_sort(found.begin(), found.end(), [](const BacktestRule& a, const BacktestRule& b) {
    return std::tie(a.alerts, a.hits) > std::tie(b.alerts, b.hits);
  });
  return found;
}

std::vector<EntityCount> BacktestTally::entities() const {
  std::unordered_map<std::uint32_t, std::uint64_t> all;
  for (const auto& one : rule_entities_) {
    for (const auto& [number, alerts] : one) all[number] += alerts;
  }
  return top(all);
}

std::map<std::int64_t, std::uint64_t> BacktestTally::days() const {
  std::map<std::int64_t, std::uint64_t> all;
  for (const BacktestRule& rule : rules_) {
    for (const auto& [day, alerts] : rule.days) all[day] += alerts;
  }
  return all;
}

}  // namespace picket::app
