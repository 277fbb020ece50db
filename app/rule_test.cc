#include "app/rule_test.h"

#include <functional>
#include <set>

#include "app/record_file.h"
#include "base/world.h"
#include "correlator/correlator.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

constexpr std::size_t kBatchRecords = 1024;
constexpr std::size_t kBatchBytes = 1024 * 1024;
constexpr std::uint64_t kEventsMax = 1'000'000;  // of one case

class OneSource final : public correlator::SourceNames {
 public:
  std::string_view name(SourceId) const override { return "case"; }
  std::string_view system(SourceId) const override { return {}; }
};

// Calls `each` with the case's events, in batches.
Result<std::uint64_t> for_each_batch(const RuleCase& one, const Detection& detection,
                                     const std::function<void(Batch&)>& each) {
  parsers::Parser parser = detection.make_parser(false);
  if (!one.definition.empty()) {
    if (detection.catalog->find(one.definition) == nullptr)
      return fail(Errc::kInvalid, "there is no source definition named '" + one.definition + "'");
    parser.set_source(SourceId{}, {.definition = one.definition});
  }
  const std::int64_t now_ns = RealClock().now().count();
  std::uint64_t events = 0;
  Batch batch;
  const auto finish = [&] {
    events += batch.records().size();
    parser.parse(batch);
    each(batch);
    batch.clear();
  };
  for (const std::string& record : one.records) {
    batch.add(record, SourceId{}, events + batch.records().size(), now_ns);
    if (batch.records().size() >= kBatchRecords || batch.bytes() >= kBatchBytes) finish();
  }
  if (!batch.records().empty()) finish();
  if (one.events_file.empty()) return events;
  PICKET_TRY(const std::unique_ptr<RecordFile> file, RecordFile::open(one.events_file, "auto"));
  for (bool more = true; more;) {
    PICKET_TRY(more, file->read(batch, SourceId{}, now_ns, kBatchRecords, kBatchBytes));
    finish();
    if (events > kEventsMax)
      return fail(Errc::kLimit, one.events_file + ": the case has too many or too long records");
  }
  return events;
}

}  // namespace

std::string_view outcome_name(CaseResult::Outcome outcome) {
  switch (outcome) {
    case CaseResult::Outcome::kPassed:
      return "passed";
    case CaseResult::Outcome::kFailed:
      return "failed";
    case CaseResult::Outcome::kNoRule:
      return "no-rule";
    case CaseResult::Outcome::kBadCase:
      return "bad-case";
  }
  return "failed";
}

RuleTester::RuleTester(const Detection& detection)
    : detection_(detection), evaluation_(detection.rules->make_evaluation()) {
  for (std::uint32_t i = 0; i < detection.rules->rule_count(); ++i)
    rules_.emplace(detection.rules->identity(i).id, i);
  for (std::size_t i = 0; i < detection.correlations.size(); ++i)
    correlations_.emplace(detection.correlations[i].identity.id, i);
}

CaseResult RuleTester::run(const RuleCase& one) {
  using Outcome = CaseResult::Outcome;
  CaseResult result;
  const auto rule = rules_.find(one.rule);
  const auto correlation = correlations_.find(one.rule);
  if (rule == rules_.end() && correlation == correlations_.end()) {
    result.outcome = Outcome::kNoRule;
    result.reason = "no rule with the id " + one.rule + " is loaded";
    for (const rules::Finding& finding : detection_.refused) {
      if (finding.rule_id == one.rule)
        result.reason = finding.path + ":" + std::to_string(finding.line) + ": " + finding.reason;
    }
    return result;
  }
  const bool by_hits = rule != rules_.end();
  result.rule_name = by_hits ? detection_.rules->identity(rule->second).name
                             : detection_.correlations[correlation->second].identity.name;
  const Result<Count> count =
      by_hits ? count_hits(one, rule->second) : count_alerts(one, correlation->second);
  if (!count) {
    result.outcome = Outcome::kBadCase;
    result.reason = count.error().what;
    return result;
  }
  result.events = count->events;
  result.found = count->found;
  const bool good = one.must_fire ? count->found >= one.hits_min : count->found == 0;
  result.outcome = good ? Outcome::kPassed : Outcome::kFailed;
  return result;
}

Result<RuleTester::Count> RuleTester::count_hits(const RuleCase& one, std::uint32_t rule) {
  Count count;
  PICKET_TRY(count.events, for_each_batch(one, detection_, [&](Batch& batch) {
               detection_.rules->evaluate(batch, *evaluation_);
               for (const Hit& hit : batch.hits()) count.found += hit.rule == rule ? 1U : 0U;
             }));
  return count;
}

Result<RuleTester::Count> RuleTester::count_alerts(const RuleCase& one, std::size_t correlation) {
  const std::shared_ptr<const rules::RuleSet> family = family_of(correlation);
  const rules::EvaluationPtr evaluation = family->make_evaluation();
  correlator::Options options;
  options.deferred = true;
  correlator::MapState state;
  correlator::Correlator correlator(family, options, state);
  const OneSource names;
  std::vector<Alert> alerts;
  Count count;
  PICKET_TRY(count.events, for_each_batch(one, detection_, [&](Batch& batch) {
               family->evaluate(batch, *evaluation);
               correlator.process(batch, names, alerts);
             }));
  correlator.finish(alerts);
  std::set<std::string> ids;  // an alert that grew is there more than once
  for (const Alert& alert : alerts) {
    if (alert.rule.id == one.rule) ids.insert(alert.id);
  }
  count.found = ids.size();
  return count;
}

// The correlation with the rules that it refers to, and those that they refer to.
std::shared_ptr<const rules::RuleSet> RuleTester::family_of(std::size_t correlation) const {
  rules::LoadedRules family;
  std::vector<std::size_t> open = {correlation};
  std::set<std::string> wanted;
  std::set<std::size_t> taken = {correlation};
  while (!open.empty()) {
    const rules::CorrelationRule& rule = detection_.correlations[open.back()];
    open.pop_back();
    wanted.insert(rule.rules.begin(), rule.rules.end());
    for (std::size_t i = 0; i < detection_.correlations.size(); ++i) {
      const rules::CorrelationRule& other = detection_.correlations[i];
      const bool referred = wanted.contains(other.identity.id) ||
                            (!other.name.empty() && wanted.contains(other.name));
      if (referred && taken.insert(i).second) open.push_back(i);
    }
  }
  for (const rules::DetectionRule& rule : detection_.trees) {
    if (wanted.contains(rule.identity.id) || (!rule.name.empty() && wanted.contains(rule.name)))
      family.detections.push_back(rule);
  }
  for (const std::size_t i : taken) family.correlations.push_back(detection_.correlations[i]);
  // YARA rules and feeds may be among them; alerts of others than the correlation do not count.
  family.asks_foreign = true;
  for (std::uint32_t i = 0; i < detection_.rules->rule_count(); ++i) {
    const std::string& path = detection_.rules->identity(i).path;
    if (detection_.rules->kind(i) != AlertKind::kYara) continue;
    if (std::find(family.yara_files.begin(), family.yara_files.end(), path) ==
        family.yara_files.end())
      family.yara_files.push_back(path);
  }
  return rules::compile_rules(
             std::move(family), detection_.taxonomy,
             {.indicators = detection_.indicators.set, .payloads = detection_.payloads})
      .set;
}

}  // namespace picket::app
