// picket export: stored events or alerts as ECS or OCSF, one JSON object per line.
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/ocsf.h"
#include "app/open_store.h"
#include "app/period.h"
#include "app/signals.h"
#include "app/source_formats.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/world.h"
#include "event/event_json.h"
#include "storage/query.h"
#include "storage/search.h"

namespace picket::app {
namespace {

constexpr std::size_t kPage = 500;

// Ends when the reader of the pipe has gone, and at Ctrl-C.
class Output {
 public:
  explicit Output(Signals& signals) : signals_(signals) {}

  bool write(const Json& json) {
    const std::string line = dump_json(json) + "\n";
    gone_ = std::fwrite(line.data(), 1, line.size(), stdout) != line.size();
    ++written_;
    return !gone_;
  }
  bool stopped() {
    if (!interrupted_) interrupted_ = signals_.wait(std::chrono::milliseconds(0)).has_value();
    return interrupted_ || gone_;
  }
  bool interrupted() const { return interrupted_; }
  std::uint64_t written() const { return written_; }

  // The exit code.
  int finish() {
    if (std::fflush(stdout) != 0) gone_ = true;
    tell(say("export.written", {{"n", written_}}));
    if (interrupted_) tell(say("backtest.interrupted"));
    return interrupted_ || gone_ ? kInterrupted : kDone;
  }

 private:
  Signals& signals_;
  bool interrupted_ = false;
  bool gone_ = false;
  std::uint64_t written_ = 0;
};

int export_alerts(const ExportCommand& command, const storage::Store& store, const Period& period,
                  Output& output) {
  std::string cursor;
  do {
    const auto alerts = store.alerts({}, kPage, cursor);
    if (!alerts) return complain(alerts.error().what, kUsageWrong);
    for (const Alert& alert : *alerts) {
      if (alert.time_ns < period.from_ns) return output.finish();  // newest first
      if (alert.time_ns >= period.to_ns) continue;
      if (!output.write(command.format == "ocsf" ? ocsf_alert(alert) : to_json(alert)))
        return output.finish();
    }
  } while (!cursor.empty() && !output.stopped());
  return output.finish();
}

int export_events(const ExportCommand& command, const storage::Store& store, const Period& period,
                  Output& output) {
  const auto query = storage::parse_query(command.query);
  if (!query) return complain(query.error().what, kUsageWrong);
  if (!query->commands().empty())
    return complain("--query takes a filter, without commands behind |", kUsageWrong);
  const Result<Config> config = config_to_read(command);
  if (!config) return complain(config.error().what, kUsageWrong);
  std::vector<std::string> errors;
  const auto catalog =
      parsers::Catalog::load(find_content().sources(config->definitions), errors, config->geoip);
  if (!catalog) return complain(catalog.error().what, kUsageWrong);
  parsers::Parser parser(*catalog, true);
  parser.note_for_people();
  const std::vector<parsers::SourceFormat> formats = kept_source_formats(store);
  for (std::size_t i = 0; i < formats.size(); ++i)
    parser.set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
  const std::vector<std::string> names = store.source_names();

  auto progress = std::make_unique<Progress>(say("export.progress"), stored_bytes(store));
  storage::SearchOptions options;
  options.scan.from_ns = period.from_ns;
  options.scan.to_ns = period.to_ns;
  options.scan.newest_first = false;
  options.limit = SIZE_MAX;
  options.parse = [&](Batch& batch) { parser.parse(batch); };
  options.cancelled = [&] { return output.stopped(); };
  options.progress = [&](const storage::SearchTotals& totals) {
    progress->at(totals.scan.bytes_scanned);
  };
  const auto totals =
      storage::search(store, *query, options, [&](Batch& batch, const Event& event) {
        const auto source = static_cast<std::size_t>(batch.record_of(event).source);
        const Json json = event_json(batch, event, source < names.size() ? names[source] : "");
        return output.write(command.format == "ocsf" ? ocsf_event(json) : json);
      });
  progress.reset();
  if (!totals) return complain(totals.error().what, kUsageWrong);
  return output.finish();
}

}  // namespace

int run_export(const ExportCommand& command) {
  Signals signals;  // before the store has threads, which would take them
  const Result<Period> period = read_period(command.from, command.to);
  if (!period) return complain(period.error().what, kUsageWrong);
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  Output output(signals);
  return command.what == "alerts" ? export_alerts(command, **store, *period, output)
                                  : export_events(command, **store, *period, output);
}

}  // namespace picket::app
