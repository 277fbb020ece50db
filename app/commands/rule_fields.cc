// picket rule fields: each field that rules use, where it is looked for, and whether events have
// it.

#include "app/command.h"
#include "app/detection.h"
#include "app/event_input.h"
#include "app/field_report.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

std::string joined(const auto& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Nobody knows the name and no event has it.
bool is_warning(const FieldUse& use) {
  return use.mapping == FieldUse::Mapping::kLiteral && use.seen == 0;
}

Json source_json(const rules::LogSource& source) {
  Json json = Json::object();
  if (!source.product.empty()) json["product"] = source.product;
  if (!source.category.empty()) json["category"] = source.category;
  if (!source.service.empty()) json["service"] = source.service;
  return json;
}

Json json_of(const FieldUse& use, const FieldReport& report) {
  Json json = {{"kind", "field"},           {"log_source", source_json(use.source)},
               {"field", use.field},        {"mapping", mapping_name(use.mapping)},
               {"target", use.target},      {"rules", use.rules},
               {"warning", is_warning(use)}};
  if (!use.nearest.empty()) json["nearest"] = use.nearest;
  if (report.has_events()) {
    json["events"] = report.events_of(use.source);
    json["seen"] = use.seen;
    json["seen_as"] = use.seen_as;
  }
  return json;
}

struct Mute {
  const RuleIdentity* rule;
  int line;
  const std::vector<std::string>* lacking;
};

std::vector<Mute> mutes(const Detection& detection, const FieldReport& report) {
  std::vector<Mute> all;
  for (std::size_t i = 0; i < detection.trees.size(); ++i) {
    if (!report.lacking(i).empty())
      all.push_back({&detection.trees[i].identity, detection.trees[i].line, &report.lacking(i)});
  }
  for (std::size_t i = 0; i < detection.correlations.size(); ++i) {
    if (!report.correlation_lacking(i).empty())
      all.push_back({&detection.correlations[i].identity, detection.correlations[i].line,
                     &report.correlation_lacking(i)});
  }
  return all;
}

void print_json(const Detection& detection, const FieldReport& report) {
  for (const FieldUse& use : report.uses()) print(dump_json(json_of(use, report)) + "\n");
  for (const Mute& mute : mutes(detection, report)) {
    print(dump_json({{"kind", "cannot_fire"},
                     {"rule", {{"id", mute.rule->id}, {"name", mute.rule->name}}},
                     {"path", mute.rule->path},
                     {"line", mute.line},
                     {"lacks", *mute.lacking}}) +
          "\n");
  }
}

std::string seen_text(const FieldUse& use, const FieldReport& report) {
  if (use.seen > 0) return std::to_string(use.seen) + "  " + joined(use.seen_as);
  return report.events_of(use.source) == 0 ? say("rule.no_events") : say("rule.unseen");
}

void print_table(const FieldReport& report) {
  std::vector<std::string> head = {say("column.log_source"), say("column.field"),
                                   say("column.looked_for"), say("column.mapping"),
                                   say("column.rules")};
  if (report.has_events()) head.push_back(say("column.seen"));
  std::vector<std::vector<std::string>> rows;
  for (const FieldUse& use : report.uses()) {
    rows.push_back({rules::describe(use.source), use.field, use.target,
                    word("mapping", mapping_name(use.mapping)), std::to_string(use.rules)});
    if (report.has_events()) rows.back().push_back(seen_text(use, report));
  }
  print(table(head, rows));
}

void print_warnings(const Detection& detection, const FieldReport& report) {
  std::size_t warnings = 0;
  for (const FieldUse& use : report.uses()) {
    if (!is_warning(use)) continue;
    ++warnings;
    if (use.nearest.empty()) continue;
    print(say(use.misspelt ? "rule.misspelt" : "rule.nearest",
              {{"field", visible(use.field)},
               {"source", visible(rules::describe(use.source))},
               {"name", visible(use.nearest)}}) +
          "\n");
  }
  const std::vector<Mute> mute = mutes(detection, report);
  for (const Mute& one : mute) {
    print(visible(one.rule->path) + ":" + std::to_string(one.line) + ": " +
          word("rule_state", "cannot-fire") + ": " + visible(one.rule->name) + ": " +
          visible(say("rule.lacks", {{"names", joined(*one.lacking)}})) + "\n");
  }
  print(say("rule.fields_summary",
            {{"fields", report.uses().size()}, {"warnings", warnings}, {"n", mute.size()}}) +
        "\n");
}

}  // namespace

int run_rule_fields(const RuleFieldsCommand& command) {
  const Result<Detection> detection = load_detection(
      find_content(),
      {.rules = command.paths, .literal = command.events.taxonomy == "none", .keep_trees = true});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  for (const std::string& error : detection->errors) complain(error, kUsageWrong);
  FieldTally tally;
  if (!command.events.file.empty()) {
    const Result<void> read =
        read_events(command.events, *detection, true, [&](const Batch& batch) {
          tally.count(batch);
          return true;
        });
    if (!read) return complain(read.error().what, kUsageWrong);
  }
  const FieldReport report(*detection, command.events.file.empty() ? nullptr : &tally);
  if (command.json) {
    print_json(*detection, report);
  } else {
    print_table(report);
    print_warnings(*detection, report);
  }
  if (!detection->errors.empty()) return kUsageWrong;
  return detection->refused.empty() ? kDone : kRuleWrong;
}

}  // namespace picket::app
