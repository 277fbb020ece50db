#include "app/rule_try.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <tuple>
#include <utility>

#include "app/backtest_report.h"
#include "app/show_truth.h"
#include "base/world.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

// Small, for whoever waits for the end of one that was cancelled waits for a batch.
constexpr std::size_t kBatchRecords = 256;
constexpr std::size_t kBatchBytes = 1024 * 1024;

// What a node lacks to be true, and what of it is there.
struct Lack {
  std::size_t missing = 0;
  std::size_t there = 0;
  const rules::TruthNode* test = nullptr;  // one that is missing
};

// The test that makes a node true which should not be.
const rules::TruthNode* first_true(const rules::TruthNode& node) {
  if (node.node->kind == rules::Node::Kind::kTest || node.children.empty()) return &node;
  for (const rules::TruthNode& child : node.children) {
    if (child.holds) return first_true(child);
  }
  return &node;
}

// As deep as the condition, whose depth the loader bounds.
Lack lack_of(const rules::TruthNode& node) {
  if (node.holds) return {.missing = 0, .there = 1};
  switch (node.node->kind) {
    case rules::Node::Kind::kTest:
      return {.missing = 1, .there = 0, .test = &node};
    case rules::Node::Kind::kNot:
      return {.missing = 1,
              .there = 0,
              .test = node.children.empty() ? nullptr : first_true(node.children.front())};
    case rules::Node::Kind::kAnd: {
      Lack all;
      for (const rules::TruthNode& child : node.children) {
        const Lack one = lack_of(child);
        all.missing += one.missing;
        all.there += one.there;
        if (one.test != nullptr) all.test = one.test;
      }
      return all;
    }
    case rules::Node::Kind::kOr: {
      Lack best;
      for (const rules::TruthNode& child : node.children) {
        const Lack one = lack_of(child);
        const bool better = best.test == nullptr || one.missing < best.missing ||
                            (one.missing == best.missing && one.there > best.there);
        if (one.test != nullptr && better) best = one;
      }
      return best;
    }
  }
  return {};
}

class Try {
 public:
  Try(const storage::Store& store, const Detection& detection,
      const std::vector<parsers::SourceFormat>& formats, const TryOptions& options)
      : store_(store),
        detection_(detection),
        formats_(formats),
        options_(options),
        sources_(store.source_names()),
        parser_(detection.make_parser(false)),
        evaluation_(detection.rules->make_evaluation()) {
    for (std::size_t i = 0; i < formats.size(); ++i)
      parser_.set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
    result_.fields = std::make_unique<FieldTally>();
    for (const rules::DetectionRule& rule : detection.trees) {
      result_.rules.push_back({});
      result_.rules.back().rule = &rule;
      finders_.emplace_back(rule, *detection.taxonomy);
    }
  }

  Result<TryResult> run() {
    const Nanos start = RealClock().now();
    storage::ScanOptions scan = options_.scan;
    scan.newest_first = true;
    scan.skip_damaged = true;
    scan.go_on = [this](const storage::ScanTotals&) { return !ends(); };
    PICKET_TRY(result_.scan,
               store_.scan(scan, [this](const storage::StoredRow& row) { return take(row); }));
    flush();
    result_.complete = !ended_;
    read_samples();
    for (TriedRule& rule : result_.rules) {
      std::sort(rule.lines.begin(), rule.lines.end(), [](const MissedLine& a, const MissedLine& b) {
        return std::tie(b.events, a.line) < std::tie(a.events, b.line);
      });
    }
    result_.seconds = std::chrono::duration<double>(RealClock().now() - start).count();
    return std::move(result_);
  }

 private:
  bool take(const storage::StoredRow& row) {
    bytes_ += row.record.raw.size();
    result_.last = row.position;
    result_.oldest_ns = std::min(result_.oldest_ns, row.time_ns);
    result_.newest_ns = std::max(result_.newest_ns, row.time_ns);
    Record& record =
        batch_.add(row.record.raw, row.record.source, row.record.seq, row.record.received_ns);
    record.length = row.record.length;
    batch_.set_heading(record, row.record.heading);
    if (batch_.records().size() < kBatchRecords && batch_.bytes() < kBatchBytes) return true;
    flush();
    if (options_.progress) options_.progress(bytes_);
    return !ends();
  }

  bool ends() {
    result_.interrupted = result_.interrupted || (options_.cancelled && options_.cancelled());
    ended_ = ended_ || result_.interrupted ||
             ((result_.last || options_.hits_alone) && options_.enough && options_.enough());
    return ended_;
  }

  EventRef ref_of(const Event& event) const {
    const Record& record = batch_.record_of(event);
    const auto source = static_cast<std::size_t>(record.source);
    return {.source_id = record.source,
            .source = source < sources_.size() ? sources_[source] : std::string(),
            .seq = record.seq,
            .time_ns = event.time_ns};
  }

