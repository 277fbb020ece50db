#include "event/event_json.h"

#include <charconv>

#include "base/time.h"
#include "event/ecs.h"

namespace picket {
namespace {

Json scalar_json(const Field& field, Arena& arena) {
  switch (field.kind) {
    case ValueKind::kNull: return nullptr;
    case ValueKind::kBool: return field.token() == "true";
    case ValueKind::kNumber: {
      Json number = Json::parse(field.token(), nullptr, false);
      return number.is_number() ? number : Json(field.token());
    }
    case ValueKind::kString: return std::string(field_text(field, arena));
    case ValueKind::kArray: break;
  }
  return std::string(field.token());
}

Json value_json(const Field& field, Arena& arena) {
  if (field.kind != ValueKind::kArray) return scalar_json(field, arena);
  Json list = Json::array();
  for_each_value(field, [&](const Field& element) { list.push_back(scalar_json(element, arena)); });
  return list;
}

// A constant that a kind states more than once is a list: event.type [user, creation].
void set_constants(Json& json, const EventKind& kind) {
  for (std::size_t i = 0; i < kind.constants.size();) {
    const FieldId id = kind.constants[i].first;
    Json values = Json::array();
    for (; i < kind.constants.size() && kind.constants[i].first == id; ++i) values.push_back(kind.constants[i].second);
    set_nested(json, field_name(id), values.size() == 1 ? values.front() : values);
  }
}

// The record itself, when it is one JSON object: its fields stay under their own names.
Json original_object(std::string_view raw) {
  if (raw.empty() || (raw[0] != '{' && raw[0] != ' ')) return Json::object();
  Result<Json> json = parse_json(raw);
  return json && json->is_object() ? *std::move(json) : Json::object();
}

}  // namespace

void set_nested(Json& object, std::string_view dotted, Json value) {
  Json* at = &object;
  std::string_view rest = dotted;
  for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    const std::string key(rest.substr(0, dot));
    auto found = at->find(key);
    if (found != at->end() && !found->is_object()) break;
    if (found == at->end()) (*at)[key] = Json::object();
    at = &(*at)[key];
    rest.remove_prefix(dot + 1);
  }
  (*at)[std::string(rest)] = std::move(value);
}

Json event_json(Batch& batch, const Event& event, std::string_view source) {
  const Record& record = batch.records()[static_cast<std::size_t>(&event - batch.events().data())];
  const EventKind& kind = kind_of(event.kind);
  Json json = Json::object();
  json["@timestamp"] = format_time(event.time_ns);
  const Json original = original_object(record.raw);
  for (const auto& [key, value] : original.items()) {
    if (key != "@timestamp") json[key] = value;
  }
  if (!kind.dataset.empty()) set_nested(json, "event.dataset", kind.dataset);
  set_constants(json, kind);
  for (const Field& field : batch.fields(event)) {
    const FieldId ecs = kind.ecs_of(field.id);
    if (ecs == ecs::kTimestamp) continue;
    // An original field without an ECS name is in the object already.
    if (ecs == field.id && !original.empty() && static_cast<std::uint16_t>(ecs) >= static_cast<std::uint16_t>(ecs::Index::kCount)) continue;
    set_nested(json, field_name(ecs), value_json(field, batch.arena()));
  }
  if (event.layer != Layer::kNone) set_nested(json, "observer.layer", std::string(layer_name(event.layer)));
  set_nested(json, "event.original", std::string(record.raw));
  set_nested(json, "event.ingested", format_time(record.received_ns));
  set_nested(json, "picket.parse_status", std::string(parse_status_name(event.status)));
  if (!source.empty()) set_nested(json, "picket.source", std::string(source));
  set_nested(json, "picket.seq", record.seq);
  if (record.length != record.raw.size()) set_nested(json, "picket.truncated_from", record.length);
  return json;
}

}  // namespace picket
