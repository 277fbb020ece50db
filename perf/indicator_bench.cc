// Indicators: how fast a feed loads, what it weighs, and what it costs on every event.
//
//   indicator_bench                    a million indicators, synthetic; the shipped sample and
//   Windows events indicator_bench --n N              so many indicator_bench --data FILE... events
//   of your own indicator_bench --rules DIR...     rules of your own beside them indicator_bench
//   --smoke            small, for ctest
//
// One line for each format of feed: seconds until the set is ready, bytes of memory an indicator
// (mallinfo2, so what the process holds and not what it touched on the way). Then for each file of
// events the CPU time of parsing and matching with the rules alone and with rules and indicators,
// batch by batch alternately and the best round of each; and the look-up alone.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "parsers/parser.h"
#include "perf/thread_time.h"
#include "perf/windows_events.h"
#include "rules/compiler.h"
#include "rules/evaluation.h"
#include "rules/indicators/loader.h"
#include "rules/loader.h"

namespace {

using namespace picket;

constexpr std::size_t kBatchRecords = 1000;

struct Options {
  bool smoke = false;
  std::size_t indicators = 1'000'000;
  std::size_t rounds = 8;
  std::vector<std::string> data;
  std::vector<std::string> rules;
  std::vector<std::string> formats = {"stix", "csv", "list"};  // events meet the last
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "indicator_bench: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) die(result.error().what);
  return *std::move(result);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Made {
  std::string type;  // of STIX
  std::string value;
};

// What feeds are made of: domains, addresses, hashes, URLs and some networks.
class Indicators {
 public:
  Made next() {
    const unsigned kind = draw() % 100;
    if (kind < 40) return {"domain-name:value", domain()};
    if (kind < 65) return {"ipv4-addr:value", address()};
    if (kind < 70) return {"ipv4-addr:value", network()};
    if (kind < 75) return {"ipv6-addr:value", "2001:db8:" + hex(4) + ":" + hex(4) + "::" + hex(4)};
    if (kind < 90) return {"file:hashes.'SHA-256'", hex(64)};
    return {"url:value", "http://" + domain() + "/" + hex(8) + "/" + hex(12) + ".php"};
  }
  std::string hex(std::size_t digits) {
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[draw() % 16];
    return text;
  }

 private:
  std::string domain() {
    std::string text;
    for (unsigned n = 6 + draw() % 10; n > 0; --n) text += static_cast<char>('a' + draw() % 26);
    return text + (draw() % 2 == 0 ? ".example" : ".example.org");
  }
  std::string address() {
    return std::to_string(1 + draw() % 223) + "." + std::to_string(draw() % 256) + "." +
           std::to_string(draw() % 256) + "." + std::to_string(draw() % 256);
  }
  std::string network() { return address() + "/" + std::to_string(20 + draw() % 12); }
  unsigned draw() { return static_cast<unsigned>(random_()); }

  std::mt19937 random_{7};
};

std::string uuid(Indicators& from) {
  return from.hex(8) + "-" + from.hex(4) + "-" + from.hex(4) + "-" + from.hex(4) + "-" +
         from.hex(12);
}

void write_feed(const std::string& path, const std::string& format, std::size_t count) {
  std::ofstream file(path);
  Indicators from;
  if (format == "csv") file << "value,confidence,source,valid_from,description\n";
  if (format == "stix") file << R"({"type":"bundle","id":"bundle--0","objects":[)";
  for (std::size_t i = 0; i < count; ++i) {
    const Made made = from.next();
    if (format == "list") file << made.value << '\n';
    if (format == "csv") {
      file << made.value << ',' << i % 100 << ",\"CERT " << i % 10 << "\",2026-01-" << 10 + i % 20
           << ",campaign " << i % 1000 << '\n';
    }
    if (format == "stix") {
      const std::string pattern =
          made.value.find('/') != std::string::npos && made.type.starts_with("ip") ? " ISSUBSET '"
                                                                                   : " = '";
      file
          << (i > 0 ? ",\n" : "\n")
          << R"({"type":"indicator","spec_version":"2.1","id":"indicator--)" << uuid(from)
          << R"(","created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2026-01-10T08:00:00.000Z",)"
          << R"("modified":"2026-01-10T08:00:00.000Z","name":"campaign )" << i % 1000
          << R"(","indicator_types":["malicious-activity"],)"
          << R"("pattern":"[)" << made.type << pattern << made.value
          << R"(']","pattern_type":"stix","valid_from":"2026-01-10T08:)" << 10 + i / 1000 % 50
          << ":" << 10 + i % 50 << "." << 100 + i % 900 << R"(Z","confidence":)" << i % 100 << "}";
    }
  }
  if (format == "stix") file << "\n]}\n";
}

