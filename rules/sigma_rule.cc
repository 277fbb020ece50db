#include "rules/sigma_rule.h"

#include <utility>

#include "rules/picket_attributes.h"
#include "rules/sigma_condition.h"
#include "rules/sigma_header.h"

namespace picket::rules {
namespace {

Parsed<Node> parse_conditions(const YamlNode& condition, std::vector<Selection>& selections,
                              Building& building) {
  if (condition.is_scalar()) {
    return parse_condition(condition.scalar, condition.line, selections, building);
  }
  if (!condition.is_list() || condition.list.empty()) {
    return refuse(condition.line, "bad-condition", "the condition is neither a text nor a list");
  }
  std::vector<Node> nodes;
  for (const YamlNode& item : condition.list) {
    if (!item.is_scalar()) {
      return refuse(item.line, "bad-condition", "a condition in the list is not a text");
    }
    PICKET_TRY(Node node, parse_condition(item.scalar, item.line, selections, building));
    nodes.push_back(std::move(node));
  }
  return any_of(std::move(nodes));
}

}  // namespace

Parsed<Node> parse_section(const YamlNode& section, std::vector<std::string_view> reserved,
                           Building& building) {
  const YamlNode* condition = section.find("condition");
  if (condition == nullptr || condition->is_null()) {
    return refuse(section.line, "missing-condition", "the rule has no condition");
  }
  reserved.push_back("condition");
  PICKET_TRY(std::vector<Selection> selections, parse_selections(section, reserved, building));
  if (selections.empty()) {
    return refuse(section.line, "missing-selection", "there is nothing but a condition");
  }
  PICKET_TRY(Node node, parse_conditions(*condition, selections, building));
  for (const Selection& selection : selections) {
    if (selection.used) continue;
    building.warnings.push_back({section.find(selection.name)->line, "unused-selection",
                                 "no condition uses selection '" + selection.name + "'"});
  }
  return node;
}

Parsed<DetectionRule> parse_detection(const YamlNode& document, Building& building) {
  PICKET_TRY(SigmaHeader header, parse_header(document, building.warnings));
  DetectionRule rule;
  rule.identity = std::move(header.identity);
  rule.name = std::move(header.name);
  rule.status = std::move(header.status);
  rule.description = std::move(header.description);
  rule.tags = std::move(header.tags);
  rule.line = document.line;
  PICKET_TRY(rule.log_source, parse_log_source(document));
  const YamlNode* section = document.find("detection");
  if (section == nullptr || section->is_null()) {
    return refuse(document.line, "missing-detection", "the rule has no detection");
  }
  if (!section->is_map()) return refuse(section->line, "bad-detection", "detection is not a map");
  std::vector<std::string_view> reserved;
  if (const YamlNode* timeframe = section->find("timeframe"); timeframe && timeframe->is_scalar()) {
    reserved.push_back("timeframe");
    building.warnings.push_back({timeframe->line, "timeframe",
                                 "'timeframe' belonged to the old aggregations and has no effect"});
  }
  PICKET_TRY(rule.condition, parse_section(*section, reserved, building));
  rule.look_around = building.look_around;
  PICKET_TRY_VOID(parse_attributes(document, rule));
  return rule;
}

}  // namespace picket::rules
