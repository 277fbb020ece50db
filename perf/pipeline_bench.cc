// The pipeline, whole and stage by stage: parse, match, correlate, store.
//
//   pipeline_bench                                     the shipped sample and rules
//   pipeline_bench --data events.ndjson --rules DIR... recordings and rules of your own
//   pipeline_bench --scan                              parse and match only
//   pipeline_bench --foreign 10000                     with so many more rules for log sources that
//   the
//                                                      data does not have: what they cost
//   pipeline_bench --each                              the event that takes longest for its size
//   pipeline_bench --smoke                             small, for ctest
//
// One line a stage: name, n, digest, events per CPU second of this thread in the best round. The
// digest depends on the input and the rules alone, so a faster wrong answer shows. Stages run one
// after the other over the same batches; "parse_match" is what `scan` does without correlation.
#include <ctime>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "correlator/correlator.h"
#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/evaluation.h"
#include "rules/loader.h"
#include "storage/store.h"

namespace {

using namespace picket;

constexpr std::size_t kBatchRecords = 1000;  // as the collector cuts them
constexpr std::size_t kBatchBytes = 1024 * 1024;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Options {
  bool smoke = false;
  bool scan = false;
  bool each = false;
  std::size_t foreign = 0;
  std::vector<std::string> data;
  std::vector<std::string> rules;
  std::size_t rounds = 1;
};

struct Stage {
  const char* name = "";
  std::uint64_t n = 0;
  std::uint64_t digest = 0;
  double seconds = 0;   // of this round
  double best = 1e300;  // of all rounds

  void end_round() {
    best = std::min(best, seconds);
    seconds = 0;
  }
  void print(bool smoke, std::size_t rounds) const {
    const double each = static_cast<double>(n) / static_cast<double>(rounds);
    std::printf("%-14s n=%llu digest=%016llx", name, static_cast<unsigned long long>(n),
                static_cast<unsigned long long>(digest));
    if (!smoke)
      std::printf(" events_per_cpu_second=%.0f ns_per_event=%.0f", each / best, best * 1e9 / each);
    std::printf("\n");
  }
};

class OneName final : public correlator::SourceNames {
 public:
  std::string_view name(SourceId) const override { return "bench"; }
  std::string_view system(SourceId) const override { return {}; }
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "pipeline_bench: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) die(result.error().what);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::vector<std::string> read_records(const Options& options) {
  std::vector<std::string> records;
  for (const std::string& path : options.data) {
    const std::string text = need(read_file(path, std::size_t{4} << 30));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      if (end > at) records.push_back(text.substr(at, end - at));
      at = end + 1;
      if (options.smoke && records.size() >= 2000) return records;
    }
  }
  return records;
}

// A scratch store that goes away at the end.
struct ScratchStore {
  std::string path = (std::filesystem::temp_directory_path() / "picket-bench-XXXXXX").string();
  std::unique_ptr<storage::Store> store;
  ScratchStore() {
    if (::mkdtemp(path.data()) == nullptr) die("no temporary folder");
    storage::StoreOptions options;
    options.path = path + "/store";
    store = need(storage::Store::open(options));
    need(store->source_id("bench"));
  }
  ScratchStore(const ScratchStore&) = delete;
  ScratchStore& operator=(const ScratchStore&) = delete;
  ~ScratchStore() {
    store.reset();
    std::filesystem::remove_all(path);
  }
};

// Rules like those of SigmaHQ, of log sources that no data has.
struct ForeignRules {
  std::string path = (std::filesystem::temp_directory_path() / "picket-foreign-XXXXXX").string();

  explicit ForeignRules(std::size_t count) {
    if (::mkdtemp(path.data()) == nullptr) die("no temporary folder");
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      char id[48];
      std::snprintf(id, sizeof id, "00000000-0000-4000-8000-%012zu", i);
      text += "---\ntitle: Foreign " + n + "\nid: " + id + "\nlogsource: {product: product" +
              std::to_string(i % 100) + ", service: service" + std::to_string(i % 7) +
              "}\ndetection:\n  a:\n    Image|endswith: ['\\tool" + n + ".exe', '\\other" + n +
              ".exe']\n    CommandLine|contains: ['option" + n + "', ' -x" + n +
              " ']\n  condition: a\n";
      if (i % 50 == 49 || i + 1 == count) {  // a file holds few rules
        need(write_file(path + "/" + n + ".yml", text));
        text.clear();
      }
    }
  }
  ForeignRules(const ForeignRules&) = delete;
  ForeignRules& operator=(const ForeignRules&) = delete;
  ~ForeignRules() { std::filesystem::remove_all(path); }
};

