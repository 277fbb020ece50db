#include "rules/picket_attributes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/nearest.h"
#include "rules/sigma_correlation.h"

namespace picket::rules {
namespace {

constexpr std::size_t kNamesMax = 1000;
constexpr std::size_t kKeyFieldsMax = 16;
constexpr std::int64_t kSeenMax = 100;  // instants kept of each value
constexpr std::int64_t kSeenAfterMax = 10'000;

Parsed<std::int64_t> parse_number(const YamlNode& map, std::string_view key, std::int64_t low,
                                  std::int64_t high) {
  const YamlNode* node = map.find(key);
  const std::optional<double> number = node == nullptr ? std::nullopt : node->number();
  const auto whole = static_cast<std::int64_t>(std::clamp(number.value_or(-1), -1.0, 1e9));
  if (!number || static_cast<double>(whole) != *number || whole < low || whole > high) {
    return refuse(node == nullptr ? map.line : node->line, "bad-number",
                  in_quotes(key) + " under 'picket' is a whole number from " + std::to_string(low) +
                      " to " + std::to_string(high));
  }
  return whole;
}

Parsed<std::int64_t> parse_duration(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.find(key);
  return parse_timespan(node->is_scalar() ? node->scalar : "", node->line);
}

Parsed<void> parse_risk(const YamlNode& own, RuleIdentity& identity) {
  if (own.find("risk") == nullptr) return {};
  PICKET_TRY(const std::int64_t risk, parse_number(own, "risk", 0, 100));
  identity.risk = static_cast<int>(risk);
  return {};
}

Parsed<Suppression> parse_suppress(const YamlNode& own) {
  Suppression suppression;
  const YamlNode* suppress = own.find("suppress");
  if (suppress == nullptr) return suppression;
  if (!suppress->is_map() || suppress->find("for") == nullptr) {
    return refuse(suppress->line, "bad-suppress",
                  "'picket: suppress' is a map such as {for: 1h, by: [source.ip]}");
  }
  PICKET_TRY_VOID(check_keys(*suppress, {"for", "by"}, "'picket: suppress'"));
  PICKET_TRY(suppression.for_ns, parse_duration(*suppress, "for"));
  PICKET_TRY(suppression.by, parse_names(*suppress, "by"));
  if (suppression.by.size() > kKeyFieldsMax) {
    return refuse(suppress->line, "bad-suppress",
                  "'by' of 'picket: suppress' names more than 16 fields");
  }
  return suppression;
}

// The key of a correlation's alerts is its group: another one would join alerts across groups.
Parsed<void> check_key(const YamlNode& own, const CorrelationRule& rule, Suppression suppression) {
  if (suppression.by.empty()) return {};
  std::vector<std::string> group_by = rule.group_by;
  std::sort(group_by.begin(), group_by.end());
  std::sort(suppression.by.begin(), suppression.by.end());
  if (group_by == suppression.by) return {};
  return refuse(own.find("suppress")->line, "bad-suppress",
                "'by' of 'picket: suppress' names other fields than 'group-by'; alerts of a "
                "correlation are joined by its group");
}

// To a tool that does not know `picket` these are counts of at least one.
Parsed<void> check_base(const YamlNode& attribute, const CorrelationRule& rule,
                        CorrelationType base, std::string_view name) {
  const bool one = rule.conditions.size() == 1 &&
                   rule.conditions.front() == std::pair(Compare::kGreaterEqual, 1.0);
  if (rule.type == base && one) return {};
  const bool counts = base == CorrelationType::kEventCount;
  return refuse(attribute.line, "bad-base",
                "'picket: " + std::string(name) + "' needs 'type: " +
                    (counts ? "event_count" : "value_count") + "' and the condition 'gte: 1'");
}

Parsed<void> parse_absence(const YamlNode& own, CorrelationRule& rule) {
  const YamlNode& absence = *own.find("absence");
  PICKET_TRY_VOID(check_base(absence, rule, CorrelationType::kEventCount, "absence"));
  PICKET_TRY(const std::vector<std::string> answers, parse_names(own, "absence"));
  if (answers.empty() || rule.rules.size() + answers.size() > kNamesMax) {
    return refuse(absence.line, "bad-list",
                  "'picket: absence' names the rule that is missed when it does not follow, or a "
                  "list of such rules");
  }
  rule.type = CorrelationType::kAbsence;
  rule.answers = static_cast<std::uint32_t>(answers.size());
  rule.rules.insert(rule.rules.end(), answers.begin(), answers.end());
  return {};
}

Parsed<void> parse_first_seen(const YamlNode& own, CorrelationRule& rule,
                              std::vector<Refusal>& warnings) {
  const YamlNode& first_seen = *own.find("first_seen");
  PICKET_TRY_VOID(check_base(first_seen, rule, CorrelationType::kValueCount, "first_seen"));
  const bool plain = first_seen.is_scalar() && first_seen.boolean().value_or(false);
  if (!plain && !first_seen.is_map()) {
    return refuse(first_seen.line, "bad-value",
                  "'picket: first_seen' is true, or a map such as {learn: 7d}");
  }
  if (first_seen.is_map()) {
    PICKET_TRY_VOID(check_keys(first_seen, {"learn"}, "'picket: first_seen'"));
    if (first_seen.find("learn") != nullptr) {
      PICKET_TRY(rule.learn_ns, parse_duration(first_seen, "learn"));
    }
  }
  if (rule.learn_ns == 0) {
    warnings.push_back({first_seen.line, "no-learning",
                        "without 'learn' the first event of every group is an alert"});
  }
  rule.type = CorrelationType::kFirstSeen;
  rule.repeat_every = true;
  return {};
}

Parsed<void> parse_rare(const YamlNode& own, CorrelationRule& rule,
                        std::vector<Refusal>& warnings) {
  const YamlNode& rare = *own.find("rare");
  PICKET_TRY_VOID(check_base(rare, rule, CorrelationType::kValueCount, "rare"));
  if (!rare.is_map()) {
    return refuse(rare.line, "bad-value",
                  "'picket: rare' is a map such as {at_most: 2, after: 100}");
  }
  PICKET_TRY_VOID(check_keys(rare, {"at_most", "after"}, "'picket: rare'"));
  PICKET_TRY(const std::int64_t most, parse_number(rare, "at_most", 1, kSeenMax));
  std::int64_t after = 0;
  if (rare.find("after") != nullptr) {
    PICKET_TRY(after, parse_number(rare, "after", 1, kSeenAfterMax));
  }
  if (after <= most) {
    warnings.push_back(
        {rare.line, "no-learning",
         "unless 'after' is more than 'at_most', every value of a new group is rare"});
  }
  rule.seen_max = static_cast<std::uint32_t>(most);
  rule.seen_after = static_cast<std::uint32_t>(after);
  rule.type = CorrelationType::kRare;
  rule.repeat_every = true;
  return {};
}

Parsed<void> parse_type(const YamlNode& own, CorrelationRule& rule,
                        std::vector<Refusal>& warnings) {
  const bool absence = own.find("absence") != nullptr;
  const bool first_seen = own.find("first_seen") != nullptr;
  const bool rare = own.find("rare") != nullptr;
  if (absence + first_seen + rare > 1) {
    return refuse(own.line, "bad-value",
                  "'picket' has one of 'absence', 'first_seen' and 'rare', not several");
  }
  if (absence) return parse_absence(own, rule);
  if (first_seen) return parse_first_seen(own, rule, warnings);
  if (rare) return parse_rare(own, rule, warnings);
  return {};
}

Parsed<const YamlNode*> find_own(const YamlNode& document,
                                 const std::vector<std::string_view>& known) {
  const YamlNode* own = document.find("picket");
  if (own == nullptr || own->is_null()) return nullptr;
  if (!own->is_map()) return refuse(own->line, "bad-value", "'picket' is not a map");
  PICKET_TRY_VOID(check_keys(*own, known, "'picket'"));
  return own;
}

}  // namespace

Parsed<void> check_keys(const YamlNode& map, const std::vector<std::string_view>& known,
                        std::string_view where) {
  for (const auto& [key, value] : map.map) {
    if (std::find(known.begin(), known.end(), key.scalar) != known.end()) continue;
    return refuse(key.line, "unknown-key",
                  "unknown key '" + key.scalar + "' in " + std::string(where) +
                      did_you_mean(key.scalar, known));
  }
  return {};
}

Parsed<std::vector<std::string>> parse_names(const YamlNode& section, std::string_view key) {
  const YamlNode* node = section.find(key);
  if (node == nullptr || node->is_null()) return std::vector<std::string>{};
  const bool all_scalars = std::all_of(node->list.begin(), node->list.end(),
                                       [](const YamlNode& item) { return item.is_scalar(); });
  if (node->is_map() || !all_scalars || node->list.size() > kNamesMax) {
    return refuse(node->line, "bad-list",
                  in_quotes(key) + " of the correlation is not a list of names");
  }
  return section.texts(key);
}

Parsed<void> parse_attributes(const YamlNode& document, DetectionRule& rule) {
  PICKET_TRY(const YamlNode* own, find_own(document, {"suppress", "risk"}));
  if (own == nullptr) return {};
  PICKET_TRY_VOID(parse_risk(*own, rule.identity));
  PICKET_TRY(rule.suppress, parse_suppress(*own));
  return {};
}

Parsed<void> parse_attributes(const YamlNode& document, CorrelationRule& rule,
                              std::vector<Refusal>& warnings) {
  PICKET_TRY(const YamlNode* own,
             find_own(document, {"repeat", "absence", "first_seen", "rare", "suppress", "risk"}));
  if (own == nullptr) return {};
  if (const YamlNode* repeat = own->find("repeat")) {
    if (repeat->scalar != "every" && repeat->scalar != "once") {
      return refuse(repeat->line, "bad-value", "'picket: repeat' is 'every' or 'once'");
    }
    rule.repeat_every = repeat->scalar == "every";
  }
  PICKET_TRY_VOID(parse_type(*own, rule, warnings));
  PICKET_TRY_VOID(parse_risk(*own, rule.identity));
  PICKET_TRY(Suppression suppression, parse_suppress(*own));
  rule.suppress_ns = suppression.for_ns;
  return check_key(*own, rule, std::move(suppression));
}

}  // namespace picket::rules
