// Ports: what the API asks of the rest of the house. `app` fills them in, tests fill in their own.
//
// Every port but `store` may be empty: its endpoints then answer 501. Ports are called on the API's
// two worker threads, never on the server's: those marked (desk) must answer in milliseconds, those
// marked (slow) may take as long as they need, one call after another. `health` and `metrics` are
// (desk) too. What a port returns is copied out; nothing it lends outlives the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/world.h"
#include "correlator/incident_verbs.h"
#include "correlator/sla.h"
#include "event/event.h"
#include "event/incident.h"
#include "response/systems.h"
#include "storage/search.h"
#include "storage/store.h"

namespace picket::api {

struct SearchQuery {
  std::string text;                  // the query language; empty: everything
  std::int64_t from_ns = INT64_MIN;  // event time, inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
  std::size_t limit = 100;           // at most so many events
  std::string cursor;                // as given in SearchPage::next, or empty
};

struct SearchPage {
  std::vector<Json> events;           // event_json() of each, newest first; or rows of a table
  std::vector<std::string> columns;   // of the rows, when commands made a table
  std::string next;                   // empty when there is no more, or when search cannot page
  storage::ScanTotals totals;
  bool limited = false;               // there is more than the limit
  bool complete = true;               // false: ended at its time limit
  std::vector<storage::PipeNotice> notices;              // what did not fit into memory
  std::vector<storage::QueryWarning> warnings;           // read, but perhaps not as it was meant
};

// The text of one rule as it is loaded now.
struct RuleSource {
  std::string id;
  std::string name;
  std::string path;                    // as loaded
  std::string hash;                    // SHA-256, as in alerts
  std::string text;                    // the file, or the document of it that is this rule
  int first_line = 1;                  // of `text` within the file
  std::vector<std::string> refers_to;  // correlations: ids or names of the rules they count
};

// kDone: a human saw that an unknown step did happen. kReverse: run the step that undoes this one.
enum class StepVerb : std::uint8_t { kApprove, kReject, kRetry, kSkip, kDone, kReverse };
inline constexpr StepVerb kStepVerbs[] = {StepVerb::kApprove, StepVerb::kReject,
                                          StepVerb::kRetry,   StepVerb::kSkip,
                                          StepVerb::kDone,    StepVerb::kReverse};
std::string_view step_verb_name(StepVerb verb);  // "approve", ...

struct StepCommand {
  std::string run;   // id
  std::string step;  // id of the step in the playbook
  StepVerb verb = StepVerb::kApprove;
  std::string actor;    // who asks: "admin"
  std::string comment;  // free text, may be empty
};

// Rules over stored history; docs/formats/backtest.md has what comes of it.
struct BacktestRequest {
  struct RuleText {
    std::string name;  // of its file: "my-rule.yml"
    std::string text;
  };
  std::vector<RuleText> rules = {};  // empty: those that are live
  std::int64_t from_ns = INT64_MIN;  // event time of alerts, inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
  bool diff_live = true;
  std::size_t samples = 3;  // alerts shown whole, of each rule

  static constexpr std::size_t kRulesMax = 100;
  static constexpr std::size_t kTextBytesMax = 1024 * 1024;  // of all together
  static constexpr std::size_t kSamplesMax = 10;
};

// The text of a rule file over stored events while it is being written; docs/formats/rule-try.md.
struct TryRequest {
  std::string text;
  // Of the editor: what a later request of the same session replaces ends. Empty: replaces nothing.
  std::string session = {};
  std::string cursor = {};           // as given in "next": goes on there; empty: the newest events
  std::int64_t from_ns = INT64_MIN;  // event time, inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
  std::size_t limit = 5;             // hits, and near misses, shown of each rule
  std::int64_t time_ns = 2'000'000'000;  // of looking at events; then it answers with what it has
  std::string language = "en";           // of what is wrong with the rule: "en", "vi"

  static constexpr std::size_t kTextBytesMax = 64 * 1024;
  static constexpr std::size_t kSessionBytesMax = 128;
  static constexpr std::size_t kLimitMax = 20;
  static constexpr std::int64_t kMillisecondsMin = 50;
  static constexpr std::int64_t kMillisecondsMax = 10'000;
};
using TryAnswer = std::function<void(Result<Json>)>;

// A run as JSON, which the console reads (members it does not know are ignored):
// {"id", "incident": <incident id>, "playbook": {"id", "name", "names": {"en", "vi"}}, "status":
// "running" | "waiting" |
//  "done" | "failed" | ..., "started": time,
//  "steps": [{"id", "name", "status": "pending" | "waiting" | "started" | "done" | "failed" |
//             "unknown" | "rejected" | "skipped", "detail": text, "parameter": text, "at": time,
//             "verbs": ["approve", "reject"]}]}     verbs: what may be asked of the step now
struct Ports {
  const storage::Store* store = nullptr;  // required, outlives the Api

