#include "storage/query/order_stage.h"

#include <algorithm>
#include <deque>
#include <unordered_set>

namespace picket::storage {
namespace {

// Rows that compare equal stay in the order in which they came. Holds up to twice what it may keep,
// then lets go of the half that is behind.
class SortStage final : public PipeStage {
 public:
  SortStage(const QueryCommand& command, std::uint64_t wanted,
            const std::vector<std::string>& columns, PipeState& state, PipeStage& next)
      : wanted_(wanted), state_(state), next_(next) {
    std::vector<std::string> names;
    for (const SortKey& key : command.keys) {
      names.push_back(key.field);
      descending_.push_back(key.descending);
    }
    places_ = places_of(names, columns);
    keep_ = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, state.limits.rows_max));
  }

  bool row(ResultRow&& row) override {
    state_.bytes += row_bytes(row);
    rows_.push_back({std::move(row), arrived_++});
    if (rows_.size() >= 2 * keep_) cut(keep_);
    if (state_.is_full() && rows_.size() > 1) {
      keep_ = std::max<std::size_t>(1, std::min(keep_, rows_.size() / 2));
      cut(keep_);
    }
    return true;
  }

  void finish() override {
    cut(keep_);
    if (kept_less_than_wanted())
      state_.notice(PipeNoticeKind::kRowsLeftOut, arrived_ - rows_.size());
    for (Held& held : rows_) {
      state_.bytes -= std::min(state_.bytes, row_bytes(held.row));
      if (!next_.row(std::move(held.row))) break;
    }
    rows_.clear();
  }

 private:
  struct Held {
    ResultRow row;
    std::uint64_t arrived;
  };

  bool kept_less_than_wanted() const { return std::min(arrived_, wanted_) > rows_.size(); }

  bool before(const Held& a, const Held& b) const {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Cell& x = cell_at(a.row, places_[i]);
      const Cell& y = cell_at(b.row, places_[i]);
      const bool x_empty = std::holds_alternative<std::monostate>(x);
      const bool y_empty = std::holds_alternative<std::monostate>(y);
      if (x_empty != y_empty) return y_empty;  // last in both directions
      const int order = compare_cells(x, y);
      if (order != 0) return (order < 0) != descending_[i];
    }
    return a.arrived < b.arrived;
  }

  void cut(std::size_t keep) {
    std::sort(rows_.begin(), rows_.end(),
              [this](const Held& a, const Held& b) { return before(a, b); });
    while (rows_.size() > keep) {
      state_.bytes -= std::min(state_.bytes, row_bytes(rows_.back().row));
      rows_.pop_back();
    }
  }

  std::uint64_t wanted_;
  std::size_t keep_ = 0;
  PipeState& state_;
  PipeStage& next_;
  std::vector<std::size_t> places_;
  std::vector<bool> descending_;
  std::vector<Held> rows_;
  std::uint64_t arrived_ = 0;
};

class HeadStage final : public PipeStage {
 public:
  HeadStage(std::uint64_t rows, PipeStage& next) : left_(rows), next_(next) {}
  bool row(ResultRow&& row) override {
    if (left_ == 0) return false;
    --left_;
    return next_.row(std::move(row)) && left_ > 0;
  }
  void finish() override {}

 private:
  std::uint64_t left_;
  PipeStage& next_;
};

class TailStage final : public PipeStage {
 public:
  TailStage(std::uint64_t rows, PipeState& state, PipeStage& next)
      : wanted_(rows), state_(state), next_(next) {
    keep_ = static_cast<std::size_t>(std::min<std::uint64_t>(rows, state.limits.rows_max));
  }

  bool row(ResultRow&& row) override {
    state_.bytes += row_bytes(row);
    rows_.push_back(std::move(row));
    ++arrived_;
    while (rows_.size() > keep_ || (state_.is_full() && rows_.size() > 1)) drop_first();
    return true;
  }

  void finish() override {
    const std::uint64_t meant = std::min(arrived_, wanted_);
    if (meant > rows_.size()) state_.notice(PipeNoticeKind::kRowsLeftOut, meant - rows_.size());
    for (; !rows_.empty(); rows_.pop_front()) {
      state_.bytes -= std::min(state_.bytes, row_bytes(rows_.front()));
      if (!next_.row(std::move(rows_.front()))) break;
    }
    rows_.clear();
  }

