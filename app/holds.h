// Holds: what must stay though its retention is over, because a court, an authority or an investigation wants it.
//
// Each is a document of the store (docs/formats/store.md), bound by its hash chain: who set it and why, and when
// somebody lifted it; nothing of it is ever deleted. A hold names sources or a system or neither (everything), and a
// range of time. A source of which nobody knows a system may have records of any, so a hold of a system covers it.
// Any thread; the store must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/retention.h"
#include "base/guarded.h"
#include "base/json.h"
#include "base/result.h"
#include "base/world.h"
#include "storage/store.h"

namespace picket::app {

inline constexpr const char* kHoldSpace = "holds";
inline constexpr std::size_t kHoldsMax = 1000;        // that are in force at the same time
inline constexpr std::size_t kHoldTextMax = 4096;     // bytes of a reason
inline constexpr std::size_t kHoldSourcesMax = 1000;

struct HoldRecord {
  std::string id;                    // counts from "1"
  std::vector<std::string> sources;  // both empty: all of them
  std::string system;
  std::int64_t from_ns = INT64_MIN;  // inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
  std::string reason;
  std::string actor;
  std::int64_t time_ns = 0;
  std::string lifted_by;  // empty: it is in force
  std::string lifted_for;
  std::int64_t lifted_ns = 0;

  bool in_force() const { return lifted_by.empty(); }
};
Json to_json(const HoldRecord& hold);
Result<HoldRecord> hold_from_json(const Json& json);

// Of a store, oldest first.
Result<std::vector<HoldRecord>> read_holds(const storage::Store& store);

class Holds {
 public:
  // Reads those that are there.
  static Result<std::unique_ptr<Holds>> open(storage::Store& store, const std::vector<RetainedSource>& sources,
                                             const response::Systems& systems, Clock& clock);

  std::vector<HoldRecord> all() const;
  std::size_t in_force() const;
  // {"sources": [...], "system", "from", "to", "reason"}. kInvalid: says what is wrong with it; kLimit: too many.
  Result<HoldRecord> add(const Json& body, const std::string& actor);
  // {"reason"}. kNotFound; kInvalid: it was lifted already.
  Result<HoldRecord> lift(std::string_view id, const Json& body, const std::string& actor);
  // Those in force, by id.
  std::vector<std::pair<std::string, storage::Hold>> by_id() const;
  // For Store::expire().
  std::vector<storage::Hold> now() const;

 private:
  Holds(storage::Store& store, const std::vector<RetainedSource>& sources, const response::Systems& systems, Clock& clock);
  Result<void> put(std::vector<HoldRecord>& all, HoldRecord hold);

  storage::Store& store_;
  std::map<std::string, std::string, std::less<>> systems_of_;  // by source; empty: any
  std::vector<std::string> known_systems_;
  Clock& clock_;
  Guarded<std::vector<HoldRecord>> holds_;  // the lock is held until a change is in the store
};

}  // namespace picket::app
