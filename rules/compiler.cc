#include "rules/compiler.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/guarded.h"
#include "base/hash.h"
#include "event/ecs.h"
#include "rules/evaluation.h"
#include "rules/explain.h"
#include "rules/foreign_rules.h"
#include "rules/payload.h"
#include "rules/route_table.h"
#include "rules/sigma_collection.h"
#include "rules/yara.h"

namespace picket::rules {
namespace {

// Tells the field table every name that the rule's tests speak of, each once.
void intern_names(const Node& node, std::unordered_set<std::string_view>& known) {
  const auto intern = [&](const std::string& name) {
    if (!name.empty() && known.insert(name).second) intern_field(compact_name(name));
  };
  if (node.kind == Node::Kind::kTest) {
    intern(node.test.field);
    if (node.test.op == Op::kFieldRef) intern(node.test.text);
  }
  for (const Node& child : node.children) intern_names(child, known);
}

void intern_names(const CorrelationRule& rule) {
  for (const std::string& field : rule.group_by) intern_field(compact_name(field));
  if (!rule.field.empty()) intern_field(compact_name(rule.field));
  for (const std::string& field : rule.more_fields) intern_field(compact_name(field));
  for (const auto& [alias, names] : rule.aliases) {
    for (const auto& [reference, field] : names) intern_field(compact_name(field));
  }
}

class CompiledRuleSet final : public RuleSet {
 public:
  CompiledRuleSet(std::shared_ptr<const RouteTable> routes,
                  std::vector<CorrelationRule> correlations, std::shared_ptr<const YaraRules> yara,
                  const CompileOptions& options)
      : routes_(std::move(routes)),
        taxonomy_(routes_->taxonomy()),
        detections_(routes_->rules()),
        yara_(std::move(yara)),
        limits_(options.payloads.limits),
        indicators_(options.indicators),
        first_indicator_(static_cast<std::uint32_t>(detections_.size() + yara_->size())) {
    for (const std::string& name : taxonomy_.ecs_names()) intern_field(name);
    std::unordered_set<std::string_view> known;  // views into detections_
    for (const DetectionRule& rule : detections_) {
      intern_names(rule.condition, known);
      for (const std::string& field : rule.suppress.by) intern_field(compact_name(field));
    }
    silent_.assign(rule_count() - detections_.size(), false);
    resolve(std::move(correlations));
    silence_foreign();
    std::string all;
    for (std::uint32_t i = 0; i < rule_count(); ++i) all += identity(i).hash;
    for (const Correlation& correlation : correlations_) all += correlation.rule.identity.hash;
    hash_ = sha256_hex(all);
  }

  std::size_t rule_count() const override { return first_indicator_ + indicators_->rule_count(); }
  const RuleIdentity& identity(std::uint32_t rule) const override {
    if (is_indicator(rule)) return indicators_->identity(rule - first_indicator_);
    return is_yara(rule) ? yara_rule(rule).identity : detections_[rule].identity;
  }
  const std::vector<std::string>& tags(std::uint32_t rule) const override {
    if (is_indicator(rule)) return indicators_->tags();
    return is_yara(rule) ? yara_rule(rule).tags : detections_[rule].tags;
  }
  AlertKind kind(std::uint32_t rule) const override {
    if (is_indicator(rule)) return AlertKind::kIndicator;
    return is_yara(rule) ? AlertKind::kYara : AlertKind::kDetection;
  }
  const Suppression& suppression(std::uint32_t rule) const override {
    return rule < detections_.size() ? detections_[rule].suppress : RuleSet::suppression(rule);
  }
  bool raises_alert(std::uint32_t rule) const override {
    return rule < detections_.size() ? detections_[rule].generates
                                     : !silent_[rule - detections_.size()];
  }
  const std::vector<Correlation>& correlations() const override { return correlations_; }
  std::vector<std::uint32_t> rules_of(KindId kind) const override {
    std::vector<std::uint32_t> rules;
    for (const RouteRule& rule : route(kind).rules) rules.push_back(rule.rule);
    return rules;
  }
  const std::string& hash() const override { return hash_; }

  EvaluationPtr make_evaluation() const override {
    return EvaluationPtr(new Evaluation(make_scanner(), rule_count()));
  }

