#include "parsers/steps/step_reader.h"

#include <algorithm>
#include <array>

#include "base/nearest.h"
#include "event/ecs.h"

namespace picket::parsers {
namespace {

enum class VerbKind : std::uint8_t { kReader, kValue, kFlow };

struct VerbEntry {
  std::string_view name;
  VerbMaker make;
  VerbKind kind;
  std::string_view options;  // beside the common ones
};

constexpr std::array<VerbEntry, 37> kVerbs = {{
    {"pattern", make_pattern, VerbKind::kReader, ""},
    {"dissect", make_dissect, VerbKind::kReader, "append"},
    {"regex", make_regex, VerbKind::kReader, ""},
    {"kv", make_kv, VerbKind::kReader, ""},
    {"csv", make_csv, VerbKind::kReader, ""},
    {"cef", make_cef, VerbKind::kReader, ""},
    {"leef", make_leef, VerbKind::kReader, ""},
    {"w3c", make_w3c, VerbKind::kReader, ""},
    {"xml", make_xml, VerbKind::kReader, ""},
    {"json", make_json, VerbKind::kReader, ""},
    {"sd", make_sd, VerbKind::kReader, ""},
    {"syslog", make_syslog, VerbKind::kReader, ""},
    {"date", make_date, VerbKind::kValue, "formats zone to"},
    {"set", make_set, VerbKind::kValue, "override"},
    {"default", make_default, VerbKind::kValue, ""},
    {"append", make_append, VerbKind::kValue, ""},
    {"rename", make_rename, VerbKind::kValue, "override"},
    {"copy", make_copy, VerbKind::kValue, "override"},
    {"remove", make_remove, VerbKind::kValue, ""},
    {"split", make_split, VerbKind::kValue, "by to trim"},
    {"sum", make_sum, VerbKind::kValue, ""},
    {"collect", make_collect, VerbKind::kValue, ""},
    {"pairs", make_pairs, VerbKind::kValue, ""},
    {"replace", make_replace, VerbKind::kValue, "by to"},
    {"lookup", make_lookup, VerbKind::kValue, "table file to default nocase"},
    {"convert", make_convert, VerbKind::kValue, ""},
    {"url", make_url, VerbKind::kValue, "to"},
    {"address", make_address, VerbKind::kValue, ""},
    {"transport", make_transport, VerbKind::kValue, ""},
    {"direction", make_direction, VerbKind::kValue, "internal"},
    {"hash", make_hash, VerbKind::kValue, ""},
    {"geoip", make_geoip, VerbKind::kValue, ""},
    {"switch", make_switch, VerbKind::kFlow, "cases default nocase"},
    {"steps", make_block, VerbKind::kFlow, "else"},
    {"fail", make_fail, VerbKind::kFlow, ""},
    {"stop", make_stop, VerbKind::kFlow, ""},
    {"if", nullptr, VerbKind::kFlow, ""},  // a hint, see below
}};
constexpr std::string_view kCommon = "field prefix when on_failure name null";

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos;
       at = words.find(word, at + 1)) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const std::size_t end = at + word.size();
    if (begins && (end == words.size() || words[end] == ' ')) return !word.empty();
  }
  return false;
}

// The verb of a step: the one key that is one, before those that are options of others ("default"
// of a lookup).
const VerbEntry* verb_of(const YamlNode& step, std::size_t& count) {
  const VerbEntry* found = nullptr;
  count = 0;
  for (const VerbEntry& verb : kVerbs) {
    if (verb.make == nullptr || step.find(verb.name) == nullptr) continue;
    bool option = false;
    for (const VerbEntry& other : kVerbs) {
      option |=
          &other != &verb && step.find(other.name) != nullptr && has_word(other.options, verb.name);
    }
    if (option) continue;
    ++count;
    found = &verb;
  }
  return found;
}

std::string unknown_key(std::string_view key, std::string_view keys) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < keys.size();) {
    const std::size_t end = std::min(keys.find(' ', at), keys.size());
    if (end > at) all.emplace_back(keys.substr(at, end - at));
    at = end + 1;
  }
  std::string reason = "unknown key " + std::string(key) + "; here are known:";
  for (const std::string& name : all) reason += " " + name;
  return reason;
}

}  // namespace

tl::unexpected<Error> StepReader::error(const YamlNode& node, const std::string& reason) const {
  return fail(Errc::kInvalid,
              path_ + ":" + std::to_string(node.line == 0 ? 1 : node.line) + ": " + reason);
}

Result<FieldId> StepReader::field(const YamlNode& node) const {
  if (!node.is_scalar() || node.scalar.empty()) return error(node, "a field name is expected");
  if (node.scalar.find_first_of(" %{}") != std::string::npos)
    return error(node, "'" + node.scalar + "' is no field name");
  const std::optional<FieldId> id = intern_field(node.scalar);
  if (!id) return error(node, "too many field names are in use");
  note_written(*id);
  return *id;
}

Result<std::vector<FieldId>> StepReader::fields(const YamlNode& node) const {
  std::vector<FieldId> made;
  if (!node.is_list()) {
    PICKET_TRY(const FieldId id, field(node));
    made.push_back(id);
    return made;
  }
  for (const YamlNode& item : node.list) {
    PICKET_TRY(const FieldId id, field(item));
    made.push_back(id);
  }
  if (made.empty()) return error(node, "a field name is expected");
  return made;
}

Result<StepValue> StepReader::value(const YamlNode& node) const {
  Result<StepValue> made = StepValue::compile(node);
  if (!made) return error(node, made.error());
  return made;
}

