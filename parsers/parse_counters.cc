#include "parsers/parse_counters.h"

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

}  // namespace picket::parsers
