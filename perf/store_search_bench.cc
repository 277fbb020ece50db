// Searching a store: row blocks against column blocks, and ripgrep over the same as NDJSON.
//   store_search_bench [--smoke] [--data FILE] [--grouped HOSTS] [--events N]
//
// Events are the lines of FILE again and again, or made from a seed, committed 4,096 at a time
// without sync; with --grouped as a fleet sends them (fleet.h). "few" is a word in every 13th block
// of 16,384 rows, "most" one in two of three. Times are those of the wall and of the processor
// (this thread), best of three; the digest counts what was found and is the same for rows and
// columns. The store lies in TMPDIR. ripgrep is asked where it is installed.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "perf/bench_store.h"
#include "perf/fleet.h"
#include "perf/thread_time.h"
#include "perf/windows_events.h"
#include "storage/search.h"

namespace picket::perf {
namespace {

struct Options {
  bool smoke = false;
  std::string data;
  std::size_t hosts = 0;
  std::uint64_t events = 1'000'000;
};

constexpr std::string_view kFew = "zqfew";
constexpr std::string_view kMost = "zqmost";

struct Time {
  double wall_s = 1e300;
  double cpu_s = 1e300;
};

template <class F>
Time timed(int rounds, F f) {
  Time best;
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double cpu = thread_ns();
    f();
    best.cpu_s = std::min(best.cpu_s, (thread_ns() - cpu) / 1e9);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    best.wall_s = std::min(best.wall_s, wall.count());
  }
  return best;
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        rounds_(options.smoke ? 1 : 3),
        data_({.lines = lines_of(options), .events = options.events, .mark = mark}) {}

  void run() {
    std::printf("store_search rows: n=%llu raw=%.1f MB stored=%.1f bytes/event\n", n(),
                data_.raw_bytes() / 1e6, data_.stored_bytes());
    ask("rows");
    pack();
    std::printf("store_search columns: stored=%.1f bytes/event\n", data_.stored_bytes());
    ask("columns");
    grep();
  }

 private:
  unsigned long long n() const { return options_.events; }

  static std::vector<std::string> lines_of(const Options& options) {
    constexpr std::size_t kLinesMax = 200'000;
    std::vector<std::string> lines =
        windows_events(options.data, options.smoke ? 4'000 : kLinesMax);
    return options.hosts > 0 ? fleet_of(lines, options.hosts) : lines;
  }

  // One event of a block has a word, in few blocks or in most.
  static std::string mark(std::uint64_t block) {
    std::string mark;
    if (block % 13 == 0) mark += ",\"few\":\"" + std::string(kFew) + "\"";
    if (block % 3 != 0) mark += ",\"most\":\"" + std::string(kMost) + "\"";
    return mark;
  }

  void pack() {
    const Time time = timed(1, [&] { data_.pack(); });
    const storage::PackStatus& status = data_.packed();
    std::printf("store_pack n=%llu blocks=%llu bytes/event=%.1f cpu=%.2f us/event\n",
                static_cast<unsigned long long>(status.rows),
                static_cast<unsigned long long>(status.blocks),
                static_cast<double>(status.bytes) / static_cast<double>(status.rows),
                time.cpu_s * 1e6 / static_cast<double>(status.rows));
  }

  void print(std::string_view how, std::string_view what, std::uint64_t found, const Time& time) {
    std::printf("store_search %s, %s: found=%llu wall=%.3f s cpu=%.3f s %.1f GB/s\n",
                std::string(how).c_str(), std::string(what).c_str(),
                static_cast<unsigned long long>(found), time.wall_s, time.cpu_s,
                data_.raw_bytes() / time.cpu_s / 1e9);
  }

  void search(std::string_view how, std::string_view what, const std::string& text) {
    std::uint64_t found = 0;
    const storage::SearchOptions options{.limit = SIZE_MAX, .parse = [](Batch& batch) {
                                           while (batch.events().size() < batch.records().size())
                                             batch.begin_event();
                                         }};
    const storage::Query query = *storage::parse_query(text);
    print(how, what, found, timed(rounds_, [&] {
            const auto totals = storage::search(data_.store(), query, options,
                                                [](Batch&, const Event&) { return true; });
            PICKET_CHECK(totals.has_value());
            found = totals->matched;
          }));
    std::printf("  digest=%llu\n", static_cast<unsigned long long>(found));
  }

  void ask(std::string_view how) {
    search(how, "absent text", "zqxjkvwq");
    search(how, "text in few blocks", std::string(kFew));
    search(how, "text in most blocks", std::string(kMost));
    search(how, "across a border", "\"\\\"few\\\":\\\"zq\"");
    scan(how);
    fetch(how);
  }

  void scan(std::string_view how) {
    std::uint64_t rows = 0;
    const Time time = timed(rounds_, [&] {
      rows = 0;
      PICKET_CHECK(data_.store()
                       .scan({},
                             [&](const storage::StoredRow& row) {
                               rows += row.record.raw.empty() ? 0U : 1U;
                               return true;
                             })
                       .has_value());
    });
    print(how, "all records", rows, time);
  }

  void fetch(std::string_view how) {
    const int count = options_.smoke ? 10 : 500;
    std::mt19937_64 random(1);
    const Time time = timed(1, [&] {
      Batch batch;
      for (int i = 0; i < count; ++i) {
        const std::uint64_t seq = random() % options_.events;
        PICKET_CHECK(data_.store().fetch(SourceId{0}, seq, batch).has_value());
        PICKET_CHECK(batch.records().front().raw == data_.line(seq));
        batch.clear();
      }
    });
    std::printf("store_search %s, fetch: n=%d %.0f us each\n", std::string(how).c_str(), count,
                time.wall_s * 1e6 / count);
  }

  void grep() {
    const std::string file = data_.write_ndjson();
    for (const std::string& word :
         {std::string("zqxjkvwq"), std::string(kFew), std::string(kMost)}) {
      int status = 0;
      const Time time = timed(rounds_, [&] {
        std::fflush(stdout);  // or the child says it again
        const pid_t child = ::fork();
        if (child == 0) {
          if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(127);
          ::execlp("rg", "rg", "--threads", "1", "--count", "--ignore-case", word.c_str(),
                   file.c_str(), nullptr);
          ::_exit(127);
        }
        ::waitpid(child, &status, 0);
      });
      if (!WIFEXITED(status) || WEXITSTATUS(status) == 127) {
        std::printf("store_search ripgrep: not installed\n");
        return;
      }
      std::printf("store_search ripgrep, %s: wall=%.3f s %.1f GB/s\n", word.c_str(), time.wall_s,
                  data_.raw_bytes() / time.wall_s / 1e9);
    }
  }

  const Options& options_;
  int rounds_;
  BenchStore data_;
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--smoke") {
      options.smoke = true;
      options.events = 40'000;
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
