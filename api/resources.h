// Resources: what each path of /api/v1 answers. Functions of the ports and the request; they know
// neither thread nor session. Desk or slow thread, as router.cc says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/ports.h"
#include "base/http_server.h"
#include "base/json.h"

namespace picket::api {

struct Call {
  const Ports& ports;
  const HttpRequest& request;
  std::vector<std::string_view> parts;  // what the {names} of the path stand for, in order
};

// Sends the answer of a request that is answered later, once, from any thread.
using Reply = std::function<void(HttpResponse)>;

HttpResponse list_incidents(const Call& call);
HttpResponse get_incident(const Call& call);
HttpResponse change_incident(const Call& call);  // POST .../incidents/{id}/{verb}
HttpResponse patch_incident(const Call& call);
HttpResponse list_systems(const Call& call);
HttpResponse get_system(const Call& call);
HttpResponse list_alerts(const Call& call);
HttpResponse list_entities(const Call& call);
HttpResponse get_entity(const Call& call);  // GET .../entities/{type}?value=
HttpResponse get_alert(const Call& call);
HttpResponse get_proof(const Call& call);
HttpResponse get_verification(const Call& call);
HttpResponse search_events(const Call& call);
HttpResponse list_event_fields(const Call& call);
HttpResponse get_ledger(const Call& call);
HttpResponse get_rule_source(const Call& call);
HttpResponse get_rule_cost(const Call& call);
HttpResponse start_backtest(const Call& call);
HttpResponse list_backtests(const Call& call);
HttpResponse get_backtest(const Call& call);
HttpResponse cancel_backtest(const Call& call);
void begin_try(const Call& call, const Reply& reply);  // the call ends with the function
HttpResponse list_runs(const Call& call);
HttpResponse get_run(const Call& call);
HttpResponse command_step(const Call& call);  // .../runs/{id}/steps/{step}/{verb}
HttpResponse list_holds(const Call& call);
HttpResponse add_hold(const Call& call);
HttpResponse lift_hold(const Call& call);
HttpResponse list_purges(const Call& call);
HttpResponse ask_purge(const Call& call);
HttpResponse approve_purge(const Call& call);
HttpResponse reject_purge(const Call& call);
HttpResponse get_status(const Call& call);
HttpResponse get_metrics(const Call& call);
HttpResponse get_ready(const Call& call);

// Of one system; counted over the newest 10,000 incidents.
struct OpenIncidents {
  std::size_t count = 0;
  Level highest = Level::kInformational;
  std::uint32_t risk = 0;  // the highest
};
Result<std::map<std::string, OpenIncidents>> open_incidents(const storage::Store& store);
Json system_json(const response::System& system, const OpenIncidents& open);

// An incident without its timeline and history, with a title and the story of its rules; lists and streams.
Json incident_summary(const Incident& incident);
// An alert without its events and matches.
Json alert_summary(const Alert& alert);
Result<Json> ledger_json(const Ports& ports);

}  // namespace picket::api
