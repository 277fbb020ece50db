// picket hold ls|add|remove: what must stay though its retention is over. Adding and lifting ask the running server.
#include <string>
#include <vector>

#include "app/ask_server.h"
#include "app/command.h"
#include "app/holds.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"

namespace picket::app {
namespace {

std::string covered(const HoldRecord& hold) {
  std::string text;
  for (const std::string& source : hold.sources) text += (text.empty() ? "" : ", ") + source;
  if (!hold.system.empty()) text = say("hold.system", {{"system", hold.system}});
  return text.empty() ? say("hold.everything") : text;
}

std::string when(std::int64_t time_ns, std::int64_t open) { return time_ns == open ? "" : format_time(time_ns); }

std::string state(const HoldRecord& hold) {
  if (hold.in_force()) return say("hold.in_force");
  return say("hold.lifted", {{"time", format_time(hold.lifted_ns)}, {"actor", hold.lifted_by}, {"reason", hold.lifted_for}});
}

// Bad input is ours, everything else the server's.
int refused(const Error& error) {
  const bool ours = error.code == Errc::kInvalid || error.code == Errc::kNotFound;
  return complain(error.what, ours ? kUsageWrong : kUnreachable);
}

int answer(const Result<Json>& hold, bool json, const char* word) {
  if (!hold) return refused(hold.error());
  if (json) {
    print(dump_json(*hold) + "\n");
    return kDone;
  }
  const Result<HoldRecord> read = hold_from_json(*hold);
  if (!read) return complain(read.error().what, kUnreachable);
  print(visible(say(word, {{"id", read->id}, {"what", covered(*read)}, {"reason", read->reason}})) + "\n");
  return kDone;
}

}  // namespace

int run_hold_ls(const HoldCommand& command) {
  const Result<std::unique_ptr<storage::Store>> store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const Result<std::vector<HoldRecord>> holds = read_holds(**store);
  if (!holds) return complain(holds.error().what, kFindings);
  std::vector<std::vector<std::string>> rows;
  for (const HoldRecord& hold : *holds) {
    if (command.json) print(dump_json(to_json(hold)) + "\n");
    rows.push_back({hold.id, covered(hold), when(hold.from_ns, INT64_MIN), when(hold.to_ns, INT64_MAX),
                    format_time(hold.time_ns), hold.actor, state(hold), hold.reason});
  }
  if (command.json) return kDone;
  if (rows.empty()) {
    print(say("hold.none") + "\n");
    return kDone;
  }
  print(table({say("column.id"), say("column.what"), say("column.from"), say("column.to"), say("column.time"),
               say("column.actor"), say("column.state"), say("column.reason")},
              rows));
  return kDone;
}

int run_hold_add(const HoldCommand& command) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  Json body = {{"reason", command.reason}};
  if (!command.sources.empty()) body["sources"] = command.sources;
  if (!command.system.empty()) body["system"] = command.system;
  if (!command.from.empty()) body["from"] = command.from;
  if (!command.to.empty()) body["to"] = command.to;
  return answer(tell_server(*folder, "/api/v1/holds", body), command.json, "hold.added");
}

int run_hold_remove(const HoldCommand& command) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  if (command.id.empty() || command.id.find_first_not_of("0123456789") != std::string::npos)
    return complain("there is no hold '" + command.id + "'", kUsageWrong);
  const Json body = {{"reason", command.reason}};
  return answer(tell_server(*folder, "/api/v1/holds/" + command.id + "/lift", body), command.json, "hold.removed");
}

}  // namespace picket::app
