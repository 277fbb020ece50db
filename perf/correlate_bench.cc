// Hits per second of one correlator, with its state in memory and in RocksDB.
//
//   hot      event_count, groups stay in memory; every group's alert is open and grows
//   many     event_count over 100,000 groups, few of which fire
//   values   value_count with 10,000 distinct values in each window
//   spill    event_count over ten times the groups that fit into memory, state in RocksDB
//
//   correlate_bench [--smoke] [--case NAME] [--groups N] [--threads N]
//
// Processor time of the calling thread; with several threads, time on the clock.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/correlator.h"
#include "correlator/store_ports.h"
#include "event/ecs.h"
#include "perf/thread_time.h"
#include "storage/store.h"

namespace picket::correlator {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSecond = 1'000'000'000;

struct Case {
  std::string_view name;
  rules::CorrelationType type;
  std::uint64_t groups;
  std::uint64_t values;       // of the counted field
  double threshold;
  std::int64_t hits_a_second;  // of event time
  bool stored;
  std::int64_t smoke;
  std::int64_t full;
};

constexpr Case kCases[] = {
    {"hot", rules::CorrelationType::kEventCount, 1'000, 1, 5, 100'000, false, 20'000, 2'000'000},
    {"many", rules::CorrelationType::kEventCount, 100'000, 1, 5, 2'000, false, 20'000, 1'000'000},
    {"values", rules::CorrelationType::kValueCount, 10, 10'000, 20'000, 10'000, false, 20'000, 2'000'000},
    {"spill", rules::CorrelationType::kEventCount, 1'000'000, 1, 5, 2'000, true, 20'000, 1'000'000},
};

// One detection rule, one correlation of its hits in a minute.
class OneRule final : public rules::RuleSet {
 public:
  explicit OneRule(const Case& which) {
    rules::Correlation correlation;
    correlation.rule.identity = {"guessing", "guessing", Level::kHigh, "hash", "guessing.yml"};
    correlation.rule.type = which.type;
    correlation.rule.rules = {"failure"};
    correlation.rule.group_by = {"source.ip"};
    correlation.rule.timespan_ns = 60 * kSecond;
    correlation.rule.conditions = {{rules::Compare::kGreaterEqual, which.threshold}};
    correlation.rule.field = "user.name";
    correlation.inputs.push_back({0, -1, 0, {"source.ip"}, "user.name", {}});
    correlations_.push_back(std::move(correlation));
  }
  std::size_t rule_count() const override { return 1; }
  const RuleIdentity& identity(std::uint32_t) const override { return identity_; }
  const std::vector<std::string>& tags(std::uint32_t) const override { return tags_; }
  AlertKind kind(std::uint32_t) const override { return AlertKind::kDetection; }
  bool raises_alert(std::uint32_t) const override { return false; }
  const std::vector<rules::Correlation>& correlations() const override { return correlations_; }
  const std::string& hash() const override { return identity_.hash; }
  rules::EvaluationPtr make_evaluation() const override { return nullptr; }
  void evaluate(Batch&, rules::Evaluation&) const override {}
  bool holds(Batch&, const Hit&, rules::Evaluation&) const override { return false; }
  std::vector<Match> explain(Batch&, const Event&, std::uint32_t) const override {
    return {Match{{}, "selection", 7, "event.outcome", "outcome", "failure", 0, 7}};
  }
  std::optional<std::string_view> field_value(Batch& batch, const Event& event, std::uint32_t,
                                              std::string_view field) const override {
    return batch.text(event, field == "source.ip" ? ecs::kSourceIp : ecs::kUserName);
  }

 private:
  RuleIdentity identity_{"failure", "failure", Level::kLow, "hash", "failure.yml"};
  std::vector<std::string> tags_;
  std::vector<rules::Correlation> correlations_;
};

class OneSource final : public SourceNames {
 public:
  std::string_view name(SourceId) const override { return "auth.log"; }
  std::string_view system(SourceId) const override { return "portal"; }
};

// What a server's engine does with it: a commit for every batch.
class Keeper {
 public:
  explicit Keeper(const std::string& path) {
    storage::StoreOptions options;
    options.path = path;
    auto opened = storage::Store::open(options);
    if (!opened) std::fprintf(stderr, "%s\n", opened.error().what.c_str()), std::exit(1);
    store_ = *std::move(opened);
    state_.emplace(*store_, commit_);
  }
  StatePort& state() { return *state_; }
  void commit() {
    if (!store_->commit(commit_)) std::exit(1);
    commit_.clear();
  }

 private:
  std::unique_ptr<storage::Store> store_;
  storage::Commit commit_;
  std::optional<StoreState> state_;
};

class Generator {
 public:
  explicit Generator(const Case& which) : which_(which) {}

  void fill(Batch& batch, std::int64_t count) {
    batch.clear();
    for (; count > 0; --count, ++next_) add(batch);
  }
  std::int64_t now_ns() const { return next_ * (kSecond / which_.hits_a_second); }

 private:
  void add(Batch& batch) {
    random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::uint64_t group = (random_ >> 33) % which_.groups;
    const std::uint64_t value = (random_ >> 13) % which_.values;
    batch.add("failure", SourceId{}, static_cast<std::uint64_t>(next_), now_ns());
    batch.begin_event();
    const std::string ip = "10." + std::to_string(group >> 16) + '.' +
                           std::to_string(group >> 8 & 255) + '.' + std::to_string(group & 255);
    batch.push(ecs::kSourceIp, batch.arena().copy(ip));
    batch.push(ecs::kUserName, batch.arena().copy("user-" + std::to_string(value)));
    batch.hits().push_back({static_cast<std::uint32_t>(batch.events().size() - 1), 0});
  }

  const Case& which_;
  std::uint64_t random_ = 1;
  std::int64_t next_ = 0;
};

double now_ns(std::size_t threads) {
  if (threads == 1) return perf::thread_ns();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Result {
  std::uint64_t digest = 0;
  double ns = 0;  // without the making of hits
};

Result run(const Case& which, std::int64_t hits, Keeper* keeper, std::size_t cache_bytes, std::size_t threads) {
  constexpr std::int64_t kBatch = 4096;
  MapState memory;
  Options options;
  options.lateness_ns = 60 * kSecond;
  options.cache_bytes_max = cache_bytes;
  options.threads = threads;
  Correlator correlator(std::make_shared<OneRule>(which), options, keeper != nullptr ? keeper->state() : memory);
  const OneSource sources;
  Generator generator(which);
  Result result;
  std::uint64_t alerts = 0;
  std::vector<Alert> out;
  Batch batch;
  std::int64_t ticked_ns = 0;
  for (std::int64_t left = hits; left > 0; left -= kBatch) {
    generator.fill(batch, std::min(left, kBatch));
    const double start = now_ns(threads);
    correlator.process(batch, sources, out);
    if (generator.now_ns() >= ticked_ns + kSecond) {
      ticked_ns = generator.now_ns();
      correlator.tick(Nanos(ticked_ns), out);
    }
    if (keeper != nullptr) keeper->commit();
    alerts += out.size();
    out.clear();
    result.ns += now_ns(threads) - start;
  }
  result.digest = alerts * 1'000'000 + correlator.group_counters().created % 1'000'000;
  return result;
}

struct Arguments {
  bool smoke = false;
  std::string_view only;
  std::uint64_t groups = 0;
  std::size_t threads = 1;
};

void measure(Case which, const Arguments& asked) {
  if (asked.groups > 0) which.groups = asked.groups;
  const std::int64_t n = asked.smoke ? which.smoke : which.full;
  const fs::path path = fs::temp_directory_path() / ("correlate_bench." + std::to_string(getpid()));
  std::optional<Keeper> keeper;
  if (which.stored) keeper.emplace(path.string());
  const std::size_t cache = which.stored ? which.groups * 60 : 512ULL << 20;  // a tenth of them
  const Result result = run(which, n, keeper ? &*keeper : nullptr, cache, asked.threads);
  std::printf("correlate_%s n=%lld digest=%016llx", which.name.data(), static_cast<long long>(n),
              static_cast<unsigned long long>(result.digest));
  if (!asked.smoke) std::printf(" ops_per_s=%.0f", static_cast<double>(n) * 1e9 / result.ns);
  std::printf("\n");
  keeper.reset();
  fs::remove_all(path);
}

}  // namespace
}  // namespace picket::correlator

int main(int argc, char** argv) {
  using namespace picket::correlator;
  Arguments asked;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--smoke") asked.smoke = true;
    if (argument == "--case" && i + 1 < argc) asked.only = argv[++i];
    if (argument == "--threads" && i + 1 < argc) asked.threads = std::strtoull(argv[++i], nullptr, 10);
    if (argument == "--groups" && i + 1 < argc) asked.groups = std::strtoull(argv[++i], nullptr, 10);
  }
  for (const Case& which : kCases) {
    if (asked.only.empty() || asked.only == which.name) measure(which, asked);
  }
}
