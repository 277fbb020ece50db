#include "api/incident_orders.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "api/answer.h"
#include "base/json.h"

namespace picket::api {
namespace {

using correlator::IncidentOrder;
using Kind = IncidentOrder::Kind;

constexpr std::size_t kBodyMax = 256 * 1024;
constexpr std::size_t kPrefixMin = 6;
constexpr std::size_t kKeyMax = 128;

struct StatusVerb {
  std::string_view name;
  IncidentStatus status;
};
constexpr StatusVerb kStatusVerbs[] = {{"acknowledge", IncidentStatus::kAcknowledged},
                                       {"start", IncidentStatus::kInProgress},
                                       {"resolve", IncidentStatus::kResolved},
                                       {"close", IncidentStatus::kClosed},
                                       {"reopen", IncidentStatus::kNew}};

Result<Json> body_of(const HttpRequest& request) {
  if (request.body.empty()) return Json::object();
  PICKET_TRY(Json body, parse_json(request.body, {.bytes_max = kBodyMax, .depth_max = 4}));
  if (!body.is_object()) return fail(Errc::kInvalid, "the body is not a JSON object");
  return body;
}

// nullopt: not there.
Result<std::optional<std::string>> text_of(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::optional<std::string>();
  if (!found->is_string()) return fail(Errc::kInvalid, std::string(name) + " is not a text");
  return std::optional(found->get<std::string>());
}

Result<void> read_common(const HttpRequest& request, const Json& body, IncidentOrder& order) {
  order.actor = "admin";
  order.version = version_of_if_match(header(request, "if-match"));
  order.key = header(request, "idempotency-key").substr(0, kKeyMax);
  PICKET_TRY(const std::optional<std::string> comment, text_of(body, "comment"));
  order.comment = comment.value_or("");
  PICKET_TRY(const std::optional<std::string> disposition, text_of(body, "disposition"));
  if (!disposition) return {};
  order.disposition = disposition_of(*disposition);
  if (order.disposition) return {};
  return fail(Errc::kInvalid,
              "disposition is true_positive, benign, false_positive, duplicate, test or empty");
}

Result<void> read_members(const Json& body, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : body.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return fail(Errc::kInvalid, "'" + name.substr(0, 64) + "' is not known here");
    }
  }
  return {};
}

Result<std::vector<std::string>> alerts_of(const Json& body, const Incident& incident) {
  const auto list = body.find("alerts");
  if (list == body.end() || !list->is_array() || list->empty()) {
    return fail(Errc::kInvalid, "alerts is not a list of ids");
  }
  if (list->size() > IncidentOrder::kAlertsMax) return fail(Errc::kLimit, "at most 1000 alerts at a time");
  std::vector<std::string> ids;
  for (const Json& one : *list) {
    if (!one.is_string()) return fail(Errc::kInvalid, "alerts is not a list of ids");
    const std::string text = one.get<std::string>();
    std::vector<const TimelineEntry*> fits;
    for (const TimelineEntry& entry : incident.timeline) {
      if (text.size() >= kPrefixMin && entry.alert_id.starts_with(text)) fits.push_back(&entry);
    }
    if (fits.size() > 1) return fail(Errc::kInvalid, "several alerts begin with '" + text + "'");
    ids.push_back(fits.empty() ? text : fits[0]->alert_id);
  }
  return ids;
}

Result<void> read_merge(const Json& body, const std::function<Result<Incident>(std::string_view)>& other_of,
                        IncidentOrder& order) {
  order.kind = Kind::kMerge;
  const auto from = body.find("from");
  std::string name;
  if (from != body.end() && from->is_string()) name = from->get<std::string>();
  if (from != body.end() && from->is_number_unsigned()) name = std::to_string(from->get<std::uint64_t>());
  if (name.empty()) return fail(Errc::kInvalid, "from is not the id or number of an incident");
  PICKET_TRY(const Incident other, other_of(name));
  order.other = other.id;
  return {};
}

