// Requests that change an incident, read into orders. Pure functions; desk thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/http_server.h"
#include "base/result.h"
#include "correlator/incident_verbs.h"
#include "event/incident.h"

namespace picket::api {

// POST .../incidents/{id}/{verb}. kNotFound: there is no such verb. `other_of` finds the id of an incident by
// its id or number. Alerts may be named by the beginning of their id, when only one fits.
Result<correlator::IncidentOrder> order_of_verb(
    const HttpRequest& request, std::string_view verb, const Incident& incident,
    const std::function<Result<Incident>(std::string_view)>& other_of);

// PATCH .../incidents/{id}: {"status", "assignee", "disposition", "comment"}, each may be missing.
Result<correlator::IncidentOrder> order_of_patch(const HttpRequest& request, const Incident& incident);

// The version that an If-Match names (RFC 9110 13.1.1): empty for "*" and for none, "-" for what no incident
// ever was. Our tags are "<version>-<rest>"; the rest is of what an answer shows beside the incident.
std::string version_of_if_match(std::string_view if_match);

}  // namespace picket::api
