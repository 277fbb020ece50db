#include "rules/sigma_correlation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/nearest.h"
#include "rules/picket_attributes.h"
#include "rules/sigma_header.h"

namespace picket::rules {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTimespanSecondsMax = 10LL * 365 * 86'400;

constexpr std::array<std::pair<std::string_view, CorrelationType>, 8> kTypes = {{
    {"event_count", CorrelationType::kEventCount},
    {"value_count", CorrelationType::kValueCount},
    {"temporal", CorrelationType::kTemporal},
    {"temporal_ordered", CorrelationType::kTemporalOrdered},
    {"value_sum", CorrelationType::kValueSum},
    {"value_avg", CorrelationType::kValueAvg},
    {"value_percentile", CorrelationType::kValuePercentile},
    {"value_median", CorrelationType::kValueMedian},
}};

constexpr std::array<std::pair<std::string_view, Compare>, 6> kCompares = {{
    {"gt", Compare::kGreater},
    {"gte", Compare::kGreaterEqual},
    {"lt", Compare::kLess},
    {"lte", Compare::kLessEqual},
    {"eq", Compare::kEqual},
    {"neq", Compare::kNotEqual},
}};

template <class Table>
std::vector<std::string_view> names_of(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : table) names.push_back(name);
  return names;
}

bool is_temporal(CorrelationType type) {
  return type == CorrelationType::kTemporal || type == CorrelationType::kTemporalOrdered;
}

constexpr std::size_t kValueFieldsMax = 16;

bool needs_field(CorrelationType type) {
  return !is_temporal(type) && type != CorrelationType::kEventCount;
}

Parsed<CorrelationType> parse_type(const YamlNode& section) {
  const YamlNode* node = section.find("type");
  if (node == nullptr || !node->is_scalar()) {
    return refuse(section.line, "missing-type", "the correlation has no type");
  }
  for (const auto& [name, type] : kTypes) {
    if (node->scalar == name) return type;
  }
  return refuse(node->line, "bad-type",
                "unknown correlation type '" + node->scalar + "'" +
                    did_you_mean(node->scalar, names_of(kTypes)));
}

Parsed<void> parse_aliases(const YamlNode& section, CorrelationRule& rule) {
  const YamlNode* aliases = section.find("aliases");
  if (aliases == nullptr || aliases->is_null()) return {};
  if (!aliases->is_map()) return refuse(aliases->line, "bad-aliases", "'aliases' is not a map");
  for (const auto& [alias, fields] : aliases->map) {
    if (!fields.is_map()) {
      return refuse(fields.line, "bad-aliases",
                    "alias '" + alias.scalar + "' is not a map from rules to fields");
    }
    auto& target = rule.aliases.emplace_back(alias.scalar, 0).second;
    for (const auto& [name, field] : fields.map) {
      if (!field.is_scalar()) {
        return refuse(field.line, "bad-aliases", "alias '" + alias.scalar + "' names no field");
      }
      target.emplace_back(name.scalar, field.scalar);
    }
  }
  return {};
}

std::optional<double> number_of(const YamlNode& node) {
  YamlNode plain = node;
  plain.quoted = false;
  return plain.number();
}

Parsed<void> parse_value_field(const YamlNode& node, CorrelationRule& rule) {
  if (node.is_scalar()) {
    rule.field = node.scalar;
    return {};
  }
  std::vector<std::string> fields;
  for (const YamlNode& name : node.list) {
    if (name.is_scalar() && !name.scalar.empty()) fields.push_back(name.scalar);
  }
  if (!node.is_list() || fields.empty() || fields.size() != node.list.size()) {
    return refuse(node.line, "bad-field",
                  "'field' of a correlation's condition is a field name or a list of them");
  }
  if (fields.size() > kValueFieldsMax) {
    return refuse(node.line, "too-large",
                  "a correlation counts values of at most " + std::to_string(kValueFieldsMax) +
                      " fields together");
  }
  if (fields.size() > 1 && rule.type != CorrelationType::kValueCount) {
    return refuse(node.line, "bad-field", "only value_count takes several fields");
  }
  rule.field = fields.front();
  rule.more_fields.assign(fields.begin() + 1, fields.end());
  return {};
}

Parsed<void> parse_conditions(const YamlNode& condition, CorrelationRule& rule) {
  if (!condition.is_map()) {
    return refuse(condition.line, "bad-condition",
                  "the condition of a correlation is a map such as 'gte: 10'");
  }
  std::vector<std::string_view> known = names_of(kCompares);
  known.push_back("field");
  known.push_back("percentile");
  PICKET_TRY_VOID(check_keys(condition, known, "the correlation's condition"));
  for (const auto& [key, value] : condition.map) {
    if (key.scalar == "field") {
      PICKET_TRY_VOID(parse_value_field(value, rule));
      continue;
    }
    const std::optional<double> number = number_of(value);
    if (!number) {
      return refuse(value.line, "bad-number", "'" + key.scalar + "' needs a number");
    }
    if (key.scalar == "percentile") {
      if (*number < 0 || *number > 100) {
        return refuse(value.line, "bad-number", "'percentile' is a number from 0 to 100");
      }
      rule.percentile = *number;
      continue;
    }
    for (const auto& [name, compare] : kCompares) {
      if (key.scalar == name) rule.conditions.emplace_back(compare, *number);
    }
  }
  return {};
}

