// Alerts and incidents as text for people: what happened, and the proof. Everything is made visible().
#pragma once

#include <string>

#include "event/alert.h"
#include "event/incident.h"
#include "storage/store.h"

namespace picket::app {

// The alert with each true test of its rule and the raw records behind it.
std::string show_alert(const Alert& alert, const storage::Store& store);
std::string show_incident(const Incident& incident);
// What a feed says of an indicator besides its type and value.
std::string indicator_text(const Indicator& indicator);
std::string layers_text(const std::vector<Layer>& layers);  // "network, server"

}  // namespace picket::app