  void flush() {
    if (batch_.records().empty()) return;
    parser_.parse(batch_);
    result_.events += batch_.events().size();
    if (!options_.hits_alone) result_.fields->count(batch_);
    detection_.rules->evaluate(batch_, *evaluation_);
    for (const Hit& hit : batch_.hits()) {
      if (hit.rule >= result_.rules.size()) continue;
      TriedRule& rule = result_.rules[hit.rule];
      ++rule.hits;
      if (rule.samples.size() >= options_.limit) continue;
      const Event& event = batch_.events()[hit.event];
      rule.samples.push_back({.ref = ref_of(event),
                              .event = {},
                              .matches = detection_.rules->explain(batch_, event, hit.rule),
                              .cause = {}});
    }
    for (std::size_t i = 0; i < result_.rules.size() && !options_.hits_alone; ++i) look_into(i);
    batch_.clear();
  }

  void look_into(std::size_t index) {
    TriedRule& tried = result_.rules[index];
    for (const Event& event : batch_.events()) {
      if (!detection_.taxonomy->admits(tried.rule->log_source, kind_of(event.kind))) continue;
      ++tried.admitted;
      if (tried.looked_into >= TriedRule::kLookedInto) continue;
      ++tried.looked_into;
      const rules::Truth truth = finders_[index].find(batch_, event);
      const std::optional<Cause> cause = near_miss(*tried.rule, truth);
      if (cause) add_miss(tried, event, *cause);
    }
  }

  void add_miss(TriedRule& tried, const Event& event, const Cause& cause) {
    ++tried.near_misses;
    if (tried.missed.size() < options_.limit) {
      tried.missed.push_back({.ref = ref_of(event),
                              .event = {},
                              .matches = {},
                              .cause = cause_text(cause),
                              .cause_json = cause_json(cause)});
    }
    const rules::Test& test = cause.node->node->test;
    const std::pair<std::string, std::string> how = machine_text(test);
    const auto known =
        std::find_if(tried.lines.begin(), tried.lines.end(), [&](const MissedLine& one) {
          return one.line == test.line && one.field == test.field && one.wanted == how.second &&
                 one.selection == cause.selection && one.excludes == cause.excludes;
        });
    if (known != tried.lines.end()) {
      ++known->events;
    } else if (tried.lines.size() < TriedRule::kLinesMax) {
      tried.lines.push_back({.selection = cause.selection,
                             .line = test.line,
                             .field = test.field,
                             .test = how.first,
                             .wanted = how.second,
                             .excludes = cause.excludes,
                             .events = 1});
    }
  }

  // Read again, with every field's name: the scan reads those that the rules know.
  void read_samples() {
    const bool none = std::all_of(
        result_.rules.begin(), result_.rules.end(),
        [](const TriedRule& rule) { return rule.samples.empty() && rule.missed.empty(); });
    if (none) return;  // a reader takes a moment to make
    SampleReader reader(store_, detection_, formats_);
    for (TriedRule& rule : result_.rules) {
      for (TryEvent& one : rule.samples) read_sample(reader, one);
      for (TryEvent& one : rule.missed) read_sample(reader, one);
    }
  }

  void read_sample(SampleReader& reader, TryEvent& one) {
    if (sample_bytes_ >= options_.sample_bytes_max) return;
    one.event = reader.event(one.ref);
    if (options_.sample_bytes_max == SIZE_MAX) return;
    sample_bytes_ += dump_json(one.event).size();
    if (sample_bytes_ > options_.sample_bytes_max) one.event = nullptr;
  }

  const storage::Store& store_;
  const Detection& detection_;
  const std::vector<parsers::SourceFormat>& formats_;
  const TryOptions& options_;
  std::vector<std::string> sources_;
  parsers::Parser parser_;
  rules::EvaluationPtr evaluation_;
  std::deque<rules::TruthFinder> finders_;  // by rule
  Batch batch_;
  TryResult result_;
  std::uint64_t bytes_ = 0;
  std::size_t sample_bytes_ = 0;
  bool ended_ = false;  // before all of the range was looked at
};

}  // namespace

std::optional<Cause> near_miss(const rules::DetectionRule& rule, const rules::Truth& truth) {
  if (!truth.admitted || truth.root.holds) return std::nullopt;
  const Lack lack = lack_of(truth.root);
  if (lack.missing != 1 || lack.there == 0 || lack.test == nullptr) return std::nullopt;
  for (Cause& cause : causes_of(rule, truth)) {
    if (cause.node == lack.test) return std::move(cause);
  }
  return std::nullopt;
}

Result<TryResult> try_rules(const storage::Store& store, const Detection& detection,
                            const std::vector<parsers::SourceFormat>& formats,
                            const TryOptions& options) {
  return Try(store, detection, formats, options).run();
}

}  // namespace picket::app
