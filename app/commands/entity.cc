// picket entity ls|show: who is at risk, and what one user, host, address, ... did across the layers.
#include <cstdio>

#include "api/entity.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/words.h"
#include "correlator/entities.h"

namespace picket::app {
namespace {

// "user:ann"; a bare address is an ip.
Result<Entity> entity_from(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (correlator::ip_entity(text)) return api::entity_of("ip", text);
  if (colon == std::string::npos) return api::entity_of("", text);
  return api::entity_of(text.substr(0, colon), text.substr(colon + 1));
}

std::string text_of(const Json& json, const char* name) { return json.value(name, std::string()); }
std::string number_of(const Json& json, const char* name) { return std::to_string(json.value(name, std::uint64_t{0})); }

std::string typed(const Json& entity) {
  return word("entity", text_of(entity, "type")) + " " + visible(text_of(entity, "value"), 256);
}

// As one word of a shell: values are attackers' text, and people paste what they are shown.
std::string one_word(const std::string& text) {
  std::string word = "'";
  for (const char c : visible(text, 4096)) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

std::string joined(const Json& texts) {
  std::string text;
  for (const Json& one : texts) text += (text.empty() ? "" : " → ") + visible(one.get<std::string>(), 64);
  return text;
}

std::string levels_text(const Json& levels) {
  std::string text;
  for (const auto& [level, n] : levels.items()) {
    text += (text.empty() ? "" : ", ") + std::to_string(n.get<std::uint64_t>()) + " " + word("level", level);
  }
  return text;
}

std::string summary_table(const Json& page) {
  const Json& alerts = page.at("alerts");
  const std::string more = alerts.value("cut", false) ? "+" : "";
  std::vector<std::vector<std::string>> rows = {
      {say("entity_page.risk"), number_of(page, "risk")},
      {say("entity_page.alerts"), number_of(alerts, "alerts") + more + " (" + levels_text(alerts.at("levels")) + ")"},
      {say("entity_page.first_seen"), text_of(alerts, "first_seen")},
      {say("entity_page.last_seen"), text_of(alerts, "last_seen")},
      {say("entity_page.tactics"), joined(page.at("tactics"))}};
  std::erase_if(rows, [](const auto& row) { return row[1].empty(); });
  return table({word("entity", text_of(page.at("entity"), "type")), visible(text_of(page.at("entity"), "value"), 256)}, rows);
}

std::string layers_table(const Json& layers) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [layer, tally] : layers.items()) {
    rows.push_back({word("layer", layer), number_of(tally, "alerts"), number_of(tally, "hits"), text_of(tally, "first_seen"),
                    text_of(tally, "last_seen")});
  }
  return table({say("column.layer"), say("column.alerts"), say("column.hits"), say("column.first_seen"), say("column.last_seen")},
               rows);
}

std::string rules_table(const Json& rules) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& rule : rules) {
    rows.push_back({word("level", text_of(rule, "level")), text_of(rule, "name"), number_of(rule, "alerts"),
                    number_of(rule, "hits"), text_of(rule, "last_seen")});
  }
  return table({say("column.level"), say("column.rule"), say("column.alerts"), say("column.hits"), say("column.last_seen")}, rows);
}

std::string incidents_table(const Json& incidents) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& incident : incidents.at("items")) {
    rows.push_back({"#" + number_of(incident, "number"), word("level", text_of(incident, "level")), number_of(incident, "risk"),
                    word("incident", text_of(incident, "status")), number_of(incident, "alert_count"),
                    text_of(incident, "last_seen")});
  }
  return table({say("column.number"), say("column.level"), say("column.risk"), say("column.status"), say("column.alerts"),
                say("column.last_seen")},
               rows);
}

std::string peers_table(const Json& peers) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& peer : peers) rows.push_back({typed(peer), number_of(peer, "alerts")});
  return table({say("column.seen_with"), say("column.alerts")}, rows);
}

std::string page_text(const Json& page) {
  std::string text = summary_table(page) + "\n" + layers_table(page.at("layers"));
  if (!page.at("rules").empty()) text += "\n" + rules_table(page.at("rules"));
  if (!page.at("incidents").at("items").empty()) text += "\n" + incidents_table(page.at("incidents"));
  if (!page.at("seen_with").empty()) text += "\n" + peers_table(page.at("seen_with"));
  return text + "\n" + say("entity_page.events") + " picket search " + one_word(text_of(page, "query")) + "\n";
}

}  // namespace

int run_entity_ls(const NounCommand& command) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const auto entities = api::entities_at_risk(**store, command.limit);
  if (!entities) return complain(entities.error().what, kUsageWrong);
  std::vector<std::vector<std::string>> rows;
  for (const Json& entity : entities->at("items")) {
    if (command.json) std::puts(dump_json(entity).c_str());
    rows.push_back({typed(entity), number_of(entity, "risk"), number_of(entity, "open_incidents"), text_of(entity, "last_seen")});
  }
  if (command.json) return kDone;
  if (rows.empty()) {
    std::puts(say("empty.entities").c_str());
    return kDone;
  }
  print(table({say("column.entity"), say("column.risk"), say("column.open_incidents"), say("column.last_seen")}, rows));
  return kDone;
}

int run_entity_show(const NounCommand& command) {
  const auto entity = entity_from(command.id);
  if (!entity) return complain(entity.error().what, kUsageWrong);
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const auto page = api::entity_page(**store, *entity);
  if (!page) return complain(page.error().what, kUsageWrong);
  print(command.json ? dump_json(*page) + "\n" : page_text(*page));
  return kDone;
}

}  // namespace picket::app
