#include "base/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace picket {
namespace {

constexpr std::size_t kNameBytesMax = 128;  // longer names are not compared

// Levenshtein distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string_view> known) {
  if (name.size() > kNameBytesMax) return {};
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  std::string_view found;
  for (const std::string_view candidate : known) {
    if (candidate.size() > kNameBytesMax) continue;
    const std::size_t apart = distance(name, candidate);
    if (apart >= best) continue;
    best = apart;
    found = candidate;
  }
  return std::string(found);
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const std::string found = nearest_name(name, known);
  return found.empty() ? std::string() : "; did you mean '" + found + "'?";
}

}  // namespace picket
