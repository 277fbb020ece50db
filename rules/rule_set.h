// RuleSet: an immutable snapshot of compiled rules. Evaluation turns a parsed batch into hits.
//
// Made by compile_rules() (compiler.h) off the hot path, shared by shared_ptr<const RuleSet>, swapped
// whole. Indexes of rules are dense and belong to this snapshot: detection rules first, then YARA
// rules, then those of indicators (indicators/set.h). Const functions may be called from any thread at once, each with a batch and scratch of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "rules/rule.h"

namespace picket::rules {

// A correlation with its references resolved.
struct Correlation {
  CorrelationRule rule;
  struct Input {
    std::uint32_t detection = 0;        // index of a detection rule, or
    std::int32_t correlation = -1;      // >= 0: index into correlations()
    std::uint32_t reference = 0;        // index into rule.rules: which of the referenced names this is
    std::vector<std::string> group_by;  // field of that rule for each of rule.group_by (aliases applied)
    std::string field;                  // the value field there
    std::vector<std::string> more_fields;  // those joined to it
  };
  std::vector<Input> inputs;
};

// Scratch memory of one evaluating thread (evaluation.h), for one rule set.
class Evaluation;
struct EvaluationDelete {
  void operator()(Evaluation* evaluation) const;
};
using EvaluationPtr = std::unique_ptr<Evaluation, EvaluationDelete>;

class RuleSet {
 public:
  virtual ~RuleSet() = default;

  virtual std::size_t rule_count() const = 0;
  virtual const RuleIdentity& identity(std::uint32_t rule) const = 0;
  virtual const std::vector<std::string>& tags(std::uint32_t rule) const = 0;
  virtual AlertKind kind(std::uint32_t rule) const = 0;       // kDetection, kYara or kIndicator
  // Which of its alerts are one; for_ns is 0 where none are.
  virtual const Suppression& suppression(std::uint32_t) const {
    static const Suppression none;
    return none;
  }
  // False when the rule only feeds correlations: its hits raise no alert of their own.
  virtual bool raises_alert(std::uint32_t rule) const = 0;
  virtual const std::vector<Correlation>& correlations() const = 0;
  // Detection rules that events of this kind can make true, in order. Cold path.
  virtual std::vector<std::uint32_t> rules_of(KindId) const { return {}; }

  // SHA-256 over all rules: names the snapshot.
  virtual const std::string& hash() const = 0;

  virtual EvaluationPtr make_evaluation() const = 0;
  // Appends to batch.hits() every (event, rule) that is true, ordered by event, then rule.
  virtual void evaluate(Batch& batch, Evaluation& scratch) const = 0;
  // Only this (event, detection rule): is it true? Timed in scratch.costs().samples, each one.
  virtual bool holds(Batch& batch, const Hit& pair, Evaluation& scratch) const = 0;

  // What made `rule` true on the event: one Match a true test (its `event` is left to the caller).
  // Empty if it is not true. Cold path.
  virtual std::vector<Match> explain(Batch& batch, const Event& event, std::uint32_t rule) const = 0;

  // The value of a field as `rule` names it (through the taxonomy of the rule's log source and the
  // kind of the event), or by ECS name. nullopt when the event lacks it. Dies with the batch.
  virtual std::optional<std::string_view> field_value(Batch& batch, const Event& event,
                                                      std::uint32_t rule,
                                                      std::string_view field) const = 0;
};

}  // namespace picket::rules
