// AlertBuilder: alerts of detection rules, with their proof. Alerts of correlations are built from
// their windows, in evaluation.h.
//
// Keeps references to the rule set; alerts own everything. One thread.
#pragma once

#include <memory>

#include "correlator/source_table.h"
#include "event/alert.h"
#include "event/event.h"
#include "rules/rule_set.h"

namespace picket::correlator {

class AlertBuilder {
 public:
  explicit AlertBuilder(std::shared_ptr<const rules::RuleSet> rules) : rules_(std::move(rules)) {}

  // The hit must be of this rule set and of this batch.
  Alert detection(Batch& batch, const Hit& hit, const SourceNames& names) const;

 private:
  std::shared_ptr<const rules::RuleSet> rules_;
};

}  // namespace picket::correlator