Parsed<void> check_complete(const YamlNode& section, const CorrelationRule& rule) {
  if (rule.rules.empty()) {
    return refuse(section.line, "missing-rules", "the correlation names no rules");
  }
  if (rule.conditions.empty() && !is_temporal(rule.type)) {
    return refuse(section.line, "missing-condition",
                  "the correlation has no condition such as 'gte: 10'");
  }
  if (rule.field.empty() && needs_field(rule.type)) {
    return refuse(section.line, "missing-field",
                  "this type of correlation needs 'field' in its condition");
  }
  return {};
}

Parsed<bool> parse_flag(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null()) return false;
  const std::optional<bool> value = node->boolean();
  if (value) return *value;
  return refuse(node->line, "bad-value", in_quotes(key) + " needs true or false");
}

void warn_about(const YamlNode& section, const CorrelationRule& rule,
                std::vector<Refusal>& warnings) {
  if (!rule.field.empty() && !needs_field(rule.type)) {
    warnings.push_back(
        {section.line, "unused-field", "'field' has no meaning for this type of correlation"});
  }
  for (const auto& [alias, fields] : rule.aliases) {
    const bool used =
        std::find(rule.group_by.begin(), rule.group_by.end(), alias) != rule.group_by.end() ||
        rule.field == alias ||
        std::find(rule.more_fields.begin(), rule.more_fields.end(), alias) !=
            rule.more_fields.end();
    if (!used) {
      warnings.push_back(
          {section.line, "unused-alias", "alias '" + alias + "' is in neither group-by nor field"});
    }
  }
}

}  // namespace

Parsed<std::int64_t> parse_timespan(std::string_view text, int line) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  std::int64_t unit = 0;
  if (error == std::errc() && stop + 1 == end) {
    switch (*stop) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3'600;
        break;
      case 'd':
        unit = 86'400;
        break;
      case 'w':
        unit = 7 * 86'400;
        break;
      case 'M':
        unit = 30 * 86'400;
        break;
      case 'y':
        unit = 365 * 86'400;
        break;
      default:
        break;
    }
  }
  if (unit == 0 || number <= 0 || number > kTimespanSecondsMax / unit) {
    return refuse(line, "bad-timespan",
                  "timespan '" + std::string(text.substr(0, 40)) +
                      "' is not a number with a unit (s, m, h, d, w, M, y) up to ten years");
  }
  return number * unit * kSecond;
}

Parsed<CorrelationRule> parse_correlation(const YamlNode& document,
                                          std::vector<Refusal>& warnings) {
  PICKET_TRY(SigmaHeader header, parse_header(document, warnings));
  const YamlNode& section = *document.find("correlation");
  if (!section.is_map())
    return refuse(section.line, "bad-correlation", "'correlation' is not a map");
  PICKET_TRY_VOID(check_keys(
      section,
      {"type", "rules", "group-by", "timespan", "timeframe", "condition", "aliases", "generate"},
      "'correlation'"));
  CorrelationRule rule;
  rule.identity = std::move(header.identity);
  rule.name = std::move(header.name);
  rule.tags = std::move(header.tags);
  rule.line = document.line;
  PICKET_TRY(rule.type, parse_type(section));
  PICKET_TRY(rule.rules, parse_names(section, "rules"));
  PICKET_TRY(rule.group_by, parse_names(section, "group-by"));
  PICKET_TRY_VOID(parse_aliases(section, rule));
  const YamlNode* timespan = section.find("timespan");
  if (timespan == nullptr && (timespan = section.find("timeframe")) != nullptr) {
    warnings.push_back({timespan->line, "timeframe", "'timeframe' is read as 'timespan'"});
  }
  if (timespan == nullptr) {
    return refuse(section.line, "missing-timespan", "the correlation has no timespan");
  }
  PICKET_TRY(rule.timespan_ns, parse_timespan(timespan->scalar, timespan->line));
  const YamlNode* condition = section.find("condition");
  if (condition != nullptr && !condition->is_null()) {
    PICKET_TRY_VOID(parse_conditions(*condition, rule));
  }
  PICKET_TRY_VOID(check_complete(section, rule));
  PICKET_TRY(const bool inside, parse_flag(section, "generate"));
  PICKET_TRY(const bool beside, parse_flag(document, "generate"));
  rule.generates = inside || beside;
  PICKET_TRY_VOID(parse_attributes(document, rule, warnings));
  warn_about(section, rule, warnings);
  return rule;
}

}  // namespace picket::rules
