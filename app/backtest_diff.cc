#include "app/backtest_diff.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace picket::app {
namespace {

constexpr std::size_t kPage = 500;

class Diff {
 public:
  Diff(const storage::Store& store, const rules::RuleSet& rules, const BacktestResult& result)
      : store_(store), result_(result) {
    for (std::uint32_t i = 0; i < rules.rule_count(); ++i) compared_.insert(rules.identity(i).id);
    for (const rules::Correlation& one : rules.correlations())
      compared_.insert(one.rule.identity.id);
  }

  Result<BacktestDiff> run() {
    for (const auto& [id, note] : result_.tally->notes()) found_.emplace(note.place, &id);
    PICKET_TRY_VOID(read_stored());
    PICKET_TRY_VOID(read_incidents());
    for (const auto& [place, id] : found_) add_fresh(*id, result_.tally->notes().at(*id));
    finish();
    return std::move(diff_);
  }

 private:
  // A stored alert that is compared.
  struct Stored {
    bool gone = false;
    DiffAlert alert;  // if it is gone
  };

  Result<void> read_stored() {
    std::string cursor;
    do {
      PICKET_TRY(const std::vector<Alert> alerts, store_.alerts({}, kPage, cursor));
      for (const Alert& alert : alerts) {
        if (alert.time_ns < result_.from_ns) return {};  // newest first
        if (alert.time_ns < result_.to_ns) add_stored(alert);
        if (diff_.bounded) return {};
      }
    } while (!cursor.empty());
    return {};
  }

  void add_stored(const Alert& alert) {
    if (!compared_.contains(alert.rule.id)) {
      ++diff_.not_compared;
      return;
    }
    diff_.bounded = stored_.size() >= BacktestDiff::kStoredMax;
    if (diff_.bounded) return;
    Stored& stored = stored_[alert.id];
    const auto found = found_.find(alert_place(alert));
    if (found != found_.end()) {
      ++diff_.same;
      ++by_rule_[alert.rule.id].same;
      if (result_.tally->notes().at(*found->second).hit_count != alert.hit_count) ++diff_.changed;
      found_.erase(found);
      return;
    }
    ++diff_.gone;
    DiffRule& rule = by_rule_[alert.rule.id];
    rule.rule = alert.rule;
    ++rule.gone;
    stored.gone = true;
    stored.alert = {.id = alert.id,
                    .rule = alert.rule,
                    .time_ns = alert.time_ns,
                    .source = alert.trigger.source,
                    .seq = alert.trigger.seq,
                    .hit_count = alert.hit_count};
  }

  void add_fresh(const std::string& id, const BacktestTally::Note& note) {
    ++diff_.fresh;
    const RuleIdentity& identity = result_.tally->identity(note);
    DiffRule& rule = by_rule_[identity.id];
    rule.rule = identity;
    ++rule.fresh;
    diff_.fresh_list.push_back({.id = id,
                                .rule = identity,
                                .time_ns = note.time_ns,
                                .source = result_.tally->source(note),
                                .seq = note.seq,
                                .hit_count = note.hit_count});
    if (diff_.fresh_list.size() >= 2 * BacktestDiff::kListed) cut(diff_.fresh_list);
  }

  // What somebody has said of the incidents that the alerts are in.
  Result<void> read_incidents() {
    if (stored_.empty()) return {};
    std::string cursor;
    do {
      PICKET_TRY(const std::vector<Incident> incidents, store_.incidents(kPage, cursor));
      for (const Incident& incident : incidents) {
        if (incident.merged_into.empty()) read_incident(incident);
      }
    } while (!cursor.empty());
    return {};
  }

  void read_incident(const Incident& incident) {
    for (const TimelineEntry& entry : incident.timeline) {
      const auto found = stored_.find(entry.alert_id);
      if (found == stored_.end()) continue;
      found->second.alert.incident = incident.number;
      found->second.alert.disposition = incident.disposition;
      if (incident.disposition == Disposition::kNone) continue;
      DispositionCount& count = diff_.dispositions[incident.disposition];
      ++count.stored;
      if (found->second.gone) ++count.gone;
    }
  }

  static void cut(std::vector<DiffAlert>& list) {
    const auto first = [](const DiffAlert& a, const DiffAlert& b) {
      const bool a_judged = a.disposition == Disposition::kTruePositive;
      const bool b_judged = b.disposition == Disposition::kTruePositive;
      return std::tie(b_judged, a.time_ns, a.id) < std::tie(a_judged, b.time_ns, b.id);
    };
    std::sort(list.begin(), list.end(), first);
    if (list.size() > BacktestDiff::kListed) list.resize(BacktestDiff::kListed);
  }

  void finish() {
    for (auto& [id, stored] : stored_) {
      if (!stored.gone) continue;
      diff_.gone_list.push_back(std::move(stored.alert));
      if (diff_.gone_list.size() >= 2 * BacktestDiff::kListed) cut(diff_.gone_list);
    }
    cut(diff_.fresh_list);
    cut(diff_.gone_list);
    for (auto& [id, rule] : by_rule_) {
      if (rule.fresh + rule.gone > 0) diff_.rules.push_back(std::move(rule));
    }
    std::sort(diff_.rules.begin(), diff_.rules.end(), [](const DiffRule& a, const DiffRule& b) {
      const std::uint64_t of_a = a.fresh + a.gone;
      const std::uint64_t of_b = b.fresh + b.gone;
      return std::tie(of_b, a.rule.id) < std::tie(of_a, b.rule.id);
    });
  }

  const storage::Store& store_;
  const BacktestResult& result_;
  std::unordered_set<std::string> compared_;  // ids of rules
  // Of the backtest, by place; those that are stored too leave.
  std::unordered_map<std::string, const std::string*> found_;
  std::unordered_map<std::string, Stored> stored_;  // by id
  std::map<std::string, DiffRule> by_rule_;
  BacktestDiff diff_;
};

}  // namespace

Result<BacktestDiff> diff_with_stored(const storage::Store& store, const rules::RuleSet& rules,
                                      const BacktestResult& result) {
  return Diff(store, rules, result).run();
}

}  // namespace picket::app
