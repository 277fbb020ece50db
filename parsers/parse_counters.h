// ParseCounters: what a parser has to say about its sources, counted record by record.
//
// Plain values, owned by a Parser and its thread; whoever wants to look from elsewhere is given a
// copy. They outlive the parser: the next one goes on with them. Counting allocates only when a
// source is new.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/kind.h"
#include "event/record.h"
#include "parsers/limits.h"
#include "parsers/required_fields.h"

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
  std::uint64_t recognised = 0;  // parsed, and somebody's: a definition or a native reader knew it
  std::uint64_t partial = 0;
  std::uint64_t raw = 0;                        // the others are parsed, but nobody's: any JSON
  std::uint64_t limited = 0;                    // met a bound, one or more
  std::array<std::uint64_t, kLimits> limits{};  // by Limit
  std::uint64_t clamped = 0;                    // stated times that were too far in the future
  Skew skew;
};

// Records of one class of RequiredFields, in one dataset.
struct RequiredCounters {
  std::uint64_t checked = 0;
  std::uint64_t flagged = 0;                                        // lack something
  std::array<std::uint64_t, RequiredFields::kFieldsMax> lacking{};  // by name of the class
};
struct DatasetCounters {
  std::string dataset;  // of a source definition; empty: nobody's
  std::array<RequiredCounters, kRecordClasses> required;
};

struct ParseCounters {
  static constexpr std::size_t kDatasetsMax = 10'000;

  std::vector<SourceCounters> sources;  // by source id
  std::vector<DatasetCounters> datasets;

  // What is the same for all events of a kind.
  struct Kind {
    std::uint32_t dataset = 0;  // counted from 1; 0: not looked up yet
    std::uint32_t seen = 0;
  };
  std::vector<Kind> kinds;  // by kind

  Kind& of(KindId kind);

  SourceCounters& of(SourceId source) {
    const auto at = static_cast<std::size_t>(source);
    if (at >= sources.size()) [[unlikely]]
      sources.resize(at + 1);
    return sources[at];
  }
};

}  // namespace picket::parsers
