#include "parsers/parse_counters.h"

#include <algorithm>

namespace picket::parsers {

std::optional<std::int64_t> Skew::percentile_ns(unsigned percent) const {
  const std::size_t known = std::min<std::uint64_t>(stated_, kKept);
  if (known == 0) return std::nullopt;
  std::array<std::int64_t, kKept> sorted = last_;
  const std::size_t rank = (known - 1) * std::min(percent, 100U) / 100;
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), at, sorted.begin() + static_cast<std::ptrdiff_t>(known));
  return *at;
}

ParseCounters::Kind& ParseCounters::of(KindId kind) {
  const auto at = static_cast<std::size_t>(kind);
  if (at >= kinds.size()) [[unlikely]]
    kinds.resize(at + 1);
  Kind& known = kinds[at];
  if (known.dataset != 0) [[likely]]
    return known;
  const std::string& dataset = kind_of(kind).dataset;
  auto found = std::find_if(datasets.begin(), datasets.end(),
                            [&](const DatasetCounters& one) { return one.dataset == dataset; });
  if (found == datasets.end() && datasets.size() < kDatasetsMax) {
    found = datasets.insert(datasets.end(), DatasetCounters{dataset, {}});
  } else if (found == datasets.end()) {
    found = datasets.begin();  // they come from definitions: nobody has as many
  }
  known.dataset = static_cast<std::uint32_t>(found - datasets.begin()) + 1;
  return known;
}

}  // namespace picket::parsers
