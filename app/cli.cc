// The command line: what people type, in the words of INTERFACES, and what is said when it is typed
// wrong.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <span>

#include "app/command.h"
#include "app/delivery_journal.h"
#include "app/help.h"
#include "app/paths.h"
#include "app/terminal.h"
#include "app/usage_error.h"
#include "app/words.h"

namespace picket::app {
namespace {

constexpr const char* kFormats = "auto|ndjson|json|syslog|raw|cef|leef|kv|csv|xml|evtx";
constexpr const char* kLevels = "informational|low|medium|high|critical";
constexpr const char* kRuleStates = "active|refused|cannot-fire";
constexpr const char* kCostOrders = "time|woken|matches";
constexpr const char* kDispositions = "true_positive|benign|false_positive|duplicate|test";
constexpr const char* kExported = "events|alerts";
constexpr const char* kExportFormats = "ecs|ocsf";
constexpr const char* kReports = "text|json|sarif";

struct Commands {
  DemoCommand demo;
  ServerCommand server;
  CheckCommand check;
  ScanCommand scan;
  ParseCommand parse;
  YaraCommand yara;
  SearchCommand search;
  BacktestCommand backtest;
  ExportCommand export_command;
  LedgerCommand ledger;
  DeliveryCommand delivery;
  NounCommand incident;
  IncidentVerbCommand incident_verb;
  NounCommand entity;
  NounCommand system;
  NounCommand alert;
  AlertVerifyCommand alert_verify;
  VerifyCommand verify;
  VerifyCommand store;
  BackupCommand backup;
  HoldCommand hold;
  ArchiveCommand archive;
  PurgeCommand purge;
  ApproverCommand approver;
  WhyNotCommand why_not;
  StoreCommand status;
  IndicatorCommand indicator;
  TopCommand top;
  RuleListCommand rule_list;
  RuleFieldsCommand rule_fields;
  RuleExplainCommand rule_explain;
  RuleTryCommand rule_try;
  RuleTestCommand rule_test;
  std::string language;
};

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& one : words) text += (text.empty() ? "" : between) + one;
  return text;
}

// One of `choices` ("a|b"), which are also the name of the value in help.
CLI::Option* choose(CLI::Option* option, const char* choices) {
  std::vector<std::string> known;
  for (const std::string& one : CLI::detail::split(choices, '|')) known.push_back(one);
  const CLI::Validator one_of(
      [known](std::string& value) {
        if (std::find(known.begin(), known.end(), value) != known.end()) return std::string();
        return say("usage.bad_value",
                   {{"name", ""},
                    {"value", value},
                    {"expected", say("usage.expect_one_of", {{"values", joined(known, ", ")}})}});
      },
      "");
  return option->check(one_of)->type_name(choices);
}

// A command with its words: `key` is its place in the catalogue.
CLI::App* add(CLI::App& parent, const std::string& name, const std::string& key) {
  CLI::App* command = parent.add_subcommand(name, say("command." + key));
  command->footer(say("command." + key + ".examples"));
  command->set_help_flag("-h,--help", say("option.help"));
  command->fallthrough();  // so that --lang may stand behind the command
  return command;
}

// Options shared by all commands that read a store.
void add_store(CLI::App& app, StoreCommand& command) {
  app.add_option("--data", command.data, say("option.data"))->type_name("DIR");
  app.add_option("--config", command.config, say("option.config"))->type_name("FILE");
  app.add_flag("--json", command.json, say("option.json"));
}

void add_limit(CLI::App& app, std::uint64_t& limit) {
  app.add_option("--limit", limit, say("option.limit"))->capture_default_str()->type_name("N");
}

// One each: what follows is another argument.
void add_rules(CLI::App& app, std::vector<std::string>& rules) {
  app.add_option("--rules", rules, say("option.rules"))->type_name("PATH")->allow_extra_args(false);
}

void add_indicators(CLI::App& app, std::vector<std::string>& indicators) {
  app.add_option("--indicators", indicators, say("option.indicators"))->type_name("PATH")->allow_extra_args(false);
}

