#include "rules/sigma_filter.h"

#include <algorithm>
#include <utility>

#include "rules/sigma_header.h"
#include "rules/sigma_rule.h"

namespace picket::rules {
namespace {

constexpr std::size_t kTestsOfRuleMax = 100'000;  // with all filters joined

bool has_negation(const Node& node) {
  return node.kind == Node::Kind::kNot ||
         std::any_of(node.children.begin(), node.children.end(), has_negation);
}

std::size_t count_tests(const Node& node) {
  std::size_t count = node.kind == Node::Kind::kTest ? 1 : 0;
  for (const Node& child : node.children) count += count_tests(child);
  return count;
}

// Its lines are of another file than the rule's.
void mark_as_foreign(Node& node, const std::string& title) {
  node.test.line = 0;
  if (!node.selection.empty()) node.selection.insert(0, title + ": ");
  for (Node& child : node.children) mark_as_foreign(child, title);
}

Parsed<void> parse_targets(const YamlNode& section, FilterRule& filter) {
  const YamlNode* rules = section.find("rules");
  if (rules == nullptr || rules->is_null()) {
    return refuse(section.line, "missing-rules",
                  "the filter names no rules; there is 'rules: any'");
  }
  if (rules->is_map() || std::any_of(rules->list.begin(), rules->list.end(),
                                     [](const YamlNode& item) { return !item.is_scalar(); })) {
    return refuse(rules->line, "bad-list", "'rules' of the filter is not a list of names");
  }
  filter.rules = section.texts("rules");
  filter.any = filter.rules.empty() || (filter.rules.size() == 1 && filter.rules.front() == "any");
  return {};
}

bool covers(const LogSource& filter, const LogSource& rule) {
  const auto same = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  return same(filter.product, rule.product) && same(filter.category, rule.category) &&
         same(filter.service, rule.service);
}

bool names(const std::string& reference, const DetectionRule& rule) {
  return reference == rule.identity.id || reference == rule.name || reference == rule.identity.name;
}

void join(const FilterRule& filter, DetectionRule& rule) {
  std::vector<Node> both;
  both.push_back(std::move(rule.condition));
  both.push_back(filter.condition);
  rule.condition = all_of(std::move(both));
  rule.look_around = rule.look_around || filter.look_around;
  rule.filters.push_back({filter.identity, filter.line});
}

class FilterJoiner {
 public:
  explicit FilterJoiner(LoadedRules& rules) : rules_(rules) {}

  void apply(const FilterRule& filter) {
    const std::size_t tests = count_tests(filter.condition);
    if (filter.any) {
      join_where(
          filter, tests, [](const DetectionRule&) { return true; }, "any");
      return;
    }
    for (const std::string& reference : filter.rules) {
      join_where(
          filter, tests, [&](const DetectionRule& rule) { return names(reference, rule); },
          reference);
    }
  }

 private:
  template <class Wanted>
  void join_where(const FilterRule& filter, std::size_t tests, Wanted wanted,
                  const std::string& reference) {
    bool named = false;
    bool joined = false;
    for (DetectionRule& rule : rules_.detections) {
      if (!wanted(rule)) continue;
      named = true;
      if (!covers(filter.log_source, rule.log_source)) continue;
      joined = true;
      if (count_tests(rule.condition) + tests > kTestsOfRuleMax) {
        warn(filter, "too-large", "rule '" + rule.identity.id + "' is too large to be filtered");
      } else {
        join(filter, rule);
      }
    }
    if (joined) return;
    warn(filter, "filter-without-rule",
         named ? "the filter's logsource excludes rule '" + reference + "'"
               : "the filter finds no detection rule '" + reference + "'");
  }

  void warn(const FilterRule& filter, std::string code, std::string reason) {
    rules_.warnings.push_back({filter.identity.path, filter.line, filter.identity.id,
                               std::move(code), std::move(reason)});
  }

  LoadedRules& rules_;
};

}  // namespace

Parsed<FilterRule> parse_filter(const YamlNode& document, Building& building) {
  PICKET_TRY(SigmaHeader header, parse_header(document, building.warnings));
  FilterRule filter;
  filter.identity = std::move(header.identity);
  filter.line = document.line;
  if (document.find("logsource") != nullptr) {
    PICKET_TRY(filter.log_source, parse_log_source(document));
  } else {
    building.warnings.push_back({document.line, "missing-logsource",
                                 "the filter has no logsource and counts for every log source"});
  }
  const YamlNode& section = *document.find("filter");
  if (!section.is_map()) return refuse(section.line, "bad-filter", "'filter' is not a map");
  PICKET_TRY_VOID(parse_targets(section, filter));
  PICKET_TRY(filter.condition, parse_section(section, {"rules"}, building));
  filter.look_around = building.look_around;
  if (!has_negation(filter.condition)) {
    building.warnings.push_back({section.find("condition")->line, "filter-without-not",
                                 "the filter's condition is joined with 'and' and has no 'not': "
                                 "only events that it selects will match"});
  }
  mark_as_foreign(filter.condition, filter.identity.name);
  return filter;
}

void apply_filters(const std::vector<FilterRule>& filters, LoadedRules& rules) {
  FilterJoiner joiner(rules);
  for (const FilterRule& filter : filters) joiner.apply(filter);
}

}  // namespace picket::rules
