#include "api/resources.h"

#include <algorithm>
#include <optional>

#include "api/answer.h"
#include "api/incident_orders.h"
#include "api/parameter.h"
#include "api/proof.h"
#include "api/query_answer.h"
#include "base/hash.h"
#include "base/time.h"
#include "correlator/incident_facts.h"

namespace picket::api {
namespace {

constexpr std::size_t kPageDefault = 50;
constexpr std::size_t kPageMax = 500;
constexpr std::size_t kAlertsOfIncident = 500;
constexpr std::size_t kStoryMax = 8;
constexpr std::size_t kQueryBytesMax = 4096;

struct Page {
  std::size_t limit = kPageDefault;
  std::string cursor;
};

Result<Page> page_of(const HttpRequest& request) {
  Page page;
  PICKET_TRY(page.limit, number_parameter(request, "limit", kPageDefault, kPageMax));
  page.limit = std::max<std::size_t>(page.limit, 1);
  std::optional<std::string> cursor = from_hex(parameter(request, "cursor"));
  if (!cursor || cursor->size() > 1024) {
    return fail(Errc::kInvalid, "cursor is not one that we gave");
  }
  page.cursor = *std::move(cursor);
  return page;
}

// The target of this request with another cursor, for the Link header (RFC 8288).
std::string link_to(const HttpRequest& request, const std::string& cursor) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string target = request.path + "?cursor=" + cursor;
  for (const auto& [name, value] : request.query) {
    if (name == "cursor") continue;
    target += '&';
    for (const std::string* text : {&name, &value}) {
      for (const char c : *text) {
        const bool plain = kPlain.find(c) != std::string_view::npos;
        if (plain) target += c;
        if (!plain) target += '%' + to_hex(std::string_view(&c, 1));
      }
      if (text == &name) target += '=';
    }
  }
  return "<" + target + ">; rel=\"next\"";
}

HttpResponse page_answer(const HttpRequest& request, Json json, std::string_view cursor) {
  if (cursor.empty()) return json_answer(json);
  const std::string next = to_hex(cursor);
  json["next"] = next;
  HttpResponse response = json_answer(json);
  response.headers.emplace_back("Link", link_to(request, next));
  return response;
}

HttpResponse absent(std::string_view what) {
  return problem(501, std::string(what) + " is not available in this server");
}

// An instant as RFC 3339, or nothing when the parameter is missing.
Result<std::int64_t> time_parameter(const HttpRequest& request, const char* name,
                                    std::int64_t otherwise) {
  const std::string_view text = parameter(request, name);
  if (text.empty()) return otherwise;
  const auto parsed = parse_time(text);
  if (!parsed) {
    return fail(Errc::kInvalid, std::string(name) + " is not an instant as in RFC 3339");
  }
  return parsed->time_ns;
}

// The text of a member of the body, which may be missing altogether.
Result<std::string> body_text(const HttpRequest& request, const char* member) {
  if (request.body.empty()) return std::string();
  PICKET_TRY(const Json body, parse_json(request.body, {.bytes_max = 16 * 1024, .depth_max = 4}));
  if (!body.is_object()) return fail(Errc::kInvalid, "the body is not a JSON object");
  const auto found = body.find(member);
  if (found == body.end()) return std::string();
  if (!found->is_string()) return fail(Errc::kInvalid, std::string(member) + " is not a text");
  return found->get<std::string>();
}

// The rules of an incident in the order in which they first spoke, each once.
std::vector<const TimelineEntry*> story_of(const Incident& incident) {
  std::vector<const TimelineEntry*> story;
  for (const TimelineEntry& entry : incident.timeline) {
    const bool told = std::any_of(story.begin(), story.end(), [&](const TimelineEntry* other) {
      return other->rule_id == entry.rule_id;
    });
    if (!told) story.push_back(&entry);
    if (story.size() >= 64) break;  // of very many rules, the first
  }
  return story;
}

const TimelineEntry* top_entry(const Incident& incident) {
  const TimelineEntry* top = nullptr;
  for (const TimelineEntry& entry : incident.timeline) {
    if (top == nullptr || entry.level > top->level) top = &entry;
  }
  return top;
}

// Everything there is to say of an incident; get and change answer it alike.
HttpResponse incident_answer(const Ports& ports, const Incident& incident, const std::vector<Incident>& also = {}) {
  Json json = to_json(incident);
  const Json summary = incident_summary(incident);  // items() refers to it
  for (const auto& [key, value] : summary.items()) json[key] = value;
  if (ports.now) json["sla"] = to_json(correlator::sla_of(incident, ports.sla, ports.now()));
  json["repeated"] = Json::array();
  for (const correlator::RepeatedAlert& alert : correlator::repeated_alerts(incident)) {
    json["repeated"].push_back(to_json(alert));
  }
  json["alerts"] = Json::array();
  std::string cursor;
  const auto alerts = ports.store->alerts({.rule_id = {}, .incident_id = incident.id}, kAlertsOfIncident, cursor);
  if (!alerts) return problem(alerts.error());
  for (const Alert& alert : *alerts) json["alerts"].push_back(alert_summary(alert));
  json["alerts_cut"] = !cursor.empty();
  const std::string shown = hash128_hex(dump_json(json)).substr(0, 16);
  for (const Incident& other : also) json["also"].push_back(incident_summary(other));
  HttpResponse response = json_answer(json);
  response.headers.emplace_back("ETag", '"' + incident_version(incident) + '-' + shown + '"');
  return response;
}

HttpResponse carry_out(const Call& call, const Result<correlator::IncidentOrder>& order) {
  if (!order) return problem(order.error());
  const auto done = call.ports.change_incident(*order);
  if (done && done->outcome == correlator::OrderResult::Outcome::kStale) {
    return problem(412, "the incident has changed since it was read");
  }
  if (done) {
    return incident_answer(call.ports, done->incidents.at(0), {done->incidents.begin() + 1, done->incidents.end()});
  }
  // The request was fine, the incident is not where it could be done.
  if (done.error().code == Errc::kInvalid) return problem(409, done.error().what);
  return problem(done.error());
}

}  // namespace

