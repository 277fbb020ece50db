#include "parsers/name_table.h"

#include <random>

namespace picket::parsers {

std::pair<std::uint64_t, std::uint64_t> name_table_secret() {
  static const auto secret = [] {
    std::random_device random;
    const auto word = [&random] { return (std::uint64_t{random()} << 32) | random(); };
    return std::pair(word(), word());
  }();
  return secret;
}

}  // namespace picket::parsers