void add_geoip(CLI::App& app, std::vector<std::string>& databases) {
  app.add_option("--geoip", databases, say("option.geoip"))->type_name("FILE")->allow_extra_args(false);
}

void add_definitions(CLI::App& app, std::vector<std::string>& definitions) {
  app.add_option("--definitions", definitions, say("option.definitions"))->type_name("DIR")->allow_extra_args(false);
}

void add_cache(CLI::App& app, CacheChoice& cache) {
  CLI::Option* folder = app.add_option("--cache", cache.folder, say("option.cache"))->type_name("DIR");
  app.add_flag("--no-cache", cache.none, say("option.no_cache"))->excludes(folder);
}

void add_demo(CLI::App& app, DemoCommand& command, int& code) {
  CLI::App* demo = add(app, "demo", "demo");
  demo->add_flag("--once", command.once, say("option.once"));
  demo->add_option("--data", command.data, say("option.demo_data"))->type_name("DIR");
  demo->add_option("--port", command.port, say("option.demo_port"))
      ->capture_default_str()
      ->type_name("N");
  demo->callback([&] { code = run_demo(command); });
}

void add_server(CLI::App& app, Commands& commands, int& code) {
  CLI::App* run = add(app, "run", "run");
  run->add_option("--config", commands.server.config, say("option.config"))->type_name("FILE");
  run->add_option("--data", commands.server.data, say("option.run_data"))->type_name("DIR");
  run->callback([&] { code = run_server(commands.server); });
  CLI::App* status = add(app, "status", "status");
  add_store(*status, commands.status);
  status->callback([&] { code = run_status(commands.status); });
}

void add_check(CLI::App& app, CheckCommand& command, int& code) {
  CLI::App* check = add(app, "check", "check");
  check->add_option("paths", command.paths, say("option.check_paths"));
  choose(check->add_option("--format", command.format, say("option.check_format"))
             ->capture_default_str(),
         kReports);
  check->add_option("--config", command.config, say("option.config_to_check"))->type_name("FILE");
  add_definitions(*check, command.definitions);
  add_indicators(*check, command.indicators);
  check->add_flag("--warnings", command.warnings, say("option.warnings"));
  add_cache(*check, command.cache);
  check->callback([&] { code = run_check(command); });
}

void add_scan(CLI::App& app, ScanCommand& command, int& code) {
  CLI::App* scan = add(app, "scan", "scan");
  scan->add_option("files", command.files, say("option.files"))->required();
  add_rules(*scan, command.rules);
  add_indicators(*scan, command.indicators);
  choose(scan->add_option("--format", command.format, say("option.format"))->capture_default_str(),
         kFormats);
  scan->add_option("--source", command.source, say("option.definition"))->type_name("NAME");
  add_definitions(*scan, command.definitions);
  add_geoip(*scan, command.geoip);
  choose(scan->add_option("--taxonomy", command.taxonomy, say("option.taxonomy")), "none");
  scan->add_option("--stats", command.stats, say("option.stats"))->type_name("FILE");
  scan->add_option("--incidents", command.incidents, say("option.scan_incidents"))->type_name("FILE");
  scan->add_option("--systems", command.systems, say("option.scan_systems"))->type_name("FILE");
  scan->add_flag("--fail-on-alert", command.fail_on_alert, say("option.fail_on_alert"));
  add_cache(*scan, command.cache);
  scan->callback([&] { code = run_scan(command); });
}

