// NeededRecords: what records must hold for rules to fire on them, or nothing if too little is sure. So a backtest
// reads those alone (rules/record_needs.h).
//
// Sure are rules that only events of Windows belong to: detection runs no steps on those, so a field is a piece of
// the record, or the same for all events of its kind; tests of those fields say nothing of the record.
// Keeps a reference to the detection; const functions on any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/detection.h"
#include "event/record_needs.h"

namespace picket::app {

class NeededRecords {
 public:
  explicit NeededRecords(const Detection& detection);

  std::optional<RecordNeeds> of(const std::vector<rules::DetectionRule>& rules) const;
  // Of all that the detection has, if it has its routes.
  std::optional<RecordNeeds> of_all() const;

 private:
  template <class Value>
  void note_fixed(const std::vector<std::pair<FieldId, Value>>& constants);
  void note_originals(const std::vector<std::pair<FieldId, FieldId>>& aliases);
  bool of_windows_only(const rules::DetectionRule& rule) const;
  bool stands(const rules::LogSource& source, std::string_view field) const;

  const Detection& detection_;
  std::vector<KindId> other_kinds_;           // that no definition of Windows events makes
  std::set<std::string, std::less<>> fixed_;  // fields with a value whatever the record says, under all their names
};

}  // namespace picket::app
