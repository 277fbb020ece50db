// picket rule try: a rule that is being written, over stored events.
#include <algorithm>
#include <memory>

#include "app/command.h"
#include "app/field_report.h"
#include "app/open_store.h"
#include "app/period.h"
#include "app/rule_try.h"
#include "app/signals.h"
#include "app/source_formats.h"
#include "app/terminal.h"
#include "app/try_report.h"
#include "app/words.h"
#include "base/time.h"
#include "rules/field_use.h"

namespace picket::app {
namespace {

constexpr std::size_t kLinesShown = 10;

std::string fields_text(const std::vector<const FieldUse*>& uses, const FieldReport& report) {
  if (uses.empty()) return {};
  std::vector<std::vector<std::string>> rows;
  for (const FieldUse* use : uses) {
    rows.push_back({use->field, use->target, word("mapping", mapping_name(use->mapping)),
                    std::to_string(use->seen) + "/" + std::to_string(report.events_of(use->source)),
                    use->nearest.empty() ? "" : say("try.nearest", {{"name", use->nearest}})});
  }
  return "\n" + table({say("column.field"), say("column.looked_for"), say("column.mapping"),
                       say("column.seen"), ""},
                      rows);
}

std::string event_line(const TryEvent& one) {
  std::string raw;
  if (one.event.is_object() && one.event.contains("event")) {
    const Json& event = one.event["event"];
    if (event.is_object() && event.contains("original") && event["original"].is_string())
      raw = event["original"].get<std::string>();
  }
  return visible(one.ref.source) + ":" + std::to_string(one.ref.seq) + "  " +
         format_time(one.ref.time_ns) + "  " + visible(raw, 160) + "\n";
}

std::string tried_text(const TriedRule& tried, const FieldReport& report) {
  const rules::DetectionRule& rule = *tried.rule;
  std::string text = styled(visible(rule.identity.name), Style::kBold) + "  " +
                     styled_level(rule.identity.level) + "\n" + visible(rule.identity.path) + ":" +
                     std::to_string(rule.line) + "\n" +
                     say("try.hits", {{"n", tried.hits},
                                      {"events", tried.admitted},
                                      {"source", visible(rules::describe(rule.log_source))}}) +
                     "\n";
  text += fields_text(fields_of(report, rule), report);
  if (!tried.samples.empty()) text += "\n" + styled(say("try.samples"), Style::kBold) + "\n";
  for (const TryEvent& one : tried.samples) {
    text += event_line(one);
    for (const Match& match : one.matches) {
      text += "  + " + visible(match.selection) + ", " + say("show.line", {{"n", match.line}}) +
              ": " + visible(match.field) + " = '" + visible(match.value, 120) + "'\n";
    }
  }
  if (tried.near_misses == 0) return text;
  text +=
      "\n" +
      styled(say("try.near_misses", {{"n", tried.near_misses}, {"looked_into", tried.looked_into}}),
             Style::kBold) +
      "\n";
  std::vector<std::vector<std::string>> rows;
  for (const MissedLine& line : tried.lines) {
    if (rows.size() >= kLinesShown) break;
    rows.push_back({std::to_string(line.events), line.selection + ":" + std::to_string(line.line),
                    line.field + " " + line.test + " '" + line.wanted + "'",
                    say(line.excludes ? "cause.excludes" : "try.lacks")});
  }
  text +=
      table({say("try.column.events"), say("try.column.line"), say("try.column.test"), ""}, rows);
  for (const TryEvent& one : tried.missed)
    text += "\n" + event_line(one) + "  - " + one.cause + "\n";
  return text;
}

int report(const RuleTryCommand& command, const Detection& detection, const TryResult& result) {
  const FieldReport fields(detection, result.fields.get());
  if (command.json) {
    print(dump_json(try_json(result, fields)) + "\n");
  } else {
    for (const TriedRule& tried : result.rules) print(tried_text(tried, fields) + "\n");
  }
  if (!detection.correlations.empty()) tell(say("try.correlations"));
  if (result.interrupted) tell(say("backtest.interrupted"));
  return result.interrupted ? kInterrupted : kDone;
}

}  // namespace

int run_rule_try(const RuleTryCommand& command) {
  Signals signals;  // before the store has threads, which would take them
  const Result<Period> period = read_period(command.from, command.to);
  if (!period) return complain(period.error().what, kUsageWrong);
  const Result<Config> config = config_to_read(command);
  if (!config) return complain(config.error().what, kUsageWrong);
  const Result<Detection> detection =
      load_detection(find_content(), {.rules = {command.rule},
                                      .definitions = config->definitions,
                                      .geoip = config->geoip,
                                      .keep_trees = true});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  for (const std::string& error : detection->errors) complain(error, kUsageWrong);
  for (const rules::Finding& one : detection->refused)
    complain(one.path + ":" + std::to_string(one.line) + ": " + translated(one.reason), kRuleWrong);
  if (detection->trees.empty())
    return complain("no rule is active, nothing to scan with", kRuleWrong);
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);

  auto progress = std::make_unique<Progress>(say("backtest.progress"), stored_bytes(**store));
  TryOptions options;
  options.scan.from_ns = period->from_ns;
  options.scan.to_ns = period->to_ns;
  options.limit = command.limit;
  options.cancelled = [&] { return signals.wait(std::chrono::milliseconds(0)).has_value(); };
  options.progress = [&](std::uint64_t bytes) { progress->at(bytes); };
  const Result<TryResult> result =
      try_rules(**store, *detection, kept_source_formats(**store), options);
  progress.reset();
  if (!result) return complain(result.error().what, kUsageWrong);
  return report(command, *detection, *result);
}

}  // namespace picket::app
