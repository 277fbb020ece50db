#include "storage/query/commands.h"

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "storage/folded_text.h"
#include "storage/query/filter.h"

namespace picket::storage {
namespace {

// In the order of CommandKind; `table` is another word for `fields`.
constexpr std::string_view kCommands[] = {"count",    "stats", "timechart", "top",  "rare",
                                          "distinct", "sort",  "head",      "tail", "fields",
                                          "dedup",    "where", "table"};
constexpr std::string_view kFunctions[] = {"count", "sum",      "avg",    "min",
                                           "max",   "distinct", "median", "p95"};
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSpanMax = 366LL * 86'400 * kSecond;

class CommandParser {
 public:
  CommandParser(QueryReader& in, std::vector<QueryNode>& nodes, std::vector<QueryCommand>& commands)
      : in_(in), nodes_(nodes), commands_(commands) {}

  void read() {
    while (!in_.failed() && in_.take('|')) {
      in_.skip_space();
      if (commands_.size() == kQueryCommandsMax) {
        in_.refuse(in_.at(), "too_many_commands",
                   "more than " + std::to_string(kQueryCommandsMax) + " commands");
        return;
      }
      QueryCommand command = one();
      in_.skip_space();
      if (in_.failed()) return;
      if (!in_.done() && in_.peek() != '|') {
        in_.refuse(in_.at(), "command_end", "the command ends before this", {"|"});
      }
      commands_.push_back(std::move(command));
    }
  }

 private:
  QueryCommand one() {
    QueryCommand command{.offset = in_.at()};
    const std::string word = fold(in_.word(",=["));
    const auto* const found = std::find(std::begin(kCommands), std::end(kCommands), word);
    if (found == std::end(kCommands)) {
      unknown_command(word);
      return command;
    }
    in_.move_to(in_.at() + word.size());
    in_.skip_space();
    const auto index = static_cast<std::size_t>(found - std::begin(kCommands));
    command.kind = word == "table" ? CommandKind::kFields : static_cast<CommandKind>(index);
    read_arguments(command);
    return command;
  }

  void unknown_command(const std::string& word) {
    std::vector<std::string> expected(std::begin(kCommands), std::end(kCommands));
    if (word.empty()) {
      in_.refuse(in_.at(), "command_missing", "a command is missing here", std::move(expected));
      return;
    }
    in_.refuse(in_.at(), "command_unknown",
               "there is no command '" + word + "'" + did_you_mean(word, kCommands),
               std::move(expected), nearest_name(word, kCommands));
  }

  void read_arguments(QueryCommand& command) {
    switch (command.kind) {
      case CommandKind::kCount:
        command.aggregates.push_back({.name = "count"});
        return read_by(command);
      case CommandKind::kStats:
        read_aggregates(command);
        return read_by(command);
      case CommandKind::kTimechart:
        command.span_ns = 3600 * kSecond;
        read_span(command);
        if (at_end() || in_.keyword_here("by")) {
          command.aggregates.push_back({.name = "count"});
        } else {
          read_aggregates(command);
        }
        return read_by(command);
      case CommandKind::kTop:
      case CommandKind::kRare:
        read_rows(command);
        read_fields(command.fields);
        return read_by(command);
      case CommandKind::kDistinct:
        return read_distinct(command);
      case CommandKind::kSort:
        return read_keys(command);
      case CommandKind::kHead:
      case CommandKind::kTail:
        return read_rows(command);
      case CommandKind::kFields:
        command.drop = in_.take('-');
        in_.skip_space();
        return read_fields(command.fields);
      case CommandKind::kDedup:
        return read_fields(command.fields);
      case CommandKind::kWhere:
        if (at_end())
          in_.refuse(in_.at(), "term_missing", "a term is missing at the end", {"field:value"});
        command.filter = read_filter(in_, nodes_);
        return;
    }
  }

  bool at_end() const { return in_.done() || in_.peek() == '|'; }

  std::string read_name() {
    const std::string_view name = in_.name_here();
    if (name.empty()) {
      in_.refuse(in_.at(), "field_missing", "the name of a field is missing here", {"a field"});
      return {};
    }
    in_.move_to(in_.at() + name.size());
    return plain_name(name);
  }