std::size_t allocated() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::shared_ptr<const rules::IndicatorSet> load(const std::string& path, const std::string& format,
                                                const Options& options) {
  const std::size_t before = allocated();
  const double start = wall_seconds();
  const double cpu = perf::thread_ns();
  auto loaded = need(rules::load_indicators({{.path = path, .name = "bench", .format = format}}));
  const double seconds = wall_seconds() - start;
  const double cpu_seconds = (perf::thread_ns() - cpu) / 1e9;
  const auto held = static_cast<double>(allocated() - before);
  const auto count = static_cast<double>(loaded.set->size());
  std::printf("load_%-5s n=%zu refused=%zu", format.c_str(), loaded.set->size(), loaded.refused());
  if (!options.smoke) {
    std::printf(" file_mb=%.0f wall_s=%.2f cpu_s=%.2f held_mb=%.1f bytes_per_indicator=%.1f",
                static_cast<double>(std::filesystem::file_size(path)) / 1e6, seconds, cpu_seconds,
                held / 1e6, held / count);
  }
  std::printf("\n");
  return loaded.set;
}

// One way of doing it: rules, and a parser that knows their fields.
struct Side {
  std::shared_ptr<const rules::RuleSet> rules;
  std::unique_ptr<parsers::Parser> parser;
  rules::EvaluationPtr evaluation;
  double ns = 0;
  double best = 1e300;
  std::uint64_t hits = 0;

  void run(Batch& batch, const std::vector<std::string>& records, std::size_t from,
           std::size_t to) {
    batch.clear();
    for (std::size_t i = from; i < to; ++i)
      batch.add(records[i], SourceId{}, i, 1'780'000'000'000'000'000);
    const double start = perf::thread_ns();
    parser->parse(batch);
    rules->evaluate(batch, *evaluation);
    ns += perf::thread_ns() - start;
    hits += batch.hits().size();
  }
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {
    const std::string content = PICKET_SOURCE_DIR "/content";
    std::vector<std::string> errors;
    catalog_ = need(parsers::Catalog::load({content + "/sources"}, errors));
    taxonomy_ = need(rules::Taxonomy::load(content + "/taxonomies", errors));
    if (!errors.empty()) die(errors.front());
    // First the side without: its parser must not know the fields of indicators.
    make(without_, rules::IndicatorSet::none());
  }

  void use(std::shared_ptr<const rules::IndicatorSet> set) {
    set_ = std::move(set);
    make(with_, set_);
    memo_ = {};  // of the set before
  }

