#include "app/key_watch.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "app/words.h"
#include "base/json.h"
#include "base/time.h"

namespace picket::app {

// Minutes that have begun since the last look are empty.
void KeyWatch::go_on(Nanos now) {
  const std::int64_t minute = std::chrono::duration_cast<std::chrono::minutes>(now).count();
  if (minute_ == INT64_MIN || minute < minute_) minute_ = minute;
  const std::int64_t first = std::max(minute_ + 1, minute - static_cast<std::int64_t>(kMinutes) + 1);
  for (std::int64_t each = first; each <= minute; ++each) {
    for (auto& [id, rule] : rules_) rule.minutes[static_cast<std::size_t>(each) % kMinutes] = 0;
  }
  minute_ = minute;
}

std::vector<KeyChange> KeyWatch::look(const std::vector<KeyCount>& counts, Nanos now) {
  go_on(now);
  std::vector<KeyChange> changes;
  std::map<std::string, Watched> kept;
  for (const KeyCount& count : counts) {
    Watched rule = rules_[count.rule];
    const std::uint64_t fresh = count.keys >= rule.keys ? count.keys - rule.keys : count.keys;
    rule.keys = count.keys;
    rule.minutes[static_cast<std::size_t>(minute_) % kMinutes] += fresh;
    const std::uint64_t keys =
        std::accumulate(rule.minutes.begin(), rule.minutes.end(), std::uint64_t{0});
    const bool flood = rule.flood ? keys > keys_max_ / 10 : keys > keys_max_;
    if (flood != rule.flood) changes.push_back({count.rule, count.name, flood, keys});
    rule.flood = flood;
    kept.emplace(count.rule, rule);
  }
  rules_ = std::move(kept);
  return changes;
}

std::string key_record(const KeyChange& change, Nanos now) {
  const std::string keys = std::to_string(change.keys);
  const std::string message = change.flood
                                  ? say("keys.flood", {{"rule", change.name}, {"keys", keys}})
                                  : say("keys.normal", {{"rule", change.name}, {"keys", keys}});
  return dump_json({{"@timestamp", format_time(now.count())},
                    {"event", {{"action", change.flood ? "rule-flood" : "rule-normal"}}},
                    {"picket",
                     {{"rule",
                       {{"id", change.rule},
                        {"name", change.name},
                        {"state", change.flood ? "flood" : "normal"},
                        {"new_keys", change.keys}}}}},
                    {"message", message}});
}

}  // namespace picket::app
