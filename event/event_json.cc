#include "event/event_json.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/time.h"
#include "event/ecs.h"
#include "event/ecs_type.h"

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

// As its ECS name wants it: numbers that a source wrote as text, names that it wrote as a number.
Json typed_json(const Field& field, EcsType type, Arena& arena) {
  if (type == EcsType::kKeyword && field.kind == ValueKind::kNumber) return std::string(field.token());
  if (type == EcsType::kNumber && field.kind == ValueKind::kString && field.size < 20) {
    Json number = Json::parse(field.token(), nullptr, false);
    if (number.is_number()) return number;
  }
  return scalar_json(field, arena);
}

// `aliased`: of a list that stands for addresses only what is one.
Json value_json(const Field& field, std::string_view name, bool aliased, Arena& arena) {
  const EcsType type = ecs_type(name);
  if (field.kind != ValueKind::kArray) return typed_json(field, type, arena);
  Json list = Json::array();
  for_each_value(field, [&](const Field& element) {
    if (aliased && type == EcsType::kIp && !is_address(element)) return;
    list.push_back(typed_json(element, type, arena));
  });
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

// Has the object something under that dotted name, or a list on the way to it?
bool has_nested(const Json& object, std::string_view dotted) {
  const Json* at = &object;
  while (true) {
    if (!at->is_object()) return at->is_array();
    if (at->contains(dotted)) return true;
    const std::size_t dot = dotted.find('.');
    if (dot == std::string_view::npos) return false;
    const auto found = at->find(dotted.substr(0, dot));
    if (found == at->end()) return false;
    at = &*found;
    dotted.remove_prefix(dot + 1);
  }
}

// Writes the fields of one event under their ECS names, and under their own where the record does not
// show them.
class FieldWriter {
 public:
  FieldWriter(Json& json, Batch& batch, const Event& event, const Json& original)
      : json_(json), batch_(batch), event_(event), kind_(kind_of(event.kind)), original_(original) {}

  void write() {
    for (const Field& field : batch_.fields(event_)) write_ecs(field);
    for (const Field& field : batch_.fields(event_)) write_own(field);
  }

 private:
  bool is_aliased(FieldId id) const { return kind_.ecs_of(id) != id; }

  void write_ecs(const Field& field) {
    bool aliased = false;
    for (const auto& [ecs, name] : kind_.aliases) {
      if (name != field.id) continue;
      aliased = true;
      // Of several fields that stand for a name, one does.
      const Field* chosen = batch_.find_ecs(event_, ecs);
      if (ecs == ecs::kTimestamp || chosen == nullptr || chosen->id != field.id) continue;
      if (can_stand_for(field, ecs)) set(ecs, field);
    }
    if (!aliased && is_known(field.id)) set(field.id, field);
  }

  // A name that is ECS, or in the way of none.
  static bool is_known(FieldId id) {
    return static_cast<std::uint16_t>(id) < static_cast<std::uint16_t>(ecs::Index::kCount) ||
           field_name(id).find('.') != std::string_view::npos;
  }

  void write_own(const Field& field) {
    if (field.id == ecs::kTimestamp) return;
    const bool written = !is_aliased(field.id) && is_known(field.id);
    if (written || (!original_.empty() && has_nested(original_, field_name(field.id)))) return;
    const auto found = json_.find(std::string(field_name(field.id)));
    const bool object = found != json_.end() && found->is_object();
    if (!object) {
      set(field.id, field);
    } else {  // "user" beside "user.name": the object keeps the place
      add(json_["picket"]["original"], field_name(field.id), field);
    }
  }

  void set(FieldId id, const Field& field) {
    if (id == ecs::kTimestamp) return;
    const std::string_view name = field_name(id);
    const bool own = is_first_known(id) || name.starts_with("picket.");  // what we say goes before the record
    if (id == field.id && !original_.empty() && !own && has_nested(original_, name)) return;
    make_room(name);
    add(json_, name, field, id != field.id);
  }
  // {"user": "x"} of a record gives way to user.name.
  void make_room(std::string_view name) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return;
    const auto found = json_.find(std::string(name.substr(0, dot)));
    if (found == json_.end() || found->is_object() || found->is_array()) return;
    Json value = std::move(*found);
    *found = Json::object();
    json_["picket"]["original"][std::string(name.substr(0, dot))] = std::move(value);
  }
  static bool is_first_known(FieldId id) {
    return static_cast<std::uint16_t>(id) < static_cast<std::uint16_t>(ecs::Index::kCount);
  }

  // A name that comes again makes a list; in an object a key that is there twice has its last value,
  // unless it is `aliased`: then it comes from a list of objects.
  void add(Json& object, std::string_view name, const Field& field, bool aliased = false) {
    Json value = value_json(field, name, aliased, batch_.arena());
    Json& seen = written_[std::string(name)];
    if (seen.is_null() || (!original_.empty() && !aliased)) {
      seen = value;
    } else {
      if (!seen.is_array()) seen = Json::array({seen});
      if (!value.is_array()) value = Json::array({value});
      for (Json& one : value) {
        const bool again = aliased && std::find(seen.begin(), seen.end(), one) != seen.end();
        if (!again) seen.push_back(std::move(one));
      }
      if (seen.size() == 1 && aliased) seen = Json(seen[0]);
    }
    set_nested(object, name, seen);
  }

  Json& json_;
  Batch& batch_;
  const Event& event_;
  const EventKind& kind_;
  const Json& original_;
  std::map<std::string, Json> written_;
};

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
  FieldWriter(json, batch, event, original).write();
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
