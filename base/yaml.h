// YAML documents of people: rules, source definitions, taxonomies, playbooks, configuration.
//
// Read by libyaml's event parser into a small tree that remembers lines. Anchors and aliases are
// refused, and size, depth and number of nodes are bounded, so no document can explode. Keys of a
// map keep their order; a repeated key is an error. Errors name line and column. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace picket {

struct YamlLimits {
  std::size_t bytes_max = 1024 * 1024;
  std::size_t depth_max = 32;
  std::size_t nodes_max = 100'000;
};

class YamlNode {
 public:
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;  // written with quotes or as a block: always a string, never null or a number
  int line = 0;         // 1-based, where the node starts; 0 for no node at all
  int column = 0;       // 1-based
  std::string scalar;
  std::vector<YamlNode> list;
  std::vector<std::pair<YamlNode, YamlNode>> map;  // keys are scalars

  // Defined in the .cc: a map of nodes cannot be built or destroyed while the class is incomplete
  // (clang insists).
  YamlNode();
  YamlNode(const YamlNode&);
  YamlNode(YamlNode&&) noexcept;
  YamlNode& operator=(const YamlNode&);
  YamlNode& operator=(YamlNode&&) noexcept;
  ~YamlNode();

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }

  // The value under `key`; nullptr if this is no map or has no such key. Lives as long as this node.
  const YamlNode* find(std::string_view key) const;
  // The scalar under `key`, or `fallback` when there is none.
  std::string text(std::string_view key, std::string_view fallback = {}) const;
  // A list of scalars, a single scalar as a list of one, nothing as an empty list.
  std::vector<std::string> texts(std::string_view key) const;
  // YAML 1.2 core schema; nullopt for anything else, and for everything quoted.
  std::optional<std::int64_t> integer() const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
};

// All documents of a stream ("---" between them). An empty text gives no documents.
Result<std::vector<YamlNode>> parse_yaml(std::string_view text, YamlLimits limits = {});
// The only document of a file; an empty file gives a null node. The error begins with "path:line:".
Result<YamlNode> load_yaml(const std::string& path, YamlLimits limits = {});

}  // namespace picket
