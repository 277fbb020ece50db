#include "app/slow_lane.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <unordered_map>

#include "base/background.h"
#include "base/codec.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kKeyDigits = 16;

std::unordered_map<std::string_view, std::uint32_t> index_of(const rules::RuleSet& set) {
  std::unordered_map<std::string_view, std::uint32_t> index;
  for (std::uint32_t i = 0; i < set.rule_count(); ++i) index.emplace(set.identity(i).id, i);
  return index;
}

}  // namespace

std::size_t SlowEntry::pairs() const {
  std::size_t n = 0;
  for (const auto& [rule, events] : by_rule) n += events.size();
  return n;
}

std::string SlowEntry::key() const {
  char digits[kKeyDigits];
  const char* const end = std::to_chars(digits, digits + kKeyDigits, commit, 16).ptr;
  const auto n = static_cast<std::size_t>(end - digits);
  return std::string(kSlowPrefix) + std::string(kKeyDigits - n, '0') + std::string(digits, n);
}

std::string SlowEntry::encode() const {
  Writer writer;
  writer.byte(kVersion);
  writer.integer(oldest_ns);
  writer.number(by_rule.size());
  for (const auto& [rule, events] : by_rule) {
    writer.text(rule);
    writer.number(events.size());
    std::uint64_t last = 0;
    for (const Event& event : events) {
      writer.number(static_cast<std::uint32_t>(event.source));
      writer.integer(static_cast<std::int64_t>(event.seq - last));
      last = event.seq;
    }
  }
  return writer.take();
}

std::optional<SlowEntry> SlowEntry::decode(std::string_view key, std::string_view value) {
  SlowEntry entry;
  if (!key.starts_with(kSlowPrefix)) return std::nullopt;
  key.remove_prefix(kSlowPrefix.size());
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), entry.commit, 16);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  Reader reader(value);
  if (reader.byte() != kVersion) return std::nullopt;
  entry.oldest_ns = reader.integer();
  for (std::uint64_t rules = reader.number(); rules > 0 && reader.ok(); --rules) {
    std::vector<Event>& events = entry.by_rule[std::string(reader.text())];
    std::uint64_t seq = 0;
    for (std::uint64_t n = reader.number(); n > 0 && reader.ok(); --n) {
      const SourceId source{static_cast<std::uint32_t>(reader.number())};
      seq += static_cast<std::uint64_t>(reader.integer());
      events.push_back({source, seq});
    }
  }
  if (!reader.ok()) return std::nullopt;
  return entry;
}

// Made anew for each rule set.
struct SlowLane::Work {
  Work(Rules rules_in, const std::vector<parsers::SourceFormat>& formats)
      : rules(std::move(rules_in)),
        index(index_of(*rules.set)),
        parser(rules.catalog, false),
        evaluation(rules.set->make_evaluation()) {
    for (std::size_t i = 0; i < formats.size(); ++i)
      parser.set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
    evaluation->limit_evaluation(rules.ns_per_kb);
  }
  Rules rules;
  std::unordered_map<std::string_view, std::uint32_t> index;
  parsers::Parser parser;
  rules::EvaluationPtr evaluation;
};

SlowLane::SlowLane(const storage::Store& store, std::vector<parsers::SourceFormat> formats,
                   std::function<bool(SlowResult&)> post)
    : store_(store), formats_(std::move(formats)), post_(std::move(post)) {}

SlowLane::~SlowLane() {
  stop();
}

void SlowLane::start() {
  thread_ = std::thread([this] { run(); });
}

void SlowLane::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wakeup_.notify();
  thread_.join();
}

void SlowLane::use(const Detection& detection, std::uint64_t epoch, std::uint64_t ns_per_kb) {
  rules_.with([&](Rules& rules) {
    rules = {detection.rules, detection.catalog, epoch, ns_per_kb};
  });
}

