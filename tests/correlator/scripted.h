// A rule set whose hits are scripted, and a small world around the correlator: events in, alerts by
// id.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "correlator/correlator.h"
#include "event/ecs.h"

namespace picket::correlator {

inline constexpr std::int64_t kSecond = 1'000'000'000;

// One event and the detection rules that are true on it.
struct Scripted {
  std::int64_t time_ns = 0;
  std::uint32_t source = 0;  // index into kSourceNames
  std::uint64_t seq = 0;
  std::vector<std::uint32_t> rules;
  std::map<std::string, std::string> fields;
};

inline constexpr std::string_view kSourceNames[] = {"web.log", "auth.log", "fw.log"};

class ScriptedSources final : public SourceNames {
 public:
  std::string_view name(SourceId source) const override;
  std::string_view system(SourceId) const override { return "portal"; }
};

class ScriptedRules final : public rules::RuleSet {
 public:
  explicit ScriptedRules(std::size_t rules);

  // Adds a correlation over detection rules; aliases and inner correlations are set on the result.
  rules::Correlation& correlate(rules::CorrelationType type, std::vector<std::uint32_t> detections,
                                std::vector<std::string> group_by, std::int64_t timespan_ns);
  // The last `count` of its rules are answers: it fires where none of them follows.
  static void miss(rules::Correlation& correlation, std::uint32_t count);
  // A reference to the correlation added as number `inner`, after those of correlate().
  static void refer(rules::Correlation& outer, std::uint32_t inner);

  std::size_t rule_count() const override { return identities_.size(); }
  const RuleIdentity& identity(std::uint32_t rule) const override { return identities_[rule]; }
  const std::vector<std::string>& tags(std::uint32_t) const override { return tags_; }
  AlertKind kind(std::uint32_t) const override { return AlertKind::kDetection; }
  bool raises_alert(std::uint32_t rule) const override { return raises_[rule]; }
  const std::vector<rules::Correlation>& correlations() const override { return correlations_; }
  const std::string& hash() const override { return hash_; }
  rules::EvaluationPtr make_evaluation() const override { return nullptr; }
  void evaluate(Batch&, rules::Evaluation&) const override {}
  bool holds(Batch&, const Hit&, rules::Evaluation&) const override { return false; }
  std::vector<Match> explain(Batch&, const Event&, std::uint32_t rule) const override;
  std::optional<std::string_view> field_value(Batch& batch, const Event& event, std::uint32_t rule,
                                              std::string_view field) const override;

  const rules::Suppression& suppression(std::uint32_t rule) const override {
    return suppressions_[rule];
  }

  std::vector<bool> raises_;
  std::vector<rules::Suppression> suppressions_;

 private:
  std::vector<RuleIdentity> identities_;
  std::vector<std::string> tags_ = {"attack.t1110"};
  std::vector<rules::Correlation> correlations_;
  std::string hash_ = "scripted";
};

// Puts the event and its hits into the batch.
void append(Batch& batch, const Scripted& event);

// The correlator with its state and what came out of it. restart() is what a crash between two
// calls is.
class Bench {
 public:
  Bench(std::shared_ptr<const rules::RuleSet> rules, Options options);

  void process(const std::vector<Scripted>& events);
  void tick(std::int64_t watermark_ns);
  void tell();
  void finish();
  void restart();

  Correlator& correlator() { return *correlator_; }
  MapState& state() { return state_; }
  const std::map<std::string, Alert>& alerts() const { return alerts_; }
  std::size_t raised() const { return raised_; }  // new or grown, all together
  // Each as one line, sorted; of detections only those whose alerts are suppressed.
  std::string shown() const;

 private:
  void take(const std::vector<Alert>& out);

  std::shared_ptr<const rules::RuleSet> rules_;
  Options options_;
  MapState state_;
  ScriptedSources sources_;
  std::unique_ptr<Correlator> correlator_;
  std::map<std::string, Alert> alerts_;
  std::size_t raised_ = 0;
};

// Everything about an alert that may not depend on the order of arrival.
std::string line_of(const Alert& alert);

}  // namespace picket::correlator
