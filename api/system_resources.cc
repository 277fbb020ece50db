// What /api/v1/systems answers: the register, with what is open in each system.
#include <algorithm>
#include <map>

#include "api/answer.h"
#include "api/resources.h"

namespace picket::api {

Result<std::map<std::string, OpenIncidents>> open_incidents(const storage::Store& store) {
  constexpr std::size_t kLookedAtMax = 10'000;  // the newest
  constexpr std::size_t kPage = 500;
  std::map<std::string, OpenIncidents> open;
  std::string cursor;
  std::size_t seen = 0;
  do {
    PICKET_TRY(const std::vector<Incident> page, store.incidents(kPage, cursor));
    for (const Incident& incident : page) {
      if (is_over(incident.status)) continue;
      std::vector<std::string> systems = incident.systems;
      if (systems.empty() && !incident.system.empty()) systems.push_back(incident.system);
      for (const std::string& system : systems) {
        OpenIncidents& one = open[system];
        ++one.count;
        one.highest = std::max(one.highest, incident.level);
        one.risk = std::max(one.risk, incident.risk);
      }
    }
    seen += page.size();
  } while (!cursor.empty() && seen < kLookedAtMax);
  return open;
}

Json system_json(const response::System& system, const OpenIncidents& open) {
  Json networks = Json::array();
  for (const response::Cidr& network : system.networks) networks.push_back(network.text());
  Json json = {{"name", system.name},
               {"title", {{"en", system.name_en}, {"vi", system.name_vi}}},
               {"level", system.level},
               {"owner",
                {{"name", system.owner.name},
                 {"title", system.owner.title},
                 {"agency", system.owner.agency},
                 {"email", system.owner.email},
                 {"language", system.owner.language}}},
               {"assets", {{"hosts", system.hosts}, {"networks", std::move(networks)}}},
               {"open_incidents", open.count}};
  if (open.count > 0) {
    json["highest_level"] = level_name(open.highest);
    json["risk"] = open.risk;
  }
  return json;
}

namespace {

HttpResponse no_register() { return problem(501, "the register of systems is not available in this server"); }

OpenIncidents open_in(const std::map<std::string, OpenIncidents>& open, const std::string& system) {
  const auto found = open.find(system);
  return found == open.end() ? OpenIncidents() : found->second;
}

}  // namespace

HttpResponse list_systems(const Call& call) {
  if (call.ports.systems == nullptr) return no_register();
  const auto open = open_incidents(*call.ports.store);
  if (!open) return problem(open.error());
  Json json = {{"items", Json::array()}};
  for (const response::System& system : call.ports.systems->all()) {
    json["items"].push_back(system_json(system, open_in(*open, system.name)));
  }
  return json_answer(json);
}

HttpResponse get_system(const Call& call) {
  if (call.ports.systems == nullptr) return no_register();
  const response::System* system = call.ports.systems->by_name(call.parts[0]);
  if (system == nullptr) return problem(404, "there is no system of this name");
  const auto open = open_incidents(*call.ports.store);
  if (!open) return problem(open.error());
  return json_answer(system_json(*system, open_in(*open, system->name)));
}

}  // namespace picket::api
