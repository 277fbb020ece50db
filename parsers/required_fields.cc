#include "parsers/required_fields.h"

#include <algorithm>
#include <array>
#include <utility>

#include "event/ecs.h"

namespace picket::parsers {
namespace {

struct Row {
  RecordClass record_class;
  std::string_view demanded;  // in the words of the text; its first field names it
  std::array<std::string_view, 10> fields;
};

// What QCVN 12 demands. What TCVN 14423 adds to that (MAC and action; process id, parent, command
// line) is not demanded of a record here: most sources cannot know it.
constexpr Row kRows[] = {
    // REQUIREMENTS 41 (QCVN 12 3.9.2.1.4): access. A log-in goes to the host that logs it.
    {RecordClass::kAccess,
     "source address",
     {"source.ip", "source.address", "source.domain", "client.ip", "client.address"}},
    {RecordClass::kAccess,
     "destination address",
     {"destination.ip", "destination.address", "destination.domain", "server.ip", "server.address",
      "host.ip", "host.name", "host.hostname", "log.syslog.hostname", "url.domain"}},
    {RecordClass::kAccess,
     "destination account",
     {"user.name", "user.id", "user.email", "user.target.name", "user.target.id",
      "user.effective.name", "user.full_name"}},
    {RecordClass::kAccess, "time", {"@timestamp"}},
    // REQUIREMENTS 42 (QCVN 12 3.9.2.1.5): processes.
    {RecordClass::kProcess,
     "device",
     {"host.name", "host.hostname", "host.ip", "host.id", "log.syslog.hostname", "agent.name",
      "container.id"}},
    {RecordClass::kProcess,
     "process",
     {"process.name", "process.executable", "process.command_line"}},
    {RecordClass::kProcess,
     "executing account",
     {"user.name", "user.id", "user.effective.name", "user.effective.id", "process.user.name",
      "process.user.id"}},
    {RecordClass::kProcess, "time", {"@timestamp"}},
    // REQUIREMENTS 43 (QCVN 12 3.9.2.1.6): alerts.
    {RecordClass::kAlert,
     "alert name",
     {"rule.name", "rule.description", "rule.id", "threat.indicator.name", "vulnerability.id",
      "event.reason"}},
    {RecordClass::kAlert,
     "emitting device",
     {"observer.name", "observer.hostname", "observer.ip", "observer.serial_number", "host.name",
      "host.hostname", "host.ip", "log.syslog.hostname", "agent.name", "cloud.account.id"}},
    {RecordClass::kAlert,
     "severity",
     {"event.severity", "log.level", "event.risk_score", "vulnerability.severity"}},
    {RecordClass::kAlert,
     "source address",
     {"source.ip", "source.address", "source.domain", "source.mac", "client.ip", "client.address",
      "host.ip"}},
    {RecordClass::kAlert,
     "alert type",
     {"rule.category", "rule.ruleset", "event.category", "threat.tactic.name",
      "threat.technique.name", "threat.indicator.type"}},
    {RecordClass::kAlert, "time", {"@timestamp"}},
};

// A web request is no access in this sense: most are of nobody who has an account.
constexpr std::pair<std::string_view, RecordClass> kCategories[] = {
    {"intrusion_detection", RecordClass::kAlert}, {"malware", RecordClass::kAlert},
    {"authentication", RecordClass::kAccess},     {"session", RecordClass::kAccess},
    {"process", RecordClass::kProcess},
};

constexpr std::string_view kAlertKind = "alert";

// Calls f(text) for each value of a field, or else for each of the kind's constants.
template <class F>
void for_each_text(Batch& batch, const Event& event, FieldId id, F f) {
  if (const Field* field = batch.find_ecs(event, id)) {
    for_each_value(*field, [&](const Field& value) { f(field_text(value, batch.arena())); });
    for (const Field& other : batch.fields(event)) {
      if (other.id != id || &other == field) continue;
      for_each_value(other, [&](const Field& value) { f(field_text(value, batch.arena())); });
    }
    return;
  }
  for (const auto& [name, value] : kind_of(event.kind).constants) {
    if (name == id) f(std::string_view(value));
  }
}

bool has(Batch& batch, const Event& event, FieldId id) {
  bool found = false;
  for_each_text(batch, event, id,
                [&](std::string_view text) { found |= !text.empty() && text != "-"; });
  return found;
}

}  // namespace

std::string_view record_class_name(RecordClass record_class) {
  switch (record_class) {
    case RecordClass::kAccess:
      return "access";
    case RecordClass::kProcess:
      return "process";
    case RecordClass::kAlert:
      return "alert";
    case RecordClass::kOther:
      break;
  }
  return {};
}

const RequiredFields& RequiredFields::get() {
  static const RequiredFields fields;
  return fields;
}

RequiredFields::RequiredFields() {
  for (const Row& row : kRows) {
    Class& made = classes_[static_cast<std::size_t>(row.record_class)];
    made.names.push_back(row.fields[0]);
    std::vector<FieldId>& fields = made.fields.emplace_back();
    for (const std::string_view name : row.fields) {
      const auto id = name.empty() || name == "@timestamp" ? std::nullopt : intern_field(name);
      if (id) fields.push_back(*id);
    }
    PICKET_CHECK(made.names.size() <= kFieldsMax);
  }
}

// An alert about a log-in is an alert; a log-in that started a process is an access.
RecordClass RequiredFields::class_of(Batch& batch, const Event& event) const {
  std::size_t best = std::size(kCategories);
  for_each_text(batch, event, ecs::kEventCategory, [&](std::string_view text) {
    const auto* const found = std::find_if(std::begin(kCategories), std::end(kCategories),
                                           [&](const auto& entry) { return entry.first == text; });
    best = std::min(best, static_cast<std::size_t>(found - std::begin(kCategories)));
  });
  RecordClass record_class =
      best < std::size(kCategories) ? kCategories[best].second : RecordClass::kOther;
  for_each_text(batch, event, ecs::kEventKind, [&](std::string_view text) {
    if (text == kAlertKind) record_class = RecordClass::kAlert;
  });
  return record_class;
}

std::span<const std::string_view> RequiredFields::names(RecordClass record_class) const {
  if (record_class == RecordClass::kOther) return {};
  return classes_[static_cast<std::size_t>(record_class)].names;
}

std::uint32_t RequiredFields::lacking(RecordClass record_class, bool timed, Batch& batch,
                                      const Event& event) const {
  if (record_class == RecordClass::kOther) return 0;
  const Class& wanted = classes_[static_cast<std::size_t>(record_class)];
  std::uint32_t lacking = 0;
  for (std::size_t i = 0; i < wanted.fields.size(); ++i) {
    const std::vector<FieldId>& fields = wanted.fields[i];
    const bool there =
        fields.empty() ? timed : std::any_of(fields.begin(), fields.end(), [&](FieldId id) {
          return has(batch, event, id);
        });
    if (!there) lacking |= 1U << i;
  }
  return lacking;
}

}  // namespace picket::parsers
