// picket top: the costliest rules, of the running server or over files.
#include <chrono>
#include <csignal>
#include <cstdio>

#include "app/ask_server.h"
#include "app/command.h"
#include "app/event_input.h"
#include "app/open_store.h"
#include "app/rule_cost_report.h"
#include "app/signals.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/world.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

constexpr std::chrono::milliseconds kRefresh{2000};
constexpr std::uint32_t kSampleEvery = 16;  // files are short, and nobody waits behind them
constexpr const char* kHomeAndClear = "\x1b[H\x1b[2J";

void show(const TopCommand& command, const Json& costs) {
  print(command.json ? dump_json(costs) + "\n" : rule_cost_text(costs));
}

int top_of_server(const TopCommand& command) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  const std::string path =
      "/api/v1/rules/cost?by=" + command.by + "&limit=" + std::to_string(command.limit);
  const bool again = !command.once && !command.json && stdout_is_terminal();
  std::optional<Signals> signals;
  if (again) signals.emplace();
  for (;;) {
    const Result<Json> costs = ask_server(*folder, path);
    if (!costs) return complain(costs.error().what, kUnreachable);
    if (again) print(kHomeAndClear);
    show(command, *costs);
    std::fflush(stdout);
    if (!again || signals->wait(kRefresh)) return kDone;
  }
}

int top_of_files(const TopCommand& command) {
  const Result<Detection> detection = load_detection(
      find_content(), {.rules = command.rules, .literal = command.events.taxonomy == "none"});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  if (detection->rules->rule_count() == 0)
    return complain("no rule is active, nothing to scan with", kRuleWrong);
  RealClock clock;
  RuleCostSnapshot snapshot;
  snapshot.rules = detection->rules;
  snapshot.since = clock.now();
  const rules::EvaluationPtr evaluation = detection->rules->make_evaluation();
  evaluation->sample_every(kSampleEvery);
  for (const std::string& file : command.files) {
    EventInput input = command.events;
    input.file = file;
    const Result<void> read = read_events(input, *detection, false, [&](Batch& batch) {
      detection->rules->evaluate(batch, *evaluation);
      return true;
    });
    if (!read) return complain(read.error().what, kUsageWrong);
  }
  snapshot.costs = evaluation->costs();
  snapshot.now = clock.now();
  show(command, rule_cost_json(snapshot, *cost_order(command.by), command.limit));
  return kDone;
}

}  // namespace

int run_top(const TopCommand& command) {
  return command.files.empty() ? top_of_server(command) : top_of_files(command);
}

}  // namespace picket::app