  void evaluate(Batch& batch, Evaluation& scratch) const override {
    std::vector<std::uint32_t>& rules = scratch.rules();
    std::vector<Hit>& hits = batch.hits();
    const std::size_t before = hits.size();
    scratch.order().for_each(batch.events(), [&](KindId kind, std::uint32_t index) {
      const Event& event = batch.events()[index];
      const Route& at = route(kind);
      rules.clear();
      scratch.evaluate(batch, event, at, rules);
      if (yara_->size() > 0) {
        for (const std::uint32_t rule : scratch.scan_payloads(batch, event, at, routes_->payloads()))
          rules.push_back(static_cast<std::uint32_t>(detections_.size()) + rule);
      }
      indicators_->match(batch, event, first_indicator_, scratch.indicator_memo(), rules);
      for (const std::uint32_t rule : rules) hits.push_back({.event = index, .rule = rule});
    });
    std::sort(hits.begin() + static_cast<std::ptrdiff_t>(before), hits.end(),
              [](const Hit& a, const Hit& b) {
                return std::pair(a.event, a.rule) < std::pair(b.event, b.rule);
              });
  }

  bool holds(Batch& batch, const Hit& pair, Evaluation& scratch) const override {
    const Event& event = batch.events()[pair.event];
    const Route& at = route(event.kind);
    const auto found = std::lower_bound(
        at.rules.begin(), at.rules.end(), pair.rule,
        [](const RouteRule& rule, std::uint32_t index) { return rule.rule < index; });
    if (found == at.rules.end() || found->rule != pair.rule) return false;
    scratch.load(batch, event, at);
    return scratch.holds_timed(at, *found, batch.record_of(event).raw.size());
  }

  std::vector<Match> explain(Batch& batch, const Event& event, std::uint32_t rule) const override {
    if (is_indicator(rule)) return indicators_->explain(batch, event, rule - first_indicator_);
    if (!is_yara(rule)) {
      return explain_rule(detections_[rule], *leaves(rule, event.kind), taxonomy_, batch, event);
    }
    std::optional<YaraScanner> scanner = make_scanner();
    if (!scanner) return {};
    return explain_payload(batch, event, routes_->payloads(), rule - static_cast<std::uint32_t>(detections_.size()),
                           *yara_, *scanner);
  }

  std::optional<std::string_view> field_value(Batch& batch, const Event& event, std::uint32_t rule,
                                              std::string_view field) const override {
    const EventKind& kind = kind_of(event.kind);
    const LogSource source = rule < detections_.size() ? detections_[rule].log_source : LogSource{};
    for (const FieldId id : resolve_field(taxonomy_, source, field, kind)) {
      if (const auto text = batch.text(event, id)) return text;
    }
    return std::nullopt;
  }

 private:
  bool is_indicator(std::uint32_t rule) const { return rule >= first_indicator_; }
  bool is_yara(std::uint32_t rule) const { return rule >= detections_.size() && !is_indicator(rule); }
  const YaraRule& yara_rule(std::uint32_t rule) const {
    return yara_->rule(rule - static_cast<std::uint32_t>(detections_.size()));
  }
  std::optional<YaraScanner> make_scanner() const {
    if (yara_->size() == 0) return std::nullopt;
    Result<YaraScanner> scanner = YaraScanner::make(yara_, limits_);
    return scanner ? std::optional(std::move(*scanner)) : std::nullopt;
  }

  const Route& route(KindId kind) const { return routes_->of(kind); }

  // Rules that hit tend to hit again.
  std::shared_ptr<const RuleLeaves> leaves(std::uint32_t rule, KindId kind) const {
    return leaves_.with([&](auto& known) {
      if (known.size() >= kLeavesMax) known.clear();
      std::shared_ptr<const RuleLeaves>& found = known[{rule, kind}];
      if (!found)
        found = build_leaves(detections_[rule], taxonomy_, kind_of(kind), routes_->matchers());
      return found;
    });
  }

