// ParseCounters: what a parser has to say about its sources, counted record by record.
//
// Plain values, owned by a Parser and its thread; whoever wants to look from elsewhere is given a
// copy. They outlive the parser: the next one goes on with them. Counting allocates only when a
// source is new.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "event/record.h"

namespace picket::parsers {

// How far the times that records state are from their arrival: of the last kKept of a source.
class Skew {
 public:
  static constexpr std::size_t kKept = 64;

  // Positive: the source's clock is ahead of ours. Negative: it is behind, or the record is late.
  void add(std::int64_t skew_ns) {
    last_[stated_ % kKept] = skew_ns;
    ++stated_;
  }
  std::uint64_t stated() const { return stated_; }  // records with a time of their own, in all
  // Of what is kept, the value that `percent` of them do not exceed; nullopt before the first.
  std::optional<std::int64_t> percentile_ns(unsigned percent) const;

 private:
  std::array<std::int64_t, kKept> last_{};
  std::uint64_t stated_ = 0;
};

struct SourceCounters {
  std::uint64_t records = 0;
  std::uint64_t clamped = 0;  // stated times that were too far in the future
  Skew skew;
};

struct ParseCounters {
  std::vector<SourceCounters> sources;  // by source id

  SourceCounters& of(SourceId source) {
    const auto at = static_cast<std::size_t>(source);
    if (at >= sources.size()) [[unlikely]]
      sources.resize(at + 1);
    return sources[at];
  }
};

}  // namespace picket::parsers