std::string_view step_verb_name(StepVerb verb) {
  static constexpr std::string_view kNames[] = {"approve", "reject", "retry",
                                                "skip",    "done",   "reverse"};
  return kNames[static_cast<std::size_t>(verb)];
}

Json incident_summary(const Incident& incident) {
  Json json = to_json(incident);
  json.erase("timeline");
  json.erase("history");
  const TimelineEntry* top = top_entry(incident);
  json["title"] = top != nullptr ? top->rule_name : std::string();
  json["top_alert"] = top != nullptr ? top->alert_id : std::string();
  json["story"] = Json::array();
  const auto story = story_of(incident);
  json["rule_count"] = story.size();
  for (std::size_t i = 0; i < std::min(story.size(), kStoryMax); ++i) {
    json["story"].push_back({{"rule", story[i]->rule_name},
                             {"level", level_name(story[i]->level)},
                             {"layer", layer_name(story[i]->layer)},
                             {"@timestamp", format_time(story[i]->time_ns)}});
  }
  return json;
}

Json alert_summary(const Alert& alert) {
  Json json = to_json(alert);
  json["event_count"] = alert.events.size();
  json["match_count"] = alert.matches.size();
  json.erase("events");
  json.erase("matches");
  return json;
}

HttpResponse list_incidents(const Call& call) {
  Result<Page> page = page_of(call.request);
  if (!page) return problem(page.error());
  const auto incidents = call.ports.store->incidents(page->limit, page->cursor);
  if (!incidents) return problem(incidents.error());
  Json json = {{"items", Json::array()}};
  for (const Incident& incident : *incidents) {
    Json item = incident_summary(incident);
    if (call.ports.now) item["sla"] = to_json(correlator::sla_of(incident, call.ports.sla, call.ports.now()));
    json["items"].push_back(std::move(item));
  }
  return page_answer(call.request, std::move(json), page->cursor);
}

