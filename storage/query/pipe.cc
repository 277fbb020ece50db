// The plan of a query: which columns each command gets. Until a command makes a table of the
// events, all of them get the same columns: the fields that these commands name.
#include "storage/query/pipe.h"

#include <algorithm>

#include "storage/query/group_stage.h"
#include "storage/query/order_stage.h"
#include "storage/query/where_stage.h"

namespace picket::storage {
namespace {

using Columns = std::vector<std::string>;

void add_column(Columns& columns, const std::string& name) {
  if (!name.empty() && std::find(columns.begin(), columns.end(), name) == columns.end())
    columns.push_back(name);
}

bool makes_table(const QueryCommand& command) {
  switch (command.kind) {
    case CommandKind::kSort:
    case CommandKind::kHead:
    case CommandKind::kTail:
    case CommandKind::kDedup:
    case CommandKind::kWhere:
      return false;
    case CommandKind::kFields:
      return !command.drop;
    default:
      return true;
  }
}

void add_filter_columns(const Query& query, std::uint32_t index, Columns& columns) {
  const QueryNode& node = query.node(index);
  if (node.op == QueryOp::kText) add_column(columns, "event.original");
  if (node.op == QueryOp::kField) add_column(columns, node.field);
  for (const std::uint32_t child : node.children) add_filter_columns(query, child, columns);
}

// The fields that the commands need while rows are events.
Columns event_columns(const Query& query) {
  Columns columns;
  for (const QueryCommand& command : query.commands()) {
    if (command.kind == CommandKind::kTimechart) add_column(columns, "@timestamp");
    if (command.kind == CommandKind::kWhere) add_filter_columns(query, command.filter, columns);
    for (const Aggregate& one : command.aggregates) add_column(columns, one.field);
    for (const SortKey& key : command.keys) add_column(columns, key.field);
    for (const std::string& name : command.fields) add_column(columns, name);
    for (const std::string& name : command.by) add_column(columns, name);
    if (makes_table(command)) break;
  }
  return columns;
}

Columns columns_after(const QueryCommand& command, const Columns& before, bool events) {
  if (command.kind == CommandKind::kFields && command.drop && !events) {
    Columns kept;
    for (const std::string& name : before) {
      const bool dropped =
          std::find(command.fields.begin(), command.fields.end(), name) != command.fields.end();
      if (!dropped) kept.push_back(name);
    }
    return kept;
  }
  if (!makes_table(command)) return before;
  if (command.kind == CommandKind::kFields) return command.fields;
  Columns columns;
  if (command.kind == CommandKind::kTimechart) columns.push_back("@timestamp");
  columns.insert(columns.end(), command.by.begin(), command.by.end());
  columns.insert(columns.end(), command.fields.begin(), command.fields.end());
  for (const Aggregate& one : command.aggregates) columns.push_back(one.name);
  if (command.kind == CommandKind::kTop || command.kind == CommandKind::kRare) {
    columns.push_back("count");
    columns.push_back("percent");
  }
  return columns;
}

// The last one: hands rows out.
class ResultStage final : public PipeStage {
 public:
  explicit ResultStage(std::function<bool(ResultRow&&)> result) : result_(std::move(result)) {}
  bool row(ResultRow&& row) override { return result_(std::move(row)); }
  void finish() override {}

 private:
  std::function<bool(ResultRow&&)> result_;
};

struct StagePlan {
  Columns columns;  // that it gets
  bool events = true;
};

std::vector<StagePlan> plan(const Query& query) {
  std::vector<StagePlan> plans{{event_columns(query), true}};
  for (const QueryCommand& command : query.commands()) {
    const StagePlan& before = plans.back();
    StagePlan after{columns_after(command, before.columns, before.events),
                    before.events && !makes_table(command)};
    plans.push_back(std::move(after));
  }
  return plans;
}

std::unique_ptr<PipeStage> make_stage(const Query& query, std::size_t index, const StagePlan& plan,
                                      PipeState& state, PipeStage& next) {
  const QueryCommand& command = query.commands()[index];
  switch (command.kind) {
    case CommandKind::kSort: {
      const bool head_follows = index + 1 < query.commands().size() &&
                                query.commands()[index + 1].kind == CommandKind::kHead;
      const std::uint64_t wanted = head_follows ? query.commands()[index + 1].rows : UINT64_MAX;
      return make_sort_stage(command, wanted, plan.columns, state, next);
    }
    case CommandKind::kHead:
      return make_head_stage(command, next);
    case CommandKind::kTail:
      return make_tail_stage(command, state, next);
    case CommandKind::kDedup:
      return make_dedup_stage(command, plan.columns, state, next);
    case CommandKind::kFields:
      return make_fields_stage(command, plan.columns, plan.events, next);
    case CommandKind::kWhere:
      return make_where_stage(query, command.filter, plan.columns, plan.events, next);
    default:
      return make_group_stage(command, plan.columns, state, next);
  }
}

}  // namespace

std::string_view notice_name(PipeNoticeKind kind) {
  static constexpr std::string_view kNames[] = {"rows_left_out",    "groups_left_out",
                                                "distinct_bounded", "percentile_sampled",
                                                "dedup_bounded",    "combinations"};
  return kNames[static_cast<std::size_t>(kind)];
}

void PipeState::notice(PipeNoticeKind kind, std::uint64_t n) {
  if (n == 0) return;
  for (PipeNotice& one : notices) {
    if (one.kind != kind) continue;
    one.n += n;
    return;
  }
  notices.push_back({kind, n});
}

std::vector<std::string> result_columns(const Query& query) {
  StagePlan last = plan(query).back();
  return last.events ? Columns() : std::move(last.columns);
}

std::vector<std::string> dropped_fields(const Query& query) {
  Columns names;
  for (const QueryCommand& command : query.commands()) {
    if (makes_table(command)) break;
    if (!command.drop) continue;
    for (const std::string& name : command.fields) add_column(names, name);
  }
  return names;
}

Pipe::Pipe(const Query& query, const PipeLimits& limits,
           std::function<std::string_view(SourceId)> source_name,
           std::function<bool(ResultRow&&)> result)
    : state_(std::make_unique<PipeState>(PipeState{.limits = limits})),
      source_name_(std::move(source_name)) {
  const std::vector<StagePlan> plans = plan(query);
  keeps_records_ = plans.back().events;
  for (const std::string& name : plans.front().columns) fields_.emplace_back(name);
  stages_.push_back(std::make_unique<ResultStage>(std::move(result)));
  for (std::size_t i = query.commands().size(); i-- > 0;)
    stages_.push_back(make_stage(query, i, plans[i], *state_, *stages_.back()));
}

Pipe::~Pipe() = default;

bool Pipe::add(Batch& batch, const Event& event) {
  const Record& record = batch.record_of(event);
  const std::string_view source = source_name_ ? source_name_(record.source) : std::string_view();
  ResultRow row;
  for (EventField& field : fields_) {
    std::vector<std::string> values;
    field.any(batch, event, source, [&](std::string_view value) {
      values.emplace_back(value);
      return false;
    });
    row.cells.push_back(cell_of(std::move(values)));
  }
  if (keeps_records_) {
    row.record = std::make_unique<RecordCopy>(RecordCopy{own(record.raw), record.source, record.seq,
                                                         record.received_ns, record.length,
                                                         own(record.heading)});
  }
  return stages_.back()->row(std::move(row));
}

void Pipe::finish() {
  for (std::size_t i = stages_.size(); i-- > 0;) stages_[i]->finish();
}

}  // namespace picket::storage