void add_parse(CLI::App& app, ParseCommand& command, int& code) {
  CLI::App* parse = add(app, "parse", "parse");
  parse->add_option("files", command.files, say("option.files"))->required();
  choose(parse->add_option("--format", command.format, say("option.format"))->capture_default_str(),
         kFormats);
  parse->add_option("--source", command.source, say("option.definition"))->type_name("NAME");
  add_definitions(*parse, command.definitions);
  add_geoip(*parse, command.geoip);
  parse->add_flag("--zero", command.zero, say("option.zero"));
  CLI::Option* steps = parse->add_flag("--steps", command.steps, say("option.steps"));
  CLI::Option* unknown = parse->add_flag("--unknown", command.unknown, say("option.unknown"))->excludes(steps);
  parse->add_flag("--required", command.required, say("option.required"))->excludes(steps)->excludes(unknown);
  parse->add_flag("--json", command.json, say("option.json"));
  parse->callback([&] { code = run_parse(command); });
}

void add_yara(CLI::App& app, YaraCommand& command, int& code) {
  CLI::App* yara = add(app, "yara", "yara");
  yara->add_option("paths", command.paths, say("option.yara_paths"))->required();
  add_rules(*yara, command.rules);
  yara->add_option("--timeout", command.timeout_ms, say("option.yara_timeout"))
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str()
      ->type_name("MS");
  yara->add_option("--max-bytes", command.max_bytes, say("option.yara_bytes"))->capture_default_str()->type_name("N");
  yara->add_flag("--json", command.json, say("option.json"));
  yara->callback([&] { code = run_yara(command); });
}

void add_search(CLI::App& app, SearchCommand& command, int& code) {
  CLI::App* search = add(app, "search", "search");
  search->add_option("query", command.query, say("option.query"))->required();
  search->add_option("--from", command.from, say("option.from"))->type_name("TIME");
  search->add_option("--to", command.to, say("option.to"))->type_name("TIME");
  add_limit(*search, command.limit);
  search->add_option("--after", command.after, say("option.after"))->type_name("CURSOR");
  search->add_option("--format", command.format, say("option.search_format"))
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->type_name("F");
  search->add_option("--time-limit", command.time_limit, say("option.time_limit"))->type_name("SECONDS");
  search->add_option("--stats", command.stats, say("option.search_stats"))->type_name("FILE");
  add_store(*search, command);
  search->callback([&] { code = run_search(command); });
}

void add_ledger(CLI::App& app, LedgerCommand& command, int& code) {
  CLI::App* ledger = add(app, "ledger", "ledger");
  ledger->add_option("--source", command.source, say("option.ledger_source"))->type_name("NAME");
  add_store(*ledger, command);
  ledger->callback([&] { code = run_ledger(command); });
}

void add_verify(CLI::App& app, VerifyCommand& command, int& code) {
  CLI::App* verify = add(app, "verify", "verify");
  verify->add_option("--head", command.head, say("option.head"))->type_name("FILE");
  verify->add_option("--public-key", command.public_key, say("option.public_key"))->type_name("FILE");
  add_store(*verify, command);
  verify->callback([&] { code = run_verify(command); });
}

void add_store_care(CLI::App& app, VerifyCommand& command, int& code) {
  CLI::App* store = add(app, "store", "store");
  store->require_subcommand(1);
  const auto verb = [&](const char* name, int (*run)(const VerifyCommand&)) {
    CLI::App* one = add(*store, name, std::string("store.") + name);
    one->add_option("--head", command.head, say("option.head"))->type_name("FILE");
    one->add_option("--public-key", command.public_key, say("option.public_key"))->type_name("FILE");
    add_store(*one, command);
    one->callback([&command, &code, run] { code = run(command); });
  };
  verb("check", run_store_check);
  verb("repair", run_store_repair);
}

void add_verify_delivery(CLI::App& app, DeliveryCommand& command, int& code) {
  CLI::App* delivery = add(app, "verify-delivery", "verify-delivery");
  delivery->add_option("--url", command.url, say("option.delivery_url"))->type_name("URL")->capture_default_str();
  delivery->add_option("--token", command.token, say("option.delivery_token"))->type_name("TOKEN");
  delivery->add_option("--records", command.records, say("option.delivery_records"))
      ->check(CLI::Range(std::uint64_t{1}, DeliveryJournal::kRecordsMax))
      ->capture_default_str();
  delivery->add_option("--batch", command.batch, say("option.delivery_batch"))
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  delivery->add_option("--patience", command.patience, say("option.delivery_patience"))
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  delivery->add_option("--journal", command.journal, say("option.delivery_journal"))
      ->type_name("FILE")
      ->capture_default_str();
  CLI::Option* send = delivery->add_flag("--send-only", command.send_only, say("option.delivery_send_only"));
  delivery->add_flag("--check-only", command.check_only, say("option.delivery_check_only"))->excludes(send);
  add_store(*delivery, command);
  delivery->callback([&] { code = run_verify_delivery(command); });
}

