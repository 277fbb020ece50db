// Loads rules as the server does, in a fresh process each time: anew, anew with a cache to write,
// from the cache; with the routes of all kinds that are to be expected. Prints seconds, memory, and
// how long the first event of each kind then takes, with routes built ahead and without.
//
//   rule_load_bench [--smoke] [--rounds N] [--rules PATH...] [--events FILE...]
//
// Rules: SigmaHQ's five active folders beside the project, else what is shipped. Events: recordings
// (one record a line) whose kinds "were seen before"; without any, the shipped sample.
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "app/detection.h"
#include "app/kind_list.h"
#include "base/hash.h"

namespace {

using namespace picket;
namespace fs = std::filesystem;

struct Options {
  bool smoke = false;
  int rounds = 5;
  std::vector<std::string> rules;
  std::vector<std::string> events;
};

const std::string kContent = PICKET_SOURCE_DIR "/content";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double megabytes_allocated() {
  const auto info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / 1e6;
}

double megabytes_resident() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

app::Detection load(const Options& options, const std::string& cache, app::Routes routes) {
  auto made =
      app::load_detection({kContent}, {.rules = options.rules, .cache = cache, .routes = routes});
  if (!made) {
    std::fprintf(stderr, "%s\n", made.error().what.c_str());
    std::exit(1);
  }
  return *std::move(made);
}

// A fresh process: nothing interned, nothing allocated, no page of the heap touched.
template <class Work>
void in_child(Work work) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) std::exit(1);
}

void measure_load(const Options& options, const char* name, const std::string& cache) {
  const double resident = megabytes_resident();
  const double allocated = megabytes_allocated();
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  const app::Detection detection = load(options, cache, app::Routes::kAhead);
  const double wall = seconds_since(start);
  std::printf("rule_load/%s n=%zu digest=%s", name, detection.rules->rule_count(),
              detection.rules->hash().substr(0, 16).c_str());
  if (!options.smoke) {
    std::printf(
        " wall_s=%.3f cpu_s=%.3f files=%zu cached=%zu routes=%zu allocated_mb=%.1f "
        "resident_mb=%.1f",
        wall, cpu_seconds() - cpu, detection.rule_files, detection.load.files_cached,
        detection.load.kinds, megabytes_allocated() - allocated, megabytes_resident() - resident);
    ::malloc_trim(0);
    std::printf(" trimmed_mb=%.1f", megabytes_resident() - resident);
  }
  std::printf("\n");
}

// The first record of each kind, in the order of the files.
std::map<KindId, std::string> first_records(const Options& options,
                                            const app::Detection& detection) {
  parsers::Parser parser = detection.make_parser(false);
  std::map<KindId, std::string> first;
  for (const std::string& path : options.events) {
    std::ifstream lines(path);
    for (std::string line; std::getline(lines, line);) {
      Batch batch;
      batch.add(line, SourceId{0}, 0, 0);
      parser.parse(batch);
      if (!batch.events().empty()) first.try_emplace(batch.events()[0].kind, line);
    }
  }
  return first;
}

void measure_first_events(const Options& options, const char* name, const std::string& cache,
                          app::Routes routes) {
  const app::Detection detection = load(options, cache, routes);
  const std::map<KindId, std::string> first = first_records(options, detection);
  const rules::EvaluationPtr evaluation = detection.rules->make_evaluation();
  parsers::Parser parser = detection.make_parser(false);
  std::vector<double> each;
  std::uint64_t hits = 0;
  for (const auto& [kind, record] : first) {
    Batch batch;
    batch.add(record, SourceId{0}, 0, 0);
    parser.parse(batch);
    const auto start = std::chrono::steady_clock::now();
    detection.rules->evaluate(batch, *evaluation);
    each.push_back(seconds_since(start));
    // A sum: kinds have other numbers when others were known before them.
    for (const Hit& hit : batch.hits()) {
      hits += hash64(detection.rules->identity(hit.rule).id, hash64(record));
    }
  }
  std::sort(each.begin(), each.end());
  double sum = 0;
  for (const double one : each) sum += one;
  std::printf("first_event/%s n=%zu digest=%016llx", name, each.size(),
              static_cast<unsigned long long>(hits));
  if (!options.smoke && !each.empty()) {
    std::printf(" all_ms=%.2f median_ms=%.3f worst_ms=%.2f", sum * 1e3, each[each.size() / 2] * 1e3,
                each.back() * 1e3);
  }
  std::printf("\n");
}

Options read_options(int argc, char** argv) {
  Options options;
  std::vector<std::string>* list = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--smoke") {
      options.smoke = true;
      options.rounds = 1;
    } else if (word == "--rounds" && i + 1 < argc) {
      options.rounds = std::max(1, std::stoi(argv[++i]));
    } else if (word == "--rules") {
      list = &options.rules;
    } else if (word == "--events") {
      list = &options.events;
    } else if (list != nullptr) {
      list->push_back(word);
    }
  }
  if (options.rules.empty()) {
    for (const char* name : {"rules", "rules-emerging-threats", "rules-threat-hunting",
                             "rules-placeholder", "rules-compliance"}) {
      const std::string path = std::string("../shared/data/sigma-rules/") + name;
      if (!options.smoke && fs::exists(path)) options.rules.push_back(path);
    }
  }
  if (options.events.empty()) {
    for (const char* name :
         {"ws-ketoan-07-sysmon.ndjson", "ws-security.ndjson", "portal-app-01-auth.log",
          "portal-web-01-access.log", "fw-edge-01.log"}) {
      options.events.push_back(kContent + "/sample/" + name);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  std::string folder = (fs::temp_directory_path() / "picket-rule-load-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  in_child([&] {  // an earlier process, which saw these events
    const app::Detection detection = load(options, "", app::Routes::kAtFirstEvent);
    std::vector<KindId> kinds;
    for (const auto& [kind, record] : first_records(options, detection)) kinds.push_back(kind);
    if (!app::write_kinds(folder, kinds)) std::exit(1);
  });
  in_child([&] { measure_load(options, "write_cache", folder); });
  for (int round = 0; round < options.rounds; ++round) {
    const std::string none = folder + "/none" + std::to_string(round);
    in_child([&] {
      fs::create_directories(none);
      fs::copy_file(folder + "/kinds.cache", none + "/kinds.cache");
      measure_load(options, "anew", none);
      fs::remove_all(none);
    });
    in_child([&] { measure_load(options, "cached", folder); });
  }
  in_child([&] { measure_first_events(options, "ahead", folder, app::Routes::kAhead); });
  in_child([&] { measure_first_events(options, "lazy", folder, app::Routes::kAtFirstEvent); });
  in_child([&] { measure_first_events(options, "lazy_anew", "", app::Routes::kAtFirstEvent); });
  fs::remove_all(folder);
  return 0;
}
