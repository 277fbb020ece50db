// picket scan: detection and correlation over files, without a server.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>

#include "app/command.h"
#include "app/detection.h"
#include "app/event_systems.h"
#include "app/record_file.h"
#include "app/scan_incidents.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/world.h"
#include "correlator/correlator.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

constexpr std::size_t kBatchRecords = 1024;
constexpr std::size_t kBatchBytes = 1024 * 1024;

correlator::Options scan_options() {
  correlator::Options options;
  options.deferred = true;
  return options;
}

class FileNames final : public correlator::SourceNames {
 public:
  FileNames(const std::vector<std::string>& files, const response::Systems& systems)
      : files_(files), systems_(systems) {}
  std::string_view name(SourceId source) const override { return files_[static_cast<std::size_t>(source)]; }
  std::string_view system(SourceId) const override { return {}; }
  std::string_view system_of(Batch& batch, const Event& event, SourceId) const override {
    const response::System* system = systems_.of(batch, event);
    return system != nullptr ? std::string_view(system->name) : std::string_view();
  }
  // Detections know their event; what is over several goes by what they speak of.
  void name_system(Alert& alert) const {
    if (alert.kind != AlertKind::kCorrelation) return;
    if (const response::System* system = systems_.of(alert.entities)) alert.system = system->name;
  }

 private:
  const std::vector<std::string>& files_;
  EventSystems systems_;
};

struct Statistics {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t alerts = 0;
  std::uint64_t incidents = 0;  // where they were asked for
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Scan {
 public:
  Scan(const ScanCommand& command, const Detection& detection, const response::Systems& systems)
      : command_(command),
        detection_(detection),
        parser_(detection.make_parser(false)),
        evaluation_(detection.rules->make_evaluation()),
        names_(command.files, systems),
        incidents_(systems),
        correlator_(detection.rules, scan_options(), state_) {}

  Result<void> run() {
    for (std::size_t i = 0; i < command_.files.size(); ++i) {
      PICKET_TRY_VOID(run_file(i));
    }
    correlator_.finish(alerts_);
    print();
    return command_.incidents.empty() ? Result<void>() : write_incidents();
  }

  const Statistics& statistics() const { return statistics_; }
  const rules::PayloadCounters& payloads() const { return evaluation_->counters().payloads; }

 private:
  Result<void> run_file(std::size_t index) {
    const std::string& path = command_.files[index];
    const SourceId source{static_cast<std::uint32_t>(index)};
    parser_.set_source(source, {.format = command_.format,
                                .definition = command_.taxonomy == "none" ? "json-generic" : command_.source});
    PICKET_TRY(const std::unique_ptr<RecordFile> file, RecordFile::open(path, command_.format));
    Progress progress(say("progress.scanning", {{"file", visible(path, 60)}}), file->size());
    for (bool more = true; more;) {
      batch_.clear();
      PICKET_TRY(more, file->read(batch_, source, RealClock().now().count(), kBatchRecords, kBatchBytes));
      statistics_.bytes += batch_.bytes();
      statistics_.events += batch_.records().size();
      parser_.parse(batch_);
      detection_.rules->evaluate(batch_, *evaluation_);
      correlator_.process(batch_, names_, alerts_);
      print();
      progress.at(file->bytes_read(), say("progress.alerts", {{"n", statistics_.alerts}}));
    }
    return {};
  }

  void print() {
    for (Alert& alert : alerts_) {
      names_.name_system(alert);
      if (!command_.incidents.empty()) incidents_.add(alert);
      const std::string line = dump_json(to_json(alert)) + "\n";
      std::fwrite(line.data(), 1, line.size(), stdout);
    }
    statistics_.alerts += alerts_.size();
    alerts_.clear();
    for (const std::string& id : correlator_.take_withdrawn()) incidents_.remove(id);
  }

  Result<void> write_incidents() {
    std::string lines;
    for (const Incident& incident : incidents_.take()) {
      lines += dump_json(to_json(incident)) + "\n";
      ++statistics_.incidents;
    }
    if (const std::uint64_t n = incidents_.left_out(); n > 0) tell(say("notice.scan_alerts_left_out", {{"n", n}}));
    return write_file(command_.incidents, lines);
  }

  const ScanCommand& command_;
  const Detection& detection_;
  parsers::Parser parser_;
  rules::EvaluationPtr evaluation_;
  FileNames names_;
  ScanIncidents incidents_;
  correlator::MapState state_;
  correlator::Correlator correlator_;
  Batch batch_;
  std::vector<Alert> alerts_;
  Statistics statistics_;
};

Json statistics_json(const Statistics& statistics, const rules::PayloadCounters& payloads, const Detection& detection,
                     double wall, double cpu) {
  const auto rate = [&](double seconds) {
    return seconds > 0 ? static_cast<double>(statistics.events) / seconds : 0.0;
  };
  return {{"events", statistics.events},
          {"bytes", statistics.bytes},
          {"rules_loaded", detection.rules->rule_count() + detection.rules->correlations().size()},
          {"rules_refused", detection.refused.size()},
          {"indicators_loaded", detection.indicators.set->size()},
          {"indicators_refused", detection.indicators.refused()},
          {"alerts", statistics.alerts},
          {"incidents", statistics.incidents},
          {"payloads", {{"scanned", payloads.scanned}, {"timed_out", payloads.timed_out},
                        {"too_large", payloads.too_large}, {"failed", payloads.failed}}},
          {"wall_seconds", wall},
          {"cpu_seconds", cpu},
          {"events_per_second", rate(wall)},
          {"events_per_cpu_second", rate(cpu)}};
}

// None without a register. The error tells all that is wrong in it, each with its line.
Result<response::Systems> systems_of(const ScanCommand& command) {
  if (command.systems.empty()) return response::Systems();
  std::vector<Problem> problems;
  Result<response::Systems> systems = response::load_systems(command.systems, problems);
  std::string wrong;
  for (const Problem& problem : problems) wrong += (wrong.empty() ? "" : "\n") + problem.text();
  if (systems && !wrong.empty()) return fail(Errc::kInvalid, wrong);
  return systems;
}

}  // namespace

