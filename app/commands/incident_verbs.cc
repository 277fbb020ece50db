// picket incident ack|start|resolve|close|reopen|assign|comment|dispose|merge|split|detach|undo: asks the
// running server to change an incident, and says what it is then.
#include <cstdio>

#include "app/ask_server.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

Json body_of(const IncidentVerbCommand& command) {
  Json body = Json::object();
  if (!command.comment.empty()) body["comment"] = command.comment;
  if (!command.disposition.empty()) body["disposition"] = command.disposition;
  if (command.verb == "assign") body["assignee"] = command.assignee;
  if (!command.other.empty()) {
    body["from"] = command.other.starts_with('#') ? command.other.substr(1) : command.other;
  }
  if (!command.alerts.empty()) body["alerts"] = command.alerts;
  if (command.change > 0) body["change"] = command.change;
  return body;
}

std::string text_of(const Json& json, const char* name) { return json.value(name, std::string()); }

// "Incident #12  in progress  high  bình", and what else changed.
std::string outcome_text(const Json& incident) {
  std::string text = styled(say("show.incident", {{"n", incident.value("number", std::uint64_t{0})}}), Style::kBold) +
                     "  " + word("incident", text_of(incident, "status")) + "  " +
                     word("level", text_of(incident, "level"));
  if (const std::string who = text_of(incident, "assignee"); !who.empty()) text += "  " + visible(who, 128);
  if (const std::string found = text_of(incident, "disposition"); !found.empty()) {
    text += "  " + word("disposition", found);
  }
  text += "\n";
  const Json history = incident.value("history", Json::array());
  if (!history.empty()) {
    const Json& last = history.back();
    std::string verb = text_of(last, "verb");
    std::string line = word("change", verb);
    if (verb == "undo" && last.contains("after")) {
      line += ": " + word("change", last.at("after").value("verb", std::string()));
    }
    text += say("changes.last", {{"n", last.value("number", std::uint64_t{0})}, {"change", line}}) + "\n";
  }
  for (const Json& other : incident.value("also", Json::array())) {
    text += say("changes.also", {{"n", other.value("number", std::uint64_t{0})},
                                  {"status", word("incident", text_of(other, "status"))}}) + "\n";
  }
  return text;
}

}  // namespace

int run_incident_verb(const IncidentVerbCommand& command) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  const std::string id = command.id.starts_with('#') ? command.id.substr(1) : command.id;
  if (id.empty() || id.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return complain("no incident " + id, kUsageWrong);
  }
  const Result<Json> incident = tell_server(*folder, "/api/v1/incidents/" + id + "/" + command.verb, body_of(command));
  if (!incident) {
    const bool refused = incident.error().code == Errc::kInvalid || incident.error().code == Errc::kNotFound;
    return complain(incident.error().what, refused ? kUsageWrong : kUnreachable);
  }
  print(command.json ? dump_json(*incident) + "\n" : outcome_text(*incident));
  return kDone;
}

}  // namespace picket::app
