// A group is named by its cells: of timechart the time first, then those of `by`, then the fields
// of top and rare. Orders: count and top the most first, rare the fewest first, the others by name.
#include "storage/query/group_stage.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/time.h"
#include "storage/query/accumulator.h"
#include "storage/query/order_stage.h"

namespace picket::storage {
namespace {

constexpr std::size_t kCombinationsMax = 1'024;  // of the values of one row
constexpr std::int64_t kGapsMax = 10'000;        // empty spans of a timechart that are shown

using Cells = std::vector<Cell>;

int compare(const Cells& a, const Cells& b, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    if (const int order = compare_cells(a[i], b[i]); order != 0) return order;
    if (const int order = cell_text(a[i]).compare(cell_text(b[i])); order != 0)
      return order;  // 1, 1.0
  }
  return 0;
}

struct Group {
  Cells cells;
  std::vector<Accumulator> accumulators;
};

class GroupStage final : public PipeStage {
 public:
  GroupStage(const QueryCommand& command, const std::vector<std::string>& columns, PipeState& state,
             PipeStage& next)
      : command_(command), state_(state), next_(next) {
    std::vector<std::string> names;
    if (command.kind == CommandKind::kTimechart) names.push_back("@timestamp");
    names.insert(names.end(), command.by.begin(), command.by.end());
    names.insert(names.end(), command.fields.begin(), command.fields.end());
    group_places_ = places_of(names, columns);
    aggregates_ = command.aggregates;
    if (is_top()) aggregates_.push_back({.name = "count"});
    std::vector<std::string> fields;
    for (const Aggregate& one : aggregates_) fields.push_back(one.field);
    value_places_ = places_of(fields, columns);
    // Aggregates of everything have an answer even if there is nothing.
    if (group_places_.empty()) group_of({});
  }

  bool row(ResultRow&& row) override {
    std::vector<Cells> names{{}};
    for (std::size_t i = 0; i < group_places_.size(); ++i) {
      const Cell& cell = cell_at(row, group_places_[i]);
      const bool asked = is_top() && i >= command_.by.size();
      if (asked && cell.index() == 0) return true;
      if (!spread(names,
                  command_.kind == CommandKind::kTimechart && i == 0 ? span_of(cell) : cell)) {
        state_.notice(PipeNoticeKind::kCombinations, 1);
        return true;
      }
    }
    for (Cells& name : names) add(std::move(name), row);
    return true;
  }

  void finish() override {
    std::vector<Group*> groups;
    for (auto& [key, group] : groups_) groups.push_back(&group);
    std::vector<Cells> rows;
    for (Group* const group : groups) {
      Cells cells = std::move(group->cells);
      for (Accumulator& one : group->accumulators) cells.push_back(one.result(state_));
      rows.push_back(std::move(cells));
    }
    groups_.clear();
    state_.bytes = 0;  // the stages before are done, those behind have not begun
    is_top() ? pass_top(rows) : pass(rows);
  }

 private:
  bool is_top() const {
    return command_.kind == CommandKind::kTop || command_.kind == CommandKind::kRare;
  }

  // Each name once more with each value of the cell. False: too many.
  static bool spread(std::vector<Cells>& names, const Cell& cell) {
    std::vector<Cell> values;
    const auto* const list = std::get_if<std::vector<std::string>>(&cell);
    if (list == nullptr) {
      for (Cells& name : names) name.push_back(cell);
      return true;
    }
    std::vector<std::string> texts = *list;
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    if (names.size() * texts.size() > kCombinationsMax) return false;
    std::vector<Cells> all;
    for (const Cells& name : names) {
      for (const std::string& text : texts) {
        all.push_back(name);
        all.back().push_back(text);
      }
    }
    names = std::move(all);
    return true;
  }

  // The beginning of the span that a time lies in.
  Cell span_of(const Cell& cell) const {
    const auto time = parse_time(cell_text(cell));
    if (!time) return {};
    const std::int64_t rest =
        ((time->time_ns % command_.span_ns) + command_.span_ns) % command_.span_ns;
    return format_time(time->time_ns - rest);
  }

  Group* group_of(Cells name) {
    std::string key;
    for (const Cell& cell : name) append_key(key, cell);
    const auto found = groups_.find(key);
    if (found != groups_.end()) return &found->second;
    if (groups_.size() >= state_.limits.groups_max || state_.is_full()) return nullptr;
    state_.bytes += 2 * key.size() + sizeof(Group) + aggregates_.size() * sizeof(Accumulator) + 64;
    Group group{std::move(name), {}};
    for (const Aggregate& one : aggregates_) group.accumulators.emplace_back(one);
    return &groups_.emplace(std::move(key), std::move(group)).first->second;
  }

