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
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "perf/fleet.h"
#include "perf/thread_time.h"
#include "perf/windows_events.h"
#include "storage/search.h"
#include "storage/store.h"

namespace picket::perf {
namespace {

using storage::Commit;
using storage::Store;

struct Options {
  bool smoke = false;
  std::string data;
  std::size_t hosts = 0;
  std::uint64_t events = 1'000'000;
};

constexpr std::size_t kLinesMax = 200'000;
constexpr std::uint64_t kRowsOfCommit = 4096;
constexpr std::uint64_t kRowsOfBlock = 16'384;
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
        folder_(std::filesystem::temp_directory_path() /
                ("picket-search-bench-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    lines_ = windows_events(options.data, options.smoke ? 4'000 : kLinesMax);
    PICKET_CHECK(!lines_.empty());
    if (options.hosts > 0) lines_ = fleet_of(lines_, options.hosts);
  }
  ~Bench() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void run() {
    open();
    write();
    reopen();
    std::printf("store_search rows: n=%llu raw=%.1f MB stored=%.1f bytes/event\n", n(), raw_ / 1e6,
                stored_bytes());
    ask("rows");
    pack();
    reopen();
    std::printf("store_search columns: stored=%.1f bytes/event\n", stored_bytes());
    ask("columns");
    grep();
  }

 private:
  unsigned long long n() const { return options_.events; }
  std::string path() const { return (folder_ / "store").string(); }

  void open() {
    Result<std::unique_ptr<Store>> store = Store::open({.path = path(), .sync = false});
    PICKET_CHECK(store.has_value());
    store_ = *std::move(store);
    PICKET_CHECK(store_->source_id("bench").has_value());
  }

  // Flushed by what a server does at its end: the log is read again, and files written.
  void reopen() {
    store_.reset();
    open();
  }

  std::string line(std::uint64_t seq) const {
    std::string line = lines_[seq % lines_.size()];
    const std::uint64_t block = seq / kRowsOfBlock;
    if (seq % kRowsOfBlock != kRowsOfBlock / 3 || !line.ends_with('}')) return line;
    line.pop_back();
    if (block % 13 == 0) line += ",\"few\":\"" + std::string(kFew) + "\"";
    if (block % 3 != 0) line += ",\"most\":\"" + std::string(kMost) + "\"";
    return line += '}';
  }

  void write() {
    std::ofstream ndjson(folder_ / "events.ndjson");
    Commit commit;
    Batch batch;
    for (std::uint64_t seq = 0; seq < options_.events;) {
      for (std::uint64_t i = 0; i < kRowsOfCommit && seq < options_.events; ++i, ++seq) {
        const std::string text = line(seq);
        raw_ += static_cast<double>(text.size());
        ndjson << text << '\n';
        batch.add(text, SourceId{0}, seq,
                  1'772'000'000'000'000'000 + static_cast<std::int64_t>(seq) * 50'000);
        batch.begin_event().status = ParseStatus::kParsed;
      }
      commit.add(batch, {});
      PICKET_CHECK(store_->commit(commit).has_value());
      commit.clear();
      batch.clear();
    }
  }

  void pack() {
    bool more = true;
    const Time time = timed(1, [&] {
      while (more) {
        const Result<bool> packed = store_->pack();
        PICKET_CHECK(packed.has_value());
        more = *packed;
      }
    });
    const storage::PackStatus status = store_->packing();
    PICKET_CHECK(status.left == 0 && status.blocks > 0);
    std::printf("store_pack n=%llu blocks=%llu bytes/event=%.1f cpu=%.2f us/event\n",
                static_cast<unsigned long long>(status.rows),
                static_cast<unsigned long long>(status.blocks),
                static_cast<double>(status.bytes) / static_cast<double>(status.rows),
                time.cpu_s * 1e6 / static_cast<double>(status.rows));
  }

  double stored_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".sst" || extension == ".log") bytes += entry.file_size();
    }
    return static_cast<double>(bytes) / static_cast<double>(options_.events);
  }

  void print(std::string_view how, std::string_view what, std::uint64_t found, const Time& time) {
    std::printf("store_search %s, %s: found=%llu wall=%.3f s cpu=%.3f s %.1f GB/s\n",
                std::string(how).c_str(), std::string(what).c_str(),
                static_cast<unsigned long long>(found), time.wall_s, time.cpu_s,
                raw_ / time.cpu_s / 1e9);
  }

  void search(std::string_view how, std::string_view what, const std::string& text) {
    std::uint64_t found = 0;
    const storage::SearchOptions options{.limit = SIZE_MAX, .parse = [](Batch& batch) {
                                           while (batch.events().size() < batch.records().size())
                                             batch.begin_event();
                                         }};
    const storage::Query query = *storage::parse_query(text);
    print(how, what, found, timed(rounds_, [&] {
            const auto totals =
                storage::search(*store_, query, options, [](Batch&, const Event&) { return true; });
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
      PICKET_CHECK(store_
                       ->scan({},
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
        PICKET_CHECK(store_->fetch(SourceId{0}, seq, batch).has_value());
        PICKET_CHECK(batch.records().front().raw == line(seq));
        batch.clear();
      }
    });
    std::printf("store_search %s, fetch: n=%d %.0f us each\n", std::string(how).c_str(), count,
                time.wall_s * 1e6 / count);
  }

  void grep() {
    const std::string file = (folder_ / "events.ndjson").string();
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
                  raw_ / time.wall_s / 1e9);
    }
  }

  const Options& options_;
  int rounds_;
  std::filesystem::path folder_;
  std::vector<std::string> lines_;
  std::unique_ptr<Store> store_;
  double raw_ = 0;
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
