// What a text must hold for a regex to match it.
//
// Reads the PCRE syntax (pcre2pattern(3)) just far enough to be sure: what it does not know ends a
// literal, and what could change the meaning of all else (extended mode, \Q, conditions) ends the
// reading with no answer. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace picket::rules {

// Sets of literals, in ASCII lower case. Of each set, at least one is in the lower case of every
// text that the regex matches. Empty: nothing is known.
std::vector<std::vector<std::string>> necessary_literals(std::string_view regex);

}  // namespace picket::rules
