// How large a regular expression is before anything compiles it: automata grow with what repeats
// multiply, and libraries take seconds or gigabytes for what fits in a line. Estimates, from the
// text alone. Any thread.
#pragma once

#include <string_view>

namespace picket::rules {

struct RegexSize {
  double states = 0;      // of an automaton, roughly; a repeat of a repeat multiplies
  double wide = 0;        // those of "." and sets, which several bytes may pass by character
  bool nested = false;    // an unbounded repeat inside of another: exponential for who backtracks
  bool too_deep = false;  // more groups in each other than kRegexNestingMax; the rest is not known
};

inline constexpr std::size_t kRegexNestingMax = 64;
// More states are refused: databases stay under a second to make and 50 µs a KB to run.
inline constexpr double kRegexStatesMax = 2'000;
// With more wide states Hyperscan takes seconds or minutes to make the database of characters.
inline constexpr double kRegexWideMax = 100;

RegexSize size_of_regex(std::string_view pattern);

}  // namespace picket::rules
