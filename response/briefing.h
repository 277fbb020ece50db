// What a message says about an incident, and to whom: the owners of the systems it touched, the
// outside addresses in it, and the values of the templates' placeholders. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/incident.h"
#include "response/address.h"
#include "response/options.h"
#include "response/systems.h"
#include "response/template.h"

namespace picket::response {

// One owner, and all the systems of theirs that the incident touched.
struct Addressee {
  Contact contact;
  std::vector<const System*> systems;
};

// By the incident's own system first, then by its hosts and addresses; each mail address once.
std::vector<Addressee> owners_of(const Incident& incident, const Systems& systems);

// Addresses of the incident that are neither internal nor within a registered system's networks.
std::vector<IpAddress> outside_addresses(const Incident& incident, const Systems& systems);

// "22/11/2026 09:14:41 +07:00"
std::string local_time(std::int64_t time_ns);

// The values of every placeholder that does not depend on a step. kNotFound names a message that
// the templates lack (names of levels, layers, ...).
Result<TemplateValues> incident_values(const Incident& incident, const Addressee& to,
                                       const Systems& systems, const Options& options,
                                       const Messages& messages, std::string_view language);

}  // namespace picket::response
