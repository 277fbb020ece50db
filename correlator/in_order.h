// in_order(): what several partitions have done, in the order in which it was asked of them. So
// nothing that comes of it depends on their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace picket::correlator {

// Calls take(part, index) for each of the numbers, the smallest first; those of one part ascend.
template <class Take>
void in_order(const std::vector<const std::vector<std::uint64_t>*>& parts, Take take) {
  std::vector<std::size_t> next(parts.size(), 0);
  while (true) {
    std::size_t first = parts.size();
    for (std::size_t p = 0; p < parts.size(); ++p) {
      if (next[p] == parts[p]->size()) continue;
      if (first == parts.size() || (*parts[p])[next[p]] < (*parts[first])[next[first]]) first = p;
    }
    if (first == parts.size()) return;
    take(first, next[first]++);
  }
}

}  // namespace picket::correlator
