#include "tests/conformance/recorded_event.h"

#include <nlohmann/json.hpp>

namespace picket::conformance {
namespace {

// Every text and number of a JSON document, numbers as they are written.
class Leaves : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<std::string> texts;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t value) override { return add(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override { return add(std::to_string(value)); }
  bool number_float(double, const std::string& token) override { return add(token); }
  bool string(std::string& value) override { return add(value); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return true; }
  bool key(std::string&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  bool add(std::string text) {
    texts.push_back(std::move(text));
    return true;
  }
};

}  // namespace

rules::PlainEvent plain_event(Batch& batch, std::size_t index) {
  rules::PlainEvent plain;
  const Event& event = batch.events()[index];
  for (const Field& field : batch.fields(event)) {
    std::vector<std::string>& values = plain.fields[std::string(field_name(field.id))];
    for_each_value(field, [&](const Field& value) {
      if (value.kind != ValueKind::kNull) values.emplace_back(field_text(value, batch.arena()));
    });
  }
  std::map<std::string, std::vector<std::string>> constants;
  for (const auto& [id, value] : kind_of(event.kind).constants)
    constants[std::string(field_name(id))].push_back(value);
  for (const auto& [name, values] : constants) plain.fields.try_emplace(name, values);
  const std::string_view raw = batch.records()[index].raw;
  if (raw.starts_with('{')) {
    Leaves leaves;
    nlohmann::json::sax_parse(raw.begin(), raw.end(), &leaves);
    plain.leaves = std::move(leaves.texts);
  } else {
    plain.leaves.emplace_back(raw);
  }
  return plain;
}

rules::FieldNames names_in(const rules::Taxonomy& taxonomy, const rules::LogSource& source,
                           const EventKind& kind) {
  return [&taxonomy, &source, &kind](const std::string& field) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
      for (const auto& [ecs, original] : kind.aliases) {
        if (field_name(ecs) == name) names.emplace_back(field_name(original));
      }
      names.push_back(name);
    };
    if (const auto ecs = taxonomy.ecs_name(source, field)) add(std::string(*ecs));
    add(rules::literal_names(field).front());
    return names;
  };
}

}  // namespace picket::conformance
