#include "correlator/window.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <unordered_map>
#include <vector>

namespace picket::correlator {
namespace {

using rules::Compare;
using rules::CorrelationRule;
using rules::CorrelationType;

class EventCount final : public Window {
 public:
  void clear() override { count_ = 0; }
  void add(const MemberHit&) override { ++count_; }
  void remove(const MemberHit&) override { --count_; }
  std::optional<double> quantity(std::int64_t) override { return static_cast<double>(count_); }

 private:
  std::size_t count_ = 0;
};

class ValueCount final : public Window {
 public:
  void clear() override { values_.clear(); }
  void add(const MemberHit& hit) override {
    if (hit.value) values_.add(hit.value);
  }
  void remove(const MemberHit& hit) override {
    if (hit.value) values_.remove(hit.value);
  }
  std::optional<double> quantity(std::int64_t) override {
    return static_cast<double>(values_.size());
  }

 private:
  TextCounts values_;
};

// How many of the rules have a hit in the window.
class Temporal final : public Window {
 public:
  explicit Temporal(std::size_t rules) : hits_(rules) {}
  void clear() override {
    std::fill(hits_.begin(), hits_.end(), 0);
    present_ = 0;
  }
  void add(const MemberHit& hit) override {
    if (hit.reference < hits_.size() && hits_[hit.reference]++ == 0) ++present_;
  }
  void remove(const MemberHit& hit) override {
    if (hit.reference < hits_.size() && --hits_[hit.reference] == 0) --present_;
  }
  std::optional<double> quantity(std::int64_t) override { return static_cast<double>(present_); }

 private:
  std::vector<std::size_t> hits_;
  std::size_t present_ = 0;
};

// For each prefix of the rules, the latest start of a chain that matches it. A chain to step i at
// this hit starts where the best chain to step i-1 started. Steps must be strictly later in the
// order of events, so what hits of one event find is held back until another event comes.
class TemporalOrdered final : public Window {
 public:
  explicit TemporalOrdered(std::size_t rules) : starts_(rules, kNone), fresh_(rules, kNone) {}
  void clear() override {
    std::fill(starts_.begin(), starts_.end(), kNone);
    std::fill(fresh_.begin(), fresh_.end(), kNone);
    any_ = false;
  }
  void add(const MemberHit& hit) override {
    if (hit.reference >= starts_.size()) return;
    if (any_ && !last_.same_event(hit)) settle();
    any_ = true;
    last_.time_ns = hit.time_ns;
    last_.source = hit.source;
    last_.seq = hit.seq;
    const std::int64_t start = hit.reference == 0 ? hit.time_ns : starts_[hit.reference - 1];
    fresh_[hit.reference] = std::max(fresh_[hit.reference], start);
  }
  void remove(const MemberHit&) override {}  // a start that is too old says so itself
  bool evaluates_at(const MemberHit& hit) const override {
    return hit.reference + 1 == starts_.size();
  }
  std::optional<double> quantity(std::int64_t from_ns) override {
    const bool chain = fresh_.back() != kNone && fresh_.back() >= from_ns;
    return chain ? static_cast<double>(starts_.size()) : 0;
  }

 private:
  static constexpr std::int64_t kNone = INT64_MIN;

  void settle() {
    for (std::size_t i = 0; i < starts_.size(); ++i) {
      starts_[i] = std::max(starts_[i], fresh_[i]);
      fresh_[i] = kNone;
    }
  }

  std::vector<std::int64_t> starts_;
  std::vector<std::int64_t> fresh_;  // found by hits of the last event
  MemberHit last_;                   // its place only
  bool any_ = false;
};

// Sum or mean. A running sum of doubles drifts when values leave, so it is used only while every
// value is a small whole number, where it is exact; otherwise the window is summed in its order.
class ValueSum final : public Window {
 public:
  explicit ValueSum(bool mean) : mean_(mean) {}
  void clear() override {
    values_.clear();
    running_ = 0;
    inexact_ = 0;
  }
  void add(const MemberHit& hit) override {
    if (!hit.number) return;
    values_.push_back(*hit.number);
    if (is_exact(*hit.number)) running_ += *hit.number;
    if (!is_exact(*hit.number)) ++inexact_;
  }
  void remove(const MemberHit& hit) override {
    if (!hit.number) return;
    values_.pop_front();
    if (is_exact(*hit.number)) running_ -= *hit.number;
    if (!is_exact(*hit.number)) --inexact_;
  }
  std::optional<double> quantity(std::int64_t) override {
    if (mean_ && values_.empty()) return std::nullopt;
    double sum = running_;
    if (inexact_ > 0) {
      sum = 0;
      for (const double value : values_) sum += value;
    }
    return mean_ ? sum / static_cast<double>(values_.size()) : sum;
  }

