#include "app/warm_filling.h"

#include <algorithm>
#include <utility>

#include "app/kept_rules.h"
#include "app/rule_reach.h"
#include "correlator/codec.h"
#include "correlator/correlator.h"
#include "correlator/group_move.h"

namespace picket::app {
namespace {

constexpr std::uint64_t kRowsBetweenQuestions = 4096;
constexpr std::size_t kCacheBytesMax = 64 * 1024 * 1024;

std::vector<RuleText> texts_of(const WarmRules& rules) {
  std::map<std::string, const RuleText*> files;  // by path: each once
  for (const correlator::ColdRule& rule : rules.cold) {
    const RuleTexts::Basis* basis = rules.texts->of(rule.id);
    if (basis == nullptr) continue;
    for (const RuleText* file : basis->files) files.emplace(file->path, file);
  }
  std::vector<RuleText> texts;
  for (const auto& [path, file] : files) texts.push_back(*file);
  return texts;
}

}  // namespace

Result<std::unique_ptr<WarmFilling>> WarmFilling::begin(
    WarmRules rules, const storage::Store& store, const correlator::SourceNames& sources,
    const std::vector<parsers::SourceFormat>& formats, correlator::Options options,
    std::size_t state_bytes_max) {
  auto filling = std::unique_ptr<WarmFilling>(new WarmFilling(store));
  filling->state_bytes_max_ = state_bytes_max;
  PICKET_TRY_VOID(filling->make_rules(std::move(rules)));
  const std::int64_t reach_ns =
      correlator::add_ns(options.lateness_ns, reach_back_ns(*filling->detection_.rules));
  filling->from_ns_ = correlator::subtract_ns(filling->cold_.front().watermark_ns, reach_ns);
  options.cache_bytes_max = kCacheBytesMax;
  Replay::Hooks hooks;
  hooks.alerts = [made = filling.get()](std::vector<Alert>& alerts) { made->keep(alerts); };
  hooks.withdrawn = [made = filling.get()](const std::string& id) { made->raised_.erase(id); };
  filling->replay_.emplace(filling->detection_, sources, formats, std::move(options),
                           std::move(hooks));
  filling->replay_->limit_watermark(filling->cold_.front().watermark_ns);
  return filling;
}

Result<void> WarmFilling::make_rules(WarmRules rules) {
  rules::CompiledRules compiled =
      compile_texts(texts_of(rules), std::move(rules.taxonomy), rules.payloads);
  detection_.rules = std::move(compiled.set);
  detection_.routes = std::move(compiled.routes);
  detection_.catalog = std::move(rules.catalog);
  cold_ = std::move(rules.cold);
  std::sort(cold_.begin(), cold_.end(),
            [](const auto& a, const auto& b) { return a.commit < b.commit; });
  const std::vector<rules::Correlation>& made = detection_.rules->correlations();
  for (const correlator::ColdRule& rule : cold_) {
    const bool known = std::any_of(made.begin(), made.end(), [&](const rules::Correlation& one) {
      return one.rule.identity.id == rule.id;
    });
    if (!known) return fail(Errc::kInvalid, "rule '" + rule.id + "' cannot be made from its texts");
  }
  return {};
}

Result<bool> WarmFilling::read_to(std::uint64_t commit, const std::function<bool()>& cancelled) {
  if (commit <= position_.commit) return true;
  storage::ScanOptions scan;
  scan.from_ns = from_ns_;
  scan.newest_first = false;
  scan.skip_damaged = true;
  if (position_.commit > 0) scan.after = position_;
  bool stopped = false;
  bool too_large = false;
  const auto read = store_.scan(scan, [&](const storage::StoredRow& row) {
    if (row.position.commit > commit) return false;
    pass(row.position.commit - 1);
    replay_->take(row);
    if (++rows_ % kRowsBetweenQuestions != 0) return true;
    stopped = cancelled();
    too_large = replay_->state().bytes() > state_bytes_max_;
    return !stopped && !too_large;
  });
  if (!read) return tl::unexpected(read.error());
  if (too_large) {
    return fail(Errc::kLimit, "the windows of the rules hold more than " +
                                  std::to_string(state_bytes_max_ / 1024 / 1024) + " MiB");
  }
  if (stopped) return false;
  position_ = {commit, UINT16_MAX, UINT32_MAX};
  pass(commit);
  return true;
}

// All rows up to `commit` were taken: rules that are in use behind it are live from now on.
void WarmFilling::pass(std::uint64_t commit) {
  while (passed_ < cold_.size() && cold_[passed_].commit <= commit) {
    replay_->flush();
    replay_->tick_to(cold_[passed_].watermark_ns);
    replay_->tell();
    live_.insert(cold_[passed_].id);
    if (++passed_ < cold_.size()) replay_->limit_watermark(cold_[passed_].watermark_ns);
  }
}

void WarmFilling::keep(std::vector<Alert>& alerts) {
  for (Alert& alert : alerts) {
    if (live_.contains(alert.rule.id)) raised_.insert_or_assign(alert.id, std::move(alert));
  }
}

std::vector<Alert> WarmFilling::pour(correlator::StatePort& live) {
  replay_->flush();
  replay_->tick_to(correlator::Correlator::watermark_of(live));
  replay_->tell();
  for (const correlator::ColdRule& rule : cold_) {
    if (const auto key = replay_->correlator().key_of(rule.id))
      correlator::move_groups(replay_->state(), live, *key);
  }
  std::vector<Alert> raised;
  for (auto& [id, alert] : raised_) raised.push_back(std::move(alert));
  return raised;
}

}  // namespace picket::app
