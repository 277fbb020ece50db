// Terms: what all partitions of the correlator go by. The coordinator makes them, and changes the
// watermark between two hand-overs only; while partitions work all read and none writes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "correlator/codec.h"
#include "correlator/evaluation.h"
#include "correlator/group_log.h"
#include "correlator/window.h"
#include "rules/rule_set.h"

namespace picket::correlator {

struct Options {
  static constexpr std::int64_t kHour = 3'600'000'000'000;
  static constexpr std::size_t kThreadsMax = 64;

  std::int64_t lateness_ns =
      24 * kHour;  // a hit that is later than this is counted, not correlated
  std::size_t cache_bytes_max = 256 * 1024 * 1024;  // of all partitions together
  // Of the state, about: what is read at a start, and kept until the groups are asked for.
  std::size_t log_bytes_max = GroupLog::kBytesMax;
  // Hits of one group in state. Above it the oldest are settled and dropped, and counted as
  // evicted: counts stay exact up to this number, late hits older than what is kept are lost for
  // correlation. Never less than twice what the rule counts to.
  std::size_t group_hits_max = 16'384;
  // Hits of a group beyond this number carry no matches: explaining is for people, not for floods.
  std::size_t proof_hits_max = 64;
  // 1 to kThreadsMax: partitions of the groups, each with a thread (one of them the caller's). What
  // comes out, and the state, do not depend on it.
  std::size_t threads = 1;
  // Of hits or groups: less work than this is not worth the hand-over to other threads.
  std::size_t hand_over_min = 256;
  // Correlate at finish() only: for `scan`, whose whole input is inside the lateness. The state is
  // where groups go that do not fit into memory, and nothing to start from again.
  bool deferred = false;
  // Ids of correlations that take no part yet, because their windows are being filled.
  std::set<std::string, std::less<>> cold = {};
  std::string secret;  // of this installation: makes hashes of group values unpredictable
};

struct RuleCounters {
  std::uint64_t hits = 0;       // counted
  std::uint64_t groups = 0;     // begun
  std::uint64_t ungrouped = 0;  // lacked a group-by field
  std::uint64_t late = 0;       // beyond the lateness
  std::uint64_t evicted = 0;    // dropped at group_hits_max
  std::uint64_t fired = 0;
  std::uint64_t withdrawn = 0;
};

struct Terms {
  explicit Terms(Options asked) : options(std::move(asked)) {}

  Options options;
  std::vector<rules::Correlation> correlations;  // of the rules, then suppressed detections
  std::vector<std::string> keys;                 // by correlation
  std::vector<std::size_t> limits;               // hits of a group, by correlation
  std::vector<Audience> audiences;               // by correlation
  std::int64_t watermark_ns = INT64_MIN;
  bool finishing = false;

  // Hits before it are decided.
  std::int64_t limit_of(std::uint32_t correlation) const {
    if (finishing || decided_at_once(correlations[correlation].rule)) return INT64_MAX;
    return subtract_ns(watermark_ns, ahead_of(correlation));
  }
  // How far after a hit those may lie that decide what is said at it.
  std::int64_t ahead_of(std::uint32_t correlation) const {
    const rules::CorrelationRule& rule = correlations[correlation].rule;
    return rule.type == rules::CorrelationType::kAbsence ? rule.timespan_ns : 0;
  }
  // How far back a hit may have a say: the window, or the alert that later ones join.
  std::int64_t span_ns(std::uint32_t correlation) const {
    const rules::CorrelationRule& rule = correlations[correlation].rule;
    return std::max(rule.timespan_ns, rule.suppress_ns);
  }
  // What is older comes no more.
  std::int64_t horizon() const { return subtract_ns(watermark_ns, options.lateness_ns); }
};

}  // namespace picket::correlator
