// Time to the answer of a rule that is being tried, over a store of column blocks.
//   rule_try_bench [--smoke] [--data FILE] [--grouped HOSTS] [--events N]
//
// Events are the lines of FILE again and again, or made from a seed, with --grouped as a fleet
// sends them (fleet.h); one in every 13th block of 16,384 starts a program that two of the rules
// look for. Times are of the wall, from the request to the answer; best of three. The answer after
// 2 s is what an editor gets, the one of an edit is that of a rule which the next edit replaces
// after 100 ms: from the replacement on.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/try_desk.h"
#include "base/check.h"
#include "base/world.h"
#include "perf/bench_store.h"
#include "perf/fleet.h"
#include "perf/windows_events.h"

namespace picket::perf {
namespace {

struct Options {
  bool smoke = false;
  std::string data;
  std::size_t hosts = 0;
  std::uint64_t events = 1'000'000;
};

struct Case {
  const char* name;
  const char* detection;
};

constexpr Case kCases[] = {
    {"a program in few blocks", "sel: {Image|endswith: '\\zqfew.exe'}"},
    {"a piece of a word that is nowhere", "sel: {CommandLine|contains: 'qxjkvw'}"},
    {"most process creations", "sel: {Image|contains: 'e'}"},
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        data_({.lines = lines_of(options), .events = options.events, .mark = mark}) {
    data_.pack();
    auto detection = app::load_detection({PICKET_SOURCE_DIR "/content"}, {.rules = {}});
    PICKET_CHECK(detection.has_value());
    live_ = *std::move(detection);
  }

  void run() {
    app::TryDesk desk({data_.store(), clock_, {{.format = "ndjson"}}, [this] { return live_; }});
    for (const Case& one : kCases) {
      measure(desk, one, 2'000);
      if (!options_.smoke) measure(desk, one, 200);
    }
    replace(desk);
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

  static api::TryRequest request_of(const Case& one, std::int64_t milliseconds) {
    api::TryRequest request;
    request.text =
        "title: One\nid: 6f4a3a5e-0000-4000-8000-000000000031\nlevel: high\n"
        "logsource: {product: windows, category: process_creation}\ndetection:\n  " +
        std::string(one.detection) + "\n  condition: sel\n";
    request.session = "bench";
    request.time_ns = milliseconds * 1'000'000;
    return request;
  }

  static std::future<Json> ask(app::TryDesk& desk, api::TryRequest request) {
    auto promise = std::make_shared<std::promise<Json>>();
    desk.start(std::move(request), [promise](Result<Json> found) {
      PICKET_CHECK(found.has_value());
      promise->set_value(*std::move(found));
    });
    return promise->get_future();
  }

  void measure(app::TryDesk& desk, const Case& one, std::int64_t milliseconds) {
    double best = 1e300;
    Json found;
    for (int round = 0; round < (options_.smoke ? 1 : 3); ++round) {
      const auto start = std::chrono::steady_clock::now();
      Json json = ask(desk, request_of(one, milliseconds)).get();
      const double took = seconds_since(start);
      if (took < best) found = std::move(json);
      best = std::min(best, took);
    }
    const Json& rule = found["rules"][0];
    std::printf("try %s, %lld ms: answer=%.3f s events=%llu hits=%llu complete=%d", one.name,
                static_cast<long long>(milliseconds), best,
                found["events"].get<unsigned long long>(), rule["hits"].get<unsigned long long>(),
                found["complete"].get<bool>() ? 1 : 0);
    if (found.contains("ahead")) {
      std::printf(" ahead: hits=%llu complete=%d %.2f GB in %.3f s",
                  rule["ahead"]["hits"].get<unsigned long long>(),
                  found["ahead"]["complete"].get<bool>() ? 1 : 0,
                  found["ahead"]["bytes_scanned"].get<double>() / 1e9,
                  found["ahead"]["seconds"].get<double>());
    }
    std::printf("\n");
  }

  void replace(app::TryDesk& desk) {
    std::future<Json> first = ask(desk, request_of(kCases[0], 10'000));
    std::this_thread::sleep_for(std::chrono::milliseconds(options_.smoke ? 1 : 100));
    const auto start = std::chrono::steady_clock::now();
    std::future<Json> second = ask(desk, request_of(kCases[1], 50));
    const Json ended = first.get();
    const double took = seconds_since(start);
    second.get();
    std::printf("try replaced: answer=%.4f s interrupted=%d\n", took,
                ended["interrupted"].get<bool>() ? 1 : 0);
  }

  const Options& options_;
  BenchStore data_;
  RealClock clock_;
  app::Detection live_;
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
    const std::string_view value = i + 1 < argc ? argv[++i] : "";
    if (name == "--data") options.data = value;
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
