// Backtests over a store of column blocks: one rule, with its records found by the columns and with
// all of them read.
//   backtest_bench [--smoke] [--data FILE] [--grouped HOSTS] [--events N] [--columns] [--rules
//   PATH]...
//
// Events are the lines of FILE again and again, or made from a seed, with --grouped as a fleet
// sends them (fleet.h); one in every 13th block of 16,384 starts a program that two of the rules
// look for. Rates are of raw bytes by the processor time of this thread, best of three; digests are
// alerts, the same for both ways; with --columns the second is left out. With --rules those are
// measured besides, all records read.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "app/backtest.h"
#include "base/check.h"
#include "perf/bench_store.h"
#include "perf/fleet.h"
#include "perf/thread_time.h"
#include "perf/windows_events.h"
#include "response/systems.h"

namespace picket::perf {
namespace {

struct Options {
  bool smoke = false;
  bool columns = false;
  std::string data;
  std::size_t hosts = 0;
  std::uint64_t events = 1'000'000;
  std::vector<std::string> rules;
};

struct Case {
  const char* name;
  const char* detection;
  const char* rest;
};

constexpr const char* kCorrelation = R"(---
title: Many
id: 6f4a3a5e-0000-4000-8000-000000000032
level: high
correlation:
  type: event_count
  rules: [one]
  timespan: 1h
  condition: {gte: 2}
)";

constexpr Case kCases[] = {
    {"a program that is nowhere", "sel: {Image|endswith: '\\zqnone.exe'}", ""},
    {"a program in few blocks", "sel: {Image|endswith: '\\zqfew.exe'}", ""},
    {"the same, correlated", "sel: {Image|endswith: '\\zqfew.exe'}", kCorrelation},
    {"a piece of a word that is nowhere", "sel: {CommandLine|contains: 'qxjkvw'}", ""},
};

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        data_({.lines = lines_of(options), .events = options.events, .mark = mark}) {
    data_.pack();
  }

  void run() {
    std::printf("backtest n=%llu raw=%.1f MB stored=%.1f bytes/event\n",
                static_cast<unsigned long long>(options_.events), data_.raw_bytes() / 1e6,
                data_.stored_bytes());
    const std::string path = data_.beside("rule.yml");
    for (const Case& one : kCases) {
      std::ofstream(path)
          << "title: One\nid: 6f4a3a5e-0000-4000-8000-000000000031\nname: one\n"
             "level: high\nlogsource: {product: windows, category: process_creation}\n"
          << "detection:\n  " << one.detection << "\n  condition: sel\n"
          << one.rest;
      const app::Detection detection = load({path});
      const std::size_t found = measure(one.name, detection, false);
      PICKET_CHECK(options_.columns || measure(one.name, detection, true) == found);
    }
    if (!options_.rules.empty()) measure("the rules given", load(options_.rules), true);
  }

 private:
  static std::vector<std::string> lines_of(const Options& options) {
    constexpr std::size_t kLinesMax = 200'000;
    std::vector<std::string> lines =
        windows_events(options.data, options.smoke ? 4'000 : kLinesMax);
    return options.hosts > 0 ? fleet_of(lines, options.hosts) : lines;
  }

  static std::string mark(std::uint64_t block) {
    if (block % 13 != 0) return {};
    return R"(,"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\zqfew.exe")";
  }

  static app::Detection load(const std::vector<std::string>& rules) {
    auto detection = app::load_detection({PICKET_SOURCE_DIR "/content"}, {.rules = rules});
    PICKET_CHECK(detection.has_value());
    return *std::move(detection);
  }

  std::size_t measure(const char* name, const app::Detection& detection, bool read_all) {
    const app::Config config;
    const response::Systems systems;
    const app::KnownSources sources(data_.store(), config, systems);
    const std::vector<parsers::SourceFormat> formats(1, {.format = "ndjson"});
    double best_s = 1e300;
    std::size_t alerts = 0;
    app::BacktestTotals totals;
    for (int round = 0; round < (options_.smoke ? 1 : 3); ++round) {
      const double start = thread_ns();
      const auto result =
          app::run_backtest(data_.store(), detection, sources, formats, {.read_all = read_all});
      best_s = std::min(best_s, (thread_ns() - start) / 1e9);
      PICKET_CHECK(result.has_value());
      alerts = result->tally->alerts();
      totals = result->totals;
    }
    std::printf("backtest %s%s: digest=%zu events=%llu ruled_out=%.1f%% cpu=%.3f s %.2f GB/s\n",
                name, read_all ? ", all read" : "", alerts,
                static_cast<unsigned long long>(totals.events),
                100 * static_cast<double>(totals.bytes_ruled_out) /
                    static_cast<double>(totals.bytes_scanned),
                best_s, data_.raw_bytes() / best_s / 1e9);
    return alerts;
  }

  const Options& options_;
  BenchStore data_;
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--smoke") {
      options.smoke = true;
      options.events = 18'000;
      continue;
    }
    if (name == "--columns") {
      options.columns = true;
      continue;
    }
    const std::string_view value = i + 1 < argc ? argv[++i] : "";
    if (name == "--data") options.data = value;
    if (name == "--rules") options.rules.emplace_back(value);
    if (name == "--grouped")
      std::from_chars(value.data(), value.data() + value.size(), options.hosts);
    if (name == "--events")
      std::from_chars(value.data(), value.data() + value.size(), options.events);
  }
  return options;
}

}  // namespace
}  // namespace picket::perf

int main(int argc, char** argv) {
  const picket::perf::Options options = picket::perf::options_of(argc, argv);
  picket::perf::Bench(options).run();
  return 0;
}