void add_backup(CLI::App& app, BackupCommand& command, int& code) {
  CLI::App* backup = add(app, "backup", "backup");
  backup->require_subcommand(1);
  CLI::App* create = add(*backup, "create", "backup.create");
  create->add_option("folder", command.path, say("option.backups"))->required();
  add_store(*create, command);
  create->callback([&] { code = run_backup_create(command); });
  CLI::App* restore = add(*backup, "restore", "backup.restore");
  restore->add_option("backup", command.path, say("option.backup"))->required();
  add_store(*restore, command);
  restore->callback([&] { code = run_backup_restore(command); });
  CLI::App* list = add(*backup, "ls", "backup.ls");
  list->add_option("folder", command.path, say("option.backups"))->required();
  list->add_flag("--json", command.json, say("option.json"));
  list->callback([&] { code = run_backup_ls(command); });
}

void add_hold(CLI::App& app, HoldCommand& command, int& code) {
  CLI::App* hold = add(app, "hold", "hold");
  hold->require_subcommand(1);
  CLI::App* list = add(*hold, "ls", "hold.ls");
  add_store(*list, command);
  list->callback([&] { code = run_hold_ls(command); });
  CLI::App* set = add(*hold, "add", "hold.add");
  CLI::Option* system = set->add_option("--system", command.system, say("option.hold_system"))->type_name("NAME");
  set->add_option("--source", command.sources, say("option.hold_source"))->type_name("NAME")->excludes(system);
  set->add_option("--from", command.from, say("option.hold_from"))->type_name("TIME");
  set->add_option("--to", command.to, say("option.hold_to"))->type_name("TIME");
  set->add_option("--reason", command.reason, say("option.hold_reason"))->type_name("TEXT")->required();
  add_store(*set, command);
  set->callback([&] { code = run_hold_add(command); });
  CLI::App* lift = add(*hold, "remove", "hold.remove");
  lift->add_option("id", command.id, say("option.hold_id"))->required();
  lift->add_option("--reason", command.reason, say("option.hold_reason"))->type_name("TEXT")->required();
  add_store(*lift, command);
  lift->callback([&] { code = run_hold_remove(command); });
}

void add_purge(CLI::App& app, PurgeCommand& command, int& code) {
  CLI::App* purge = add(app, "purge", "purge");
  purge->require_subcommand(1);
  CLI::App* list = add(*purge, "ls", "purge.ls");
  add_store(*list, command);
  list->callback([&] { code = run_purge_ls(command); });
  CLI::App* request = add(*purge, "request", "purge.request");
  request->add_option("--source", command.sources, say("option.purge_source"))->type_name("NAME");
  request->add_option("--from", command.from, say("option.purge_from"))->type_name("TIME");
  request->add_option("--to", command.to, say("option.purge_to"))->type_name("TIME");
  request->add_option("--reason", command.reason, say("option.hold_reason"))->type_name("TEXT")->required();
  add_store(*request, command);
  request->callback([&] { code = run_purge_request(command); });
  const auto decision = [&](const char* name, const char* words, int (*run)(const PurgeCommand&), bool with_reason) {
    CLI::App* one = add(*purge, name, words);
    one->add_option("id", command.id, say("option.purge_id"))->required();
    one->add_option("--token-file", command.token_file, say("option.approver_token"))->type_name("FILE")->required();
    if (with_reason)
      one->add_option("--reason", command.reason, say("option.hold_reason"))->type_name("TEXT")->required();
    add_store(*one, command);
    one->callback([&command, &code, run] { code = run(command); });
  };
  decision("approve", "purge.approve", run_purge_approve, false);
  decision("reject", "purge.reject", run_purge_reject, true);
}

