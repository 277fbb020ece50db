// What it costs to count and sample what rules cost: matching with accounting and without, in turns
// over the same parsed batches, in time of this thread.
//
//   rule_cost_bench                                        the shipped sample and rules
//   rule_cost_bench --data events.ndjson --rules DIR...    recordings and rules of your own
//   rule_cost_bench --rounds N --smoke
//
// One line: name, n, digest, nanoseconds an event of both in their best round, and the medians'
// ratio: of each pair of neighbouring rounds the ratio is taken, which a slow spell of the machine
// hits alike.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/file.h"
#include "parsers/parser.h"
#include "perf/thread_time.h"
#include "rules/compiler.h"
#include "rules/evaluation.h"
#include "rules/loader.h"

namespace {

using namespace picket;

constexpr std::size_t kBatchRecords = 1000;

struct Options {
  bool smoke = false;
  std::vector<std::string> data;
  std::vector<std::string> rules;
  std::size_t rounds = 41;
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "rule_cost_bench: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) die(result.error().what);
  return *std::move(result);
}

Options read_options(int argc, char** argv) {
  Options options;
  std::vector<std::string>* list = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--smoke") {
      options.smoke = true;
      options.rounds = 2;
    } else if (word == "--data") {
      list = &options.data;
    } else if (word == "--rules") {
      list = &options.rules;
    } else if (word == "--rounds" && i + 1 < argc) {
      options.rounds = static_cast<std::size_t>(std::max(1, std::atoi(argv[++i])));
    } else if (list != nullptr) {
      list->push_back(word);
    } else {
      die("unknown word '" + word + "'");
    }
  }
  const std::string sample = PICKET_SOURCE_DIR "/content/sample/";
  if (options.data.empty())
    options.data = {sample + "ws-ketoan-07-sysmon.ndjson", sample + "ws-security.ndjson"};
  if (options.rules.empty()) options.rules = {PICKET_SOURCE_DIR "/content/rules"};
  return options;
}

std::vector<BatchPtr> read_batches(const Options& options, parsers::Parser& parser) {
  std::vector<BatchPtr> batches;
  std::uint64_t seq = 0;
  for (const std::string& path : options.data) {
    const std::string text = need(read_file(path, std::size_t{1} << 30));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      if (batches.empty() || batches.back()->records().size() >= kBatchRecords) {
        if (options.smoke && batches.size() >= 2) break;
        batches.push_back(std::make_unique<Batch>());
      }
      if (end > at) batches.back()->add(text.substr(at, end - at), SourceId{}, seq++, 1);
      at = end + 1;
    }
  }
  for (const BatchPtr& batch : batches) parser.parse(*batch);
  return batches;
}

struct Round {
  double ns = 0;
  std::uint64_t digest = 0;
};

Round match(const rules::RuleSet& set, rules::Evaluation& evaluation,
            const std::vector<BatchPtr>& batches, bool account) {
  evaluation.account_costs(account);
  Round round;
  for (const BatchPtr& batch : batches) {
    batch->hits().clear();
    const double start = perf::thread_ns();
    set.evaluate(*batch, evaluation);
    round.ns += perf::thread_ns() - start;
    for (const Hit& hit : batch->hits())
      round.digest = (round.digest * 31 + hit.event) * 31 + hit.rule;
  }
  return round;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  std::vector<std::string> errors;
  const std::string content = PICKET_SOURCE_DIR "/content";
  const auto catalog = need(parsers::Catalog::load({content + "/sources"}, errors));
  const auto taxonomy = need(rules::Taxonomy::load(content + "/taxonomies", errors));
  const auto set = rules::compile_rules(need(rules::load_rules(options.rules)), taxonomy).set;
  if (!errors.empty()) die(errors.front());
  parsers::Parser parser(catalog, false);
  const std::vector<BatchPtr> batches = read_batches(options, parser);
  const rules::EvaluationPtr evaluation = set->make_evaluation();
  const std::uint64_t digest = match(*set, *evaluation, batches, true).digest;  // builds routes
  std::size_t n = 0;
  for (const BatchPtr& batch : batches) n += batch->events().size();
  double best[2] = {1e300, 1e300};
  std::vector<double> ratios;
  for (std::size_t i = 0; i < options.rounds; ++i) {
    Round rounds[2];
    for (const bool first : {true, false}) {  // who begins takes turns
      const bool account = first == (i % 2 == 0);
      rounds[account] = match(*set, *evaluation, batches, account);
      if (rounds[account].digest != digest) die("accounting changes what is found");
      best[account] = std::min(best[account], rounds[account].ns);
    }
    ratios.push_back(rounds[1].ns / rounds[0].ns);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("rule_cost n=%zu digest=%016llx", n, static_cast<unsigned long long>(digest));
  if (!options.smoke) {
    std::printf(" without_ns=%.1f with_ns=%.1f best_ratio=%.4f median_ratio=%.4f sampled=%llu",
                best[0] / static_cast<double>(n), best[1] / static_cast<double>(n),
                best[1] / best[0], ratios[ratios.size() / 2],
                static_cast<unsigned long long>(evaluation->costs().sampled_events));
  }
  std::printf("\n");
  return 0;
}