HttpResponse get_incident(const Call& call) {
  const auto incident = call.ports.store->incident(call.parts[0]);
  if (!incident) return problem(incident.error());
  return incident_answer(call.ports, *incident);
}

HttpResponse change_incident(const Call& call) {
  if (!call.ports.change_incident) return absent("changing incidents");
  const auto incident = call.ports.store->incident(call.parts[0]);  // by number, too
  if (!incident) return problem(incident.error());
  const auto other_of = [&](std::string_view id) { return call.ports.store->incident(id); };
  return carry_out(call, order_of_verb(call.request, call.parts[1], *incident, other_of));
}

HttpResponse patch_incident(const Call& call) {
  if (!call.ports.change_incident) return absent("changing incidents");
  const auto incident = call.ports.store->incident(call.parts[0]);
  if (!incident) return problem(incident.error());
  return carry_out(call, order_of_patch(call.request, *incident));
}

HttpResponse list_alerts(const Call& call) {
  Result<Page> page = page_of(call.request);
  if (!page) return problem(page.error());
  storage::AlertFilter filter;
  filter.rule_id = parameter(call.request, "rule");
  filter.incident_id = parameter(call.request, "incident");
  const auto alerts = call.ports.store->alerts(filter, page->limit, page->cursor);
  if (!alerts) return problem(alerts.error());
  Json json = {{"items", Json::array()}};
  for (const Alert& alert : *alerts) json["items"].push_back(to_json(alert));
  return page_answer(call.request, std::move(json), page->cursor);
}

HttpResponse get_alert(const Call& call) {
  const auto alert = call.ports.store->alert(call.parts[0]);
  return alert ? json_answer(to_json(*alert)) : problem(alert.error());
}

HttpResponse get_proof(const Call& call) {
  ProofPage page;
  const auto limit = number_parameter(call.request, "limit", page.limit, 100);
  if (!limit) return problem(limit.error());
  page.limit = std::max<std::size_t>(*limit, 1);
  if (!parameter(call.request, "at").empty()) {
    const auto at = number_parameter(call.request, "at", 0, Alert::kEventsMax);
    if (!at) return problem(at.error());
    page.at = *at;
  }
  const auto proof = alert_proof(call.ports, call.parts[0], page);
  return proof ? json_answer(*proof) : problem(proof.error());
}

HttpResponse get_verification(const Call& call) {
  if (!call.ports.verify) return absent("verifying alerts");
  const auto verification = call.ports.verify(call.parts[0]);
  return verification ? json_answer(*verification) : problem(verification.error());
}

HttpResponse search_events(const Call& call) {
  if (!call.ports.search) return absent("search");
  SearchQuery query;
  query.text = parameter(call.request, "q");
  if (query.text.size() > kQueryBytesMax) return problem(400, "q is longer than 4096 bytes");
  storage::QueryError error;
  if (!storage::parse_query(query.text, &error)) return query_problem(error);
  const auto from = time_parameter(call.request, "from", query.from_ns);
  if (!from) return problem(from.error());
  const auto to = time_parameter(call.request, "to", query.to_ns);
  if (!to) return problem(to.error());
  Result<Page> page = page_of(call.request);
  if (!page) return problem(page.error());
  query.from_ns = *from;
  query.to_ns = *to;
  query.limit = page->limit;
  query.cursor = std::move(page->cursor);
  Result<SearchPage> found = call.ports.search(query);
  if (!found) return problem(found.error());
  const std::string next = std::move(found->next);
  return page_answer(call.request, search_json(*std::move(found)), next);
}

HttpResponse list_event_fields(const Call& call) {
  if (!call.ports.fields) return absent("the fields of events");
  const auto fields = call.ports.fields();
  if (!fields) return problem(fields.error());
  Json json = query_words();
  json["fields"] = *fields;
  return json_answer(json);
}

