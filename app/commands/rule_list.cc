// picket rule list: every rule, active, refused or unable to fire, and why.
#include "app/command.h"
#include "app/detection.h"
#include "app/field_report.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

struct Row {
  std::string id;
  std::string title;
  std::string level;  // empty: not known, of a refused rule
  std::string source;
  std::string path;
  int line = 1;
  std::string state;
  std::string reason;
};

std::string reason_of(const std::vector<std::string>& lacking) {
  std::string names;
  for (const std::string& one : lacking) names += (names.empty() ? "" : ", ") + one;
  return names;
}

Row row_of(const RuleIdentity& identity, const std::string& source, int line,
           const std::vector<std::string>& lacking) {
  return {.id = identity.id,
          .title = identity.name,
          .level = std::string(level_name(identity.level)),
          .source = source,
          .path = identity.path,
          .line = line,
          .state = lacking.empty() ? "active" : "cannot-fire",
          .reason = reason_of(lacking)};
}

std::vector<Row> rows_of(const Detection& detection) {
  const FieldReport report(detection, nullptr);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < detection.trees.size(); ++i) {
    const rules::DetectionRule& rule = detection.trees[i];
    rows.push_back(
        row_of(rule.identity, rules::describe(rule.log_source), rule.line, report.lacking(i)));
  }
  for (std::size_t i = detection.trees.size(); i < detection.rules->rule_count(); ++i) {
    const auto rule = static_cast<std::uint32_t>(i);
    rows.push_back(row_of(detection.rules->identity(rule), std::string(alert_kind_name(detection.rules->kind(rule))), 1, {}));
  }
  for (std::size_t i = 0; i < detection.correlations.size(); ++i) {
    const rules::CorrelationRule& rule = detection.correlations[i];
    rows.push_back(row_of(rule.identity, "correlation", rule.line, report.correlation_lacking(i)));
  }
  for (const rules::Finding& finding : detection.refused) {
    rows.push_back({.id = finding.rule_id,
                    .title = {},
                    .level = {},
                    .source = {},
                    .path = finding.path,
                    .line = finding.line,
                    .state = "refused",
                    .reason = finding.reason});
  }
  return rows;
}

bool wanted(const Row& row, const RuleListCommand& command) {
  return (command.level.empty() || row.level == command.level) &&
         (command.state.empty() || row.state == command.state);
}

Json json_of(const Row& row) {
  Json json = {
      {"id", row.id},     {"title", row.title}, {"level", row.level}, {"log_source", row.source},
      {"path", row.path}, {"line", row.line},   {"state", row.state}};
  if (!row.reason.empty()) json["reason"] = row.reason;
  return json;
}

void print_reasons(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    if (row.state == "active") continue;
    const std::string why = row.state == "refused" ? translated(row.reason)
                                                   : say("rule.lacks", {{"names", row.reason}});
    print(visible(row.path) + ":" + std::to_string(row.line) + ": " +
          word("rule_state", row.state) + ": " + visible(why) + "\n");
  }
}

void print_rows(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells;
  std::size_t active = 0;
  std::size_t refused = 0;
  for (const Row& row : rows) {
    active += row.state == "active" ? 1U : 0U;
    refused += row.state == "refused" ? 1U : 0U;
    cells.push_back({row.id, row.level.empty() ? "" : word("level", row.level),
                     word("rule_state", row.state), row.title, row.source, row.path});
  }
  if (!rows.empty()) {
    print(table({say("column.id"), say("column.level"), say("column.state"), say("column.title"),
                 say("column.log_source"), say("column.path")},
                cells));
  }
  print_reasons(rows);
  print(
      say("rule.list_summary",
          {{"active", active}, {"refused", refused}, {"cannot", rows.size() - active - refused}}) +
      "\n");
}

}  // namespace

int run_rule_list(const RuleListCommand& command) {
  const Result<Detection> detection =
      load_detection(find_content(), {.rules = command.paths, .keep_trees = true});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  for (const std::string& error : detection->errors) complain(error, kUsageWrong);
  std::vector<Row> rows;
  for (Row& row : rows_of(*detection)) {
    if (wanted(row, command)) rows.push_back(std::move(row));
  }
  if (command.json) {
    for (const Row& row : rows) print(dump_json(json_of(row)) + "\n");
  } else {
    print_rows(rows);
  }
  if (!detection->errors.empty()) return kUsageWrong;
  return detection->refused.empty() ? kDone : kRuleWrong;
}

}  // namespace picket::app
