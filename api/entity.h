// Entity pages: what a user, a host, an address, ... did across the layers, as far as alerts and
// incidents tell; and the search that shows its events.
//
// Functions of the store, any thread. They look at the newest alerts and incidents, of each so many
// that an answer takes no longer than a second or two, and say so when there were more.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "event/alert.h"
#include "storage/store.h"

namespace picket::api {

// "user", "CORP\\Ann" -> {"user", "ann"}: spelt as in alerts. kInvalid: there is no such type, or the
// value names nothing (an empty text, a loopback address, a machine's own account).
Result<Entity> entity_of(std::string_view type, std::string_view value);

// In the language of docs/search.md: events whose fields name it.
std::string events_query(const Entity& entity);

inline constexpr std::size_t kEntityAlertsMax = 2000;
inline constexpr std::size_t kEntityIncidentsMax = 1000;

// One that nothing is known of has zero alerts; that is no error.
Result<Json> entity_page(const storage::Store& store, const Entity& entity);

// Those in open incidents, of highest risk first.
Result<Json> entities_at_risk(const storage::Store& store, std::size_t limit);

}  // namespace picket::api
