// Pipe: the commands of a query, one stage behind another.
//
// Events that pass the filter are add()ed; rows come out of the result function, at once where no
// command has to see all of them, else at finish(). Memory is bounded: what did not fit is counted
// and told in notices(), with what that means for the result. Belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "event/event.h"
#include "storage/query.h"
#include "storage/query/event_field.h"
#include "storage/query/row.h"

namespace picket::storage {

struct PipeLimits {
  std::size_t rows_max = 100'000;      // held back by one sort or tail
  std::size_t groups_max = 100'000;    // of one command
  std::size_t distinct_max = 100'000;  // values of one distinct() that are told apart
  std::size_t sample_max = 100'000;    // values of one percentile; of more, a sample of so many
  std::size_t bytes_max = 256 * 1024 * 1024;  // of all stages
};

enum class PipeNoticeKind : std::uint8_t {
  kRowsLeftOut,      // n rows that sort or tail could not hold; those shown are the right ones
  kGroupsLeftOut,    // n rows of groups that did not fit; the groups shown are exact
  kDistinctBounded,  // n counts of distinct values are lower bounds
  kSampled,          // n percentiles are of a sample
  kDedupBounded,     // n rows may be there twice
  kCombinations      // n rows with more combinations of values than are told apart
};
std::string_view notice_name(PipeNoticeKind kind);  // "rows_left_out", ...

struct PipeNotice {
  PipeNoticeKind kind;
  std::uint64_t n = 0;
};

// What all stages of a pipe share.
struct PipeState {
  PipeLimits limits;
  std::size_t bytes = 0;
  std::vector<PipeNotice> notices = {};

  bool is_full() const { return bytes >= limits.bytes_max; }
  void notice(PipeNoticeKind kind, std::uint64_t n);
};

class PipeStage {
 public:
  PipeStage() = default;
  PipeStage(const PipeStage&) = delete;
  PipeStage& operator=(const PipeStage&) = delete;
  virtual ~PipeStage() = default;
  // False: it wants no more rows.
  virtual bool row(ResultRow&& row) = 0;
  // No more rows come; passes on what it held back. Once.
  virtual void finish() = 0;
};

// The columns of a query's result; empty: its rows are events.
std::vector<std::string> result_columns(const Query& query);
// Fields of events that the query's commands take out of them.
std::vector<std::string> dropped_fields(const Query& query);

class Pipe {
 public:
  Pipe(const Query& query, const PipeLimits& limits,
       std::function<std::string_view(SourceId)> source_name,
       std::function<bool(ResultRow&&)> result);
  ~Pipe();

  // False: no command wants more.
  bool add(Batch& batch, const Event& event);
  void finish();
  const std::vector<PipeNotice>& notices() const { return state_->notices; }

 private:
  std::unique_ptr<PipeState> state_;
  std::function<std::string_view(SourceId)> source_name_;
  std::vector<EventField> fields_;  // of events, that the commands ask for
  bool keeps_records_ = false;
  std::vector<std::unique_ptr<PipeStage>> stages_;  // the last one first
};

}  // namespace picket::storage
