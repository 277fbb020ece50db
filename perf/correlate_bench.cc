// Hits per second of one correlator: event_count over 100,000 groups, in batches of 1,000 hits with
// a tick every second of event time, and state in memory (no store).
#include <memory>
#include <string>
#include <vector>

#include "correlator/correlator.h"
#include "event/ecs.h"
#include "perf/bench.h"

namespace picket::correlator {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// One detection rule, one correlation: five hits of an address within a minute.
class OneRule final : public rules::RuleSet {
 public:
  OneRule() {
    rules::Correlation correlation;
    correlation.rule.identity = {"guessing", "guessing", Level::kHigh, "hash", "guessing.yml"};
    correlation.rule.rules = {"failure"};
    correlation.rule.group_by = {"source.ip"};
    correlation.rule.timespan_ns = 60 * kSecond;
    correlation.rule.conditions = {{rules::Compare::kGreaterEqual, 5}};
    correlation.inputs.push_back({0, -1, 0, {"source.ip"}, ""});
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
                                              std::string_view) const override {
    return batch.text(event, ecs::kSourceIp);
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

std::uint64_t run(std::int64_t hits) {
  constexpr std::uint64_t kGroups = 100'000;
  constexpr std::int64_t kBatch = 1000;
  constexpr std::int64_t kStep = kSecond / 2000;  // of event time between hits
  MapState state;
  Options options;
  options.lateness_ns = 60 * kSecond;
  Correlator correlator(std::make_shared<OneRule>(), options, state);
  const OneSource sources;
  std::uint64_t random = 1;
  std::uint64_t alerts = 0;
  std::vector<Alert> out;
  Batch batch;
  for (std::int64_t i = 0; i < hits;) {
    batch.clear();
    for (std::int64_t end = std::min(hits, i + kBatch); i < end; ++i) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      const std::uint64_t group = (random >> 33) % kGroups;
      batch.add("failure", SourceId{}, static_cast<std::uint64_t>(i), i * kStep);
      batch.begin_event();
      const std::string ip = "10." + std::to_string(group >> 16) + '.' +
                             std::to_string(group >> 8 & 255) + '.' + std::to_string(group & 255);
      batch.push(ecs::kSourceIp, batch.arena().copy(ip));
      batch.hits().push_back({static_cast<std::uint32_t>(batch.events().size() - 1), 0});
    }
    correlator.process(batch, sources, out);
    if (i % (2 * kBatch) == 0) correlator.tick(Nanos(i * kStep), out);
    alerts += out.size();
    out.clear();
  }
  return alerts * 1'000'000 + correlator.group_counters().created % 1'000'000;
}

}  // namespace
}  // namespace picket::correlator

int main(int argc, char** argv) {
  return picket::perf::bench(argc, argv, "correlate_event_count_100k_groups", {20'000, 1'000'000},
                             picket::correlator::run);
}
