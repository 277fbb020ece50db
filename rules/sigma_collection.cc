#include "rules/sigma_collection.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/nearest.h"
#include "rules/indicators/indicator.h"
#include "rules/refusal.h"

namespace picket::rules {
namespace {

constexpr int kNearestSearchesMax = 50;  // each compares with every name there is

enum class State { kOpen, kAccepted, kRefused };

// What an id or a name stands for.
struct Target {
  enum class Kind : std::uint8_t { kDetection, kCorrelation, kForeign };
  Kind kind = Kind::kDetection;
  std::size_t index = 0;  // of kForeign: in the names given

  friend bool operator==(const Target&, const Target&) = default;
};

class ReferenceCheck {
 public:
  // Without `foreign` a reference to what may be one of them is left alone.
  ReferenceCheck(LoadedRules& rules, const ForeignNames* foreign)
      : rules_(rules), states_(rules.correlations.size()), foreign_known_(foreign != nullptr) {
    for (std::size_t i = 0; i < rules_.detections.size(); ++i) {
      add(rules_.detections[i].identity.id, rules_.detections[i].name,
          {Target::Kind::kDetection, i});
    }
    for (std::size_t i = 0; i < rules_.correlations.size(); ++i) {
      add(rules_.correlations[i].identity.id, rules_.correlations[i].name,
          {Target::Kind::kCorrelation, i});
    }
    for (const Finding& finding : rules_.refused) refused_ids_.insert(finding.rule_id);
    if (foreign == nullptr) return;
    for (std::size_t i = 0; i < foreign->size(); ++i)
      add((*foreign)[i].id, (*foreign)[i].name, {Target::Kind::kForeign, i});
  }

  void run() {
    // A correlation is accepted once all that it names is; so chains settle from their ends.
    bool moved = true;
    while (moved) {
      moved = false;
      for (std::size_t i = 0; i < states_.size(); ++i) {
        if (states_[i] == State::kOpen) moved = settle(i) || moved;
      }
    }
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] != State::kOpen) continue;
      refuse_rule(i, "correlation-cycle", "the correlation refers to itself through its rules");
    }
    mark_silent();
    drop_refused();
  }

 private:
  void add(const std::string& id, const std::string& name, Target target) {
    by_id_.emplace(id, target);
    if (!name.empty()) by_name_[name].push_back(target);
  }

  // The id wins over a name. Several rules of one name: which one is meant cannot be known.
  const Target* find(const std::string& reference, bool& ambiguous) const {
    if (const auto found = by_id_.find(reference); found != by_id_.end()) return &found->second;
    const auto found = by_name_.find(reference);
    if (found == by_name_.end()) return nullptr;
    ambiguous = found->second.size() > 1;
    return &found->second.front();
  }

  bool may_be_foreign(const std::string& reference) const {
    if (foreign_known_ || refused_ids_.contains(reference)) return false;
    return rules_.has_yara || reference.starts_with(kIndicatorRulePrefix);
  }

  bool settle(std::size_t index) {
    bool open = false;
    for (const std::string& reference : rules_.correlations[index].rules) {
      bool ambiguous = false;
      const Target* target = find(reference, ambiguous);
      if (target == nullptr && may_be_foreign(reference)) {
        rules_.asks_foreign = true;
        continue;
      }
      if (target == nullptr) {
        refuse_unknown(index, reference);
        return true;
      }
      if (ambiguous) {
        refuse_rule(index, "ambiguous-rule", "several rules have the name '" + reference + "'");
        return true;
      }
      if (target->kind != Target::Kind::kCorrelation) continue;
      if (states_[target->index] == State::kRefused) {
        refuse_rule(index, "refused-rule",
                    "the correlation refers to '" + reference + "', which was refused");
        return true;
      }
      open = open || states_[target->index] == State::kOpen;
    }
    if (open) return false;
    if (settle_aliases(index)) states_[index] = State::kAccepted;
    return true;
  }

  // An alias may name a rule otherwise than `rules` does (by name, by id): it gets that spelling.
  bool settle_aliases(std::size_t index) {
    CorrelationRule& rule = rules_.correlations[index];
    for (auto& [alias, fields] : rule.aliases) {
      for (auto& [name, field] : fields) {
        const std::string* reference = same_rule(rule.rules, name);
        if (reference == nullptr) {
          const std::vector<std::string_view> known(rule.rules.begin(), rule.rules.end());
          refuse_rule(index, "bad-aliases",
                      "alias " + in_quotes(alias) + " names " + in_quotes(name) +
                          ", which is not among the correlation's rules" +
                          did_you_mean(name, known));
          return false;
        }
        name = *reference;
      }
    }
    return true;
  }

  const std::string* same_rule(const std::vector<std::string>& references,
                               const std::string& name) const {
    bool ambiguous = false;
    const Target* target = find(name, ambiguous);
    for (const std::string& reference : references) {
      const Target* candidate = find(reference, ambiguous);
      if (reference == name) return &reference;
      if (target != nullptr && candidate != nullptr && *target == *candidate) return &reference;
    }
    return nullptr;
  }

  void refuse_unknown(std::size_t index, const std::string& reference) {
    if (refused_ids_.contains(reference)) {
      refuse_rule(index, "refused-rule",
                  "the correlation refers to '" + reference + "', which was refused");
      return;
    }
    std::string hint;
    if (++nearest_searches_ <= kNearestSearchesMax) {
      std::vector<std::string_view> known;
      for (const auto& [id, target] : by_id_) known.push_back(id);
      for (const auto& [name, targets] : by_name_) known.push_back(name);
      std::sort(known.begin(), known.end());
      hint = did_you_mean(reference, known);
    }
    refuse_rule(index, "unknown-rule",
                "the correlation refers to rule '" + reference + "', which is not loaded" + hint);
  }

  void refuse_rule(std::size_t index, std::string code, std::string reason) {
    states_[index] = State::kRefused;
    const CorrelationRule& rule = rules_.correlations[index];
    rules_.refused.push_back(
        {rule.identity.path, rule.line, rule.identity.id, std::move(code), std::move(reason)});
  }

  // A detection that only feeds correlations raises no alert, unless one of them says `generate`.
  void mark_silent() {
    for (DetectionRule& rule : rules_.detections) rule.generates = true;
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] != State::kAccepted) continue;
      const CorrelationRule& rule = rules_.correlations[i];
      for (const std::string& reference : rule.rules) {
        bool ambiguous = false;
        const Target* target = find(reference, ambiguous);
        if (target == nullptr || target->kind != Target::Kind::kDetection) continue;
        rules_.detections[target->index].generates = false;
        if (rule.generates) wanted.push_back(target->index);
      }
    }
    for (const std::size_t index : wanted) rules_.detections[index].generates = true;
  }

  void drop_refused() {
    std::vector<CorrelationRule> kept;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == State::kAccepted) kept.push_back(std::move(rules_.correlations[i]));
    }
    rules_.correlations = std::move(kept);
  }

  LoadedRules& rules_;
  std::vector<State> states_;
  std::unordered_map<std::string, Target> by_id_;
  std::unordered_map<std::string, std::vector<Target>> by_name_;
  std::unordered_set<std::string> refused_ids_;
  bool foreign_known_;
  int nearest_searches_ = 0;
};