 private:
  void drop_first() {
    state_.bytes -= std::min(state_.bytes, row_bytes(rows_.front()));
    rows_.pop_front();
  }

  std::uint64_t wanted_;
  std::size_t keep_ = 0;
  PipeState& state_;
  PipeStage& next_;
  std::deque<ResultRow> rows_;
  std::uint64_t arrived_ = 0;
};

class DedupStage final : public PipeStage {
 public:
  DedupStage(const QueryCommand& command, const std::vector<std::string>& columns, PipeState& state,
             PipeStage& next)
      : places_(places_of(command.fields, columns)), state_(state), next_(next) {}

  bool row(ResultRow&& row) override {
    std::string key;
    for (const std::size_t place : places_) append_key(key, cell_at(row, place));
    if (seen_.contains(key)) return true;
    if (seen_.size() < state_.limits.groups_max && !state_.is_full()) {
      state_.bytes += key.size() + 64;
      seen_.insert(std::move(key));
    } else {
      state_.notice(PipeNoticeKind::kDedupBounded, 1);
    }
    return next_.row(std::move(row));
  }
  void finish() override {}

 private:
  std::vector<std::size_t> places_;
  PipeState& state_;
  PipeStage& next_;
  std::unordered_set<std::string> seen_;
};

// `fields a, b`: a table of these columns.
class KeepStage final : public PipeStage {
 public:
  KeepStage(std::vector<std::size_t> places, PipeStage& next)
      : places_(std::move(places)), next_(next) {}
  bool row(ResultRow&& row) override {
    ResultRow kept;
    for (const std::size_t place : places_) kept.cells.push_back(cell_at(row, place));
    return next_.row(std::move(kept));
  }
  void finish() override {}

 private:
  std::vector<std::size_t> places_;
  PipeStage& next_;
};

// `fields - a` on events: later commands do not see it any more.
class ForgetStage final : public PipeStage {
 public:
  ForgetStage(std::vector<std::size_t> places, PipeStage& next)
      : places_(std::move(places)), next_(next) {}
  bool row(ResultRow&& row) override {
    for (const std::size_t place : places_) {
      if (place < row.cells.size()) row.cells[place] = Cell();
    }
    return next_.row(std::move(row));
  }
  void finish() override {}

 private:
  std::vector<std::size_t> places_;
  PipeStage& next_;
};

}  // namespace

std::vector<std::size_t> places_of(const std::vector<std::string>& names,
                                   const std::vector<std::string>& columns) {
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    places.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  return places;
}

const Cell& cell_at(const ResultRow& row, std::size_t place) {
  static const Cell nothing;
  return place < row.cells.size() ? row.cells[place] : nothing;
}

std::unique_ptr<PipeStage> make_sort_stage(const QueryCommand& command, std::uint64_t wanted,
                                           const std::vector<std::string>& columns,
                                           PipeState& state, PipeStage& next) {
  return std::make_unique<SortStage>(command, wanted, columns, state, next);
}

std::unique_ptr<PipeStage> make_head_stage(const QueryCommand& command, PipeStage& next) {
  return std::make_unique<HeadStage>(command.rows, next);
}

std::unique_ptr<PipeStage> make_tail_stage(const QueryCommand& command, PipeState& state,
                                           PipeStage& next) {
  return std::make_unique<TailStage>(command.rows, state, next);
}

std::unique_ptr<PipeStage> make_dedup_stage(const QueryCommand& command,
                                            const std::vector<std::string>& columns,
                                            PipeState& state, PipeStage& next) {
  return std::make_unique<DedupStage>(command, columns, state, next);
}

std::unique_ptr<PipeStage> make_fields_stage(const QueryCommand& command,
                                             const std::vector<std::string>& columns, bool events,
                                             PipeStage& next) {
  if (!command.drop) return std::make_unique<KeepStage>(places_of(command.fields, columns), next);
  if (events) return std::make_unique<ForgetStage>(places_of(command.fields, columns), next);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool dropped =
        std::find(command.fields.begin(), command.fields.end(), columns[i]) != command.fields.end();
    if (!dropped) kept.push_back(i);
  }
  return std::make_unique<KeepStage>(std::move(kept), next);
}

}  // namespace picket::storage