 private:
  // 2^33 times the 2^20 hits of the largest window is 2^53, up to which doubles count exactly.
  static bool is_exact(double value) {
    return std::fabs(value) <= 8'589'934'592.0 && std::trunc(value) == value;
  }

  bool mean_;
  std::deque<double> values_;
  double running_ = 0;
  std::size_t inexact_ = 0;
};

// The values in order, for quantities that depend on ranks.
class SortedValues : public Window {
 public:
  void clear() override { sorted_.clear(); }
  void add(const MemberHit& hit) override {
    if (!hit.number) return;
    sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), *hit.number), *hit.number);
  }
  void remove(const MemberHit& hit) override {
    if (!hit.number) return;
    sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), *hit.number));
  }

 protected:
  const std::vector<double>& sorted() const { return sorted_; }

 private:
  std::vector<double> sorted_;
};

// By nearest rank: the smallest value that at least so many percent of all values do not exceed, so
// it is always one of them.
class ValuePercentile final : public SortedValues {
 public:
  explicit ValuePercentile(double percentile) : percentile_(std::clamp(percentile, 0.0, 100.0)) {}
  std::optional<double> quantity(std::int64_t) override {
    if (sorted().empty()) return std::nullopt;
    // Multiplied first: whole percents of whole counts stay exact, no rank is rounded up by dust.
    const double rank = std::ceil(percentile_ * static_cast<double>(sorted().size()) / 100);
    return sorted()[std::max<std::size_t>(static_cast<std::size_t>(rank), 1) - 1];
  }

 private:
  double percentile_;
};

// The middle value, or the mean of the two in the middle.
class ValueMedian final : public SortedValues {
 public:
  std::optional<double> quantity(std::int64_t) override {
    if (sorted().empty()) return std::nullopt;
    const double low = sorted()[(sorted().size() - 1) / 2];
    const double high = sorted()[sorted().size() / 2];
    return low + (high - low) / 2;
  }
};

// How often the value of the last event was seen, that event included; of several values, the one
// seen least. Older than the group's first hit that is not settled is the history.
class SeenValues final : public Window {
 public:
  SeenValues(const CorrelationRule& rule, const History& history) : rule_(rule), history_(history) {
    SeenValues::clear();
  }
  void clear() override {
    values_.clear();
    all_.clear();
    fresh_.clear();
    since_ns_ = history_.since_ns();
    last_ns_ = history_.last_ns();
  }
  void add(const MemberHit& hit) override {
    if (!fresh_.empty() && !place_.same_event(hit)) settle();
    place_.time_ns = hit.time_ns;
    place_.source = hit.source;
    place_.seq = hit.seq;
    if (hit.value && std::find(fresh_.begin(), fresh_.end(), hit.value) == fresh_.end())
      fresh_.push_back(hit.value);
  }
  void remove(const MemberHit&) override {}  // an instant that is too old is not counted
  bool evaluates_at(const MemberHit&) const override { return !fresh_.empty(); }
  std::optional<double> quantity(std::int64_t from_ns) override {
    if (1 + history_.count_all(from_ns) + since(all_, from_ns) < rule_.seen_after)
      return std::nullopt;
    const std::int64_t known_ns = last_ns_ < from_ns ? place_.time_ns : since_ns_;
    if (place_.time_ns < add_ns(known_ns, rule_.learn_ns)) return std::nullopt;
    std::size_t least = SIZE_MAX;
    for (const SharedText& value : fresh_) {
      const auto found = values_.find(value);
      const std::size_t here = found == values_.end() ? 0 : since(found->second, from_ns);
      least = std::min(least, 1 + here + history_.count(*value, from_ns));
    }
    return static_cast<double>(least);
  }

 private:
  using Times = std::vector<std::int64_t>;

