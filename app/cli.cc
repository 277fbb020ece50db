// The command line: what people type, in the words of INTERFACES.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/command.h"
#include "app/terminal.h"

namespace picket::app {
namespace {

// Options shared by all commands that read a store.
void add_store(CLI::App& app, StoreCommand& command) {
  app.add_option("--data", command.data, "folder of a store to read, also while a server uses it");
  app.add_option("--config", command.config, "configuration file");
  app.add_flag("--json", command.json, "one JSON object per line");
}

// Help begins with examples; each command keeps its own as the footer.
std::string examples(const char* text) { return std::string("Examples:\n") + text; }

class ExamplesFirst final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    const std::string footer = app->get_footer();
    return (footer.empty() ? "" : footer + "\n") + CLI::Formatter::make_help(app, std::move(name), mode);
  }
  std::string make_footer(const CLI::App*) const override { return {}; }
};

struct Commands {
  DemoCommand demo;
  ServerCommand server;
  CheckCommand check;
  ScanCommand scan;
  ParseCommand parse;
  SearchCommand search;
  LedgerCommand ledger;
  NounCommand incident;
  NounCommand alert;
  StoreCommand status;
};

void add_demo(CLI::App& app, DemoCommand& command, int& code) {
  CLI::App* demo = app.add_subcommand("demo", "plays a sample attack on an embedded default");
  demo->footer(examples("  picket demo              plays it and keeps the console open\n"
                       "  picket demo --once       plays it, prints the incident, ends\n"));
  demo->add_flag("--once", command.once, "print the incident and end");
  demo->add_option("--data", command.data, "keep the data in this folder (default: a temporary one)");
  demo->add_option("--port", command.port, "of the console, on loopback; 0 for any free one")->capture_default_str();
  demo->callback([&] { code = run_demo(command); });
}

void add_server(CLI::App& app, Commands& commands, int& code) {
  CLI::App* run = app.add_subcommand("run", "the server: doors, detection, store, console");
  run->footer(examples("  picket run\n  picket run --config /etc/picket/picket.yaml\n"));
  run->add_option("--config", commands.server.config, "configuration file");
  run->add_option("--data", commands.server.data, "data folder, in place of the configuration's");
  run->callback([&] { code = run_server(commands.server); });
  CLI::App* status = app.add_subcommand("status", "state, rates, rules and doors of the running server");
  status->footer(examples("  picket status\n  picket status --json\n"));
  add_store(*status, commands.status);
  status->callback([&] { code = run_status(commands.status); });
}

void add_check(CLI::App& app, CheckCommand& command, int& code) {
  CLI::App* check = app.add_subcommand("check", "checks rules, definitions, playbooks and configuration");
  check->footer(examples("  picket check                       everything that is shipped\n"
                        "  picket check my-rules/ --warnings  rules of your own\n"
                        "  picket check --format sarif rules/ for code review\n"));
  check->add_option("paths", command.paths, "rule files and folders");
  check->add_option("--format", command.format)->check(CLI::IsMember({"text", "json", "sarif"}))->capture_default_str();
  check->add_option("--config", command.config, "configuration file to check too");
  check->add_flag("--warnings", command.warnings, "show each warning");
  check->callback([&] { code = run_check(command); });
}

void add_scan(CLI::App& app, ScanCommand& command, int& code) {
  CLI::App* scan = app.add_subcommand("scan", "detection and correlation over files, one alert per line");
  scan->footer(examples("  picket scan /var/log/auth.log\n"
                       "  picket scan --rules my-rules/ --stats stats.json events.ndjson\n"
                       "  zcat old.gz | picket scan -\n"));
  scan->add_option("files", command.files, "log files; - for standard input")->required();
  scan->add_option("--rules", command.rules, "rule file or folder, may be repeated (default: the shipped rules)");
  scan->add_option("--format", command.format, "of the records")
      ->check(CLI::IsMember({"auto", "ndjson", "json", "syslog", "raw"}))
      ->capture_default_str();
  scan->add_option("--source", command.source, "source definition to read the records with");
  scan->add_option("--taxonomy", command.taxonomy, "none: field names literal, no log source test")
      ->check(CLI::IsMember({"none"}));
  scan->add_option("--stats", command.stats, "write statistics to this file, as JSON");
  scan->add_flag("--fail-on-alert", command.fail_on_alert, "end with 1 when there is an alert");
  scan->callback([&] { code = run_scan(command); });
}