void SlowLane::answered() {
  waiting_.store(false, std::memory_order_release);
  wakeup_.notify();
}

void SlowLane::run() {
  work_in_background("slow-rules");
  std::optional<Work> work;
  while (!stopping()) {
    Rules rules = rules_.with([](const Rules& now) { return now; });
    if (work && work->rules.epoch != rules.epoch) work.reset();  // old rules may go
    const std::optional<SlowEntry> entry = oldest();
    if (!entry) {
      rules = {};
      wakeup_.wait(500ms);
      continue;
    }
    if (!work) work.emplace(std::move(rules), formats_);
    std::optional<SlowResult> result = evaluate(*entry, *work);
    if (!result) {  // the store cannot be read now, or it is time to stop
      if (!stopping()) wakeup_.wait(500ms);
      continue;
    }
    waiting_.store(true, std::memory_order_release);
    while (!stopping() && !post_(*result)) wakeup_.wait(20ms);
    while (!stopping() && waiting_.load(std::memory_order_acquire)) wakeup_.wait(500ms);
  }
}

std::optional<SlowEntry> SlowLane::oldest() const {
  std::optional<SlowEntry> entry;
  const auto read =
      store_.for_each_state(kSlowPrefix, kSlowPrefix, [&](std::string_view key, std::string_view value) {
        entry = SlowEntry::decode(key, value);
        return !entry.has_value();  // a damaged one stays where it is, and shows as pending
      });
  return read ? std::move(entry) : std::nullopt;
}

std::optional<SlowResult> SlowLane::evaluate(const SlowEntry& entry, Work& work) {
  SlowResult result;
  result.epoch = work.rules.epoch;
  result.key = entry.key();
  result.batch = std::make_unique<Batch>();
  std::map<std::pair<SourceId, std::uint64_t>, std::vector<std::uint32_t>> wanted;
  for (const auto& [id, events] : entry.by_rule) {
    const auto rule = work.index.find(id);
    if (rule == work.index.end()) {
      result.others += events.size();
      continue;
    }
    result.pairs[rule->second] += events.size();
    for (const SlowEntry::Event& event : events)
      wanted[{event.source, event.seq}].push_back(rule->second);
  }
  // The commit's rows in one pass: each block is decompressed once.
  std::vector<std::vector<std::uint32_t>*> asked;  // by record of the batch
  storage::ScanOptions options;
  options.newest_first = false;
  options.skip_damaged = true;
  options.after = storage::RowPosition{entry.commit - 1, UINT16_MAX, UINT32_MAX};
  const auto scanned = store_.scan(options, [&](const storage::StoredRow& row) {
    if (row.position.commit != entry.commit) return false;
    const auto found = wanted.find({row.record.source, row.record.seq});
    if (found == wanted.end()) return true;
    Record& record = result.batch->add(row.record.raw, row.record.source, row.record.seq,
                                       row.record.received_ns);
    record.length = row.record.length;
    result.batch->set_heading(record, row.record.heading);
    asked.push_back(&found->second);
    return asked.size() < wanted.size();
  });
  if (!scanned) return std::nullopt;
  work.parser.parse(*result.batch);
  std::uint64_t evaluated = 0;
  for (std::uint32_t i = 0; i < asked.size(); ++i) {
    if (stopping()) return std::nullopt;
    std::sort(asked[i]->begin(), asked[i]->end());
    for (const std::uint32_t rule : *asked[i]) {
      const Hit pair{.event = i, .rule = rule};
      ++evaluated;
      if (work.rules.set->holds(*result.batch, pair, *work.evaluation))
        result.batch->hits().push_back(pair);
    }
  }
  result.abandoned = entry.pairs() - evaluated;
  for (const rules::RuleSample& sample : work.evaluation->costs().samples)
    result.costs.push_back(
        {.evaluations = sample.evaluations, .ns = sample.ns, .over = sample.over});
  return result;
}

}  // namespace picket::app