  // References are names or ids; the loader has refused those that nothing answers to.
  void resolve(std::vector<CorrelationRule> rules) {
    std::unordered_map<std::string, std::uint32_t> detections;
    std::unordered_map<std::string, std::int32_t> correlations;
    for (std::uint32_t i = 0; i < detections_.size(); ++i) {
      detections.emplace(detections_[i].identity.id, i);
      if (!detections_[i].name.empty()) detections.emplace(detections_[i].name, i);
    }
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(rules.size()); ++i) {
      const CorrelationRule& rule = rules[static_cast<std::size_t>(i)];
      correlations.emplace(rule.identity.id, i);
      if (!rule.name.empty()) correlations.emplace(rule.name, i);
    }
    const ForeignRules foreign(*yara_, *indicators_, static_cast<std::uint32_t>(detections_.size()));
    for (CorrelationRule& rule : rules) {
      intern_names(rule);
      Correlation made;
      for (std::uint32_t r = 0; r < rule.rules.size(); ++r) {
        Correlation::Input input;
        input.reference = r;
        for (const std::string& field : rule.group_by)
          input.group_by.push_back(under_alias(rule, field, rule.rules[r]));
        input.field = under_alias(rule, rule.field, rule.rules[r]);
        for (const std::string& field : rule.more_fields)
          input.more_fields.push_back(under_alias(rule, field, rule.rules[r]));
        if (const auto found = detections.find(rule.rules[r]); found != detections.end()) {
          input.detection = found->second;
        } else if (const auto other = correlations.find(rule.rules[r]);
                   other != correlations.end()) {
          input.correlation = other->second;
        } else {
          for (const std::uint32_t one : foreign.of(rule.rules[r])) {
            input.detection = one;
            made.inputs.push_back(input);
          }
          continue;
        }
        made.inputs.push_back(std::move(input));
      }
      made.rule = std::move(rule);
      correlations_.push_back(std::move(made));
    }
  }

  // As with detections: what feeds correlations only raises no alert of its own.
  void silence_foreign() {
    std::vector<std::uint32_t> wanted;
    for (const Correlation& correlation : correlations_) {
      for (const Correlation::Input& input : correlation.inputs) {
        if (input.correlation >= 0 || input.detection < detections_.size()) continue;
        silent_[input.detection - detections_.size()] = true;
        if (correlation.rule.generates) wanted.push_back(input.detection);
      }
    }
    for (const std::uint32_t rule : wanted) silent_[rule - detections_.size()] = false;
  }

  static std::string under_alias(const CorrelationRule& rule, const std::string& field,
                                 const std::string& reference) {
    for (const auto& [alias, names] : rule.aliases) {
      if (alias != field) continue;
      for (const auto& [name, actual] : names) {
        if (name == reference) return actual;
      }
    }
    return field;
  }

  std::shared_ptr<const RouteTable> routes_;
  const Taxonomy& taxonomy_;                      // of routes_
  const std::vector<DetectionRule>& detections_;  // of routes_
  std::shared_ptr<const YaraRules> yara_;
  YaraScanLimits limits_;
  std::shared_ptr<const IndicatorSet> indicators_;
  std::uint32_t first_indicator_;  // of the rules: behind those of YARA
  std::vector<Correlation> correlations_;
  std::vector<bool> silent_;  // YARA rules and those of indicators: raise no alert of their own
  static constexpr std::size_t kLeavesMax = 4096;
  mutable Guarded<std::map<std::pair<std::uint32_t, KindId>, std::shared_ptr<const RuleLeaves>>>
      leaves_;
  std::string hash_;
};

}  // namespace

CompiledRules compile_rules(LoadedRules loaded, std::shared_ptr<const Taxonomy> taxonomy,
                            const CompileOptions& options) {
  CompiledRules compiled;
  LoadedYara yara = options.yara.empty() ? load_yara(loaded.yara_files) : compile_yara(options.yara);
  if (loaded.asks_foreign)
    check_references(loaded, ForeignRules(*yara.rules, *options.indicators, 0).names());
  compiled.refused = std::move(loaded.refused);
  compiled.warnings = std::move(loaded.warnings);
  std::map<std::tuple<std::string, std::string, std::string>, bool> known;  // rules share them
  for (const DetectionRule& rule : loaded.detections) {
    const LogSource& source = rule.log_source;
    const auto [found, is_new] =
        known.try_emplace({source.product, source.category, source.service});
    if (is_new) found->second = taxonomy->knows(source);
    if (found->second) continue;
    compiled.warnings.push_back(
        {.path = rule.identity.path,
         .line = rule.line,
         .rule_id = rule.identity.id,
         .code = "unknown-logsource",
         .reason = "no taxonomy names the log source " + describe(source) +
                   "; the rule sees only events whose source definition says it"});
  }
  std::move(yara.refused.begin(), yara.refused.end(), std::back_inserter(compiled.refused));
  std::move(yara.warnings.begin(), yara.warnings.end(), std::back_inserter(compiled.warnings));
  compiled.routes = std::make_shared<const RouteTable>(
      std::move(loaded.detections), std::move(taxonomy), options.payloads, options.stored);
  compiled.set = std::make_shared<CompiledRuleSet>(compiled.routes, std::move(loaded.correlations),
                                                   std::move(yara.rules), options);
  return compiled;
}

}  // namespace picket::rules
