#include "tests/conformance/pair_counts.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace picket::conformance {

void PairCounts::compare(const std::string& place, const Pairs& expected, const Pairs& found) {
  const auto note = [&](const std::pair<std::string, std::size_t>& pair,
                        const char* what) -> Difference& {
    Difference& difference = by_rule_[pair.first];
    if (difference.first.empty())
      difference.first = std::string(what) + " " + place + ":" + std::to_string(pair.second);
    return difference;
  };
  for (const auto& pair : expected) {
    if (found.contains(pair))
      ++common_;
    else
      ++note(pair, "missing").missing;
  }
  for (const auto& pair : found) {
    if (!expected.contains(pair)) ++note(pair, "extra").extra;
  }
}

void PairCounts::finish(const std::string& what, bool everything) const {
  std::size_t missing = 0;
  std::size_t extra = 0;
  std::size_t explained = 0;
  for (const auto& [rule, difference] : by_rule_) {
    const bool known = explained_.contains(rule);
    std::printf("%s missing %zu extra %zu, first %s%s\n", rule.c_str(), difference.missing,
                difference.extra, difference.first.c_str(), known ? " (explained)" : "");
    if (known) {
      explained += difference.missing + difference.extra;
      continue;
    }
    missing += difference.missing;
    extra += difference.extra;
  }
  std::printf("%s: %zu common, %zu missing, %zu extra, %zu explained\n", what.c_str(), common_,
              missing, extra, explained);
  EXPECT_EQ(missing, 0U);
  EXPECT_EQ(extra, 0U);
  if (!everything) return;
  for (const auto& [rule, reason] : explained_) {
    EXPECT_TRUE(by_rule_.contains(rule)) << rule << " differs no more: " << reason;
  }
}

}  // namespace picket::conformance
