// Reads feeds of indicators from files. A line or object that is wrong is refused with file, line
// and reason while the others load.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/indicators/set.h"

namespace picket::rules {

struct LoadedIndicators {
  std::shared_ptr<const IndicatorSet> set = IndicatorSet::none();  // never null
  std::vector<IndicatorSetBuilder::FeedReport> feeds = {};

  std::size_t refused() const;
  std::vector<Finding> findings()
      const;  // of all feeds; the last of a feed counts those that are not kept
};

inline constexpr std::size_t kFeedBytesMax = std::size_t{4} << 30;

// Fails if a path does not exist or cannot be read, if nobody can tell the format of a file, and if
// two feeds have one name: the rules of a feed are known by it.
Result<LoadedIndicators> load_indicators(const std::vector<IndicatorFeed>& feeds);

// One text, as if read from the feed's path, in pieces of so many bytes; for tests and fuzzing.
void read_feed(std::string_view text, std::string_view format, IndicatorSink& sink,
               std::size_t piece_bytes = SIZE_MAX);

}  // namespace picket::rules
