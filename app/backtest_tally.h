// BacktestTally: what the alerts of a backtest amount to: how many a rule and a day, of whom they
// speak, and a few whole ones of each rule as samples.
//
// Alerts come as the correlator hands them out: new, grown, and now and then taken back. Of each a
// short note is kept, so that millions fit; whole ones only as samples. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/alert.h"
#include "rules/rule_set.h"

namespace picket::app {

struct EntityCount {
  Entity entity;
  std::uint64_t alerts = 0;
};

struct BacktestRule {
  RuleIdentity identity;
  AlertKind kind = AlertKind::kDetection;
  std::uint64_t alerts = 0;
  std::uint64_t hits = 0;  // events that it was true on; none for correlations
  std::map<std::int64_t, std::uint64_t> days = {};  // alerts by days since 1970-01-01
  std::vector<EntityCount> entities = {};           // the most first
  std::vector<Alert> samples = {};                  // the earliest
};

// Names an alert whatever the text of its rule is: by rule id, group and trigger. The id of an
// alert has the hash of that text in it.
std::string alert_place(const Alert& alert);

class BacktestTally {
 public:
  static constexpr std::size_t kAlertsMax = 2'000'000;
  static constexpr std::size_t kEntitiesMax = 500'000;  // told apart
  static constexpr std::size_t kEntitiesShown = 10;

  // `samples`: so many of each rule. The rules must outlive it.
  BacktestTally(const rules::RuleSet& rules, std::size_t samples);

  struct Note {
    std::uint32_t rule = 0;
    std::int64_t time_ns = 0;
    std::uint64_t hit_count = 0;
    std::string place;         // alert_place()
    std::uint32_t source = 0;  // of its trigger: index into sources()
    std::uint64_t seq = 0;
    std::vector<std::uint32_t> entities;
  };

  void add_hit(std::uint32_t rule) { ++rules_[rule].hits; }
  void put(const Alert& alert);
  void remove(const std::string& id);
  // So many alerts that no more are noted: the backtest is to end.
  bool full() const { return notes_.size() >= kAlertsMax; }

  std::size_t alerts() const { return notes_.size(); }
  const std::unordered_map<std::string, Note>& notes() const { return notes_; }
  const RuleIdentity& identity(const Note& note) const { return rules_[note.rule].identity; }
  const std::string& source(const Note& note) const { return sources_[note.source]; }
  std::uint64_t entities_left_out() const { return entities_left_out_; }

  // Those that raised an alert or were hit, the most alerts first; all where there are few.
  std::vector<BacktestRule> rules() const;
  std::vector<EntityCount> entities() const;  // over all rules
  std::map<std::int64_t, std::uint64_t> days() const;

 private:
  static constexpr std::size_t kFewRules = 50;

  std::uint32_t rule_of(const Alert& alert) const;
  std::uint32_t entity_number(const Entity& entity);
  std::uint32_t source_number(const std::string& name);
  void keep_sample(BacktestRule& rule, const Alert& alert);
  std::vector<EntityCount> top(
      const std::unordered_map<std::uint32_t, std::uint64_t>& counts) const;

  std::size_t samples_;
  std::vector<BacktestRule> rules_;  // of the set, then its correlations
  std::vector<std::unordered_map<std::uint32_t, std::uint64_t>> rule_entities_;
  std::unordered_map<std::string, std::uint32_t> by_id_;  // of rules
  std::unordered_map<std::string, Note> notes_;           // by id of the alert
  std::map<Entity, std::uint32_t> entity_numbers_;
  std::vector<Entity> entities_;
  std::map<std::string, std::uint32_t> source_numbers_;
  std::vector<std::string> sources_;
  std::uint64_t entities_left_out_ = 0;
};

}  // namespace picket::app
