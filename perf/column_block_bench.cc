// Column blocks: bytes an event, writing, giving back, searching, fetching one event.
//   column_block_bench [--smoke] [--data FILE] [--grouped HOSTS]
//
// Rows are the lines of FILE, or made from a seed: Windows events of about 800 bytes ("windows/")
// and syslog lines of about 100 ("syslog/"). All blocks are in memory. With --grouped the rows of
// the file are dealt out to so many hosts, each of which goes through its own window of the file,
// row by row in turn, and has its own name where the record says "Hostname": a fleet that sends to
// one collector. Rates are processor time of one thread; GB/s are of raw bytes. The digest is of
// the rows that searches found, and each is compared with looking at every row.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "perf/fleet.h"
#include "perf/thread_time.h"
#include "perf/windows_events.h"
#include "storage/columns/column_rows.h"
#include "storage/columns/column_search.h"
#include "storage/columns/column_writer.h"
#include "storage/columns/words.h"
#include "storage/folded_text.h"

namespace picket::perf {
namespace {

using namespace picket::storage;

struct Options {
  bool smoke = false;
  std::string data;
  std::size_t hosts = 0;
};

std::vector<std::string> syslog_lines(std::size_t count) {
  std::mt19937_64 random(7);
  std::vector<std::string> lines;
  while (lines.size() < count) {
    const std::string second = std::to_string(10 + lines.size() / 40 % 50);
    lines.push_back("<38>Mar  1 10:00:" + second + " web-" + std::to_string(random() % 40) +
                    " sshd[" + std::to_string(random() % 30'000) +
                    "]: Failed password for invalid user admin from 203.0.113." +
                    std::to_string(random() % 250) + " port " + std::to_string(random() % 65'000) +
                    " ssh2");
    lines.push_back("<78>Mar  1 10:00:" + second + " web-" + std::to_string(random() % 40) +
                    " CRON[" + std::to_string(random() % 30'000) +
                    "]: (root) CMD (run-parts /etc/cron.hourly)");
  }
  return lines;
}

struct Blocks {
  std::vector<std::string> blocks;
  std::size_t rows = 0;
  std::size_t raw_bytes = 0;
};

BlockKey key_of(std::size_t index) {
  return {index + 1, 0};
}

class Bench {
 public:
  Bench(std::string name, std::vector<std::string> lines, bool smoke)
      : name_(std::move(name)), lines_(std::move(lines)), rounds_(smoke ? 1 : 5) {}

  void run() {
    write();
    sizes();
    rebuild();
    fetch();
    const std::string rare = rare_word();
    texts("absent text", "zqxjkvwq");
    texts("rare text", rare);
    texts("text in many rows", "powershell");
    texts("digits", "17923");
    texts("text across borders", R"("channel":"sec)");
    words("absent word", "zqxjkvwq");
    words("rare word", rare);
    words("word in many rows", "exe");
    count_values();
  }

 private:
  template <class F>
  double best(F f) {
    double least = 1e300;
    for (int i = 0; i < rounds_; ++i) {
      const double start = thread_ns();
      f();
      least = std::min(least, thread_ns() - start);
    }
    return least;
  }

  void write() {
    ColumnBlockBuilder builder;
    const double ns = best([&] {
      made_ = {};
      builder.clear();
      for (std::size_t i = 0; i < lines_.size(); ++i) {
        StoredRow row;
        row.record.raw = lines_[i];
        row.record.length = static_cast<std::uint32_t>(lines_[i].size());
        row.record.seq = i;
        row.record.received_ns = 1'772'000'000'000'000'000 + static_cast<std::int64_t>(i) * 50'000;
        row.time_ns = row.record.received_ns - 1'000'000;
        row.status = ParseStatus::kParsed;
        row.position = {made_.blocks.size() + 1, 0, static_cast<std::uint32_t>(builder.rows())};
        builder.add(row);
        made_.raw_bytes += lines_[i].size();
        if (builder.full()) close(builder);
      }
      if (!builder.empty()) close(builder);
      made_.rows = lines_.size();
    });
    print("write", ns / static_cast<double>(made_.rows), "ns an event");
  }
  void close(ColumnBlockBuilder& builder) {
    std::vector<Run> runs;
    made_.blocks.push_back(builder.build(key_of(made_.blocks.size()), runs));
    builder.clear();
  }

  void sizes() {
    std::size_t sections[kSections] = {};
    std::size_t all = 0;
    std::size_t heads = 0;
    for (std::size_t i = 0; i < made_.blocks.size(); ++i) {
      const Result<ColumnHead> head = read_column_head(made_.blocks[i], key_of(i));
      PICKET_CHECK(head.has_value());
      all += made_.blocks[i].size();
      heads += head->size;
      for (std::size_t k = 0; k < kSections; ++k) sections[k] += head->sections[k].size;
    }
    const auto rows = static_cast<double>(made_.rows);
    const auto each = [rows](std::size_t bytes) { return static_cast<double>(bytes) / rows; };
    std::printf(
        "%s/size n=%zu blocks=%zu raw=%.0f B stored=%.1f B an event (directory %.2f rows %.2f "
        "shapes %.2f "
        "dictionaries %.2f codes %.2f words %.2f)\n",
        name_.c_str(), made_.rows, made_.blocks.size(), each(made_.raw_bytes), each(all),
        each(sections[0] + heads), each(sections[1]), each(sections[2]), each(sections[3]),
        each(sections[4]), each(sections[5]));
  }

  template <class F>
  void for_each_block(F f) {
    for (std::size_t i = 0; i < made_.blocks.size(); ++i) {
      PICKET_CHECK(block_.open(made_.blocks[i], key_of(i)).has_value());
      f(i);
    }
  }

  void rebuild() {
    RowBuffer buffer;
    std::uint64_t digest = 0;
    const double ns = best([&] {
      digest = 0;
      for_each_block([&](std::size_t) {
        ColumnRows rows(block_);
        RowSet all(block_.rows());
        all.add_all();
        PICKET_CHECK(rows.rebuild(all, buffer).has_value());
        for (const StoredRow& row : buffer.rows) digest += row.record.raw.size();
      });
    });
    std::size_t at = 0;
    for_each_block([&](std::size_t) {
      ColumnRows rows(block_);
      RowSet all(block_.rows());
      all.add_all();
      PICKET_CHECK(rows.rebuild(all, buffer).has_value());
      for (const StoredRow& row : buffer.rows) PICKET_CHECK(row.record.raw == lines_[at++]);
    });
    PICKET_CHECK(at == lines_.size());
    print("rebuild", static_cast<double>(made_.raw_bytes) / ns, "GB/s", digest);
  }

  void fetch() {
    constexpr std::size_t kFetches = 200;
    std::uint64_t digest = 0;
    std::string raw;
    std::mt19937_64 random(3);
    std::vector<double> each;
    for (std::size_t i = 0; i < kFetches; ++i) {
      const auto n = static_cast<std::size_t>(random() % lines_.size());
      const std::size_t block = n / kColumnRowsMax < made_.blocks.size() ? n / kColumnRowsMax : 0;
      const double start = thread_ns();
      PICKET_CHECK(block_.open(made_.blocks[block], key_of(block)).has_value());
      ColumnRows rows(block_);
      const auto row = rows.fetch(SourceId{}, n, raw);
      const double took = thread_ns() - start;
      PICKET_CHECK(row.has_value());
      if (!*row) continue;  // blocks that were cut by bytes
      each.push_back(took);
      PICKET_CHECK((*row)->record.raw == lines_[n]);
      digest += raw.size();
    }
    std::sort(each.begin(), each.end());
    if (each.empty()) return;
    print("fetch one, median", each[each.size() / 2] / 1000, "us", digest);
    print("fetch one, p95", each[each.size() * 95 / 100] / 1000, "us", digest);
  }

  // A word that few rows have.
  std::string rare_word() const {
    std::string rare = "absent";
    any_word(lines_[lines_.size() / 2], [&](std::string_view word) {
      if (word.size() > rare.size() &&
          std::any_of(word.begin(), word.end(), [](char c) { return c > '9'; }) &&
          std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        rare = fold(word);
      }
      return false;
    });
    return rare;
  }

  void texts(const char* what, const std::string& text) {
    std::size_t found = 0;
    const double ns = best([&] {
      found = 0;
      for_each_block([&](std::size_t) { found += ColumnSearch(block_).containing(text)->count(); });
    });
    check(found, [&](std::string_view raw) { return contains_folded(raw, text); });
    print(what, static_cast<double>(made_.raw_bytes) / ns, "GB/s", found);
  }

  void words(const char* what, const std::string& word) {
    std::size_t found = 0;
    std::size_t blocks = 0;
    const double ns = best([&] {
      found = blocks = 0;
      for (std::size_t i = 0; i < made_.blocks.size(); ++i) {
        const Result<bool> may = ColumnSearch::may_have_word(made_.blocks[i], key_of(i), word);
        PICKET_CHECK(may.has_value());
        if (!*may) continue;
        ++blocks;
        PICKET_CHECK(block_.open(made_.blocks[i], key_of(i)).has_value());
        found += ColumnSearch(block_).with_word(word)->count();
      }
    });
    check(found,
          [&](std::string_view raw) { return contains_folded(raw, word) && has_word(raw, word); });
    print(what, ns / 1000 / static_cast<double>(made_.blocks.size()), "us a block", found);
    std::printf("%s/%s: looked into %zu of %zu blocks\n", name_.c_str(), what, blocks,
                made_.blocks.size());
  }

  void count_values() {
    std::size_t found = 0;
    const double ns = best([&] {
      found = 0;
      for_each_block([&](std::size_t) {
        found += ColumnSearch(block_)
                     .with_value("Channel", [](std::string_view v) { return v == "Security"; })
                     ->count();
      });
    });
    print("rows of a value", static_cast<double>(made_.raw_bytes) / ns, "GB/s", found);
  }

  template <class Test>
  void check(std::size_t found, Test test) const {
    std::size_t naive = 0;
    for (const std::string& line : lines_) naive += test(std::string_view(line)) ? 1U : 0U;
    PICKET_CHECK(found == naive);
  }

  void print(const char* what, double figure, const char* unit, std::uint64_t digest = 0) const {
    std::printf("%s/%s n=%zu digest=%llu %.2f %s\n", name_.c_str(), what, made_.rows,
                static_cast<unsigned long long>(digest), figure, unit);
  }

  std::string name_;
  std::vector<std::string> lines_;
  int rounds_;
  Blocks made_;
  ColumnBlock block_;
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--smoke") options.smoke = true;
    if (word == "--data" && i + 1 < argc) options.data = argv[++i];
    if (word == "--grouped" && i + 1 < argc) options.hosts = std::stoul(argv[++i]);
  }
  return options;
}

}  // namespace
}  // namespace picket::perf

int main(int argc, char** argv) {
  using namespace picket::perf;
  const Options options = options_of(argc, argv);
  const std::size_t rows = options.smoke ? 3'000 : 100'000;
  std::vector<std::string> events = windows_events(options.data, rows);
  if (events.empty()) {
    std::printf("no lines in %s\n", options.data.c_str());
    return 1;
  }
  if (options.hosts > 0) events = fleet_of(events, options.hosts);
  Bench(options.data.empty() ? "windows" : "data", std::move(events), options.smoke).run();
  if (options.data.empty()) Bench("syslog", syslog_lines(rows), options.smoke).run();
  return 0;
}