  void run(const std::string& name, const std::vector<std::string>& records) {
    if (records.empty()) return;
    Batch batch;
    double look_best = 1e300;
    for (std::size_t round = 0; round <= options_.rounds; ++round) {
      without_.ns = with_.ns = 0;
      without_.hits = with_.hits = 0;
      double look = 0;
      for (std::size_t from = 0; from < records.size(); from += kBatchRecords) {
        const std::size_t to = std::min(records.size(), from + kBatchRecords);
        Side& first = from / kBatchRecords % 2 == 0 ? without_ : with_;
        Side& second = &first == &without_ ? with_ : without_;
        first.run(batch, records, from, to);
        second.run(batch, records, from, to);
        look += look_up(batch);
      }
      if (round == 0) continue;  // builds routes, warms tables
      without_.best = std::min(without_.best, without_.ns);
      with_.best = std::min(with_.best, with_.ns);
      look_best = std::min(look_best, look);
    }
    const auto n = static_cast<double>(records.size());
    std::printf("match_%-12s n=%zu hits=%llu of_indicators=%llu", name.c_str(), records.size(),
                static_cast<unsigned long long>(with_.hits),
                static_cast<unsigned long long>(with_.hits - without_.hits));
    if (!options_.smoke) {
      std::printf(" without_ns=%.0f with_ns=%.0f cost=%.1f%% look_ns=%.0f", without_.best / n,
                  with_.best / n, (with_.best / without_.best - 1) * 100, look_best / n);
    }
    std::printf("\n");
    without_.best = with_.best = 1e300;
  }

 private:
  void make(Side& side, std::shared_ptr<const rules::IndicatorSet> set) {
    side.rules =
        rules::compile_rules(need(rules::load_rules(options_.rules)), taxonomy_, {.indicators = std::move(set)})
            .set;
    side.parser = std::make_unique<parsers::Parser>(catalog_, false);
    side.evaluation = side.rules->make_evaluation();
  }

  double look_up(Batch& batch) {
    std::vector<std::uint32_t> rules;
    const double start = perf::thread_ns();
    for (const Event& event : batch.events()) set_->match(batch, event, 0, memo_, rules);
    return perf::thread_ns() - start;
  }

  Options options_;
  std::shared_ptr<const parsers::Catalog> catalog_;
  std::shared_ptr<const rules::Taxonomy> taxonomy_;
  std::shared_ptr<const rules::IndicatorSet> set_;
  rules::IndicatorMemo memo_;
  Side without_;
  Side with_;
};

std::vector<std::string> lines_of(const std::string& path, std::size_t max) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; lines.size() < max && std::getline(file, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

Options read_options(int argc, char** argv) {
  Options options;
  std::vector<std::string>* list = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--smoke") {
      options.smoke = true;
      options.indicators = 20'000;
      options.rounds = 1;
    } else if (word == "--n" && i + 1 < argc) {
      options.indicators = std::stoul(argv[++i]);
    } else if (word == "--rounds" && i + 1 < argc) {
      options.rounds = std::stoul(argv[++i]);
    } else if (word == "--format" && i + 1 < argc) {
      options.formats = {argv[++i]};
    } else if (word == "--data") {
      list = &options.data;
    } else if (word == "--rules") {
      list = &options.rules;
    } else if (list != nullptr) {
      list->push_back(word);
    } else {
      die("unknown word '" + word + "'");
    }
  }
  if (options.rules.empty()) options.rules = {PICKET_SOURCE_DIR "/content/rules"};
  return options;
}

struct ScratchFolder {
  std::string path = (std::filesystem::temp_directory_path() / "picket-bench-XXXXXX").string();
  ScratchFolder() {
    if (::mkdtemp(path.data()) == nullptr) die("no temporary folder");
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(path); }
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  const ScratchFolder scratch;
  Bench bench(options);
  for (const std::string& format : options.formats) {
    const std::string path = scratch.path + "/feed." + format;
    write_feed(path, format, options.indicators);
    auto set = load(path, format, options);
    std::filesystem::remove(path);
    bench.use(std::move(set));
  }
  const std::size_t max = options.smoke ? 1000 : 100'000;
  if (!options.data.empty()) {
    for (const std::string& path : options.data)
      bench.run(std::filesystem::path(path).stem(), lines_of(path, max));
    return 0;
  }
  const std::string sample = PICKET_SOURCE_DIR "/content/sample/";
  for (const char* file : {"ws-ketoan-07-sysmon.ndjson", "portal-web-01-access.log",
                           "fw-edge-01.log", "portal-app-01-auth.log"}) {
    bench.run(std::string(file).substr(0, 12), lines_of(sample + file, max));
  }
  bench.run("windows", perf::windows_events("", options.smoke ? 1000 : 20'000));
  return 0;
}
