// History: what the settled hits of a group amount to for the types that ask how often a value was
// seen (first seen, rare). A timespan of weeks then needs a few instants a value, not every hit.
//
// Kept are the newest instants of each value, as many as the rule can ask for, those of the group,
// and since when the group is known. Owned by a Group; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace picket::correlator {

class History {
 public:
  // Of one group. Above it the values seen longest ago are forgotten, which is counted.
  static constexpr std::size_t kValuesMax = 65'536;

  // An event with these distinct values, later than all before. The number of values forgotten.
  std::size_t add(std::int64_t time_ns, const std::vector<std::string_view>& values,
                  const rules::CorrelationRule& rule);
  // Forgets what was seen before `time_ns`. True if that changed something.
  bool drop_before(std::int64_t time_ns);

  // How often since `from_ns`, as far as the rule can ask.
  std::size_t count(std::string_view value, std::int64_t from_ns) const;
  std::size_t count_all(std::int64_t from_ns) const;
  // The first event with no gap longer than the timespan behind it; INT64_MAX: none.
  std::int64_t since_ns() const { return since_ns_; }
  std::int64_t last_ns() const { return last_ns_; }  // INT64_MIN: none
  bool empty() const { return last_ns_ == INT64_MIN; }
  std::size_t bytes() const { return bytes_; }

  std::string encode() const;
  static std::optional<History> decode(std::string_view bytes);

 private:
  static constexpr std::size_t kValueBytes = 96;  // of a value beside its text, about

  std::map<std::string, std::vector<std::int64_t>, std::less<>> values_;
  std::vector<std::int64_t> all_;  // few, and most groups have none: no deque
  std::int64_t since_ns_ = INT64_MAX;
  std::int64_t last_ns_ = INT64_MIN;
  std::size_t bytes_ = 0;
};

}  // namespace picket::correlator
