// What the tests against oracles share: which rules were judged, and what Picket finds of them.
// Free functions, one thread.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/conformance/detector.h"
#include "tests/conformance/pair_counts.h"

namespace picket::conformance {

// Ids of the rules that pySigma's SQLite backend could judge.
std::set<std::string> judged_rules();

// (rule, place among `records`) of every hit of a judged rule.
PairCounts::Pairs found_pairs(Detector& detector, const std::vector<std::string>& records,
                              const std::set<std::string>& judged);

}  // namespace picket::conformance
