#include "parsers/definition_file.h"

#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

#include "base/yaml.h"
#include "event/ecs.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

constexpr std::array<std::pair<std::string_view, ContentFormat>, 9> kFormats = {{
    {"text", ContentFormat::kText},
    {"syslog", ContentFormat::kNone},
    {"json", ContentFormat::kJson},
    {"windows", ContentFormat::kWindows},
    {"sshd", ContentFormat::kSshd},
    {"sudo", ContentFormat::kSudo},
    {"accounts", ContentFormat::kAccounts},
    {"netfilter", ContentFormat::kNetfilter},
    {"access", ContentFormat::kAccess},
}};
constexpr std::array<std::string_view, 16> kKeys = {
    "name",  "description", "format", "dataset", "recognise", "product", "service", "category",
    "layer", "constants",   "fields", "events",  "events_by", "steps",   "macros",  "null"};
constexpr std::array<std::string_view, 11> kRecogniseKeys = {
    "channel", "provider", "program", "prefix", "contains", "contains_all",
    "json",    "cef",      "leef",    "line",   "priority"};
constexpr std::array<std::string_view, 2> kHeaderKeys = {"vendor", "product"};
constexpr std::size_t kMarkerMin = 3;
constexpr std::size_t kEventsMax = 4000;
constexpr std::size_t kRulesMax = 64;
constexpr std::array<std::string_view, 6> kEventKeys = {"action",  "category",  "type",
                                                        "outcome", "constants", "fields"};

using Constants = std::vector<std::pair<FieldId, std::string>>;
using Aliases = std::vector<std::pair<FieldId, FieldId>>;

