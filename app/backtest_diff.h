// BacktestDiff: the alerts of a backtest beside those that are stored, and what analysts have said
// of those that would be gone.
//
// Alerts are the same when rule id, group and trigger are: the id of an alert has the rule's text
// in it, so that an edited rule raises none of the old ids. Compared are the rules that the
// backtest had; stored alerts of others are counted only. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/backtest.h"
#include "base/result.h"
#include "event/alert.h"
#include "event/incident.h"
#include "storage/store.h"

namespace picket::app {

struct DiffAlert {
  std::string id;
  RuleIdentity rule;
  std::int64_t time_ns = 0;
  std::string source;  // of its trigger
  std::uint64_t seq = 0;
  std::uint64_t hit_count = 0;
  std::uint64_t incident = 0;  // its number; 0: none. Of those that are gone
  Disposition disposition = Disposition::kNone;
};

struct DiffRule {
  RuleIdentity rule;
  std::uint64_t fresh = 0;
  std::uint64_t gone = 0;
  std::uint64_t same = 0;
};

struct DispositionCount {
  std::uint64_t stored = 0;  // alerts in incidents that were judged so
  std::uint64_t gone = 0;    // of them
};

struct BacktestDiff {
  static constexpr std::size_t kListed = 100;           // of each list
  static constexpr std::size_t kStoredMax = 2'000'000;  // stored alerts compared

  std::uint64_t fresh = 0;  // of the backtest alone
  std::uint64_t gone = 0;   // stored alone
  std::uint64_t same = 0;
  std::uint64_t changed = 0;          // of the same: with another number of hits
  std::uint64_t not_compared = 0;     // stored, of rules that the backtest did not have
  bool bounded = false;               // there are more stored alerts than are compared
  std::vector<DiffRule> rules;        // that differ, the most first
  std::vector<DiffAlert> fresh_list;  // the earliest
  std::vector<DiffAlert> gone_list;   // true positives first, then the earliest
  std::map<Disposition, DispositionCount> dispositions;

  std::uint64_t true_positives_gone() const {
    const auto found = dispositions.find(Disposition::kTruePositive);
    return found != dispositions.end() ? found->second.gone : 0;
  }
};

Result<BacktestDiff> diff_with_stored(const storage::Store& store, const rules::RuleSet& rules,
                                      const BacktestResult& result);

}  // namespace picket::app
