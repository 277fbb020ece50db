// Which tests of a rule must be true for the rule to be true, and which of them are rarest.
//
// For each rule necessary sets are chosen: if the rule is true on an event, at least one anchor of
// each set of one of its calls is. Rules are evaluated only when such a call wakes them, so the
// choice decides speed and never the result. Rarity is estimated from typical values
// (typical_values.h) and length.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rules/literal_index.h"
#include "rules/route.h"

namespace picket::rules {

struct AnchorSet {
  std::vector<Anchor> anchors;  // empty: the rule can never be true
  double rate = 0;              // estimated share of events that wake the rule
};

// An anchor of `first`, and if there is a `second` one of that too. A program's name wakes dozens
// of rules that want something rare on its command line besides: those have a second set.
struct WakeCall {
  AnchorSet first;
  AnchorSet second = {};
};

// Any one of the calls wakes the rule; without calls it can never be true. nullopt: the tree may be
// true without any positive test (it must be evaluated always).
std::optional<std::vector<WakeCall>> wake_calls(const Route& route, std::uint32_t node);

}  // namespace picket::rules
