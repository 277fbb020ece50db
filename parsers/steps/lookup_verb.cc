// lookup: a value by another, from a table in the definition or beside it.
#include <unordered_map>

#include "base/ascii.h"
#include "base/file.h"
#include "base/hash.h"
#include "parsers/formats/csv.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kFileMax = 4U << 20;  // bytes of a table

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash64(text); }
};

std::string lowered(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = ascii_lower(c);
  return made;
}

class LookupVerb : public Verb {
 public:
  using Row = std::vector<std::pair<FieldId, StepValue>>;

  Outcome run(Work& work) const override {
    const Row* row = find(work);
    if (row == nullptr) return Outcome::kFailed;
    for (const auto& [field, value] : *row) value.put(work, field);
    return Outcome::kDone;
  }

  StepKey key;
  FieldId to{};
  bool has_to = false;
  bool nocase = false;
  Row otherwise;
  std::vector<Row> rows;
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> index;

 private:
  const Row* find(Work& work) const {
    const std::string_view text = key.text(work);
    if (!text.empty()) {
      const auto found = nocase ? index.find(lowered(text)) : index.find(text);
      if (found != index.end()) return &rows[found->second];
    }
    return otherwise.empty() ? nullptr : &otherwise;
  }
};

// A text or a list for `to`, or a map of fields.
Result<LookupVerb::Row> read_row(StepReader& reader, const LookupVerb& verb, const YamlNode& node) {
  LookupVerb::Row row;
  if (!node.is_map()) {
    if (!verb.has_to)
      return reader.error(node, "lookup needs to, or values that are maps of fields");
    PICKET_TRY(StepValue value, reader.value(node));
    row.emplace_back(verb.to, std::move(value));
    return row;
  }
  for (const auto& [name, item] : node.map) {
    PICKET_TRY(const FieldId field, reader.field(name));
    PICKET_TRY(StepValue value, reader.value(item));
    row.emplace_back(field, std::move(value));
  }
  return row;
}

// "a|b" is two keys.
Result<void> add_key(StepReader& reader, LookupVerb& verb, const YamlNode& node) {
  std::string_view rest = node.scalar;
  for (;;) {
    const std::size_t bar = rest.find('|');
    PICKET_TRY_VOID(reader.count_row(node));
    const std::string_view part = rest.substr(0, bar);
    if (!verb.index.emplace(verb.nocase ? lowered(part) : std::string(part), verb.rows.size() - 1)
             .second)
      return reader.error(node, "the key " + std::string(part) + " is there twice");
    if (bar == std::string_view::npos) return {};
    rest.remove_prefix(bar + 1);
  }
}

Result<void> read_table(StepReader& reader, LookupVerb& verb, const YamlNode& table) {
  return reader.entries(table, "a table is a map of keys and values",
                        [&](const YamlNode& key, const YamlNode& node) -> Result<void> {
                          PICKET_TRY(LookupVerb::Row row, read_row(reader, verb, node));
                          verb.rows.push_back(std::move(row));
                          return add_key(reader, verb, key);
                        });
}

// Lines of "key,value"; empty lines and those that begin with '#' are none.
Result<void> read_lines(StepReader& reader, LookupVerb& verb, const YamlNode& node) {
  const std::string& name = node.scalar;
  if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos)
    return reader.error(node, "a table is a file beside the definition or below it");
  Result<std::string> text = read_file(reader.beside(name), kFileMax);
  if (!text) return reader.error(node, text.error());
  if (!verb.has_to) return reader.error(node, "lookup needs to");
  Arena arena;
  std::vector<std::string_view> values;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    values.clear();
    read_csv(line, {}, arena, values);
    if (values.size() < 2)
      return reader.error(
          node, "a line of " + name + " is no key,value: " + std::string(line.substr(0, 80)));
    PICKET_TRY_VOID(reader.count_row(node));
    YamlNode value;
    value.kind = YamlNode::Kind::kScalar;
    value.quoted = true;
    value.line = node.line;
    value.scalar = values[1];
    PICKET_TRY(StepValue made, reader.value(value));
    LookupVerb::Row row;
    row.emplace_back(verb.to, std::move(made));
    verb.rows.push_back(std::move(row));
    verb.index.emplace(verb.nocase ? lowered(values[0]) : std::string(values[0]),
                       verb.rows.size() - 1);
  }
  return {};
}

}  // namespace

MadeVerb make_lookup(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<LookupVerb>();
  PICKET_TRY(made->key, StepKey::read(reader, source.argument));
  PICKET_TRY(made->nocase, reader.flag(source.step, "nocase", false));
  made->has_to = made->key.is_field();
  made->to = made->key.field();
  if (const YamlNode* to = source.step.find("to")) {
    PICKET_TRY(made->to, reader.field(*to));
    made->has_to = true;
  }
  const YamlNode* table = source.step.find("table");
  const YamlNode* file = source.step.find("file");
  if ((table == nullptr) == (file == nullptr))
    return reader.error(source.step, "lookup needs a table or a file");
  if (table != nullptr) {
    PICKET_TRY_VOID(read_table(reader, *made, *table));
  } else {
    PICKET_TRY_VOID(read_lines(reader, *made, *file));
  }
  if (const YamlNode* otherwise = source.step.find("default")) {
    PICKET_TRY(made->otherwise, read_row(reader, *made, *otherwise));
  }
  return made;
}

}  // namespace picket::parsers