  void add(Cells name, const ResultRow& row) {
    Group* const group = group_of(std::move(name));
    if (group == nullptr) {
      state_.notice(PipeNoticeKind::kGroupsLeftOut, 1);
      return;
    }
    for (std::size_t i = 0; i < aggregates_.size(); ++i)
      group->accumulators[i].add(cell_at(row, value_places_[i]), state_);
  }

  bool pass_row(Cells cells) {
    ResultRow row;
    row.cells = std::move(cells);
    return next_.row(std::move(row));
  }

  void pass(std::vector<Cells>& rows) {
    const std::size_t names = group_places_.size();
    const bool most_first = command_.kind == CommandKind::kCount;
    std::sort(rows.begin(), rows.end(), [&](const Cells& a, const Cells& b) {
      const int count = most_first ? compare_cells(b[names], a[names]) : 0;
      return count != 0 ? count < 0 : compare(a, b, 0, names) < 0;
    });
    if (command_.kind == CommandKind::kTimechart && command_.by.empty()) fill_gaps(rows);
    for (Cells& cells : rows) {
      if (!pass_row(std::move(cells))) return;
    }
  }

  // Spans without events between the first and the last, if they are not too many.
  void fill_gaps(std::vector<Cells>& rows) const {
    std::map<std::int64_t, Cells> spans;
    std::vector<Cells> timeless;
    for (Cells& cells : rows) {
      const auto time = parse_time(cell_text(cells.front()));
      time ? void(spans.emplace(time->time_ns, std::move(cells)))
           : timeless.push_back(std::move(cells));
    }
    rows.clear();
    const std::int64_t step = command_.span_ns;
    const bool few =
        !spans.empty() && spans.rbegin()->first / step - spans.begin()->first / step <= kGapsMax;
    std::int64_t expected = few ? spans.begin()->first : 0;
    for (auto& [time, cells] : spans) {
      for (; few && expected < time; expected += step) rows.push_back(empty_span(expected));
      expected = time + step;
      rows.push_back(std::move(cells));
    }
    for (Cells& cells : timeless) rows.push_back(std::move(cells));
  }

  Cells empty_span(std::int64_t time_ns) const {
    Cells cells{format_time(time_ns)};
    for (const Aggregate& one : command_.aggregates) {
      const bool counts = one.kind == AggregateKind::kCount || one.kind == AggregateKind::kDistinct;
      cells.emplace_back();
      if (counts) cells.back().emplace<std::int64_t>(0);
    }
    return cells;
  }

  // The first of each group of `by`, with their share of it.
  void pass_top(std::vector<Cells>& rows) {
    const std::size_t by = command_.by.size();
    const std::size_t names = group_places_.size();
    const bool most_first = command_.kind == CommandKind::kTop;
    std::sort(rows.begin(), rows.end(), [&](const Cells& a, const Cells& b) {
      if (const int order = compare(a, b, 0, by); order != 0) return order < 0;
      const int count = compare_cells(a[names], b[names]);
      if (count != 0) return (count > 0) == most_first;
      return compare(a, b, by, names) < 0;
    });
    for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
      std::int64_t total = 0;
      for (end = begin; end < rows.size() && compare(rows[begin], rows[end], 0, by) == 0; ++end)
        total += std::get<std::int64_t>(rows[end][names]);
      const std::size_t last =
          begin + static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, command_.rows));
      if (!pass_shares(rows, begin, last, total)) return;
    }
  }

  bool pass_shares(const std::vector<Cells>& rows, std::size_t begin, std::size_t end,
                   std::int64_t total) {
    for (std::size_t i = begin; i < end; ++i) {
      Cells cells = rows[i];
      const auto count = static_cast<double>(std::get<std::int64_t>(cells.back()));
      cells.push_back(number_cell(100.0 * count / static_cast<double>(total)));
      if (!pass_row(std::move(cells))) return false;
    }
    return true;
  }

  const QueryCommand& command_;
  PipeState& state_;
  PipeStage& next_;
  std::vector<Aggregate> aggregates_;
  std::vector<std::size_t> group_places_;
  std::vector<std::size_t> value_places_;
  std::unordered_map<std::string, Group> groups_;
};

}  // namespace

std::unique_ptr<PipeStage> make_group_stage(const QueryCommand& command,
                                            const std::vector<std::string>& columns,
                                            PipeState& state, PipeStage& next) {
  return std::make_unique<GroupStage>(command, columns, state, next);
}

}  // namespace picket::storage
