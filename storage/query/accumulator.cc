// Percentiles are by nearest rank: the smallest value that at least p % of the values do not
// exceed. Of more values than are kept, a uniform sample is (Vitter's algorithm R); its random
// numbers have one seed, so that the same query over the same events has the same answer.
#include "storage/query/accumulator.h"

#include <algorithm>

#include "storage/query/reader.h"

namespace picket::storage {

void Accumulator::add(const Cell& cell, PipeState& state) {
  if (kind_ == AggregateKind::kCount) {
    ++count_;
    return;
  }
  if ((kind_ == AggregateKind::kMin || kind_ == AggregateKind::kMax) && cell.index() != 4) {
    add_extreme(cell);
    return;
  }
  any_text(cell, [&](std::string_view text) {
    if (kind_ == AggregateKind::kMin || kind_ == AggregateKind::kMax) {
      add_extreme(std::string(text));
    } else if (kind_ == AggregateKind::kDistinct) {
      if (values_.size() < state.limits.distinct_max && !state.is_full()) {
        if (values_.emplace(text).second) state.bytes += text.size() + 64;
      } else if (!values_.contains(std::string(text))) {
        bounded_ = true;
      }
    } else if (const auto number = parse_number(text)) {
      add_number(*number, state);
    }
    return false;
  });
}

void Accumulator::add_number(double number, PipeState& state) {
  ++count_;
  sum_ += number;
  if (kind_ != AggregateKind::kPercentile) return;
  if (numbers_.size() < state.limits.sample_max && (!state.is_full() || numbers_.empty())) {
    numbers_.push_back(number);
    state.bytes += sizeof number;
    return;
  }
  bounded_ = true;
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const std::uint64_t place = random_ % count_;
  if (place < numbers_.size()) numbers_[place] = number;
}

void Accumulator::add_extreme(const Cell& value) {
  if (value.index() == 0) return;
  const int order = extreme_.index() == 0 ? 0 : compare_cells(value, extreme_);
  const bool better = kind_ == AggregateKind::kMin ? order < 0 : order > 0;
  if (extreme_.index() == 0 || better) extreme_ = value;
}

Cell Accumulator::result(PipeState& state) {
  switch (kind_) {
    case AggregateKind::kCount:
      return static_cast<std::int64_t>(count_);
    case AggregateKind::kDistinct:
      if (bounded_) state.notice(PipeNoticeKind::kDistinctBounded, 1);
      return static_cast<std::int64_t>(values_.size());
    case AggregateKind::kMin:
    case AggregateKind::kMax: {
      const auto* const text = std::get_if<std::string>(&extreme_);
      const auto number = text != nullptr ? parse_number(*text) : std::nullopt;
      return number ? number_cell(*number) : extreme_;
    }
    case AggregateKind::kSum:
      return count_ == 0 ? Cell() : number_cell(sum_);
    case AggregateKind::kAvg:
      return count_ == 0 ? Cell() : number_cell(sum_ / static_cast<double>(count_));
    case AggregateKind::kPercentile:
      break;
  }
  if (numbers_.empty()) return {};
  if (bounded_) state.notice(PipeNoticeKind::kSampled, 1);
  std::sort(numbers_.begin(), numbers_.end());
  return number_cell(numbers_[(numbers_.size() * percent_ + 99) / 100 - 1]);
}

}  // namespace picket::storage
