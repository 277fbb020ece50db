// The commands: what each takes, and one function each that answers an exit code.
//
// Data goes to stdout, notices and progress to stderr. Exit codes are those of INTERFACES.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/indicators/indicator.h"

namespace picket::app {

enum ExitCode : int {
  kDone = 0,
  kFindings = 1,     // findings, failed tests, a mismatch
  kRuleWrong = 2,
  kUsageWrong = 3,   // configuration or usage
  kUnreachable = 4,  // the server cannot be reached, or refused
  kInterrupted = 130,
};

// Where a command keeps what it found out about rules.
struct CacheChoice {
  std::string folder;  // empty: in the user's cache folder
  bool none = false;
};

std::string cache_folder(const CacheChoice& choice);  // empty: no cache

struct ScanCommand {
  std::vector<std::string> rules;
  std::vector<std::string> definitions;  // folders
  std::vector<std::string> geoip;        // databases of geoip steps
  std::vector<std::string> indicators;
  std::vector<std::string> files;
  std::string format = "auto";
  std::string source;    // a source definition by name
  std::string taxonomy;  // "none", or empty for the shipped ones
  std::string stats;     // file to write statistics to
  std::string incidents;  // file to write incidents to
  std::string systems;    // register of information systems, for incidents
  bool fail_on_alert = false;
  CacheChoice cache;
};
int run_scan(const ScanCommand& command);

struct YaraCommand {
  std::vector<std::string> rules;
  std::vector<std::string> paths;  // files and folders
  std::uint64_t timeout_ms = 10'000;
  std::uint64_t max_bytes = 64 * 1024 * 1024;
  bool json = false;
};
int run_yara(const YaraCommand& command);

struct ParseCommand {
  std::vector<std::string> files;
  std::vector<std::string> definitions;  // folders
  std::vector<std::string> geoip;        // databases of geoip steps
  std::string format = "auto";
  std::string source;
  bool zero = false;  // records end with a zero byte
  bool unknown = false;  // templates of the lines that no definition knows, instead of events
  bool required = false;  // what the records lack of their required fields, instead of events
  bool steps = false;  // what each step of the definition did, instead of events
  bool json = false;   // the same for machines
};
int run_parse(const ParseCommand& command);

struct CheckCommand {
  std::vector<std::string> paths;  // rules, playbooks, configuration; empty: everything shipped
  std::vector<std::string> definitions;  // folders
  std::vector<std::string> indicators;
  std::string format = "text";     // text, json, sarif
  std::string config;
  bool warnings = false;
  CacheChoice cache;
};
int run_check(const CheckCommand& command);

// Commands that read a store: that of `data`, or of the configuration.
struct StoreCommand {
  std::string data;
  std::string config;
  bool json = false;
};

struct SearchCommand : StoreCommand {
  std::string query;
  std::string from;
  std::string to;
  std::string after;  // cursor of the page before
  std::uint64_t limit = 100;
  std::string format;  // table, json, csv; empty: a table on a terminal, else JSON lines
  std::string stats;   // file to write statistics to
  std::uint64_t time_limit = 0;  // seconds; 0: none
};
int run_search(const SearchCommand& command);

// What rules would have raised over stored history.
struct BacktestCommand : StoreCommand {
  std::vector<std::string> rules;       // empty: those of the configuration
  std::vector<std::string> indicators;  // likewise, where no rules are named either
  std::string from;
  std::string to;
  bool diff_live = false;
  std::uint64_t samples = 3;  // alerts shown whole, of each rule
  CacheChoice cache;
};
int run_backtest_command(const BacktestCommand& command);

// Stored events or alerts as NDJSON.
struct ExportCommand : StoreCommand {
  std::string what = "events";  // or "alerts"
  std::string format = "ecs";   // or "ocsf"
  std::string query;            // a filter; of events
  std::string from;
  std::string to;
};
int run_export(const ExportCommand& command);

struct LedgerCommand : StoreCommand {
  std::string source;
};
int run_ledger(const LedgerCommand& command);

// Numbered records through a door, and what became of them.
struct DeliveryCommand : StoreCommand {
  std::string url = "http://127.0.0.1:8441";
  std::string token;
  std::string journal = "picket-delivery.journal";
  std::uint64_t records = 10'000;
  std::uint64_t batch = 100;
  std::uint64_t patience = 60;  // seconds
  bool send_only = false;
  bool check_only = false;
};
int run_verify_delivery(const DeliveryCommand& command);

struct NounCommand : StoreCommand {
  std::string id;           // of `show`
  std::uint64_t limit = 50;  // of `ls`
};
int run_incident_ls(const NounCommand& command);
int run_incident_show(const NounCommand& command);
int run_alert_ls(const NounCommand& command);
int run_alert_show(const NounCommand& command);

struct AlertVerifyCommand : StoreCommand {
  std::string id;
  bool all = false;
};
int run_alert_verify(const AlertVerifyCommand& command);

// Is the store what was written to it?
struct VerifyCommand : StoreCommand {
  std::string head;        // file of exported heads; empty: the configuration's
  std::string public_key;  // file; empty: the one in the data folder
};
int run_verify(const VerifyCommand& command);
int run_store_check(const VerifyCommand& command);
int run_store_repair(const VerifyCommand& command);

// What must stay though its retention is over.
struct HoldCommand : StoreCommand {
  std::string id;                    // of `remove`
  std::vector<std::string> sources;  // both empty: all of them
  std::string system;
  std::string from;
  std::string to;
  std::string reason;
};
int run_hold_ls(const HoldCommand& command);
int run_hold_add(const HoldCommand& command);
int run_hold_remove(const HoldCommand& command);

// Records that go before their time, when two approvers agree.
struct PurgeCommand : StoreCommand {
  std::string id;                    // of approve and reject
  std::vector<std::string> sources;  // empty: all of them
  std::string from;
  std::string to;
  std::string reason;
  std::string token_file;
};
int run_purge_ls(const PurgeCommand& command);
int run_purge_request(const PurgeCommand& command);
int run_purge_approve(const PurgeCommand& command);
int run_purge_reject(const PurgeCommand& command);

struct ApproverCommand {
  std::string name;
  bool json = false;
};
int run_approver_token(const ApproverCommand& command);

// Stored records as files, and back.
struct ArchiveCommand : StoreCommand {
  std::string path;                  // of the archive
  std::vector<std::string> sources;  // empty: all of them
  std::string from;
  std::string to;
};
int run_archive_write(const ArchiveCommand& command);
int run_archive_check(const ArchiveCommand& command);
int run_archive_import(const ArchiveCommand& command);

struct BackupCommand : StoreCommand {
  std::string path;  // folder of backups; of `restore`: of one
};
int run_backup_create(const BackupCommand& command);
int run_backup_restore(const BackupCommand& command);
int run_backup_ls(const BackupCommand& command);

// Why a rule did not fire on one event: SOURCE:SEQ of the store, FILE:SEQ, or "-" for all of standard
// input.
struct WhyNotCommand : StoreCommand {
  std::string rule;  // id or title
  std::string event;
  std::vector<std::string> rules;  // empty: those of the configuration
  std::string format = "auto";     // of a file
  std::string source;              // likewise: a source definition by name
};
int run_why_not(const WhyNotCommand& command);

int run_entity_ls(const NounCommand& command);
int run_entity_show(const NounCommand& command);

int run_system_ls(const NounCommand& command);
int run_system_show(const NounCommand& command);

// A change of one incident, asked of the running server.
struct IncidentVerbCommand : StoreCommand {
  std::string verb;  // of the API: "acknowledge"
  std::string id;    // number or id
  std::string comment;
  std::string disposition;
  std::string assignee;             // assign; empty: nobody
  std::string other;                // merge: the incident that comes in
  std::vector<std::string> alerts;  // split, detach
  std::uint64_t change = 0;         // undo: the one that is meant; 0: the last
};
int run_incident_verb(const IncidentVerbCommand& command);

struct RuleListCommand {
  std::vector<std::string> paths;  // empty: the shipped rules
  std::string level;
  std::string state;  // active, refused, cannot-fire
  bool json = false;
};
int run_rule_list(const RuleListCommand& command);

// Events to look at with rules: of a file, or of standard input.
struct EventInput {
  std::string file;  // "-" for standard input, empty for none
  std::string format = "auto";
  std::string source;    // a source definition by name
  std::string taxonomy;  // "none", or empty for the shipped ones
};

struct TopCommand : StoreCommand {
  std::vector<std::string> files;  // empty: ask the running server
  std::vector<std::string> rules;
  EventInput events;        // how to read the files
  std::string by = "time";  // woken, matches
  std::uint64_t limit = 20;
  bool once = false;
};
int run_top(const TopCommand& command);

struct RuleFieldsCommand {
  std::vector<std::string> paths;
  EventInput events;
  bool json = false;
};
int run_rule_fields(const RuleFieldsCommand& command);

struct RuleExplainCommand {
  std::string rule;  // id, title or path
  std::vector<std::string> rules;
  EventInput events;
  std::uint64_t limit = 20;
  bool json = false;
};
int run_rule_explain(const RuleExplainCommand& command);

struct RuleTryCommand : StoreCommand {
  std::string rule;  // a file
  std::string from;
  std::string to;
  std::uint64_t limit = 5;
};
int run_rule_try(const RuleTryCommand& command);

struct RuleTestCommand {
  std::vector<std::string> cases;  // files and folders; empty: the shipped cases
  std::vector<std::string> rules;
  std::string junit;  // file to write
  bool json = false;
};
int run_rule_test(const RuleTestCommand& command);

// Feeds of indicators: those of `paths`, or of the configuration.
struct IndicatorCommand {
  std::vector<std::string> paths;
  std::string config;
  std::vector<std::string> values;  // of `check`
  bool json = false;
};
int run_indicator_ls(const IndicatorCommand& command);
int run_indicator_check(const IndicatorCommand& command);

struct ServerCommand {
  std::string config;
  std::string data;  // overrides the configuration's
};
int run_server(const ServerCommand& command);
int run_status(const StoreCommand& command);

struct DemoCommand {
  std::string data;  // empty: a fresh folder that is removed at the end
  std::uint16_t port = 8440;
  bool once = false;
};
int run_demo(const DemoCommand& command);

// Feeds as --indicators names them: files and folders, with nothing said about them.
std::vector<rules::IndicatorFeed> feeds_of(const std::vector<std::string>& paths);

// "picket: ..." on stderr, in the reader's language and made visible() line by line; gives back `code`.
int complain(const std::string& what, int code);

}  // namespace picket::app
