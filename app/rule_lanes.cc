#include "app/rule_lanes.h"

#include <algorithm>
#include <unordered_map>

#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {

RuleLanes::RuleLanes(LaneOptions options, storage::Store& store,
                     std::vector<parsers::SourceFormat> formats,
                     std::function<bool(SlowResult&)> post)
    : options_(std::move(options)),
      store_(store),
      lane_(store, std::move(formats), std::move(post)),
      budget_(options_.budget) {}

void RuleLanes::use(const Detection& detection, rules::Evaluation& evaluation, Nanos now) {
  rules_ = detection.rules;
  since_ = now;
  recount_ = true;
  const std::size_t count = rules_->rule_count();
  budget_.begin(count);
  pending_.assign(count, 0);
  slow_.assign(count, {});
  pinned_.assign(count, false);
  evaluation.limit_evaluation(options_.budget.us_per_kb * 1000);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& ids = options_.slow_rules;
    if (rules_->kind(i) != AlertKind::kDetection ||
        std::find(ids.begin(), ids.end(), rules_->identity(i).id) == ids.end())
      continue;
    pinned_[i] = true;
    evaluation.put_in_slow_lane(i, true);
  }
  lane_.use(detection, ++epoch_, options_.budget.us_per_kb * 1000);
  publish(evaluation, now);
}

void RuleLanes::after_batch(const Batch& batch, rules::Evaluation& evaluation) {
  for (const Hit& pair : evaluation.put_aside()) {
    const Record& record = batch.records()[pair.event];
    entry_.by_rule[rules_->identity(pair.rule).id].push_back({record.source, record.seq});
    entry_.oldest_ns = std::min(entry_.oldest_ns, record.received_ns);
  }
  evaluation.put_aside().clear();
  if (!budget_.window_ended(evaluation.costs())) return;
  rules::RuleCosts& costs = evaluation.costs();
  for (const std::uint32_t rule : budget_.decide(costs, slow_)) {
    if (!pinned_[rule]) change_lane(evaluation, rule, !costs.counts[rule].slow);
  }
  costs.clear_largest();
}

void RuleLanes::change_lane(rules::Evaluation& evaluation, std::uint32_t rule, bool slow) {
  evaluation.put_in_slow_lane(rule, slow);
  const RuleIdentity& identity = rules_->identity(rule);
  tell(slow ? say("notice.rule_slow", {{"rule", identity.name}, {"id", identity.id}})
            : say("notice.rule_fast", {{"rule", identity.name}, {"id", identity.id}}));
}

bool RuleLanes::accepts(const SlowResult& result) {
  if (result.epoch == epoch_ && !result_) return true;
  lane_.answered();
  return false;
}

void RuleLanes::add(SlowResult& result, storage::Commit& commit) {
  commit.add_hits(*result.batch, [this](std::uint32_t rule) {
    return std::string_view(rules_->identity(rule).id);
  });
  commit.delete_state(result.key);
  result.batch.reset();
  result_ = std::move(result);
}

void RuleLanes::before_commit(storage::Commit& commit) {
  if (entry_.by_rule.empty()) return;
  entry_.commit = store_.last_commit() + 1;  // the engine is the only one who commits
  commit.put_state(entry_.key(), entry_.encode());
}

void RuleLanes::committed() {
  if (!recount_) {
    if (!entry_.by_rule.empty()) {
      for (std::uint32_t i = 0; i < rules_->rule_count(); ++i) {
        const auto found = entry_.by_rule.find(rules_->identity(i).id);
        if (found != entry_.by_rule.end()) pending_[i] += found->second.size();
      }
    }
    if (result_) {
      for (const auto& [rule, n] : result_->pairs) pending_[rule] -= std::min(n, pending_[rule]);
      pending_others_ -= std::min(result_->others, pending_others_);
    }
  }
  if (result_) {
    abandoned_ += result_->abandoned;
    if (result_->epoch == epoch_) slow_ = std::move(result_->costs);
    result_.reset();
    lane_.answered();
  } else if (!entry_.by_rule.empty()) {
    lane_.look();
  }
  entry_ = {};
  if (recount_) count_pending();
}

void RuleLanes::given_up() {
  entry_ = {};
  if (result_) lane_.answered();
  result_.reset();
}

// What the store has: after a start, and when rules have other indexes.
void RuleLanes::count_pending() {
  std::fill(pending_.begin(), pending_.end(), 0);
  pending_others_ = 0;
  std::unordered_map<std::string_view, std::uint32_t> index;
  for (std::uint32_t i = 0; i < rules_->rule_count(); ++i) index.emplace(rules_->identity(i).id, i);
  const auto read =
      store_.for_each_state(kSlowPrefix, kSlowPrefix, [&](std::string_view key, std::string_view value) {
        const std::optional<SlowEntry> entry = SlowEntry::decode(key, value);
        if (!entry) return true;
        for (const auto& [rule, events] : entry->by_rule) {
          const auto found = index.find(rule);
          (found != index.end() ? pending_[found->second] : pending_others_) += events.size();
        }
        return true;
      });
  recount_ = !read;
}

void RuleLanes::publish(rules::Evaluation& evaluation, Nanos now) {
  if (recount_ && entry_.by_rule.empty() && !result_) count_pending();
  auto snapshot = std::make_shared<RuleCostSnapshot>();
  snapshot->rules = rules_;
  snapshot->costs = evaluation.costs();
  snapshot->slow = slow_;
  snapshot->pending = pending_;
  snapshot->pending_others = pending_others_;
  snapshot->abandoned = abandoned_;
  snapshot->since = since_;
  snapshot->now = now;
  std::uint64_t pending = pending_others_;
  for (const std::uint64_t n : pending_) pending += n;
  if (pending > 0) {
    const auto read =
        store_.for_each_state(kSlowPrefix, kSlowPrefix, [&](std::string_view key, std::string_view value) {
          if (const auto entry = SlowEntry::decode(key, value))
            snapshot->oldest = Nanos(entry->oldest_ns);
          return !snapshot->oldest;
        });
    if (!read) snapshot->oldest.reset();
  }
  costs_.with([&](auto& costs) { costs = std::move(snapshot); });
}

}  // namespace picket::app
