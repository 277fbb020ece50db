#include "base/yaml_reader.h"

#include <algorithm>
#include <charconv>

#include "base/nearest.h"

namespace picket {
namespace {

std::string listed(std::initializer_list<std::string_view> known) {
  std::string names;
  for (const std::string_view name : known) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

}  // namespace

void YamlReader::problem(const YamlNode& node, std::string what) {
  problems_.push_back({path_, std::max(node.line, 1), std::move(what)});
  ++count_;
}

void YamlReader::check_keys(const YamlNode& map, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : map.map) {
    if (std::find(known.begin(), known.end(), key.scalar) != known.end()) continue;
    const std::string name = key.scalar.substr(0, 64);
    const std::string nearest = nearest_name(name, {known.begin(), known.size()});
    problem(key, nearest.empty()
                     ? "'" + name + "' is not supported here; known are " + listed(known)
                     : "'" + name + "' is not supported here; the nearest known key is '" +
                           nearest + "'");
  }
}

std::string YamlReader::need_text(const YamlNode& map, std::string_view key,
                                  std::size_t bytes_max) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null() || (node->is_scalar() && node->scalar.empty())) {
    problem(node == nullptr ? map : *node, "'" + std::string(key) + "' is missing");
    return {};
  }
  return may_text(map, key, bytes_max);
}

std::string YamlReader::may_text(const YamlNode& map, std::string_view key, std::size_t bytes_max) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null()) return {};
  if (!node->is_scalar()) {
    problem(*node, "'" + std::string(key) + "' must be a text");
    return {};
  }
  if (node->scalar.size() > bytes_max) {
    problem(*node,
            "'" + std::string(key) + "' is longer than " + std::to_string(bytes_max) + " bytes");
    return {};
  }
  if (node->scalar.find('\0') != std::string::npos) {
    problem(*node, "'" + std::string(key) + "' contains a zero byte");
    return {};
  }
  return node->scalar;
}

std::int64_t YamlReader::may_integer(const YamlNode& map, std::string_view key, std::int64_t low,
                                     std::int64_t high, std::int64_t fallback) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null()) return fallback;
  const std::optional<std::int64_t> value = node->integer();
  if (!value || *value < low || *value > high) {
    problem(*node, "'" + std::string(key) + "' must be a whole number from " + std::to_string(low) +
                       " to " + std::to_string(high));
    return fallback;
  }
  return *value;
}

std::vector<const YamlNode*> YamlReader::may_list(const YamlNode& map, std::string_view key,
                                                  std::size_t count_max) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null()) return {};
  if (node->is_scalar()) return {node};
  std::vector<const YamlNode*> items;
  if (!node->is_list() || node->list.size() > count_max) {
    problem(*node, "'" + std::string(key) + "' must be a list of at most " +
                       std::to_string(count_max) + " texts");
    return items;
  }
  for (const YamlNode& item : node->list) {
    if (item.is_scalar() && item.scalar.size() <= 4096) {
      items.push_back(&item);
    } else {
      problem(item, "an item of '" + std::string(key) + "' must be a text of at most 4096 bytes");
    }
  }
  return items;
}

const YamlNode* YamlReader::may_map(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null()) return nullptr;
  if (node->is_map()) return node;
  problem(*node, "'" + std::string(key) + "' must be a map");
  return nullptr;
}

Problem problem_of(const std::string& path, const Error& error) {
  Problem problem{path, 1, error.what};
  std::string_view rest = error.what;
  if (!rest.starts_with(path + ":")) return problem;
  rest.remove_prefix(path.size() + 1);
  int line = 0;
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), line);
  if (failed != std::errc() || line < 1) return problem;
  problem.line = line;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  const std::size_t space = rest.find(' ');
  if (space != std::string_view::npos) problem.what = rest.substr(space + 1);
  return problem;
}

}  // namespace picket