void add_approver(CLI::App& app, ApproverCommand& command, int& code) {
  CLI::App* approver = add(app, "approver", "approver");
  approver->require_subcommand(1);
  CLI::App* token = add(*approver, "token", "approver.token");
  token->add_option("name", command.name, say("option.approver_name"))->required();
  token->add_flag("--json", command.json, say("option.json"));
  token->callback([&] { code = run_approver_token(command); });
}

void add_archive(CLI::App& app, ArchiveCommand& command, int& code) {
  CLI::App* archive = add(app, "archive", "archive");
  archive->require_subcommand(1);
  CLI::App* write = add(*archive, "write", "archive.write");
  write->add_option("--out", command.path, say("option.archive_out"))->type_name("DIR")->required();
  write->add_option("--source", command.sources, say("option.archive_source"))->type_name("NAME");
  write->add_option("--from", command.from, say("option.from"))->type_name("TIME");
  write->add_option("--to", command.to, say("option.to"))->type_name("TIME");
  add_store(*write, command);
  write->callback([&] { code = run_archive_write(command); });
  CLI::App* check = add(*archive, "check", "archive.check");
  check->add_option("archive", command.path, say("option.archive"))->required();
  check->add_flag("--json", command.json, say("option.json"));
  check->callback([&] { code = run_archive_check(command); });
  CLI::App* import = add(*archive, "import", "archive.import");
  import->add_option("archive", command.path, say("option.archive"))->required();
  add_store(*import, command);
  import->callback([&] { code = run_archive_import(command); });
}

void add_event_format(CLI::App& app, EventInput& events) {
  choose(app.add_option("--format", events.format, say("option.format"))->capture_default_str(),
         kFormats);
  app.add_option("--source", events.source, say("option.definition"))->type_name("NAME");
  choose(app.add_option("--taxonomy", events.taxonomy, say("option.taxonomy")), "none");
}

void add_top(CLI::App& app, TopCommand& command, int& code) {
  CLI::App* top = add(app, "top", "top");
  top->add_option("files", command.files, say("option.top_files"));
  choose(top->add_option("--by", command.by, say("option.top_by"))->capture_default_str(), kCostOrders);
  add_limit(*top, command.limit);
  top->add_flag("--once", command.once, say("option.top_once"));
  add_rules(*top, command.rules);
  add_event_format(*top, command.events);
  add_store(*top, command);
  top->callback([&] { code = run_top(command); });
}

void add_rule_looks(CLI::App& rule, Commands& commands, int& code) {
  CLI::App* list = add(rule, "list", "rule.list");
  list->add_option("paths", commands.rule_list.paths, say("option.rule_paths"));
  choose(list->add_option("--level", commands.rule_list.level, say("option.rule_level")), kLevels);
  choose(list->add_option("--state", commands.rule_list.state, say("option.rule_state")),
         kRuleStates);
  list->add_flag("--json", commands.rule_list.json, say("option.json"));
  list->callback([&] { code = run_rule_list(commands.rule_list); });
  CLI::App* fields = add(rule, "fields", "rule.fields");
  fields->add_option("paths", commands.rule_fields.paths, say("option.rule_paths"));
  fields->add_option("--events", commands.rule_fields.events.file, say("option.rule_events"))
      ->type_name("FILE");
  add_event_format(*fields, commands.rule_fields.events);
  fields->add_flag("--json", commands.rule_fields.json, say("option.json"));
  fields->callback([&] { code = run_rule_fields(commands.rule_fields); });
}