int run_scan(const ScanCommand& command) {
  Result<Detection> detection =
      load_detection(find_content(), {.rules = command.rules,
                                      .definitions = command.definitions,
                                      .geoip = command.geoip,
                                      .indicators = feeds_of(command.indicators),
                                      .literal = command.taxonomy == "none",
                                      .cache = cache_folder(command.cache)});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  for (const std::string& error : detection->errors) complain(error, kUsageWrong);
  tell_geoip_problems(*detection->catalog);
  if (!detection->refused.empty()) {
    tell(say("notice.rules_refused", {{"n", detection->refused.size()}}));
  }
  if (const std::size_t refused = detection->indicators.refused(); refused > 0) {
    tell(say("notice.indicators_refused", {{"n", refused}}));
  }
  if (detection->rules->rule_count() == 0) return complain("no rule is active, nothing to scan with", kRuleWrong);

  const Result<response::Systems> systems = systems_of(command);
  if (!systems) return complain(systems.error().what, kUsageWrong);

  RealClock clock;
  const Nanos start = clock.now();
  const double cpu_start = cpu_seconds();
  Scan scan(command, *detection, *systems);
  const Result<void> done = scan.run();
  if (!done) return complain(done.error().what, kUsageWrong);
  save_cache(*detection);
  tell_cache_problems(*detection);
  const double wall = std::chrono::duration<double>(clock.now() - start).count();
  if (const rules::PayloadCounters& p = scan.payloads(); p.unscanned() > 0) {
    tell(say("notice.payloads_unscanned", {{"n", p.unscanned()}, {"timed_out", p.timed_out},
                                           {"too_large", p.too_large}, {"failed", p.failed}}));
  }
  if (!command.stats.empty()) {
    const Json json = statistics_json(scan.statistics(), scan.payloads(), *detection, wall, cpu_seconds() - cpu_start);
    const Result<void> written = write_file(command.stats, dump_json_indented(json) + "\n");
    if (!written) return complain(written.error().what, kUsageWrong);
  }
  return command.fail_on_alert && scan.statistics().alerts > 0 ? kFindings : kDone;
}

}  // namespace picket::app