class Collector {
 public:
  void take(RuleFile file) {
    for (Finding& finding : file.refused) rules_.refused.push_back(std::move(finding));
    for (Finding& finding : file.warnings) rules_.warnings.push_back(std::move(finding));
    for (AnyRule& rule : file.rules) take_rule(rule);
  }

  LoadedRules finish(bool has_yara) {
    rules_.has_yara = has_yara;
    apply_filters(filters_, rules_);
    ReferenceCheck(rules_, nullptr).run();
    return std::move(rules_);
  }

 private:
  void take_rule(AnyRule& rule) {
    const RuleIdentity& identity = identity_of(rule);
    const std::string where = identity.path + ":" + std::to_string(line_of(rule));
    const auto [first, is_new] = first_seen_.emplace(identity.id, where);
    if (!is_new) {
      rules_.refused.push_back(
          {identity.path, line_of(rule), identity.id, "repeated-id",
           "the id " + identity.id + " already belongs to the rule at " + first->second});
      return;
    }
    if (auto* detection = std::get_if<DetectionRule>(&rule)) {
      rules_.detections.push_back(std::move(*detection));
    } else if (auto* correlation = std::get_if<CorrelationRule>(&rule)) {
      rules_.correlations.push_back(std::move(*correlation));
    } else {
      filters_.push_back(std::move(std::get<FilterRule>(rule)));
    }
  }

  LoadedRules rules_;
  std::vector<FilterRule> filters_;
  std::unordered_map<std::string, std::string> first_seen_;
};

}  // namespace

LoadedRules collect_rules(std::vector<RuleFile> files, bool has_yara) {
  Collector collector;
  for (RuleFile& file : files) collector.take(std::move(file));
  return collector.finish(has_yara);
}

void check_references(LoadedRules& rules, const ForeignNames& foreign) {
  ReferenceCheck(rules, &foreign).run();
}

}  // namespace picket::rules
