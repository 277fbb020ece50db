// What the tests of the leaf formats share: pairs as text.
#pragma once

#include <string>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

// "name=value|name=value"
inline std::string shown(const std::vector<Pair>& pairs) {
  std::string text;
  for (const Pair& pair : pairs) {
    if (!text.empty()) text += '|';
    text.append(pair.name).append("=").append(pair.value);
  }
  return text;
}

// The same, in a memory of its own for each call. `read` takes (text, arena, pairs).
template <class Read>
std::string shown_by(const std::string& text, Read read) {
  Arena arena;
  std::vector<Pair> pairs;
  return read(text, arena, pairs) ? shown(pairs) : "no";
}

}  // namespace picket::parsers
