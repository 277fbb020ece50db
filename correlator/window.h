// Window: what a correlation compares, kept while hits enter at the end of a sliding window and
// leave at its beginning. One small class a correlation type, behind this interface.
//
// Hits are added in the group's order and removed in the same order, so every type may keep just
// what it needs. A window is rebuilt from stored hits at any time: it is never stored itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "correlator/history.h"
#include "correlator/member.h"
#include "rules/rule.h"

namespace picket::correlator {

class Window {
 public:
  virtual ~Window() = default;
  virtual void clear() = 0;
  virtual void add(const MemberHit& hit) = 0;
  virtual void remove(const MemberHit& hit) = 0;
  virtual bool evaluates_at(const MemberHit&) const { return true; }
  // The quantity at the hit added last, over hits since `from_ns`. nullopt where there is none (the
  // average of nothing): then no condition holds.
  virtual std::optional<double> quantity(std::int64_t from_ns) = 0;
};

// `history` is that of the group, and outlives the window.
std::unique_ptr<Window> make_window(const rules::CorrelationRule& rule, const History& history);

// Do all conditions hold? The temporal types without a condition ask for all of their rules.
bool holds(const rules::CorrelationRule& rule, double quantity);

// True if further hits cannot make the condition false at an earlier one, so it is decided at once;
// else when the watermark has passed the hit (INTERFACES, "When a correlation fires").
bool decided_at_once(const rules::CorrelationRule& rule);

// Does it ask how often a value was seen? Then the settled hits are in the group's history.
bool has_history(rules::CorrelationType type);

// Does an alert tell of the event that fired it, and not of a window full of events?
bool tells_of_event(rules::CorrelationType type);

// Does the type count values of rule.field?
bool counts_values(rules::CorrelationType type);

}  // namespace picket::correlator