Result<void> StepReader::entries(const YamlNode& node, const std::string& what,
                                 const Entry& each) const {
  if (!node.is_map() || node.map.empty()) return error(node, what);
  for (const auto& [key, value] : node.map) {
    PICKET_TRY_VOID(each(key, value));
  }
  return {};
}

Result<void> StepReader::known(const YamlNode& map, std::string_view keys) const {
  if (map.is_null()) return {};
  if (!map.is_map()) return error(map, "a map of options is expected");
  for (const auto& [key, value] : map.map) {
    if (!has_word(keys, key.scalar)) return error(key, unknown_key(key.scalar, keys));
  }
  return {};
}

Result<bool> StepReader::flag(const YamlNode& map, std::string_view key, bool otherwise) const {
  const YamlNode* node = map.find(key);
  if (node == nullptr) return otherwise;
  const std::optional<bool> value = node->boolean();
  if (!value) return error(*node, std::string(key) + " is true or false");
  return *value;
}

Result<char> StepReader::character(const YamlNode& map, std::string_view key,
                                   char otherwise) const {
  const YamlNode* node = map.find(key);
  if (node == nullptr) return otherwise;
  if (node->is_scalar() && node->scalar.size() <= 1)
    return node->scalar.empty() ? '\0' : node->scalar[0];
  if (node->is_scalar() && (node->scalar == "\\t" || node->scalar == "tab")) return '\t';
  return error(*node, std::string(key) + " is one character");
}

Result<void> StepReader::count_pattern(const YamlNode& node) {
  if (++patterns_ > kPatternsMax) return error(node, "a definition has at most 4,000 patterns");
  return {};
}

Result<void> StepReader::count_row(const YamlNode& node) {
  if (++rows_ > kRowsMax) return error(node, "a definition has at most 20,000 rows in its tables");
  return {};
}

std::string StepReader::beside(std::string_view name) const {
  const std::size_t slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path_.substr(0, slash + 1);
  return folder + std::string(name);
}

Result<StepList> StepReader::list(const YamlNode& node) {
  StepList made;
  if (node.is_null()) return made;
  if (!node.is_list()) return error(node, "steps are a list");
  if (++depth_ > kDepthMax) return error(node, "steps are nested more than 16 levels deep");
  for (const YamlNode& item : node.list) {
    PICKET_TRY(Step one, step(item));
    made.push_back(std::move(one));
  }
  --depth_;
  return made;
}

Result<Step> StepReader::step(const YamlNode& node) {
  if (++steps_ > kStepsMax) return error(node, "a definition has at most 2,000 steps");
  if (!node.is_map()) return error(node, "a step is a map with one verb");
  std::size_t count = 0;
  const VerbEntry* verb = verb_of(node, count);
  if (count != 1) {
    std::string names;
    for (const VerbEntry& entry : kVerbs) {
      if (entry.make != nullptr) names += " " + std::string(entry.name);
    }
    return error(node, (count == 0 ? "a step without a verb; verbs are:"
                                   : "a step has one verb; verbs are:") +
                           names);
  }
  PICKET_TRY_VOID(known(node, std::string(kCommon) + " " + std::string(verb->name) + " " +
                                  std::string(verb->options)));
  Step made;
  made.verb = verb->name;
  made.line = node.line;
  made.flow = verb->kind == VerbKind::kFlow;
  PICKET_TRY_VOID(common(node, made, verb->kind == VerbKind::kReader));
  VerbSource source{.argument = *node.find(verb->name),
                    .step = node,
                    .field = ecs::kMessage,
                    .field_given = false,
                    .prefix = node.text("prefix"),
                    .nulls = NullWords(node.find("null") == nullptr ? nulls_ : node.texts("null"))};
  if (const YamlNode* from = node.find("field")) {
    PICKET_TRY(source.field, field(*from));
    source.field_given = true;
  }
  PICKET_TRY(made.run, verb->make(*this, source));
  return made;
}

Result<void> StepReader::common(const YamlNode& node, Step& made, bool reader) {
  made.name = node.text("name");
  made.on_failure = reader ? OnFailure::kFail : OnFailure::kContinue;
  const YamlNode* when = node.find("when");
  if (when != nullptr && node.find("else") == nullptr) {  // with an else, the block asks itself
    if (!when->is_scalar()) return error(*when, "when is an expression");
    Result<std::unique_ptr<const Condition>> condition = Condition::compile(when->scalar);
    if (!condition) return error(*when, condition.error());
    made.when = *std::move(condition);
  }
  const YamlNode* failure = node.find("on_failure");
  if (failure == nullptr) return {};
  if (failure->is_list()) {
    made.on_failure = OnFailure::kSteps;
    PICKET_TRY(made.recovery, list(*failure));
    return {};
  }
  if (failure->scalar == "fail") {
    made.on_failure = OnFailure::kFail;
  } else if (failure->scalar == "continue") {
    made.on_failure = OnFailure::kContinue;
  } else if (failure->scalar == "stop") {
    made.on_failure = OnFailure::kStop;
  } else {
    return error(*failure, "on_failure is fail, continue, stop or a list of steps");
  }
  return {};
}

Result<StepKey> StepKey::read(const StepReader& reader, const YamlNode& node) {
  StepKey made;
  if (node.is_scalar() && node.scalar.find("%{") != std::string::npos) {
    Result<Template> text = Template::compile(node.scalar);
    if (!text) return reader.error(node, text.error());
    made.made_ = *std::move(text);
    made.template_ = true;
    return made;
  }
  PICKET_TRY(made.field_, reader.field(node));
  return made;
}

}  // namespace picket::parsers