void add_rule_try(CLI::App& rule, RuleTryCommand& command, int& code) {
  CLI::App* one = add(rule, "try", "rule.try");
  one->add_option("--rule", command.rule, say("option.try_rule"))->type_name("FILE")->required();
  one->add_option("--from", command.from, say("option.from"))->type_name("TIME");
  one->add_option("--to", command.to, say("option.to"))->type_name("TIME");
  one->add_option("--limit", command.limit, say("option.try_limit"))
      ->capture_default_str()
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
  add_store(*one, command);
  one->callback([&] { code = run_rule_try(command); });
}

void add_rule(CLI::App& app, Commands& commands, int& code) {
  CLI::App* rule = add(app, "rule", "rule");
  rule->require_subcommand(1);
  CLI::App* test = add(*rule, "test", "rule.test");
  test->add_option("cases", commands.rule_test.cases, say("option.rule_cases"));
  add_rules(*test, commands.rule_test.rules);
  test->add_option("--junit", commands.rule_test.junit, say("option.junit"))->type_name("FILE");
  test->add_flag("--json", commands.rule_test.json, say("option.json"));
  test->callback([&] { code = run_rule_test(commands.rule_test); });
  CLI::App* explain = add(*rule, "explain", "rule.explain");
  explain->add_option("rule", commands.rule_explain.rule, say("option.rule_name"))->required();
  explain->add_option("--event", commands.rule_explain.events.file, say("option.rule_event"))
      ->type_name("FILE")
      ->required();
  add_rules(*explain, commands.rule_explain.rules);
  add_event_format(*explain, commands.rule_explain.events);
  add_limit(*explain, commands.rule_explain.limit);
  explain->add_flag("--json", commands.rule_explain.json, say("option.json"));
  explain->callback([&] { code = run_rule_explain(commands.rule_explain); });
  add_rule_try(*rule, commands.rule_try, code);
  add_rule_looks(*rule, commands, code);
}

void add_indicator(CLI::App& app, IndicatorCommand& command, int& code) {
  CLI::App* indicator = add(app, "indicator", "indicator");
  indicator->require_subcommand(1);
  const auto with_feeds = [&command](CLI::App& one) {
    add_indicators(one, command.paths);
    one.add_option("--config", command.config, say("option.config"))->type_name("FILE");
    one.add_flag("--json", command.json, say("option.json"));
  };
  CLI::App* check = add(*indicator, "check", "indicator.check");
  check->add_option("values", command.values, say("option.indicator_values"))->required();
  with_feeds(*check);
  check->callback([&] { code = run_indicator_check(command); });
  CLI::App* list = add(*indicator, "ls", "indicator.ls");
  with_feeds(*list);
  list->callback([&] { code = run_indicator_ls(command); });
}

struct Noun {
  std::string name;
  std::string id_words;
  int (*ls)(const NounCommand&);
  int (*show)(const NounCommand&);
};

CLI::App* add_noun(CLI::App& app, const Noun& noun, NounCommand& command, int& code) {
  CLI::App* parent = add(app, noun.name, noun.name);
  parent->require_subcommand(1);
  CLI::App* list = add(*parent, "ls", noun.name + ".ls");
  add_limit(*list, command.limit);
  add_store(*list, command);
  list->callback([&command, ls = noun.ls, &code] { code = ls(command); });
  CLI::App* one = add(*parent, "show", noun.name + ".show");
  one->add_option("id", command.id, say(noun.id_words))->required();
  add_store(*one, command);
  one->callback([&command, show = noun.show, &code] { code = show(command); });
  return parent;
}

void add_alert(CLI::App& app, Commands& commands, int& code) {
  CLI::App* alert = add_noun(app, {"alert", "option.alert_id", run_alert_ls, run_alert_show},
                             commands.alert, code);
  CLI::App* verify = add(*alert, "verify", "alert.verify");
  CLI::Option* id = verify->add_option("id", commands.alert_verify.id, say("option.alert_id"));
  verify->add_flag("--all", commands.alert_verify.all, say("option.verify_all"))->excludes(id);
  add_store(*verify, commands.alert_verify);
  verify->callback([&] { code = run_alert_verify(commands.alert_verify); });
}