  static std::size_t since(const Times& times, std::int64_t from_ns) {
    return static_cast<std::size_t>(times.end() -
                                    std::lower_bound(times.begin(), times.end(), from_ns));
  }
  // The event looked at last is one of those seen before.
  void settle() {
    if (last_ns_ < subtract_ns(place_.time_ns, rule_.timespan_ns)) since_ns_ = place_.time_ns;
    last_ns_ = place_.time_ns;
    all_.push_back(place_.time_ns);
    for (SharedText& value : fresh_) values_[std::move(value)].push_back(place_.time_ns);
    fresh_.clear();
  }

  const CorrelationRule& rule_;
  const History& history_;
  std::unordered_map<SharedText, Times, SharedTextHash> values_;
  Times all_;
  std::vector<SharedText> fresh_;  // distinct values of the last event
  MemberHit place_;                // of it
  std::int64_t since_ns_ = 0;
  std::int64_t last_ns_ = 0;
};

bool compare(double quantity, Compare how, double bound) {
  switch (how) {
    case Compare::kEqual:
      return quantity == bound;
    case Compare::kNotEqual:
      return quantity != bound;
    case Compare::kLess:
      return quantity < bound;
    case Compare::kLessEqual:
      return quantity <= bound;
    case Compare::kGreater:
      return quantity > bound;
    case Compare::kGreaterEqual:
      return quantity >= bound;
  }
  return false;
}

}  // namespace

std::unique_ptr<Window> make_window(const CorrelationRule& rule, const History& history) {
  switch (rule.type) {
    case CorrelationType::kEventCount:
      return std::make_unique<EventCount>();
    case CorrelationType::kValueCount:
      return std::make_unique<ValueCount>();
    case CorrelationType::kTemporal:
      return std::make_unique<Temporal>(rule.rules.size());
    case CorrelationType::kTemporalOrdered:
      return std::make_unique<TemporalOrdered>(std::max<std::size_t>(rule.rules.size(), 1));
    case CorrelationType::kValueSum:
      return std::make_unique<ValueSum>(false);
    case CorrelationType::kValueAvg:
      return std::make_unique<ValueSum>(true);
    case CorrelationType::kValuePercentile:
      return std::make_unique<ValuePercentile>(rule.percentile);
    case CorrelationType::kValueMedian:
      return std::make_unique<ValueMedian>();
    case CorrelationType::kFirstSeen:
    case CorrelationType::kRare:
      return std::make_unique<SeenValues>(rule, history);
    case CorrelationType::kAbsence:  // looks forward (evaluation.cc)
    case CorrelationType::kEach:
      break;
  }
  return std::make_unique<EventCount>();
}

bool holds(const CorrelationRule& rule, double quantity) {
  if (has_history(rule.type)) return quantity <= rule.seen_max;
  const auto all = static_cast<double>(rule.rules.size());
  if (rule.type == CorrelationType::kTemporalOrdered && quantity < all) return false;
  if (rule.type == CorrelationType::kTemporal && rule.conditions.empty()) return quantity >= all;
  return std::all_of(rule.conditions.begin(), rule.conditions.end(), [&](const auto& condition) {
    return compare(quantity, condition.first, condition.second);
  });
}

bool decided_at_once(const CorrelationRule& rule) {
  const bool settles =
      rule.type == CorrelationType::kRare || rule.type == CorrelationType::kAbsence ||
      rule.type == CorrelationType::kValueAvg || rule.type == CorrelationType::kValuePercentile ||
      rule.type == CorrelationType::kValueMedian;
  return !settles &&
         std::all_of(rule.conditions.begin(), rule.conditions.end(), [](const auto& condition) {
           return condition.first == Compare::kGreater || condition.first == Compare::kGreaterEqual;
         });
}

bool has_history(CorrelationType type) {
  return type == CorrelationType::kFirstSeen || type == CorrelationType::kRare;
}

bool tells_of_event(CorrelationType type) {
  return type == CorrelationType::kAbsence || type == CorrelationType::kEach || has_history(type);
}

bool counts_values(CorrelationType type) {
  return type != CorrelationType::kEventCount && type != CorrelationType::kTemporal &&
         type != CorrelationType::kTemporalOrdered && type != CorrelationType::kAbsence &&
         type != CorrelationType::kEach;
}

}  // namespace picket::correlator