Result<void> read_undo(const Json& body, IncidentOrder& order) {
  order.kind = Kind::kUndo;
  const auto change = body.find("change");
  if (change == body.end()) return {};
  if (!change->is_number_unsigned()) return fail(Errc::kInvalid, "change is not a number");
  order.change = change->get<std::uint64_t>();
  return {};
}

// What is of one verb only.
Result<void> read_verb(const Json& body, const Incident& incident,
                       const std::function<Result<Incident>(std::string_view)>& other_of, IncidentOrder& order) {
  if (order.verb == "merge") return read_merge(body, other_of, order);
  if (order.verb == "undo") return read_undo(body, order);
  if (order.verb == "split" || order.verb == "detach") {
    order.kind = order.verb == "split" ? Kind::kSplit : Kind::kDetach;
    PICKET_TRY(order.alerts, alerts_of(body, incident));
    return {};
  }
  if (order.verb == "assign") {
    PICKET_TRY(order.assignee, text_of(body, "assignee"));
    if (!order.assignee) return fail(Errc::kInvalid, "assignee is missing; an empty one is nobody");
    return {};
  }
  if (order.verb == "comment" && order.comment.empty()) return fail(Errc::kInvalid, "comment is missing");
  if (order.verb == "dispose" && !order.disposition) return fail(Errc::kInvalid, "disposition is missing");
  return {};
}

}  // namespace

std::string version_of_if_match(std::string_view if_match) {
  if (if_match.empty() || if_match == "*") return {};
  if (if_match.size() < 2 || !if_match.starts_with('"')) return "-";  // weak tags never match here
  const std::string_view tag = if_match.substr(1);
  const std::string_view version = tag.substr(0, tag.find_first_of("-\""));
  return version.empty() ? "-" : std::string(version);
}

Result<IncidentOrder> order_of_verb(const HttpRequest& request, std::string_view verb, const Incident& incident,
                                    const std::function<Result<Incident>(std::string_view)>& other_of) {
  static constexpr std::string_view kOthers[] = {"assign", "comment", "dispose", "merge", "split", "detach", "undo"};
  IncidentOrder order;
  order.verb = verb;
  order.incident = incident.id;
  const auto* status = std::find_if(std::begin(kStatusVerbs), std::end(kStatusVerbs),
                                    [&](const StatusVerb& one) { return one.name == verb; });
  if (status != std::end(kStatusVerbs)) {
    order.status = status->status;
  } else if (std::find(std::begin(kOthers), std::end(kOthers), verb) == std::end(kOthers)) {
    return fail(Errc::kNotFound,
                "an incident knows acknowledge, start, resolve, close, reopen, assign, comment, dispose, merge, "
                "split, detach and undo");
  }
  PICKET_TRY(const Json body, body_of(request));
  PICKET_TRY_VOID(read_members(body, {"comment", "disposition", "assignee", "from", "alerts", "change"}));
  PICKET_TRY_VOID(read_common(request, body, order));
  PICKET_TRY_VOID(read_verb(body, incident, other_of, order));
  // What has gone on since is not set back by a second look, and a reopening is of what is over.
  if (verb == "acknowledge" && incident.status == IncidentStatus::kInProgress) order.status.reset();
  if (verb == "reopen" && !is_over(incident.status)) order.status.reset();
  return order;
}

Result<IncidentOrder> order_of_patch(const HttpRequest& request, const Incident& incident) {
  IncidentOrder order;
  order.verb = "update";
  order.incident = incident.id;
  PICKET_TRY(const Json body, body_of(request));
  PICKET_TRY_VOID(read_members(body, {"comment", "disposition", "assignee", "status"}));
  PICKET_TRY_VOID(read_common(request, body, order));
  PICKET_TRY(order.assignee, text_of(body, "assignee"));
  PICKET_TRY(const std::optional<std::string> status, text_of(body, "status"));
  if (status) order.status = incident_status_of(*status);
  if (status && !order.status) {
    return fail(Errc::kInvalid, "status is new, acknowledged, in_progress, resolved or closed");
  }
  return order;
}

}  // namespace picket::api
