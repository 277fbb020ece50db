// Entities of an event: the users, hosts, addresses, files, domains and processes it speaks of, in
// one spelling, so that the same thing seen by two sources compares equal.
//
// Pure functions. Results own their text. Names are those of ECS 8.17.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/alert.h"
#include "event/event.h"

namespace picket::correlator {

// Sorted, distinct, at most kEntitiesMax.
inline constexpr std::size_t kEntitiesMax = 32;
std::vector<Entity> entities_of(Batch& batch, const Event& event);

// What entities_of() looks at. Events for which it is the same have the same entities.
void append_entity_texts(std::string& key, Batch& batch, const Event& event);

// Each gives nullopt for what says nothing: "-", SYSTEM, machine accounts ("WS1$"), loopback, ...
std::optional<std::string> user_entity(std::string_view name);  // "CORP\\Ann" -> "ann"
std::optional<std::string> host_entity(std::string_view name);
std::optional<std::string> ip_entity(std::string_view text);  // RFC 5952 form; mapped IPv4 as IPv4
std::optional<std::string> hash_entity(std::string_view text);
std::optional<std::string> domain_entity(std::string_view name);
std::optional<std::string> process_entity(std::string_view path);  // in lower case

// Adds what is missing; both stay sorted and distinct. `max` bounds `into`.
void merge_entities(std::vector<Entity>& into, const std::vector<Entity>& more, std::size_t max);

}  // namespace picket::correlator