class Bench {
 public:
  Bench(const Options& options, std::vector<std::string> records)
      : options_(options), records_(std::move(records)) {
    const std::string content = PICKET_SOURCE_DIR "/content";
    std::vector<std::string> errors;
    const auto catalog = need(parsers::Catalog::load({content + "/sources"}, errors));
    const auto taxonomy = need(rules::Taxonomy::load(content + "/taxonomies", errors));
    const ForeignRules foreign(options.foreign);
    std::vector<std::string> paths = options.rules;
    paths.push_back(foreign.path);
    auto compiled = rules::compile_rules(need(rules::load_rules(paths)), taxonomy);
    if (!errors.empty()) die(errors.front());
    rules_ = compiled.set;
    parser_.emplace(catalog, false);
    evaluation_ = rules_->make_evaluation();
    std::printf("rules=%zu records=%zu\n", rules_->rule_count(), records_.size());
  }

  // Every record in a batch of its own; of the rounds the best, so that what the machine did beside
  // it does not count.
  void run_each() {
    pass(false);
    std::vector<double> best(records_.size(), 1e300);
    Batch batch;
    for (std::size_t round = 0; round < std::max<std::size_t>(options_.rounds, 3); ++round) {
      for (std::size_t i = 0; i < records_.size(); ++i) {
        batch.clear();
        batch.add(records_[i], SourceId{}, i, 1'700'000'000'000'000'000);
        const double start = cpu_seconds();
        parser_->parse(batch);
        rules_->evaluate(batch, *evaluation_);
        best[i] = std::min(best[i], cpu_seconds() - start);
      }
    }
    std::size_t worst = 0;
    std::vector<double> cost;  // microseconds a kilobyte; a shorter record counts as one
    for (std::size_t i = 0; i < records_.size(); ++i) {
      cost.push_back(best[i] * 1e6 / std::max(1.0, static_cast<double>(records_[i].size()) / 1024));
      if (cost[i] > cost[worst]) worst = i;
    }
    std::printf("each           n=%zu digest=%016llx", records_.size(),
                static_cast<unsigned long long>(records_.size()));
    if (!options_.smoke)
      std::printf(" worst_us_per_kb=%.1f record=%zu bytes=%zu us=%.1f", cost[worst], worst,
                  records_[worst].size(), best[worst] * 1e6);
    std::printf("\n");
  }

  void run() {
    pass(false);  // builds routes, warms tables
    std::vector<Stage*> stages = {&parse_, &match_, &both_};
    if (!options_.scan) stages.insert(stages.end(), {&correlate_, &store_, &whole_});
    for (Stage* stage : stages) *stage = {.name = stage->name};
    for (std::size_t round = 0; round < options_.rounds; ++round) {
      pass(!options_.scan);
      for (Stage* stage : stages) stage->end_round();
    }
    for (const Stage* stage : stages) stage->print(options_.smoke, options_.rounds);
    const rules::EvaluationCounters& counters = evaluation_->counters();
    std::printf("%.3f rules woken and %.3f hits an event\n",
                static_cast<double>(counters.woken) / static_cast<double>(counters.events),
                static_cast<double>(counters.hits) / static_cast<double>(counters.events));
  }

 private:
  void pass(bool with_store) {
    std::optional<ScratchStore> scratch;
    if (with_store) scratch.emplace();
    correlator::MapState state;
    correlator::Correlator correlator(rules_, {}, state);
    storage::Commit commit;
    Batch batch;
    std::uint64_t seq = 0;
    while (seq < records_.size()) {
      batch.clear();
      while (seq < records_.size() && batch.records().size() < kBatchRecords &&
             batch.bytes() < kBatchBytes) {
        batch.add(records_[seq], SourceId{}, seq, 1'700'000'000'000'000'000);
        ++seq;
      }
      step(batch, correlator, commit, scratch ? scratch->store.get() : nullptr);
    }
  }