  // a, b, c
  void read_fields(std::vector<std::string>& fields) {
    do {
      in_.skip_space();
      const std::size_t begin = in_.at();
      std::string name = read_column();
      if (in_.failed()) return;
      if (std::find(fields.begin(), fields.end(), name) != fields.end()) {
        in_.refuse(begin, "field_twice", "this field is named twice");
      } else if (fields.size() == kQueryFieldsMax) {
        in_.refuse(begin, "too_many_fields",
                   "more than " + std::to_string(kQueryFieldsMax) + " fields in one command");
      }
      fields.push_back(std::move(name));
      in_.skip_space();
    } while (!in_.failed() && in_.take(','));
  }

  void read_by(QueryCommand& command) {
    in_.skip_space();
    const std::size_t begin = in_.at();
    if (in_.failed() || !in_.take_keyword("by")) return;
    read_fields(command.by);
    std::vector<std::string> names = command.by;
    for (const Aggregate& one : command.aggregates) names.push_back(one.name);
    for (const std::string& name : command.fields) names.push_back(name);
    refuse_doubles(std::move(names), begin);
  }

  // Columns are told apart by their names.
  void refuse_doubles(std::vector<std::string> names, std::size_t begin) {
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end())
      in_.refuse(begin, "column_twice",
                 "two columns are called '" + *twice + "'; name one with as");
  }

