// Which tests of a rule must be true for the rule to be true, and which of them are rarest.
//
// For each rule a necessary set is chosen: if the rule is true on an event, at least one anchor of the
// set is. Rules are evaluated only when one of theirs wakes them, so the choice decides speed and never
// the result. Rarity is estimated from typical values (typical_values.h) and length.
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

// nullopt: the tree may be true without any positive test (it must be evaluated always).
std::optional<AnchorSet> necessary_anchors(const Route& route, std::uint32_t node);

}  // namespace picket::rules
