// move_groups(): all groups of a correlation from one state into another, in place of those that are
// there. For a rule whose windows were filled beside the stream (warm_table.h).
//
// The names of sources that it speaks of come along. Alerts that have grown and were not told of stay behind: call Correlator::tell() before.
#pragma once

#include <cstddef>
#include <string>

#include "correlator/state.h"

namespace picket::correlator {

// `rule_key` is Correlator::key_of(). Returns the number of groups.
std::size_t move_groups(StatePort& from, StatePort& to, const std::string& rule_key);

}  // namespace picket::correlator
