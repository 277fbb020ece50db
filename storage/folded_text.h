// Text as searches compare it: without regard to the case of ASCII letters; every other byte counts
// as it is. Pure functions, any thread. Patterns must be folded already, see fold().
#pragma once

#include <string>
#include <string_view>

namespace picket::storage {

std::string fold(std::string_view text);
bool equals_folded(std::string_view text, std::string_view folded);
// Is `folded` somewhere in `text`? Compares 16 positions at a time where the machine can.
bool contains_folded(std::string_view text, std::string_view folded);
// '*' stands for any bytes, '?' for one; the pattern covers the whole text. Time is bounded by
// size of text times size of pattern.
bool matches_wildcard(std::string_view text, std::string_view folded);

}  // namespace picket::storage
