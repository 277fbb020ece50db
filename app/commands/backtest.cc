// picket backtest: what rules would have raised over stored history.
#include <memory>

#include "app/backtest.h"
#include "app/backtest_diff.h"
#include "app/backtest_report.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/period.h"
#include "app/signals.h"
#include "app/source_formats.h"
#include "app/terminal.h"
#include "app/words.h"
#include "response/systems.h"

namespace picket::app {
namespace {

constexpr std::size_t kRefusedTold = 10;

// The rules that were named, with the indicators that were; else those of the configuration.
Result<Detection> load(const BacktestCommand& command, const Config& config) {
  const bool named = !command.rules.empty() || !command.indicators.empty();
  return load_detection(find_content(),
                        {.rules = command.rules.empty() ? config.rules : command.rules,
                         .definitions = config.definitions,
                         .geoip = config.geoip,
                         .indicators = named ? feeds_of(command.indicators) : config.indicators,
                         .keep_texts = true,
                         .payloads = config.payloads,
                         .cache = cache_folder(command.cache)});
}

void tell_problems(const Detection& detection) {
  for (const std::string& error : detection.errors) complain(error, kUsageWrong);
  tell_geoip_problems(*detection.catalog);
  if (detection.refused.size() > kRefusedTold) {
    tell(say("notice.rules_refused", {{"n", detection.refused.size()}}));
    return;
  }
  for (const rules::Finding& one : detection.refused) {
    complain(one.path + ":" + std::to_string(one.line) + ": " + one.reason, kRuleWrong);
  }
}

// Without its register alerts have the systems of their sources only.
response::Systems load_register(const Config& config) {
  if (config.systems.empty()) return response::Systems();
  std::vector<Problem> problems;
  Result<response::Systems> systems = response::load_systems(config.systems, problems);
  if (systems) return *std::move(systems);
  complain(systems.error().what, kUsageWrong);
  return response::Systems();
}

int report(const BacktestCommand& command, const storage::Store& store, const Detection& detection,
           const std::vector<parsers::SourceFormat>& formats, const BacktestResult& result) {
  const bool complete = result.end == BacktestEnd::kComplete;
  std::optional<BacktestDiff> diff;
  if (command.diff_live && complete) {
    Result<BacktestDiff> made = diff_with_stored(store, *detection.rules, result);
    if (!made) return complain(made.error().what, kUsageWrong);
    diff = *std::move(made);
  }
  if (command.json) {
    SampleReader samples(store, detection, formats);
    const Json json = backtest_json(result, diff ? &*diff : nullptr, detection, samples);
    print(dump_json(json) + "\n");
  } else {
    print(backtest_text(result, diff ? &*diff : nullptr, detection));
  }
  if (result.end == BacktestEnd::kTooManyAlerts)
    tell(say("backtest.too_many", {{"n", BacktestTally::kAlertsMax}}));
  if (result.end == BacktestEnd::kInterrupted) tell(say("backtest.interrupted"));
  if (command.diff_live && !complete) tell(say("backtest.no_diff"));
  if (result.end == BacktestEnd::kInterrupted) return kInterrupted;
  return diff && diff->fresh + diff->gone > 0 ? kFindings : kDone;
}

}  // namespace

int run_backtest_command(const BacktestCommand& command) {
  Signals signals;  // before the store has threads, which would take them
  const Result<Period> period = read_period(command.from, command.to);
  if (!period) return complain(period.error().what, kUsageWrong);
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const Result<Config> config = config_to_read(command);
  if (!config) return complain(config.error().what, kUsageWrong);
  Result<Detection> detection = load(command, *config);
  if (!detection) return complain(detection.error().what, kUsageWrong);
  tell_problems(*detection);
  if (detection->rules->rule_count() == 0)
    return complain("no rule is active, nothing to scan with", kRuleWrong);
  const response::Systems systems = load_register(*config);
  const KnownSources sources(**store, *config, systems);
  const std::vector<parsers::SourceFormat> formats = kept_source_formats(**store);

  auto progress = std::make_unique<Progress>(say("backtest.progress"), stored_bytes(**store));
  BacktestOptions options;
  options.from_ns = period->from_ns;
  options.to_ns = period->to_ns;
  options.lateness_ns = config->lateness_ns;
  options.samples = command.samples;
  bool interrupted = false;
  options.cancelled = [&] {
    interrupted = interrupted || signals.wait(std::chrono::milliseconds(0)).has_value();
    return interrupted;
  };
  options.progress = [&](const BacktestProgress& now) {
    progress->at(now.bytes, say("progress.alerts", {{"n", now.alerts}}));
  };
  const Result<BacktestResult> result =
      run_backtest(**store, *detection, sources, formats, options);
  progress.reset();
  save_cache(*detection);
  tell_cache_problems(*detection);
  if (!result) return complain(result.error().what, kUsageWrong);
  return report(command, **store, *detection, formats, *result);
}

}  // namespace picket::app