  void step(Batch& batch, correlator::Correlator& correlator, storage::Commit& commit,
            storage::Store* store) {
    const double t0 = cpu_seconds();
    parser_->parse(batch);
    const double t1 = cpu_seconds();
    rules_->evaluate(batch, *evaluation_);
    const double t2 = cpu_seconds();
    std::vector<Alert> alerts;
    if (!options_.scan) correlator.process(batch, OneName(), alerts);
    const double t3 = cpu_seconds();
    if (store != nullptr) {
      commit.add(batch, [this](std::uint32_t rule) {
        return std::string_view(rules_->identity(rule).id);
      });
      for (const Alert& alert : alerts) commit.put(alert);
      if (const auto done = store->commit(commit); !done) die(done.error().what);
      commit.clear();
    }
    const double t4 = cpu_seconds();
    count(batch, alerts, {t1 - t0, t2 - t1, t3 - t2, t4 - t3});
  }

  void count(const Batch& batch, const std::vector<Alert>& alerts,
             const std::array<double, 4>& seconds) {
    const std::uint64_t n = batch.events().size();
    std::uint64_t fields = 0;
    for (const Event& event : batch.events()) fields = fields * 31 + event.field_count;
    std::uint64_t hits = 0;
    for (const Hit& hit : batch.hits())
      hits = hits * 31 + hash64(rules_->identity(hit.rule).id) + hit.event;
    std::uint64_t ids = 0;
    for (const Alert& alert : alerts) ids = ids * 31 + hash64(alert.id);
    const auto add = [&](Stage& stage, std::uint64_t digest, double time) {
      stage.n += n;
      stage.digest = stage.digest * 31 + digest;
      stage.seconds += time;
    };
    add(parse_, fields, seconds[0]);
    add(match_, hits, seconds[1]);
    add(both_, hits, seconds[0] + seconds[1]);
    add(correlate_, ids, seconds[2]);
    add(store_, n, seconds[3]);
    add(whole_, ids, seconds[0] + seconds[1] + seconds[2] + seconds[3]);
  }

  Options options_;
  std::vector<std::string> records_;
  std::shared_ptr<const rules::RuleSet> rules_;
  std::optional<parsers::Parser> parser_;
  rules::EvaluationPtr evaluation_;
  Stage parse_{"parse"}, match_{"match"}, both_{"parse_match"}, correlate_{"correlate"},
      store_{"store"}, whole_{"whole"};
};

Options read_options(int argc, char** argv) {
  Options options;
  std::vector<std::string>* list = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--smoke") {
      options.smoke = true;
    } else if (word == "--scan") {
      options.scan = true;
    } else if (word == "--each") {
      options.each = true;
    } else if (word == "--foreign" && i + 1 < argc) {
      options.foreign = static_cast<std::size_t>(std::max(0, std::stoi(argv[++i])));
    } else if (word == "--data") {
      list = &options.data;
    } else if (word == "--rules") {
      list = &options.rules;
    } else if (word == "--rounds" && i + 1 < argc) {
      options.rounds = static_cast<std::size_t>(std::max(1, std::stoi(argv[++i])));
    } else if (list != nullptr) {
      list->push_back(word);
    } else {
      die("unknown word '" + word + "'");
    }
  }
  const std::string sample = PICKET_SOURCE_DIR "/content/sample/";
  if (options.data.empty()) {
    options.data = {sample + "ws-ketoan-07-sysmon.ndjson", sample + "ws-security.ndjson",
                    sample + "portal-app-01-auth.log", sample + "portal-web-01-access.log",
                    sample + "fw-edge-01.log"};
  }
  if (options.rules.empty()) options.rules = {PICKET_SOURCE_DIR "/content/rules"};
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  Bench bench(options, read_records(options));
  options.each ? bench.run_each() : bench.run();
  return 0;
}
