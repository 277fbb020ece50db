#include "parsers/definition_file.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/yaml.h"
#include "event/ecs.h"

namespace picket::parsers {
namespace {

constexpr std::array<std::pair<std::string_view, ContentFormat>, 8> kFormats = {{
    {"syslog", ContentFormat::kNone},
    {"json", ContentFormat::kJson},
    {"windows", ContentFormat::kWindows},
    {"sshd", ContentFormat::kSshd},
    {"sudo", ContentFormat::kSudo},
    {"accounts", ContentFormat::kAccounts},
    {"netfilter", ContentFormat::kNetfilter},
    {"access", ContentFormat::kAccess},
}};
constexpr std::array<std::string_view, 12> kKeys = {
    "name",    "description", "format", "dataset",   "recognise", "product",
    "service", "category",    "layer",  "constants", "fields",    "events"};
constexpr std::array<std::string_view, 4> kRecogniseKeys = {"channel", "provider", "program",
                                                            "prefix"};
constexpr std::array<std::string_view, 6> kEventKeys = {"action",  "category",  "type",
                                                        "outcome", "constants", "fields"};

using Constants = std::vector<std::pair<FieldId, std::string>>;
using Aliases = std::vector<std::pair<FieldId, FieldId>>;

// Reads one file; every step answers with the first thing that is wrong.
class DefinitionReader {
 public:
  explicit DefinitionReader(const std::string& path) : path_(path) {}

  Result<Definition> read(const YamlNode& root) {
    if (!root.is_map()) return error(root, "a source definition is a map of keys");
    PICKET_TRY_VOID(known_keys(root, kKeys));
    Definition made;
    made.path = path_;
    made.name = root.text("name");
    made.base.dataset = root.text("dataset");
    if (made.name.empty()) return error(root, "name is missing");
    if (made.base.dataset.empty()) return error(root, "dataset is missing");
    made.base.product = root.text("product");
    made.base.service = root.text("service");
    made.base.category = root.text("category");
    PICKET_TRY(made.format, format(root));
    PICKET_TRY(made.base.layer, layer(root));
    PICKET_TRY_VOID(recognise(root, made));
    PICKET_TRY_VOID(constants(root.find("constants"), made.base.constants));
    PICKET_TRY_VOID(aliases(root.find("fields"), made.base.aliases));
    PICKET_TRY_VOID(events(root.find("events"), made));
    return made;
  }

 private:
  tl::unexpected<Error> error(const YamlNode& node, const std::string& reason) const {
    return fail(Errc::kInvalid,
                path_ + ":" + std::to_string(node.line == 0 ? 1 : node.line) + ": " + reason);
  }

  template <std::size_t kCount>
  Result<void> known_keys(const YamlNode& map,
                          const std::array<std::string_view, kCount>& known) const {
    for (const auto& [key, value] : map.map) {
      bool found = false;
      for (const std::string_view name : known) found |= name == key.scalar;
      if (!found) return error(key, "unknown key " + key.scalar);
    }
    return {};
  }

  Result<ContentFormat> format(const YamlNode& root) const {
    const std::string wanted = root.text("format");
    for (const auto& [name, format] : kFormats) {
      if (name == wanted) return format;
    }
    const YamlNode* node = root.find("format");
    return error(node != nullptr ? *node : root,
                 "format is one of syslog, json, windows, sshd, sudo, accounts, netfilter, access");
  }

  Result<Layer> layer(const YamlNode& root) const {
    const YamlNode* node = root.find("layer");
    if (node == nullptr) return Layer::kNone;
    const Layer found = layer_of(node->scalar);
    if (found == Layer::kNone) {
      return error(*node, "layer is one of network, server, application, endpoint");
    }
    return found;
  }

