#include "rules/sigma_detection.h"

#include <algorithm>
#include <utility>

#include "rules/sigma_item.h"

namespace picket::rules {
namespace {

std::size_t count_tests(const Node& node) {
  if (node.kind == Node::Kind::kTest) return 1;
  std::size_t count = 0;
  for (const Node& child : node.children) count += count_tests(child);
  return count;
}

Parsed<Node> parse_search(const YamlNode& search, Building& building);

// All items of a map hold.
Parsed<Node> parse_map(const YamlNode& map, Building& building) {
  std::vector<Node> items;
  for (const auto& [key, value] : map.map) {
    PICKET_TRY(const FieldKey field, parse_field_key(key));
    PICKET_TRY(Node item, parse_item(field, value, building));
    items.push_back(std::move(item));
  }
  return all_of(std::move(items));
}

// Any element of a list holds; bare values are keywords. Depth is bounded by the YAML reader.
Parsed<Node> parse_list(const YamlNode& list, Building& building) {
  std::vector<Node> items;
  for (const YamlNode& element : list.list) {
    PICKET_TRY(Node item, parse_search(element, building));
    items.push_back(std::move(item));
  }
  return any_of(std::move(items));
}

Parsed<Node> parse_search(const YamlNode& search, Building& building) {
  if (search.is_null() || (search.is_map() && search.map.empty()) ||
      (search.is_list() && search.list.empty())) {
    return refuse(search.line, "empty-selection", "a selection, or an element of one, is empty");
  }
  if (search.is_map()) return parse_map(search, building);
  if (search.is_list()) return parse_list(search, building);
  FieldKey keyword;
  keyword.line = search.line;
  return parse_item(keyword, search, building);
}

Node join(Node::Kind kind, std::vector<Node> nodes) {
  if (nodes.size() == 1) return std::move(nodes.front());
  Node node;
  node.kind = kind;
  node.children = std::move(nodes);
  return node;
}

}  // namespace

Node all_of(std::vector<Node> nodes) {
  return join(Node::Kind::kAnd, std::move(nodes));
}

Node any_of(std::vector<Node> nodes) {
  return join(Node::Kind::kOr, std::move(nodes));
}

Node negation(Node node) {
  Node result;
  result.kind = Node::Kind::kNot;
  result.children.push_back(std::move(node));
  return result;
}

Parsed<void> spend_tests(Building& building, std::size_t count, int line) {
  if (count > building.tests_left) {
    return refuse(line, "too-large", "the rule has too many tests when its values are expanded");
  }
  building.tests_left -= count;
  return {};
}

Parsed<std::vector<Selection>> parse_selections(const YamlNode& section,
                                                const std::vector<std::string_view>& reserved,
                                                Building& building) {
  std::vector<Selection> selections;
  for (const auto& [key, value] : section.map) {
    const std::string& name = key.scalar;
    if (std::find(reserved.begin(), reserved.end(), name) != reserved.end()) continue;
    Selection selection;
    selection.name = name;
    PICKET_TRY(selection.node, parse_search(value, building));
    selection.node.selection = name;
    selection.tests = count_tests(selection.node);
    selections.push_back(std::move(selection));
  }
  return selections;
}

}  // namespace picket::rules
