// The history of an incident: who changed what, and what undo would take back next. And the one way
// in which two incidents become one.
//
// Pure functions on incidents that the caller puts back. Undo is a stack: the newest change that
// was not undone goes first; a change of two incidents must be the newest of both.
#pragma once

#include <string_view>

#include "base/world.h"
#include "event/incident.h"

namespace picket::correlator {

inline constexpr std::string_view kOwnActor = "picket";  // of merges that alerts brought about

// Appends a change and gives it its number; the oldest leave beyond Incident::kHistoryMax.
IncidentChange& record(Incident& incident, Nanos now, std::string_view actor,
                       std::string_view verb);
// The change that undo would take back; nullptr if there is none.
IncidentChange* last_change(Incident& incident);
const IncidentChange* last_change(const Incident& incident);

// What people set: status, assignee, disposition and the two instants that follow from the status.
Json settings_of(const Incident& incident);
void apply_settings(Incident& incident, const Json& settings);  // those that are there
void set_status(Incident& incident, IncidentStatus status, Nanos now);

// Moves all of `from` into `into` and closes it. Whatever set the two apart is forgotten; what set
// either apart from others holds for both. Facts only: level and risk are assessed by the caller.
void join(Incident& into, Incident& from, Nanos now);
// join() with a change in both histories.
void join_recorded(Incident& into, Incident& from, Nanos now, std::string_view actor);

bool are_apart(const Incident& a, const Incident& b);
void set_apart(Incident& a, Incident& b);

}  // namespace picket::correlator
