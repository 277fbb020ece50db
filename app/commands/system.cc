// picket system ls|show: the register of information systems, with what is open in each. Of the running
// server; where none runs, of the configuration and the store.
#include <cstdio>
#include <map>

#include "api/resources.h"
#include "app/ask_server.h"
#include "app/command.h"
#include "app/config.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

Result<std::vector<Json>> from_server(const NounCommand& command) {
  PICKET_TRY(const std::string folder, data_folder(command));
  PICKET_TRY(const Json answer, ask_server(folder, "/api/v1/systems"));
  return answer.value("items", std::vector<Json>());
}

Result<std::vector<Json>> from_files(const NounCommand& command) {
  std::vector<std::string> errors;
  PICKET_TRY(const Config config, effective_config(command.config, errors));
  if (config.systems.empty()) return std::vector<Json>();
  std::vector<Problem> problems;
  PICKET_TRY(const response::Systems systems, response::load_systems(config.systems, problems));
  std::map<std::string, api::OpenIncidents> open;
  if (const auto store = open_to_read(command)) {
    PICKET_TRY(open, api::open_incidents(**store));
  }
  std::vector<Json> all;
  for (const response::System& system : systems.all()) all.push_back(api::system_json(system, open[system.name]));
  return all;
}

Result<std::vector<Json>> systems_of(const NounCommand& command) {
  Result<std::vector<Json>> systems = from_server(command);
  return systems ? std::move(systems) : from_files(command);
}

std::string title_of(const Json& system) {
  return system.at("title").value(language() == Language::kVietnamese ? "vi" : "en", std::string());
}

std::string open_text(const Json& system) {
  const auto open = system.value("open_incidents", std::uint64_t{0});
  return std::to_string(open) + (open > 0 ? " (" + word("level", system.value("highest_level", std::string())) + ")" : "");
}

std::string listed(const Json& texts) {
  std::string text;
  for (const Json& one : texts) text += (text.empty() ? "" : ", ") + visible(one.get<std::string>(), 128);
  return text;
}

std::string system_text(const Json& system) {
  std::string owner;
  for (const char* part : {"name", "title", "agency", "email"}) {
    const std::string text = system.at("owner").value(part, std::string());
    if (!text.empty()) owner += (owner.empty() ? "" : ", ") + text;
  }
  std::vector<std::vector<std::string>> rows = {{word("label", "id"), system.value("name", std::string())},
                                                {say("system.level"), std::to_string(system.value("level", 0))},
                                                {say("system.owner"), owner},
                                                {say("system.hosts"), listed(system.at("assets").at("hosts"))},
                                                {say("system.networks"), listed(system.at("assets").at("networks"))},
                                                {say("system.open"), open_text(system)}};
  std::erase_if(rows, [](const auto& row) { return row[1].empty(); });
  return table({word("label", "system"), title_of(system)}, rows);
}

}  // namespace

int run_system_ls(const NounCommand& command) {
  const auto systems = systems_of(command);
  if (!systems) return complain(systems.error().what, kUsageWrong);
  std::vector<std::vector<std::string>> rows;
  for (const Json& system : *systems) {
    if (rows.size() >= command.limit) break;
    if (command.json) std::puts(dump_json(system).c_str());
    rows.push_back({system.value("name", std::string()), std::to_string(system.value("level", 0)), title_of(system),
                    system.at("owner").value("name", std::string()), open_text(system)});
  }
  if (command.json) return kDone;
  if (rows.empty()) {
    std::puts(say("empty.systems").c_str());
    return kDone;
  }
  print(table({say("column.system"), say("column.level"), say("column.title"), say("column.owner"),
               say("column.open_incidents")},
              rows));
  return kDone;
}

int run_system_show(const NounCommand& command) {
  const auto systems = systems_of(command);
  if (!systems) return complain(systems.error().what, kUsageWrong);
  for (const Json& system : *systems) {
    if (system.value("name", std::string()) != command.id) continue;
    print(command.json ? dump_json(system) + "\n" : system_text(system));
    return kDone;
  }
  return complain("there is no system '" + command.id + "'; `picket system ls` lists them", kUsageWrong);
}

}  // namespace picket::app