void add_parse(CLI::App& app, ParseCommand& command, int& code) {
  CLI::App* parse = app.add_subcommand("parse", "one normalised event (ECS) per line");
  parse->footer(examples("  picket parse /var/log/auth.log\n  picket parse --source nginx-access access.log\n"));
  parse->add_option("files", command.files, "log files; - for standard input")->required();
  parse->add_option("--format", command.format)
      ->check(CLI::IsMember({"auto", "ndjson", "json", "syslog", "raw"}))
      ->capture_default_str();
  parse->add_option("--source", command.source, "source definition to read the records with");
  parse->callback([&] { code = run_parse(command); });
}

void add_search(CLI::App& app, SearchCommand& command, int& code) {
  CLI::App* search = app.add_subcommand("search", "searches stored events, newest first");
  search->footer(examples("  picket search 'user.name:root and \"failed password\"'\n"
                         "  picket search 'source.ip:203.0.113.0/24' --from 2026-11-20T00:00:00Z --limit 20\n"));
  search->add_option("query", command.query, "field:value, words, and, or, not, parentheses")->required();
  search->add_option("--from", command.from, "event time, RFC 3339, inclusive");
  search->add_option("--to", command.to, "event time, RFC 3339, exclusive");
  search->add_option("--limit", command.limit)->capture_default_str();
  add_store(*search, command);
  search->callback([&] { code = run_search(command); });
}

void add_ledger(CLI::App& app, LedgerCommand& command, int& code) {
  CLI::App* ledger = app.add_subcommand("ledger", "is anything missing? received and stored, per source");
  ledger->footer(examples("  picket ledger\n  picket ledger --source auth.log --json\n"));
  ledger->add_option("--source", command.source);
  add_store(*ledger, command);
  ledger->callback([&] { code = run_ledger(command); });
}

void add_noun(CLI::App& app, const char* noun, const char* what, NounCommand& command, int (*ls)(const NounCommand&),
              int (*show)(const NounCommand&), int& code) {
  CLI::App* parent = app.add_subcommand(noun, what);
  parent->require_subcommand(1);
  CLI::App* list = parent->add_subcommand("ls", "lists them, newest first");
  list->add_option("--limit", command.limit)->capture_default_str();
  add_store(*list, command);
  list->callback([&command, ls, &code] { code = ls(command); });
  CLI::App* one = parent->add_subcommand("show", "shows one with its proof");
  one->add_option("id", command.id, "id, or number")->required();
  add_store(*one, command);
  one->callback([&command, show, &code] { code = show(command); });
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Picket: every event accounted for, every alert re-checkable.", "picket");
  app.footer(examples("  picket demo                     see the whole path on a sample attack\n"
                     "  picket scan /var/log/auth.log   detect in a file, no server needed\n"
                     "  picket run                      the server\n"));
  app.formatter(std::make_shared<ExamplesFirst>());
  app.set_version_flag("--version", "picket " PICKET_VERSION);
  app.require_subcommand(1);
  int code = kDone;
  Commands commands;
  add_demo(app, commands.demo, code);
  add_server(app, commands, code);
  add_check(app, commands.check, code);
  add_scan(app, commands.scan, code);
  add_parse(app, commands.parse, code);
  add_search(app, commands.search, code);
  add_ledger(app, commands.ledger, code);
  add_noun(app, "incident", "incidents", commands.incident, run_incident_ls, run_incident_show, code);
  add_noun(app, "alert", "alerts", commands.alert, run_alert_ls, run_alert_show, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int answer = app.exit(error);
    return answer == 0 ? kDone : kUsageWrong;
  }
  return code;
}

int complain(const std::string& what, int code) {
  std::fprintf(stderr, "picket: %s\n", visible(what).c_str());
  return code;
}

}  // namespace picket::app