void add_backtest(CLI::App& app, BacktestCommand& command, int& code) {
  CLI::App* backtest = add(app, "backtest", "backtest");
  backtest->add_option("--rules", command.rules, say("option.backtest_rules"))->type_name("PATH")->allow_extra_args(false);
  add_indicators(*backtest, command.indicators);
  backtest->add_option("--from", command.from, say("option.backtest_from"))->type_name("TIME");
  backtest->add_option("--to", command.to, say("option.to"))->type_name("TIME");
  backtest->add_flag("--diff-live", command.diff_live, say("option.diff_live"));
  backtest->add_option("--samples", command.samples, say("option.samples"))
      ->capture_default_str()
      ->check(CLI::Range(0, 100))
      ->type_name("N");
  add_cache(*backtest, command.cache);
  add_store(*backtest, command);
  backtest->callback([&] { code = run_backtest_command(command); });
}

void add_export(CLI::App& app, ExportCommand& command, int& code) {
  CLI::App* one = add(app, "export", "export");
  choose(one->add_option("what", command.what, say("option.export_what"))->capture_default_str(), kExported);
  choose(one->add_option("--format", command.format, say("option.export_format"))->capture_default_str(),
         kExportFormats);
  one->add_option("--query", command.query, say("option.export_query"))->type_name("QUERY");
  one->add_option("--from", command.from, say("option.from"))->type_name("TIME");
  one->add_option("--to", command.to, say("option.to"))->type_name("TIME");
  add_store(*one, command);
  one->callback([&] { code = run_export(command); });
}

void add_why_not(CLI::App& app, WhyNotCommand& command, int& code) {
  CLI::App* why_not = add(app, "why-not", "why-not");
  why_not->add_option("--rule", command.rule, say("option.why_rule"))->type_name("RULE")->required();
  why_not->add_option("--event", command.event, say("option.why_event"))
      ->type_name("SOURCE:SEQ")
      ->required();
  add_rules(*why_not, command.rules);
  choose(why_not->add_option("--format", command.format, say("option.format"))->capture_default_str(),
         kFormats);
  why_not->add_option("--source", command.source, say("option.definition"))->type_name("NAME");
  add_store(*why_not, command);
  why_not->callback([&] { code = run_why_not(command); });
}

// A verb of incidents: `name` as it is typed, `verb` as the API calls it.
CLI::App* add_verb(CLI::App& incident, const std::string& name, const std::string& verb, IncidentVerbCommand& command,
                   int& code) {
  CLI::App* one = add(incident, name, "incident." + name);
  one->add_option("id", command.id, say("option.incident_id"))->required();
  one->callback([&command, verb, &code] {
    command.verb = verb;
    code = run_incident_verb(command);
  });
  return one;
}

void add_incident_verbs(CLI::App& incident, IncidentVerbCommand& command, int& code) {
  const auto verb = [&](const std::string& name, const std::string& of_api) {
    return add_verb(incident, name, of_api, command, code);
  };
  const auto finish = [&](CLI::App* one) {
    one->add_option("--comment", command.comment, say("option.incident_comment"))->type_name("TEXT");
    add_store(*one, command);
  };
  const auto judged = [&](CLI::App* one) {
    choose(one->add_option("--as", command.disposition, say("option.disposition")), kDispositions);
    finish(one);
  };
  finish(verb("ack", "acknowledge"));
  finish(verb("start", "start"));
  judged(verb("resolve", "resolve"));
  judged(verb("close", "close"));
  finish(verb("reopen", "reopen"));
  CLI::App* assign = verb("assign", "assign");
  assign->add_option("who", command.assignee, say("option.assignee"));
  finish(assign);
  CLI::App* comment = verb("comment", "comment");
  comment->add_option("text", command.comment, say("option.incident_comment"))->required();
  add_store(*comment, command);
  CLI::App* dispose = verb("dispose", "dispose");
  choose(dispose->add_option("as", command.disposition, say("option.disposition"))->required(), kDispositions);
  finish(dispose);
  CLI::App* merge = verb("merge", "merge");
  merge->add_option("other", command.other, say("option.incident_other"))->required();
  finish(merge);
  for (const char* name : {"split", "detach"}) {
    CLI::App* one = verb(name, name);
    one->add_option("alerts", command.alerts, say("option.incident_alerts"))->required();
    finish(one);
  }
  CLI::App* undo = verb("undo", "undo");
  undo->add_option("--change", command.change, say("option.incident_change"))->type_name("N");
  finish(undo);
}

