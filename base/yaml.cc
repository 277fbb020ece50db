#include "base/yaml.h"

#include <yaml.h>

#include <charconv>
#include <cmath>

#include "base/file.h"

namespace picket {
namespace {

// Owns libyaml's parser and its current event, which must be freed on every path.
class Events {
 public:
  explicit Events(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    if (held_) yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  Result<yaml_event_t*> next() {
    if (held_) yaml_event_delete(&event_);
    held_ = yaml_parser_parse(&parser_, &event_) != 0;
    if (!held_) {
      return fail(Errc::kInvalid, std::to_string(parser_.problem_mark.line + 1) + ":" +
                                      std::to_string(parser_.problem_mark.column + 1) + ": " +
                                      (parser_.problem != nullptr ? parser_.problem : "not YAML"));
    }
    return &event_;
  }

 private:
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  bool held_ = false;
};

bool plain_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, YamlLimits limits) : events_(text), limits_(limits) {}

  Result<std::vector<YamlNode>> documents() {
    std::vector<YamlNode> all;
    for (;;) {
      PICKET_TRY(yaml_event_t * event, events_.next());
      if (event->type == YAML_STREAM_END_EVENT) return all;
      if (event->type != YAML_DOCUMENT_START_EVENT) continue;
      PICKET_TRY(yaml_event_t * root, events_.next());
      PICKET_TRY(YamlNode node, build(*root, 1));
      all.push_back(std::move(node));
    }
  }

 private:
  static std::string where(const yaml_event_t& event) {
    return std::to_string(event.start_mark.line + 1) + ":" +
           std::to_string(event.start_mark.column + 1) + ": ";
  }

  Result<YamlNode> build(const yaml_event_t& event, std::size_t depth) {
    if (++nodes_ > limits_.nodes_max) return fail(Errc::kLimit, where(event) + "too many nodes");
    if (depth > limits_.depth_max) return fail(Errc::kLimit, where(event) + "nested too deep");
    if (anchored(event)) {
      return fail(Errc::kInvalid, where(event) + "anchors and aliases are not accepted");
    }
    YamlNode node;
    node.line = static_cast<int>(event.start_mark.line) + 1;
    node.column = static_cast<int>(event.start_mark.column) + 1;
    if (event.type == YAML_SCALAR_EVENT) {
      fill_scalar(event, node);
      return node;
    }
    node.kind = event.type == YAML_SEQUENCE_START_EVENT ? YamlNode::Kind::kList : YamlNode::Kind::kMap;
    PICKET_TRY_VOID(node.is_list() ? fill_list(node, depth) : fill_map(node, depth));
    return node;
  }

  static bool anchored(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_ALIAS_EVENT: return true;
      case YAML_SCALAR_EVENT: return event.data.scalar.anchor != nullptr;
      case YAML_SEQUENCE_START_EVENT: return event.data.sequence_start.anchor != nullptr;
      case YAML_MAPPING_START_EVENT: return event.data.mapping_start.anchor != nullptr;
      default: return false;
    }
  }

  static void fill_scalar(const yaml_event_t& event, YamlNode& node) {
    node.scalar.assign(reinterpret_cast<const char*>(event.data.scalar.value),
                       event.data.scalar.length);
    node.quoted = event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node.kind = !node.quoted && plain_null(node.scalar) ? YamlNode::Kind::kNull
                                                        : YamlNode::Kind::kScalar;
  }

  Result<void> fill_list(YamlNode& node, std::size_t depth) {
    for (;;) {
      PICKET_TRY(yaml_event_t * event, events_.next());
      if (event->type == YAML_SEQUENCE_END_EVENT) return {};
      PICKET_TRY(YamlNode item, build(*event, depth + 1));
      node.list.push_back(std::move(item));
    }
  }

  Result<void> fill_map(YamlNode& node, std::size_t depth) {
    for (;;) {
      PICKET_TRY(yaml_event_t * event, events_.next());
      if (event->type == YAML_MAPPING_END_EVENT) return {};
      if (event->type != YAML_SCALAR_EVENT) {
        return fail(Errc::kInvalid, where(*event) + "a key must be a plain word or a string");
      }
      const std::string at = where(*event);
      PICKET_TRY(YamlNode key, build(*event, depth + 1));
      if (node.find(key.scalar) != nullptr) {
        return fail(Errc::kInvalid, at + "key '" + key.scalar + "' is repeated");
      }
      PICKET_TRY(yaml_event_t * value_event, events_.next());
      PICKET_TRY(YamlNode value, build(*value_event, depth + 1));
      node.map.emplace_back(std::move(key), std::move(value));
    }
  }

  Events events_;
  YamlLimits limits_;
  std::size_t nodes_ = 0;
};

}  // namespace

YamlNode::YamlNode() = default;
YamlNode::YamlNode(const YamlNode&) = default;
YamlNode::YamlNode(YamlNode&&) noexcept = default;
YamlNode& YamlNode::operator=(const YamlNode&) = default;
YamlNode& YamlNode::operator=(YamlNode&&) noexcept = default;
YamlNode::~YamlNode() = default;

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : map) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

std::string YamlNode::text(std::string_view key, std::string_view fallback) const {
  const YamlNode* node = find(key);
  return node != nullptr && node->is_scalar() ? node->scalar : std::string(fallback);
}

std::vector<std::string> YamlNode::texts(std::string_view key) const {
  std::vector<std::string> all;
  const YamlNode* node = find(key);
  if (node == nullptr) return all;
  if (node->is_scalar()) all.push_back(node->scalar);
  for (const YamlNode& item : node->list) {
    if (item.is_scalar()) all.push_back(item.scalar);
  }
  return all;
}

std::optional<std::int64_t> YamlNode::integer() const {
  if (quoted || !is_scalar()) return std::nullopt;
  std::int64_t value = 0;
  std::string_view digits = scalar;
  const bool hex = digits.starts_with("0x");
  if (hex) digits.remove_prefix(2);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<double> YamlNode::number() const {
  if (quoted || !is_scalar()) return std::nullopt;
  if (const auto whole = integer()) return static_cast<double>(*whole);
  double value = 0;
  const auto [end, error] = std::from_chars(scalar.data(), scalar.data() + scalar.size(), value);
  if (error != std::errc() || end != scalar.data() + scalar.size()) return std::nullopt;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<bool> YamlNode::boolean() const {
  if (quoted || !is_scalar()) return std::nullopt;
  if (scalar == "true" || scalar == "True" || scalar == "TRUE") return true;
  if (scalar == "false" || scalar == "False" || scalar == "FALSE") return false;
  return std::nullopt;
}

Result<std::vector<YamlNode>> parse_yaml(std::string_view text, YamlLimits limits) {
  if (text.size() > limits.bytes_max) {
    return fail(Errc::kLimit, "1:1: longer than " + std::to_string(limits.bytes_max) + " bytes");
  }
  return TreeBuilder(text, limits).documents();
}

Result<YamlNode> load_yaml(const std::string& path, YamlLimits limits) {
  PICKET_TRY(const std::string text, read_file(path, limits.bytes_max));
  Result<std::vector<YamlNode>> documents = parse_yaml(text, limits);
  if (!documents) return fail(documents.error().code, path + ":" + documents.error().what);
  if (documents->size() > 1) {
    return fail(Errc::kInvalid, path + ":" + std::to_string((*documents)[1].line) +
                                    ":1: one document is expected here, a second one starts");
  }
  return documents->empty() ? YamlNode{} : std::move(documents->front());
}

}  // namespace picket
