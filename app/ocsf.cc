// The numbers are those of the OCSF schema, version 1.3.0: a class is category * 1000 + its place,
// a type is class * 100 + activity.
#include "app/ocsf.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "base/time.h"

namespace picket::app {
namespace {

constexpr const char* kVersion = "1.3.0";
constexpr int kActivityUnknown = 0;
constexpr int kActivityOther = 99;

struct Activity {
  std::string_view word;  // of event.type, event.action or a method
  int id;
};

struct Class {
  int uid = 0;
  const char* name = "Base Event";
  int activity = kActivityUnknown;
};

// The value under a dotted name of the nested object; nullptr.
const Json* at(const Json& event, std::string_view dotted) {
  const Json* now = &event;
  while (!dotted.empty()) {
    if (!now->is_object()) return nullptr;
    const std::size_t dot = std::min(dotted.find('.'), dotted.size());
    const auto found = now->find(std::string(dotted.substr(0, dot)));
    if (found == now->end()) return nullptr;
    now = &*found;
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  return now;
}

// The first one of a list.
std::string text(const Json& event, std::string_view dotted) {
  const Json* value = at(event, dotted);
  if (value != nullptr && value->is_array() && !value->empty()) value = &value->front();
  if (value == nullptr || value->is_structured() || value->is_null()) return {};
  return value->is_string() ? value->get<std::string>() : value->dump();
}

bool says(const Json& event, std::string_view dotted, std::string_view wanted) {
  const Json* value = at(event, dotted);
  if (value == nullptr) return false;
  const auto same = [&](const Json& one) {
    return one.is_string() && one.get_ref<const std::string&>() == wanted;
  };
  return value->is_array() ? std::any_of(value->begin(), value->end(), same) : same(*value);
}

template <std::size_t kN>
int activity_of(const Json& event, const std::array<Activity, kN>& known) {
  for (const Activity& one : known) {
    if (says(event, "event.type", one.word)) return one.id;
  }
  return kActivityOther;
}

constexpr std::array<Activity, 4> kOfFiles = {
    {{"creation", 1}, {"access", 2}, {"change", 3}, {"deletion", 4}}};
constexpr std::array<Activity, 2> kOfProcesses = {{{"start", 1}, {"end", 2}}};
constexpr std::array<Activity, 3> kOfAccounts = {
    {{"creation", 1}, {"deletion", 6}, {"change", 99}}};
constexpr std::array<Activity, 4> kOfConnections = {
    {{"denied", 5}, {"start", 1}, {"end", 2}, {"connection", 6}}};
constexpr std::array<Activity, 8> kOfMethods = {{{"CONNECT", 1},
                                                 {"DELETE", 2},
                                                 {"GET", 3},
                                                 {"HEAD", 4},
                                                 {"OPTIONS", 5},
                                                 {"POST", 6},
                                                 {"PUT", 7},
                                                 {"TRACE", 8}}};

int activity_of_method(const Json& event) {
  std::string method = text(event, "http.request.method");
  for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const Activity& one : kOfMethods) {
    if (one.word == method) return one.id;
  }
  return method.empty() ? kActivityUnknown : kActivityOther;
}

Class class_of(const Json& event) {
  const auto is = [&](std::string_view category) {
    return says(event, "event.category", category);
  };
  if (is("authentication"))
    return {3002, "Authentication", says(event, "event.type", "end") ? 2 : 1};
  if (is("iam")) return {3001, "Account Change", activity_of(event, kOfAccounts)};
  if (is("process")) return {1007, "Process Activity", activity_of(event, kOfProcesses)};
  if (is("file")) return {1001, "File System Activity", activity_of(event, kOfFiles)};
  if (at(event, "dns.question.name") != nullptr)
    return {4003, "DNS Activity", at(event, "dns.answers") != nullptr ? 2 : 1};
  if (is("web")) return {4002, "HTTP Activity", activity_of_method(event)};
  if (is("network")) return {4001, "Network Activity", activity_of(event, kOfConnections)};
  return {};
}

// Milliseconds since 1970, as OCSF counts time.
std::int64_t milliseconds(std::int64_t time_ns) {
  return time_ns / 1'000'000 - (time_ns % 1'000'000 < 0 ? 1 : 0);
}

Json metadata(const std::string& uid) {
  return {
      {"version", kVersion},
      {"uid", uid},
      {"product", {{"name", "Picket"}, {"vendor_name", "Picket"}, {"version", PICKET_VERSION}}}};
}

void put(Json& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}

// An object of what is there of `names`: {our name, ECS name}; null if nothing is.
Json part(const Json& event,
          std::initializer_list<std::pair<const char*, std::string_view>> names) {
  Json json;
  for (const auto& [name, ecs] : names) put(json, name, text(event, ecs));
  return json;
}

void put_part(Json& json, const char* name, Json part) {
  if (!part.is_null()) json[name] = std::move(part);
}

void put_port(Json& json, const Json& event, const char* name, std::string_view ecs) {
  const Json* port = at(event, ecs);
  if (port == nullptr || !port->is_number_integer() || !json.contains(name)) return;
  json[name]["port"] = *port;
}

void put_process(Json& json, const Json& event) {
  Json process = part(event, {{"name", "process.name"},
                              {"cmd_line", "process.command_line"},
                              {"uid", "process.entity_id"}});
  const std::string path = text(event, "process.executable");
  if (!path.empty()) {
    process["file"] = {
        {"path", path}, {"name", path.substr(path.find_last_of("/\\") + 1)}, {"type_id", 1}};
  }
  const Json* pid = at(event, "process.pid");
  if (pid != nullptr && pid->is_number_integer()) process["pid"] = *pid;
  const Json parent =
      part(event, {{"name", "process.parent.name"}, {"cmd_line", "process.parent.command_line"}});
  if (!parent.is_null()) process["parent_process"] = parent;
  put_part(json, "process", std::move(process));
}

void put_status(Json& json, const Json& event) {
  const std::string outcome = text(event, "event.outcome");
  if (outcome.empty()) return;
  const bool known = outcome == "success" || outcome == "failure";
  json["status_id"] = outcome == "success" ? 1 : outcome == "failure" ? 2 : 0;
  json["status"] = outcome == "success" ? "Success" : outcome == "failure" ? "Failure" : "Unknown";
  if (!known) json["status_detail"] = outcome;
}

void put_objects(Json& json, const Json& event) {
  put_part(json, "src_endpoint",
           part(event, {{"ip", "source.ip"}, {"mac", "source.mac"}, {"domain", "source.domain"}}));
  put_part(json, "dst_endpoint",
           part(event, {{"ip", "destination.ip"},
                        {"mac", "destination.mac"},
                        {"domain", "destination.domain"}}));
  put_port(json, event, "src_endpoint", "source.port");
  put_port(json, event, "dst_endpoint", "destination.port");
  put_part(json, "user",
           part(event, {{"name", "user.name"}, {"uid", "user.id"}, {"domain", "user.domain"}}));
  const std::string host =
      text(event, "host.name").empty() ? text(event, "host.hostname") : text(event, "host.name");
  if (!host.empty()) json["device"] = {{"hostname", host}, {"type_id", 0}};
  put_process(json, event);
  Json file = part(event, {{"path", "file.path"}, {"name", "file.name"}});
  if (!file.is_null()) {
    if (!file.contains("name")) {
      const std::string path = file["path"].get<std::string>();
      file["name"] = path.substr(path.find_last_of("/\\") + 1);
    }
    file["type_id"] = 1;
    json["file"] = std::move(file);
  }
  Json request =
      part(event, {{"http_method", "http.request.method"}, {"user_agent", "user_agent.original"}});
  const Json url = part(
      event, {{"url_string", "url.original"}, {"path", "url.path"}, {"hostname", "url.domain"}});
  if (!url.is_null()) request["url"] = url;
  put_part(json, "http_request", std::move(request));
  const Json* code = at(event, "http.response.status_code");
  if (code != nullptr && code->is_number_integer()) json["http_response"] = {{"code", *code}};
  put_part(json, "query",
           part(event, {{"hostname", "dns.question.name"}, {"type", "dns.question.type"}}));
}

int severity_of(Level level) {
  return static_cast<int>(level) + 1;
}  // 1 informational .. 5 critical

const char* severity_name(int severity) {
  constexpr const char* kNames[] = {"Unknown", "Informational", "Low",
                                    "Medium",  "High",          "Critical"};
  return kNames[severity];
}

Json type_of_entity(const std::string& type) {
  if (type == "host") return {{"type_id", 1}, {"type", "Hostname"}};
  if (type == "ip") return {{"type_id", 2}, {"type", "IP Address"}};
  if (type == "user") return {{"type_id", 4}, {"type", "User Name"}};
  if (type == "hash") return {{"type_id", 8}, {"type", "Hash"}};
  if (type == "process") return {{"type_id", 9}, {"type", "Process Name"}};
  if (type == "domain") return {{"type_id", 1}, {"type", "Hostname"}};
  return {{"type_id", 99}, {"type", type}};
}

// "attack.t1110.001" is a technique; tactics have names.
Json attacks_of(const std::vector<std::string>& tags) {
  Json attacks = Json::array();
  for (const std::string& tag : tags) {
    if (!tag.starts_with("attack.")) continue;
    std::string name = tag.substr(7);
    const bool technique =
        name.size() > 4 && name[0] == 't' && std::isdigit(static_cast<unsigned char>(name[1])) != 0;
    if (technique) name[0] = 'T';
    attacks.push_back({{technique ? "technique" : "tactic", {{technique ? "uid" : "name", name}}}});
  }
  return attacks;
}

Json finding_of(const Alert& alert) {
  Json finding = {{"uid", alert.id},
                  {"title", alert.rule.name},
                  {"types", {alert_kind_name(alert.kind)}},
                  {"analytic",
                   {{"type_id", 1},
                    {"type", "Rule"},
                    {"uid", alert.rule.id},
                    {"name", alert.rule.name},
                    {"version", alert.rule.hash}}},
                  {"created_time", milliseconds(alert.time_ns)},
                  {"first_seen_time", milliseconds(alert.trigger.time_ns)},
                  {"last_seen_time", milliseconds(alert.last_seen_ns)}};
  if (Json attacks = attacks_of(alert.tags); !attacks.empty())
    finding["attacks"] = std::move(attacks);
  finding["related_events"] = Json::array();
  for (const EventRef& ref : alert.events) {
    finding["related_events"].push_back(
        {{"uid", ref.source + ":" + std::to_string(ref.seq)}, {"type", "event"}});
  }
  return finding;
}

Json evidences_of(const Alert& alert) {
  Json evidences = Json::array();
  for (const Match& match : alert.matches) {
    evidences.push_back({{"data",
                          {{"selection", match.selection},
                           {"line", match.line},
                           {"field", match.field},
                           {"value", match.value},
                           {"span", {match.begin, match.end}}}}});
  }
  return evidences;
}

}  // namespace

Json ocsf_event(const Json& event) {
  const Class found = class_of(event);
  const auto time = parse_time(text(event, "@timestamp"));
  Json json = {{"class_uid", found.uid},
               {"class_name", found.name},
               {"category_uid", found.uid / 1000},
               {"activity_id", found.activity},
               {"type_uid", found.uid * 100 + found.activity},
               {"time", time ? milliseconds(time->time_ns) : 0},
               {"severity_id", 1},
               {"severity", severity_name(1)}};
  json["metadata"] = metadata(text(event, "picket.source") + ":" + text(event, "picket.seq"));
  put(json["metadata"], "log_name", text(event, "event.dataset"));
  put(json["metadata"], "log_provider", text(event, "picket.source"));
  put(json["metadata"], "event_code", text(event, "event.code"));
  put(json, "message", text(event, "message"));
  put(json, "raw_data", text(event, "event.original"));
  put_status(json, event);
  put_objects(json, event);
  json["unmapped"] = event;
  if (const auto inner = json["unmapped"].find("event");
      inner != json["unmapped"].end() && inner->is_object())
    inner->erase("original");  // it is raw_data
  return json;
}

Json ocsf_alert(const Alert& alert) {
  const int severity = severity_of(alert.rule.level);
  Json json = {{"class_uid", 2004},
               {"class_name", "Detection Finding"},
               {"category_uid", 2},
               {"activity_id", 1},
               {"activity_name", "Create"},
               {"type_uid", 200401},
               {"time", milliseconds(alert.time_ns)},
               {"start_time", milliseconds(alert.trigger.time_ns)},
               {"end_time", milliseconds(alert.last_seen_ns)},
               {"count", alert.hit_count},
               {"severity_id", severity},
               {"severity", severity_name(severity)},
               {"status_id", 1},
               {"status", "New"}};
  json["metadata"] = metadata(alert.id);
  json["finding_info"] = finding_of(alert);
  json["evidences"] = evidences_of(alert);
  json["observables"] = Json::array();
  for (const Entity& entity : alert.entities) {
    Json one = type_of_entity(entity.type);
    one["name"] = entity.type;
    one["value"] = entity.value;
    json["observables"].push_back(std::move(one));
  }
  if (!alert.system.empty()) json["unmapped"]["system"] = alert.system;
  for (const auto& [name, value] : alert.group) json["unmapped"]["group"][name] = value;
  return json;
}

}  // namespace picket::app