// Reads one file; every step answers with the first thing that is wrong.
class DefinitionReader {
 public:
  DefinitionReader(const std::string& path, GeoLibrary& geo) : path_(path), geo_(geo) {}

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
    PICKET_TRY_VOID(events_by(root.find("events_by"), made));
    PICKET_TRY_VOID(events(root.find("events"), made));
    PICKET_TRY_VOID(steps(root, made));
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
    const std::string wanted = root.text("format", root.find("steps") != nullptr ? "text" : "");
    for (const auto& [name, format] : kFormats) {
      if (name == wanted) return format;
    }
    const YamlNode* node = root.find("format");
    return error(
        node != nullptr ? *node : root,
        "format is one of text, syslog, json, windows, sshd, sudo, accounts, netfilter, access");
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
    if (!node->is_list()) return recognise_map(*node, made);
    if (node->list.size() > kRulesMax) return error(*node, "recognise has at most 64 maps");
    for (const YamlNode& item : node->list) {
      PICKET_TRY_VOID(recognise_map(item, made));
    }
    return {};
  }

  Result<void> recognise_map(const YamlNode& node, Definition& made) const {
    if (!node.is_map())
      return error(node,
                   "recognise is a map, or a list of maps, of channel, provider, program, prefix, "
                   "contains, contains_all, json, cef, leef, line, priority");
    PICKET_TRY_VOID(known_keys(node, kRecogniseKeys));
    RecogniseRule rule;
    if (const YamlNode* priority = node.find("priority")) {
      const std::optional<std::int64_t> value = priority->integer();
      if (!value || *value < 0 || *value > 100)
        return error(*priority, "priority is a number from 0 to 100");
      rule.priority = made.priority = static_cast<int>(*value);
    }
    for (std::string& channel : node.texts("channel")) made.channels.push_back(std::move(channel));
    for (std::string& provider : node.texts("provider"))
      made.providers.push_back(std::move(provider));
    rule.programs = node.texts("program");
    rule.prefixes = node.texts("prefix");
    rule.any = node.texts("contains");
    rule.all = node.texts("contains_all");
    for (const std::string& prefix : rule.prefixes) {
      if (prefix.empty()) return error(node, "a prefix is not empty");
    }
    for (const auto* texts : {&rule.any, &rule.all}) {
      for (const std::string& text : *texts) {
        if (text.size() < kMarkerMin)
          return error(node, "a text that the record contains has 3 bytes or more");
      }
    }
    for (std::string& program : rule.programs) {
      for (char& c : program) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    PICKET_TRY(rule.cef, header(node.find("cef")));
    PICKET_TRY(rule.leef, header(node.find("leef")));
    PICKET_TRY_VOID(json_tests(node.find("json"), rule));
    if (const YamlNode* line = node.find("line")) {
      rule.access = node.text("line") == "access";
      rule.dated = node.text("line") == "dated";
      if (!rule.access && !rule.dated) return error(*line, "a line is: access, or dated");
      if (rule.dated && rule.programs.empty() && rule.prefixes.empty() && rule.any.empty() &&
          rule.all.empty())
        return error(*line, "many lines are dated: a program, a prefix or a text is needed too");
    }
    const bool empty = rule.programs.empty() && rule.prefixes.empty() && rule.any.empty() &&
                       rule.all.empty() && !rule.cef && !rule.leef && rule.json.empty() &&
                       !rule.access;
    if (empty) return {};
    if (!rule.json.empty() && made.format != ContentFormat::kJson)
      return error(node, "json keys recognise definitions of format json only");
    made.programs.insert(made.programs.end(), rule.programs.begin(), rule.programs.end());
    made.rules.push_back(std::move(rule));
    return {};
  }

  Result<std::optional<RecogniseRule::Header>> header(const YamlNode* node) const {
    if (node == nullptr) return std::optional<RecogniseRule::Header>();
    if (!node->is_map()) return error(*node, "a header is a map of vendor and product");
    PICKET_TRY_VOID(known_keys(*node, kHeaderKeys));
    RecogniseRule::Header made;
    made.vendors = node->texts("vendor");
    made.products = node->texts("product");
    for (auto* texts : {&made.vendors, &made.products}) {
      if (texts->size() == 1 && texts->front() == "*") texts->clear();
    }
    return std::optional(std::move(made));
  }

  Result<void> json_tests(const YamlNode* node, RecogniseRule& rule) const {
    if (node == nullptr) return {};
    if (!node->is_map() || node->map.empty())
      return error(*node, "json is a map of keys and values");
    for (const auto& [key, value] : node->map) {
      RecogniseRule::JsonTest test;
      PICKET_TRY(test.field, field(key));
      test.values = node->texts(key.scalar);
      if (value.is_map()) return error(value, "a value, a list of values or \"*\" is expected");
      if (test.values.size() == 1 && test.values.front() == "*") test.values.clear();
      rule.json.push_back(std::move(test));
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

  Result<void> events_by(const YamlNode* node, Definition& made) const {
    if (node == nullptr) return {};
    if (node->is_scalar()) {
      PICKET_TRY(const FieldId id, field(*node));
      made.events_by.push_back(id);
      return {};
    }
    for (const YamlNode& item : node->list) {
      PICKET_TRY(const FieldId id, field(item));
      made.events_by.push_back(id);
    }
    if (made.events_by.empty()) return error(*node, "events_by is a field, or a list of fields");
    return {};
  }

  Result<void> events(const YamlNode* node, Definition& made) const {
    if (node == nullptr) return {};
    const bool windows = made.format == ContentFormat::kWindows;
    if (!node->is_map())
      return error(*node, windows ? "events is a map of event ids" : "events is a map of values");
    if (!windows && made.events_by.empty())
      return error(*node, "events need events_by, but in format windows");
    if (node->map.size() > kEventsMax) return error(*node, "a definition has at most 4,000 events");
    for (const auto& [key, value] : node->map) {
      if (!value.is_map()) return error(value, "an event is a map");
      PICKET_TRY_VOID(known_keys(value, kEventKeys));
      EventOverride event;
      if (windows) {
        const std::optional<std::int64_t> code = key.integer();
        if (!code || *code < 0) return error(key, "an event id is a number");
        event.code = *code;
      }
      event.key = key.scalar;
      PICKET_TRY_VOID(event_constants(value, event.constants));
      PICKET_TRY_VOID(constants(value.find("constants"), event.constants));
      PICKET_TRY_VOID(aliases(value.find("fields"), event.aliases));
      PICKET_TRY_VOID(event_keys(key, made));
      made.events.push_back(std::move(event));
    }
    return {};
  }

  // "a|b" is two values.
  Result<void> event_keys(const YamlNode& key, Definition& made) const {
    std::string_view rest = key.scalar;
    for (;;) {
      const std::size_t bar = rest.find('|');
      const std::string value(rest.substr(0, bar));
      if (!made.event_index.emplace(value, made.events.size()).second)
        return error(key, "the event " + value + " is there twice");
      if (bar == std::string_view::npos) return {};
      rest.remove_prefix(bar + 1);
    }
  }

  Result<void> steps(const YamlNode& root, Definition& made) const {
    Pattern::Macros macros;
    if (const YamlNode* node = root.find("macros")) {
      if (!node->is_map()) return error(*node, "macros is a map of names and texts");
      for (const auto& [key, value] : node->map) macros[key.scalar] = value.scalar;
    }
    const YamlNode* node = root.find("steps");
    if (node == nullptr) {
      if (made.format == ContentFormat::kText) return error(root, "format text needs steps");
      return {};
    }
    StepReader reader(path_, macros, root.texts("null"), geo_);
    PICKET_TRY(StepList list, reader.list(*node));
    made.steps = std::make_shared<const StepList>(std::move(list));
    PICKET_TRY_VOID(make_late(*node, reader.written(), made.base.constants, made.late));
    for (EventOverride& event : made.events) {
      PICKET_TRY_VOID(make_late(*node, reader.written(), event.constants, event.late));
    }
    return {};
  }

  // Constants of names that a step may put are put behind the steps, where there is none.
  Result<void> make_late(const YamlNode& node, const std::set<FieldId>& written, Constants& all,
                         std::vector<std::pair<FieldId, StepValue>>& late) const {
    for (std::size_t i = 0; i < all.size();) {
      const FieldId field = all[i].first;
      std::size_t end = i;
      YamlNode value;
      value.kind = YamlNode::Kind::kList;
      for (; end < all.size() && all[end].first == field; ++end) {
        YamlNode item;
        item.kind = YamlNode::Kind::kScalar;
        item.scalar = all[end].second;
        value.list.push_back(std::move(item));
      }
      if (!written.contains(field)) {
        i = end;
        continue;
      }
      if (value.list.size() == 1) value = YamlNode(value.list[0]);
      Result<StepValue> made = StepValue::compile(value);
      if (!made) return error(node, made.error().what);
      late.emplace_back(field, *std::move(made));
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i),
                all.begin() + static_cast<std::ptrdiff_t>(end));
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
  GeoLibrary& geo_;
};

}  // namespace

Result<Definition> load_definition(const std::string& path, GeoLibrary& geo) {
  PICKET_TRY(const YamlNode root, load_yaml(path));
  return DefinitionReader(path, geo).read(root);
}

Result<Definition> load_definition(const std::string& path) {
  GeoLibrary none;
  return load_definition(path, none);
}

Result<Definition> read_definition(std::string_view text, const std::string& path) {
  GeoLibrary none;
  return read_definition(text, path, none);
}

Result<Definition> read_definition(std::string_view text, const std::string& path,
                                   GeoLibrary& geo) {
  PICKET_TRY(const std::vector<YamlNode> documents, parse_yaml(text));
  if (documents.size() != 1) return fail(Errc::kInvalid, path + ":1: one document is expected");
  return DefinitionReader(path, geo).read(documents[0]);
}

}  // namespace picket::parsers