  void read_rows(QueryCommand& command) {
    const std::size_t begin = in_.at();
    if (in_.peek() < '0' || in_.peek() > '9') return;
    const std::string_view word = in_.word(",");
    std::uint64_t rows = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), rows);
    if (error != std::errc() || end != word.data() + word.size() || rows == 0 ||
        rows > kQueryRowsMax) {
      in_.refuse(begin, "rows",
                 "a number from 1 to " + std::to_string(kQueryRowsMax) + " is expected here",
                 {"a number"});
      return;
    }
    command.rows = rows;
    in_.move_to(begin + word.size());
    in_.skip_space();
  }

  void read_span(QueryCommand& command) {
    const bool named = equals_folded(in_.word("="), "span") && in_.peek(4) == '=';
    if (!named) return;
    in_.move_to(in_.at() + 5);
    const std::string_view word = in_.word();
    const std::optional<std::int64_t> span = parse_span(word);
    if (!span) {
      in_.refuse(in_.at(), "span", "a span such as 30s, 5m, 1h or 7d is expected here",
                 {"5m", "1h", "1d"});
      return;
    }
    command.span_ns = *span;
    in_.move_to(in_.at() + word.size());
    in_.skip_space();
  }

  void read_distinct(QueryCommand& command) {
    std::vector<std::string> fields;
    read_fields(fields);
    for (std::string& field : fields) {
      Aggregate one{.kind = AggregateKind::kDistinct, .field = std::move(field)};
      one.name = "distinct(" + one.field + ")";
      command.aggregates.push_back(std::move(one));
    }
    read_by(command);
  }

  void read_aggregates(QueryCommand& command) {
    const std::size_t begin = in_.at();
    do {
      in_.skip_space();
      command.aggregates.push_back(read_aggregate());
      in_.skip_space();
      if (command.aggregates.size() > kQueryFieldsMax) {
        in_.refuse(in_.at(), "too_many_fields",
                   "more than " + std::to_string(kQueryFieldsMax) + " fields in one command");
      }
    } while (!in_.failed() && in_.take(','));
    std::vector<std::string> names;
    for (const Aggregate& one : command.aggregates) names.push_back(one.name);
    if (!in_.failed()) refuse_doubles(std::move(names), begin);
  }

  Aggregate read_aggregate() {
    Aggregate one;
    const std::size_t begin = in_.at();
    const std::string word = fold(in_.word(",="));
    if (!set_function(word, one)) {
      in_.refuse(begin, "function_unknown",
                 word.empty()
                     ? "a function such as count or sum(field) is missing here"
                     : "there is no function '" + word + "'" + did_you_mean(word, kFunctions),
                 {std::begin(kFunctions), std::end(kFunctions)}, nearest_name(word, kFunctions));
      return one;
    }
    in_.move_to(begin + word.size());
    one.name = word;
    if (one.kind == AggregateKind::kCount) {
      if (in_.take("()")) one.name = "count";
    } else {
      read_argument(one, word);
    }
    in_.skip_space();
    if (in_.take_keyword("as")) one.name = read_name();
    return one;
  }

  void read_argument(Aggregate& one, const std::string& word) {
    if (!in_.take('(')) {
      in_.refuse(in_.at(), "argument_missing", word + " needs a field, as in " + word + "(field)",
                 {"("});
      return;
    }
    in_.skip_space();
    one.field = read_name();
    in_.skip_space();
    if (!in_.failed() && !in_.take(')')) {
      in_.refuse(in_.at(), "bracket_missing", "a ) is missing here", {")"});
    }
    one.name = word + "(" + one.field + ")";
  }

  static bool set_function(std::string_view word, Aggregate& one) {
    static constexpr std::pair<std::string_view, AggregateKind> kKinds[] = {
        {"count", AggregateKind::kCount}, {"sum", AggregateKind::kSum},
        {"avg", AggregateKind::kAvg},     {"min", AggregateKind::kMin},
        {"max", AggregateKind::kMax},     {"distinct", AggregateKind::kDistinct},
        {"dc", AggregateKind::kDistinct}, {"median", AggregateKind::kPercentile}};
    for (const auto& [name, kind] : kKinds) {
      if (name != word) continue;
      one.kind = kind;
      one.percent = 50;
      return true;
    }
    if (word.size() < 2 || word.size() > 3 || word[0] != 'p') return false;
    const auto [end, error] =
        std::from_chars(word.data() + 1, word.data() + word.size(), one.percent);
    one.kind = AggregateKind::kPercentile;
    return error == std::errc() && end == word.data() + word.size() && one.percent >= 1;
  }

  void read_keys(QueryCommand& command) {
    do {
      in_.skip_space();
      SortKey key;
      key.descending = in_.take('-');
      if (!key.descending) in_.take('+');
      key.field = read_column();
      in_.skip_space();
      if (in_.take_keyword("desc")) key.descending = true;
      in_.take_keyword("asc");
      command.keys.push_back(std::move(key));
      if (command.keys.size() > kQueryFieldsMax) {
        in_.refuse(in_.at(), "too_many_fields",
                   "more than " + std::to_string(kQueryFieldsMax) + " fields in one command");
      }
    } while (!in_.failed() && in_.take(','));
  }

  // A field, or a column of an earlier command: sum(source.bytes).
  std::string read_column() {
    std::string name = read_name();
    if (in_.failed() || in_.peek() != '(') return name;
    const std::size_t close = in_.rest().find_first_of(" \t\n\r)|,");
    if (close == std::string_view::npos || in_.peek(close) != ')') return name;
    name += in_.rest().substr(0, close + 1);
    in_.move_to(in_.at() + close + 1);
    return name;
  }

  QueryReader& in_;
  std::vector<QueryNode>& nodes_;
  std::vector<QueryCommand>& commands_;
};

}  // namespace

std::string_view command_name(CommandKind kind) {
  return kCommands[static_cast<std::size_t>(kind)];
}

std::span<const std::string_view> command_names() {
  return kCommands;
}

std::span<const std::string_view> function_names() {
  return kFunctions;
}

std::optional<std::int64_t> parse_span(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end + 1 != text.data() + text.size() || count < 1) return {};
  constexpr std::pair<char, std::int64_t> kUnits[] = {
      {'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}, {'w', 604'800}};
  for (const auto& [unit, seconds] : kUnits) {
    if (unit == *end && count <= kSpanMax / (seconds * kSecond)) return count * seconds * kSecond;
  }
  return {};
}

std::string show_span(std::int64_t span_ns) {
  const std::int64_t seconds = span_ns / kSecond;
  for (const auto& [unit, size] : {std::pair('d', 86'400), {'h', 3'600}, {'m', 60}}) {
    if (seconds % size == 0) return std::to_string(seconds / size) + unit;
  }
  return std::to_string(seconds) + "s";
}

void read_commands(QueryReader& in, std::vector<QueryNode>& nodes,
                   std::vector<QueryCommand>& commands) {
  CommandParser(in, nodes, commands).read();
}

}  // namespace picket::storage
