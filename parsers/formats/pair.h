// Pair: what every reader of a leaf format makes of a text, a name and its value.
//
// Both are slices of the text that was read or of the arena that was given, and die with the batch.
// Readers append to a vector that the caller keeps from record to record, so that nothing is
// allocated. A name may come more than once. All readers stop at kPairsMax pairs: a caller that
// finds so many counts it, the rest of the text stays in the raw record only. A name longer than
// kPairNameMax comes as it is; the caller counts it and makes no field of it.
#pragma once

#include <cstddef>
#include <string_view>

namespace picket::parsers {

struct Pair {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::size_t kPairsMax = 2000;
inline constexpr std::size_t kPairNameMax = 512;  // bytes; what is longer is no name

}  // namespace picket::parsers
