// picket check: configuration, rules, source definitions, taxonomies and playbooks, before they count.
#include <algorithm>
#include <cstdio>
#include <map>

#include "app/command.h"
#include "app/config.h"
#include "app/definition_check.h"
#include "app/detection.h"
#include "app/terminal.h"
#include "app/words.h"
#include "response/playbook.h"

namespace picket::app {
namespace {

struct Report {
  std::vector<rules::Finding> refused;
  std::vector<rules::Finding> warnings;
  std::vector<std::string> errors;  // configuration and definitions: "path:line: reason"
  std::size_t rules_active = 0;
  std::size_t rule_files = 0;
  std::size_t definitions = 0;  // among the paths
  std::size_t definitions_refused = 0;
  std::size_t indicators = 0;
  std::size_t feeds = 0;
  std::size_t indicators_refused = 0;
};

Json finding_json(const rules::Finding& finding, const char* severity) {
  return {{"severity", severity}, {"path", finding.path},   {"line", finding.line},
          {"code", finding.code}, {"rule", finding.rule_id}, {"reason", finding.reason}};
}

// SARIF 2.1.0, as code scanners read it.
Json sarif(const Report& report) {
  Json results = Json::array();
  const auto add = [&](const rules::Finding& finding, const char* level) {
    results.push_back({{"ruleId", finding.code},
                       {"level", level},
                       {"message", {{"text", finding.reason}}},
                       {"locations",
                        {{{"physicalLocation",
                           {{"artifactLocation", {{"uri", finding.path}}},
                            {"region", {{"startLine", std::max(1, finding.line)}}}}}}}}});
  };
  for (const rules::Finding& finding : report.refused) add(finding, "error");
  for (const rules::Finding& finding : report.warnings) add(finding, "warning");
  for (const std::string& error : report.errors) add({.path = "", .line = 1, .rule_id = "", .code = "configuration", .reason = error}, "error");
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs", {{{"tool", {{"driver", {{"name", "picket"}, {"rules", Json::array()}}}}}, {"results", results}}}}};
}

void print_text(const Report& report, bool warnings) {
  const auto print = [](const rules::Finding& finding, const std::string& severity) {
    std::printf("%s:%d: %s: %s: %s\n", visible(finding.path).c_str(), finding.line, severity.c_str(),
                finding.code.c_str(), visible(translated(finding.reason)).c_str());
  };
  for (const rules::Finding& finding : report.refused) print(finding, say("check.refused"));
  if (warnings) {
    for (const rules::Finding& finding : report.warnings) print(finding, say("check.warning"));
  }
  for (const std::string& error : report.errors) std::printf("%s\n", visible(translated(error)).c_str());
  std::map<std::string, std::size_t> by_code;
  for (const rules::Finding& finding : report.refused) ++by_code[finding.code];
  if (!by_code.empty()) std::printf("%s\n", say("check.reasons").c_str());
  for (const auto& [code, count] : by_code) {
    const std::string meaning = word("finding", code);
    std::printf("  %5zu  %s%s\n", count, code.c_str(), meaning == code ? "" : ("  " + meaning).c_str());
  }
  const std::string summary = say("check.summary", {{"files", report.rule_files},
                                                    {"active", report.rules_active},
                                                    {"refused", report.refused.size()},
                                                    {"warnings", report.warnings.size()}});
  if (report.feeds > 0) {
    std::printf("%s\n", say("check.indicators", {{"feeds", report.feeds},
                                                 {"indicators", report.indicators},
                                                 {"refused", report.indicators_refused}})
                            .c_str());
  }
  if (report.definitions > 0) {
    std::printf("%s\n", say("check.definitions", {{"n", report.definitions},
                                                  {"refused", report.definitions_refused}})
                            .c_str());
  }
  const bool hidden = !warnings && !report.warnings.empty();
  std::printf("%s%s\n", summary.c_str(), hidden ? (" " + say("check.show_warnings")).c_str() : "");
}

void print_json(const Report& report) {
  for (const rules::Finding& finding : report.refused) std::puts(dump_json(finding_json(finding, "refused")).c_str());
  for (const rules::Finding& finding : report.warnings) std::puts(dump_json(finding_json(finding, "warning")).c_str());
  for (const std::string& error : report.errors) {
    std::puts(dump_json({{"severity", "error"}, {"code", "configuration"}, {"reason", error}}).c_str());
  }
  const Json summary = {{"rule_files", report.rule_files},
                        {"rules_active", report.rules_active},
                        {"rules_refused", report.refused.size()},
                        {"warnings", report.warnings.size()},
                        {"definitions", report.definitions},
                        {"definitions_refused", report.definitions_refused},
                        {"feeds", report.feeds},
                        {"indicators", report.indicators},
                        {"indicators_refused", report.indicators_refused},
                        {"errors", report.errors.size()}};
  std::puts(dump_json(summary).c_str());
}

void check_playbooks(const std::string& folder, Report& report) {
  std::vector<Problem> problems;
  const Result<std::vector<response::Playbook>> playbooks = response::load_playbooks(folder, problems);
  if (!playbooks) report.errors.push_back(playbooks.error().what);
  for (const Problem& problem : problems) report.errors.push_back(problem.text());
}

void add_detection(const Detection& detection, Report& report) {
  report.refused = detection.refused;
  report.warnings = detection.warnings;
  report.errors.insert(report.errors.end(), detection.errors.begin(), detection.errors.end());
  report.rule_files = detection.rule_files;
  report.rules_active = detection.rules->rule_count() + detection.rules->correlations().size();
  const rules::LoadedIndicators& indicators = detection.indicators;
  report.indicators = indicators.set->size();
  report.feeds = indicators.feeds.size();
  report.indicators_refused = indicators.refused();
  for (rules::Finding& finding : indicators.findings()) report.refused.push_back(std::move(finding));
}

}  // namespace

int run_check(const CheckCommand& command) {
  Report report;
  const ContentPaths content = find_content();
  std::vector<rules::IndicatorFeed> feeds = feeds_of(command.indicators);
  std::vector<std::string> definitions = command.definitions;
  std::vector<std::string> geoip;
  if (!command.config.empty()) {
    const Result<Config> config = load_config(command.config, report.errors);
    if (!config && report.errors.empty()) report.errors.push_back(config.error().what);
    if (config) feeds.insert(feeds.end(), config->indicators.begin(), config->indicators.end());
    if (config) geoip = config->geoip;
    if (config) definitions.insert(definitions.end(), config->definitions.begin(), config->definitions.end());
  }
  const CheckPaths paths = split_definitions(command.paths);
  report.definitions = paths.definitions.size();
  for (std::string& error : check_definitions(paths.definitions)) {
    ++report.definitions_refused;
    report.errors.push_back(std::move(error));
  }
  const bool definitions_only = !paths.definitions.empty() && paths.others.empty();
  if (!definitions_only || !feeds.empty() || !definitions.empty()) {
    Result<Detection> detection = load_detection(
        content, {.rules = paths.others,
                  .definitions = std::move(definitions),
                  .geoip = std::move(geoip),
                  .indicators = std::move(feeds),
                  .cache = cache_folder(command.cache)});
    if (!detection) return complain(detection.error().what, kUsageWrong);
    save_cache(*detection);
    tell_cache_problems(*detection);
    tell_geoip_problems(*detection->catalog);
    add_detection(*detection, report);
    check_playbooks(content.playbooks(), report);
  }
  if (command.format == "json") {
    print_json(report);
  } else if (command.format == "sarif") {
    std::puts(dump_json_indented(sarif(report)).c_str());
  } else {
    print_text(report, command.warnings);
  }
  if (!report.errors.empty()) return kUsageWrong;
  return report.refused.empty() ? kDone : kRuleWrong;
}

}  // namespace picket::app
