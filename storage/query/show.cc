// Query::show(): one canonical spelling, which parses to the same query.
#include <algorithm>

#include "storage/query.h"
#include "storage/query/commands.h"
#include "storage/query/reader.h"

namespace picket::storage {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

std::string show_name(const std::string& name) {
  const bool plain = name.size() >= 2 && is_name_start(name.front()) && !name.ends_with('-') &&
                     !name.ends_with('.') && std::all_of(name.begin(), name.end(), is_name_byte);
  return plain ? name : "`" + name + "`";
}

std::string show_range(const QueryNode& node) {
  if (!node.upper) return (node.lower->inclusive ? ":>=" : ":>") + quoted(node.lower->text);
  if (!node.lower) return (node.upper->inclusive ? ":<=" : ":<") + quoted(node.upper->text);
  return (node.lower->inclusive ? ":[" : ":{") + quoted(node.lower->text) + " TO " +
         quoted(node.upper->text) + (node.upper->inclusive ? "]" : "}");
}

// A word as it was written; '=' where a colon would give it another meaning.
std::string show_word(std::string_view value) {
  const bool equals = value.starts_with(':') || value.starts_with("//") || value.starts_with('<') ||
                      value.starts_with('>');
  return (equals ? "=" : ":") + std::string(value);
}

std::string show_term(const QueryNode& node) {
  if (node.op == QueryOp::kText)
    return node.test == ValueTest::kWildcard ? node.value : quoted(node.value);
  const std::string name = show_name(node.field);
  switch (node.test) {
    case ValueTest::kEquals:
      return name + ":" + quoted(node.value);
    case ValueTest::kEqualsCase:
      return name + "==" + quoted(node.value);
    case ValueTest::kExists:
      return name + ":*";
    case ValueTest::kRegex:
      return name + ":/" + node.value + "/" + node.flags;
    case ValueTest::kRange:
      return name + show_range(node);
    case ValueTest::kWildcard:
    case ValueTest::kNetwork:
      break;
  }
  return name + show_word(node.value);
}

// Brackets only where a weaker operator stands inside a stronger one, and around the second of two
// "not", which would take each other away.
void show_node(const Query& query, const QueryNode& node, QueryOp inside, std::string& out) {
  const bool list = node.op == QueryOp::kAnd || node.op == QueryOp::kOr;
  const bool twice = node.op == QueryOp::kNot && inside == QueryOp::kAll;
  const bool bracket = twice || (list && node.op > inside);
  if (bracket) out += '(';
  if (node.op == QueryOp::kNot) out += "not ";
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) out += node.op == QueryOp::kAnd ? " and " : " or ";
    const QueryOp strength = node.op == QueryOp::kNot ? QueryOp::kAll : node.op;
    show_node(query, query.node(node.children[i]), strength, out);
  }
  if (node.op == QueryOp::kAll) out += '*';
  if (node.op == QueryOp::kText || node.op == QueryOp::kField) out += show_term(node);
  if (bracket) out += ')';
}

std::string show_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? " " : ", ") + show_name(name);
  return out;
}

std::string show_aggregate(const Aggregate& one) {
  static constexpr std::string_view kNames[] = {"count", "sum", "avg", "min", "max", "distinct"};
  if (one.kind == AggregateKind::kCount)
    return one.name == "count" ? "count" : "count as " + show_name(one.name);
  const std::string function = one.kind == AggregateKind::kPercentile
                                   ? "p" + std::to_string(one.percent)
                                   : std::string(kNames[static_cast<std::size_t>(one.kind)]);
  return function + "(" + show_name(one.field) + ") as " + show_name(one.name);
}

std::string show_aggregates(const QueryCommand& command) {
  std::string out;
  for (const Aggregate& one : command.aggregates)
    out += (out.empty() ? " " : ", ") + show_aggregate(one);
  return out;
}

std::string show_keys(const QueryCommand& command) {
  std::string out;
  for (const SortKey& key : command.keys)
    out +=
        (out.empty() ? " " : ", ") + std::string(key.descending ? "-" : "") + show_name(key.field);
  return out;
}

std::string show_command(const Query& query, const QueryCommand& command) {
  std::string out = " | " + std::string(command_name(command.kind));
  const std::string rows = " " + std::to_string(command.rows);
  switch (command.kind) {
    case CommandKind::kCount:
      break;
    case CommandKind::kTimechart:
      out += " span=" + show_span(command.span_ns);
      [[fallthrough]];
    case CommandKind::kStats:
      out += show_aggregates(command);
      break;
    case CommandKind::kDistinct: {
      std::vector<std::string> fields;
      for (const Aggregate& one : command.aggregates) fields.push_back(one.field);
      out += show_names(fields);
      break;
    }
    case CommandKind::kSort:
      out += show_keys(command);
      break;
    case CommandKind::kTop:
    case CommandKind::kRare:
      out += rows + show_names(command.fields);
      break;
    case CommandKind::kHead:
    case CommandKind::kTail:
      out += rows;
      break;
    case CommandKind::kFields:
      out += (command.drop ? " -" : "") + show_names(command.fields);
      break;
    case CommandKind::kDedup:
      out += show_names(command.fields);
      break;
    case CommandKind::kWhere:
      out += ' ';
      show_node(query, query.node(command.filter), QueryOp::kOr, out);
      break;
  }
  return command.by.empty() ? out : out + " by" + show_names(command.by);
}

}  // namespace

std::string Query::show() const {
  std::string out;
  show_node(*this, root(), QueryOp::kOr, out);
  for (const QueryCommand& command : commands_) out += show_command(*this, command);
  return out;
}

}  // namespace picket::storage