Result<Json> ledger_json(const Ports& ports) {
  PICKET_TRY(const std::vector<storage::Ledger> sources,
             ports.ledger ? ports.ledger() : ports.store->ledger());
  storage::Ledger total;
  Json json = {{"sources", Json::array()}};
  for (const storage::Ledger& one : sources) {
    json["sources"].push_back(to_json(one));
    total.received += one.received;
    total.stored += one.stored;
    total.parsed += one.parsed;
    total.partial += one.partial;
    total.raw += one.raw;
    total.truncated += one.truncated;
    total.bytes += one.bytes;
    total.in_flight += one.in_flight;
    for (const auto& [reason, n] : one.rejected) total.rejected[reason] += n;
    for (const auto& [reason, n] : one.dropped) total.dropped[reason] += n;
  }
  json["total"] = to_json(total);
  json["total"].erase("source");
  return json;
}

HttpResponse get_ledger(const Call& call) {
  const auto json = ledger_json(call.ports);
  return json ? json_answer(*json) : problem(json.error());
}

HttpResponse get_rule_source(const Call& call) {
  if (!call.ports.rule_source) return absent("rule text");
  const auto rule = call.ports.rule_source(call.parts[0]);
  if (!rule) return problem(rule.error());
  return json_answer({{"id", rule->id},
                      {"name", rule->name},
                      {"path", rule->path},
                      {"hash", rule->hash},
                      {"first_line", rule->first_line},
                      {"text", rule->text},
                      {"refers_to", rule->refers_to}});
}

HttpResponse get_rule_cost(const Call& call) {
  if (!call.ports.rule_cost) return absent("the cost of rules");
  const auto limit = number_parameter(call.request, "limit", kPageDefault, kPageMax);
  if (!limit) return problem(limit.error());
  const std::string_view by = parameter(call.request, "by");
  const auto costs = call.ports.rule_cost(by.empty() ? "time" : by, *limit);
  return costs ? json_answer(*costs) : problem(costs.error());
}

HttpResponse list_runs(const Call& call) {
  if (!call.ports.runs) return absent("response");
  std::string incident(parameter(call.request, "incident"));
  if (!incident.empty()) {
    const auto found = call.ports.store->incident(incident);  // by number, too
    if (!found) return problem(found.error());
    incident = found->id;
  }
  const auto runs = call.ports.runs(incident);
  return runs ? json_answer({{"items", *runs}}) : problem(runs.error());
}

HttpResponse get_run(const Call& call) {
  if (!call.ports.run) return absent("response");
  const auto run = call.ports.run(call.parts[0]);
  return run ? json_answer(*run) : problem(run.error());
}

HttpResponse command_step(const Call& call) {
  if (!call.ports.command_step) return absent("response");
  StepCommand command;
  command.run = call.parts[0];
  command.step = call.parts[1];
  command.actor = "admin";
  bool known = false;
  for (const StepVerb verb : kStepVerbs) {
    if (step_verb_name(verb) != call.parts[2]) continue;
    command.verb = verb;
    known = true;
  }
  if (!known) return problem(404, "a step knows approve, reject, retry, skip, done and reverse");
  Result<std::string> comment = body_text(call.request, "comment");
  if (!comment) return problem(comment.error());
  command.comment = *std::move(comment);
  const auto run = call.ports.command_step(command);
  if (run) return json_answer(*run);
  // The request was fine, the step is not where it could be done.
  if (run.error().code == Errc::kInvalid) return problem(409, run.error().what);
  if (run.error().code == Errc::kLimit) return problem(429, run.error().what);
  return problem(run.error());
}

HttpResponse get_status(const Call& call) {
  return call.ports.status ? json_answer(call.ports.status()) : absent("status");
}

HttpResponse get_metrics(const Call& call) {
  if (!call.ports.metrics) return absent("metrics");
  return text_answer(call.ports.metrics(), "text/plain; version=0.0.4; charset=utf-8");
}

HttpResponse get_ready(const Call& call) {
  if (!call.ports.ready) return json_answer({{"ready", true}});
  const Result<void> ready = call.ports.ready();
  return ready ? json_answer({{"ready", true}}) : problem(503, ready.error().what);
}

}  // namespace picket::api
