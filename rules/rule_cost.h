// What each rule costs: counts of every event, times of one event in many.
//
// RuleCosts belongs to one Evaluation and its thread; counting is two additions to plain memory.
// Whoever wants to look takes a copy on that thread. Times are elapsed nanoseconds of the sampled
// events only: times `sample_every` they estimate the whole. What rules share (unescaping and
// folding a value) is with the first that asks for it; waking is counted by kind of event. Rules
// are indexes of the rule set that made the evaluation.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "event/kind.h"

namespace picket::rules {

// Of events that a rule of their kind exists for, one is timed; so it costs next to nothing.
inline constexpr std::uint32_t kSampleEvery = 1024;

// Of one rule, from the start of the evaluation.
struct RuleCount {
  std::uint64_t woken = 0;    // by its anchors, or because nothing can wake it: for every event
  std::uint64_t matched = 0;  // of those that were evaluated here
  bool slow = false;          // put aside when woken, not evaluated
};

struct RuleSample {
  std::uint64_t evaluations = 0;
  std::uint64_t ns = 0;
  std::uint64_t largest_ns = 0;  // since clear_largest()
  std::uint64_t over = 0;        // evaluations over the limit for one
};

struct WakingSample {
  std::uint64_t events = 0;
  std::uint64_t ns = 0;
};

struct RuleCosts {
  std::uint32_t sample_every = kSampleEvery;
  std::uint64_t events = 0;
  std::uint64_t sampled_events = 0;
  std::uint64_t sampled_ns = 0;     // of waking and of evaluating
  std::uint64_t waking_ns = 0;      // part of it
  std::uint64_t payload_ns = 0;     // YARA, on sampled events; part of none of the above
  std::vector<RuleCount> counts;    // by rule
  std::vector<RuleSample> samples;  // by rule
  std::map<KindId, WakingSample> waking;

  void clear_largest() {
    for (RuleSample& sample : samples) sample.largest_ns = 0;
  }
};

// Says which events are timed: one in `every`, at distances that no rhythm of the input can
// fall in step with (events come sorted by kind, in batches of a fixed size).
class EventSampler {
 public:
  explicit EventSampler(std::uint32_t every = kSampleEvery) : every_(every), left_(every) {}
  bool next() {
    if (--left_ != 0) return false;
    draw();
    return true;
  }

 private:
  void draw() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    left_ = 1 + state_ % (2 * every_ - 1);
  }
  std::uint32_t every_;
  std::uint32_t left_;
  std::uint32_t state_ = 0x9E3779B9;
};

}  // namespace picket::rules