  // (slow) Searches stored events. kInvalid: the query is wrong, the text says where.
  std::function<Result<SearchPage>(const SearchQuery&)> search;
  // (slow) The fields of stored events, as many as a sample of the newest shows: an array of {"name",
  // "type", "events", "examples"}, those that most events have first.
  std::function<Result<Json>()> fields;
  // (slow) Parses every record of a batch that was fetched from the store: one event per record.
  std::function<void(Batch&)> parse;
  // (slow) Decides a stored alert again from its raw records; openapi.json has the shape under
  // /api/v1/alerts/{id}/verify. kNotFound.
  std::function<Result<Json>(std::string_view alert_id)> verify;
  // (slow, desk) By id; a correlation's rules are also asked for by what `refers_to` calls them.
  // kNotFound when the rule is not loaded any more. Thread-safe.
  std::function<Result<RuleSource>(std::string_view rule_id)> rule_source;
  // (desk) What rules cost, dearest first by "time", "woken" or "matches". kInvalid: another word.
  std::function<Result<Json>(std::string_view order, std::size_t limit)> rule_cost;
  // (desk) The ledger with what is in flight now; empty: what the store has.
  std::function<Result<std::vector<storage::Ledger>>()> ledger;

  // (desk) Runs of one incident (by id), newest first; of all when it is empty.
  std::function<Result<std::vector<Json>>(std::string_view incident_id)> runs;
  std::function<Result<Json>(std::string_view run_id)> run;  // (desk)
  // (desk) Gives back the run after the command. kNotFound; kInvalid: not possible now.
  std::function<Result<Json>(const StepCommand&)> command_step;

  // (desk) Errors of IncidentVerbs::apply().
  std::function<Result<correlator::OrderResult>(const correlator::IncidentOrder&)> change_incident;
  correlator::Sla sla;                           // by when incidents are due
  std::function<Nanos()> now;                    // (desk) wall time, for clocks that run; empty: none is shown
  const response::Systems* systems = nullptr;    // outlives the Api

  // (desk) Starts it on a thread of its own and gives back what get_backtest() does. kBusy: another is running.
  std::function<Result<Json>(BacktestRequest)> start_backtest;
  std::function<Json()> backtests;  // (desk) the last ones, newest first, without their results
  std::function<Result<Json>(std::string_view id)> backtest;  // (desk) with its result, when there is one
  // (desk) One that runs is asked to end; one that is over is forgotten.
  std::function<Result<Json>(std::string_view id)> cancel_backtest;

  // (desk) Only begins: the answer is given exactly once, on any thread, also before this returns. kBusy: too
  // many wait; kLimit: too many rules; kInvalid: the cursor; kFull: of field names.
  std::function<void(TryRequest, TryAnswer)> try_rule;

  // (desk) What must stay though its retention is over, oldest first; setting one, and lifting it. kInvalid,
  // kNotFound, kLimit: the text says what is wrong. docs/formats/store.md has the shape.
  std::function<Json()> holds;
  std::function<Result<Json>(std::string_view actor, const Json& body)> add_hold;
  std::function<Result<Json>(std::string_view id, std::string_view actor, const Json& body)> lift_hold;

  // (desk) Records that are to go before their time, oldest first; asking for that, and the word of an approver, whose
  // token is in the body. kInvalid, kNotFound, kLimit: the text says why it did not count. docs/formats/store.md has the shape.
  std::function<Json()> purges;
  std::function<Result<Json>(std::string_view actor, const Json& body)> ask_purge;
  std::function<Result<Json>(std::string_view id, std::string_view actor, const Json& body)> approve_purge;
  std::function<Result<Json>(std::string_view id, std::string_view actor, const Json& body)> reject_purge;

  std::function<std::string()> metrics;  // (desk) Prometheus text format 0.0.4, complete
  std::function<Result<void>()> ready;   // (desk) doors are open and the store writes; else why not
  std::function<Json()> status;          // (desk) `picket status`: version, doors, rates, rules
};

}  // namespace picket::api