  Result<void> recognise(const YamlNode& root, Definition& made) const {
    const YamlNode* node = root.find("recognise");
    if (node == nullptr) return {};
    if (!node->is_map())
      return error(*node, "recognise is a map of channel, provider, program, prefix");
    PICKET_TRY_VOID(known_keys(*node, kRecogniseKeys));
    made.channels = node->texts("channel");
    made.providers = node->texts("provider");
    made.programs = node->texts("program");
    made.prefixes = node->texts("prefix");
    for (const std::string& prefix : made.prefixes) {
      if (prefix.empty()) return error(*node, "a prefix is not empty");
    }
    return {};
  }

  Result<FieldId> field(const YamlNode& node) const {
    if (!node.is_scalar() || node.scalar.empty()) return error(node, "a field name is expected");
    const std::optional<FieldId> id = intern_field(node.scalar);
    if (!id) return error(node, "too many field names are in use");
    return *id;
  }

  Result<void> add_constant(FieldId id, const YamlNode& value, Constants& out) const {
    if (value.is_scalar()) {
      out.emplace_back(id, value.scalar);
      return {};
    }
    if (!value.is_list()) return error(value, "a constant is a value or a list of values");
    for (const YamlNode& item : value.list) {
      if (!item.is_scalar()) return error(item, "a constant is a value or a list of values");
      out.emplace_back(id, item.scalar);
    }
    return {};
  }

  Result<void> constants(const YamlNode* node, Constants& out) const {
    if (node == nullptr) return {};
    if (!node->is_map()) return error(*node, "constants is a map of ECS names and values");
    for (const auto& [key, value] : node->map) {
      PICKET_TRY(const FieldId id, field(key));
      PICKET_TRY_VOID(add_constant(id, value, out));
    }
    return {};
  }

  Result<void> aliases(const YamlNode* node, Aliases& out) const {
    if (node == nullptr) return {};
    if (!node->is_map()) return error(*node, "fields is a map of original and ECS names");
    for (const auto& [key, value] : node->map) {
      PICKET_TRY(const FieldId original, field(key));
      if (!value.is_list()) {
        PICKET_TRY(const FieldId ecs, field(value));
        out.emplace_back(ecs, original);
        continue;
      }
      for (const YamlNode& item : value.list) {
        PICKET_TRY(const FieldId ecs, field(item));
        out.emplace_back(ecs, original);
      }
    }
    return {};
  }

  Result<void> events(const YamlNode* node, Definition& made) const {
    if (node == nullptr) return {};
    if (!node->is_map()) return error(*node, "events is a map of event ids");
    if (made.format != ContentFormat::kWindows) {
      return error(*node, "events belong to format windows only");
    }
    for (const auto& [key, value] : node->map) {
      const std::optional<std::int64_t> code = key.integer();
      if (!code || *code < 0) return error(key, "an event id is a number");
      if (!value.is_map()) return error(value, "an event is a map");
      PICKET_TRY_VOID(known_keys(value, kEventKeys));
      EventOverride made_event;
      made_event.code = *code;
      PICKET_TRY_VOID(event_constants(value, made_event.constants));
      PICKET_TRY_VOID(constants(value.find("constants"), made_event.constants));
      PICKET_TRY_VOID(aliases(value.find("fields"), made_event.aliases));
      made.events.push_back(std::move(made_event));
    }
    return {};
  }

  Result<void> event_constants(const YamlNode& event, Constants& out) const {
    constexpr std::array<std::pair<std::string_view, FieldId>, 4> kNames = {{
        {"action", ecs::kEventAction},
        {"category", ecs::kEventCategory},
        {"type", ecs::kEventType},
        {"outcome", ecs::kEventOutcome},
    }};
    for (const auto& [name, id] : kNames) {
      const YamlNode* value = event.find(name);
      if (value == nullptr) continue;
      PICKET_TRY_VOID(add_constant(id, *value, out));
    }
    return {};
  }

  const std::string& path_;
};

}  // namespace

Result<Definition> load_definition(const std::string& path) {
  PICKET_TRY(const YamlNode root, load_yaml(path));
  return DefinitionReader(path).read(root);
}

}  // namespace picket::parsers