void add_commands(CLI::App& app, Commands& commands, int& code) {
  app.footer(say("command.picket.examples"));
  app.formatter(std::make_shared<ExamplesFirst>());
  app.set_help_flag("-h,--help", say("option.help"));
  app.set_version_flag("--version", "picket " PICKET_VERSION, say("option.version"));
  app.add_option("--lang", commands.language, say("option.lang"))->type_name("en|vi");
  app.require_subcommand(1);
  add_demo(app, commands.demo, code);
  add_server(app, commands, code);
  add_top(app, commands.top, code);
  add_check(app, commands.check, code);
  add_scan(app, commands.scan, code);
  add_parse(app, commands.parse, code);
  add_yara(app, commands.yara, code);
  add_search(app, commands.search, code);
  add_backtest(app, commands.backtest, code);
  add_export(app, commands.export_command, code);
  add_ledger(app, commands.ledger, code);
  add_verify(app, commands.verify, code);
  add_verify_delivery(app, commands.delivery, code);
  add_backup(app, commands.backup, code);
  add_store_care(app, commands.store, code);
  add_hold(app, commands.hold, code);
  add_archive(app, commands.archive, code);
  add_purge(app, commands.purge, code);
  add_approver(app, commands.approver, code);
  CLI::App* incident = add_noun(app, {"incident", "option.incident_id", run_incident_ls, run_incident_show},
                                commands.incident, code);
  add_incident_verbs(*incident, commands.incident_verb, code);
  add_alert(app, commands, code);
  add_noun(app, {"entity", "option.entity", run_entity_ls, run_entity_show}, commands.entity, code);
  add_noun(app, {"system", "option.system_name", run_system_ls, run_system_show}, commands.system, code);
  add_why_not(app, commands.why_not, code);
  add_rule(app, commands, code);
  add_indicator(app, commands.indicator, code);
  add(app, "man", "man")->callback([&app, &code] {
    std::fputs(manual_page(app).c_str(), stdout);
    code = kDone;
  });
}

// The value of --lang, wherever it stands: the language must be known before anything is said.
std::string language_option(std::span<char*> words) {
  constexpr std::string_view kOption = "--lang";
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view one = words[i];
    if (one == "--") break;
    if (one == kOption && i + 1 < words.size()) return words[i + 1];
    if (one.starts_with("--lang=")) return std::string(one.substr(kOption.size() + 1));
  }
  return {};
}

}  // namespace

int run_command_line(int argc, char** argv) {
  const std::string asked = language_option({argv, static_cast<std::size_t>(argc)});
  use_language(preferred_language(asked));
  if (!asked.empty() && asked != "en" && asked != "vi") {
    return complain(say("usage.unknown_language", {{"name", asked}}), kUsageWrong);
  }
  CLI::App app(say("command.picket"), "picket");
  int code = kDone;
  Commands commands;
  add_commands(app, commands, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    app.exit(wanted);
    return kDone;
  } catch (const CLI::ParseError& error) {
    return complain_of_usage(app, error);
  }
  return code;
}

std::string cache_folder(const CacheChoice& choice) {
  if (choice.none) return {};
  return choice.folder.empty() ? user_cache() : choice.folder;
}

int complain(const std::string& what, int code) {
  tell(say("notice.error", {{"what", translated(what)}}));
  return code;
}

}  // namespace picket::app
