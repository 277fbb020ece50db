// Accumulator: one aggregate of one group: sum(source.bytes) of what user.name root sent.
//
// Of a field with several values, each counts. sum, avg and percentiles take values that are
// numbers. Belongs to its group.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/query.h"
#include "storage/query/pipe.h"

namespace picket::storage {

class Accumulator {
 public:
  explicit Accumulator(const Aggregate& aggregate)
      : kind_(aggregate.kind), percent_(aggregate.percent) {}

  void add(const Cell& cell, PipeState& state);
  // Once, at the end; tells the state where the answer is not exact.
  Cell result(PipeState& state);

 private:
  void add_number(double number, PipeState& state);
  void add_extreme(const Cell& value);

  AggregateKind kind_;
  unsigned percent_;
  bool bounded_ = false;
  std::uint64_t count_ = 0;  // of rows, or of numbers
  double sum_ = 0;
  std::uint64_t random_ = 0x9E3779B97F4A7C15ULL;
  Cell extreme_;
  std::unordered_set<std::string> values_;
  std::vector<double> numbers_;
};

}  // namespace picket::storage
