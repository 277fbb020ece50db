// How two sets of (event, rule) pairs differ, counted by rule, with the differences that were
// looked into. One thread.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace picket::conformance {

class PairCounts {
 public:
  using Pairs = std::set<std::pair<std::string, std::size_t>>;  // rule id, event

  // `explained`: rule id to the reason why it differs and is right.
  explicit PairCounts(std::map<std::string, std::string> explained)
      : explained_(std::move(explained)) {}

  // `place` names the events for people, who see the first difference of every rule.
  void compare(const std::string& place, const Pairs& expected, const Pairs& found);

  // Prints the differences by rule and one line of sums; fails the test that calls if a rule
  // differs without a reason, or has a reason and does not differ.
  void finish(const std::string& what, bool everything) const;

  std::size_t common() const { return common_; }

 private:
  struct Difference {
    std::size_t missing = 0;
    std::size_t extra = 0;
    std::string first;
  };
  std::map<std::string, std::string> explained_;
  std::map<std::string, Difference> by_rule_;
  std::size_t common_ = 0;
};

}  // namespace picket::conformance
