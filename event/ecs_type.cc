#include "event/ecs_type.h"

#include <algorithm>
#include <array>

#include "base/ip_text.h"

namespace picket {
namespace {

// Field sets that have numbers or ids.
constexpr std::array<std::string_view, 23> kSets = {
    "client",  "cloud",    "container",    "destination", "dns",    "error",
    "event",   "file",     "group",        "host",        "http",   "log",
    "network", "observer", "organization", "process",     "rule",   "server",
    "source",  "threat",   "url",          "user",        "related"};
// The last part of numeric names; with a dot inside, the last parts.
constexpr std::array<std::string_view, 21> kNumbers = {
    "port",       "bytes",           "packets",      "pid",       "status_code",  "duration",
    "severity",   "sequence",        "size",         "as.number", "exit_code",    "thread.id",
    "risk_score", "risk_score_norm", "ttl",          "uptime",    "inode_number", "args_count",
    "vpid",       "syslog.priority", "facility.code"};
constexpr std::array<std::string_view, 8> kKeywords = {
    "id", "code", "iana_number", "version", "name", "serial_number", "uuid", "sid"};

constexpr std::array<std::string_view, 3> kAddresses = {"ip", "resolved_ip", "forwarded_ip"};

bool ends_with_part(std::string_view name, std::string_view part) {
  return name.size() > part.size() && name.ends_with(part) &&
         name[name.size() - part.size() - 1] == '.';
}

}  // namespace

EcsType ecs_type(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return EcsType::kOther;
  const std::string_view set = name.substr(0, dot);
  if (std::find(kSets.begin(), kSets.end(), set) == kSets.end()) return EcsType::kOther;
  if (set == "log") return EcsType::kOther;  // its parser gives them as they are
  for (const std::string_view part : kNumbers) {
    if (ends_with_part(name, part)) return EcsType::kNumber;
  }
  for (const std::string_view part : kKeywords) {
    if (ends_with_part(name, part)) return EcsType::kKeyword;
  }
  for (const std::string_view part : kAddresses) {
    if (ends_with_part(name, part)) return EcsType::kIp;
  }
  return EcsType::kOther;
}

bool is_address(const Field& value) {
  return value.kind == ValueKind::kString && !value.escaped && is_ip(value.token());
}

bool can_stand_for(const Field& original, FieldId ecs) {
  const std::string_view name = field_name(ecs);
  if (!name.ends_with("ip") || ecs_type(name) != EcsType::kIp) return true;  // quicker to be seen
  bool any = false;
  for_each_value(original, [&any](const Field& value) { any = any || is_address(value); });
  return any;
}

}  // namespace picket
