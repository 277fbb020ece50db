// Purges: records go before their time only when two different approvers have agreed (docs/backup.md, "Purges").
//
// ask() counts what would go and what holds keep; approve() and reject() know people by their tokens; carry_out() removes
// what has its approvals, whole blocks as retention does, holds respected. Every step, refused attempts too, is a document
// that the chain binds, and what is not over goes on after a restart. Wrong tokens are bounded: a handful a minute.
//
// Any thread but for carry_out(), which is for the thread that packs. Store, holds and clock must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/approver.h"
#include "app/holds.h"
#include "app/purge_record.h"
#include "base/guarded.h"
#include "base/json.h"
#include "base/result.h"
#include "base/world.h"
#include "storage/store.h"

namespace picket::app {

inline constexpr std::int64_t kPurgeLifetimeNs = 7LL * 24 * 3600 * 1'000'000'000;  // until it expires
inline constexpr std::size_t kPurgesWaitingMax = 100;
inline constexpr int kWrongTokensMax = 5;  // in a minute, of all purges together

class Purges {
 public:
  static Result<std::unique_ptr<Purges>> open(storage::Store& store, const Holds& holds, std::vector<Approver> approvers,
                                              Clock& clock);

  std::vector<PurgeRecord> all() const;  // oldest first
  std::size_t waiting() const;           // for approvals

  // {"sources": [...], "from", "to", "reason"}. kInvalid says what is wrong with it; kLimit: too many are waiting.
  Result<PurgeRecord> ask(const Json& body, const std::string& actor);
  // {"token"}; reject() wants a "reason" too. kNotFound: there is no such purge. kInvalid: it did not count, and why.
  // kLimit: too many wrong tokens.
  Result<PurgeRecord> approve(std::string_view id, const Json& body, const std::string& actor);
  Result<PurgeRecord> reject(std::string_view id, const Json& body, const std::string& actor);

  // Removes what is approved, and lets go what nobody approved in time. Gives back what was carried out. Cheap when
  // there is nothing to do. Errors are of the store: call it again.
  Result<std::vector<PurgeRecord>> carry_out();

 private:
  struct State {
    std::vector<PurgeRecord> all;
    std::int64_t window_ns = 0;  // when the minute of wrong tokens began
    int failures = 0;
  };

  Purges(storage::Store& store, const Holds& holds, std::vector<Approver> approvers, Clock& clock);
  Result<PurgeRecord> scope_of(const Json& body) const;
  Result<void> count(PurgeRecord& purge) const;
  storage::Removal removal_of(const PurgeRecord& purge) const;
  Result<void> put(PurgeRecord& purge, Json step);
  Result<PurgeRecord> decide(std::string_view id, const Json& body, const std::string& actor, const char* step);
  tl::unexpected<Error> refuse(State& state, PurgeRecord& purge, const Json& step, const std::string& why);
  Result<void> expire(State& state);

  storage::Store& store_;
  const Holds& holds_;
  const std::vector<Approver> approvers_;
  Clock& clock_;
  Guarded<State> state_;  // the lock is held until a step is in the store, and never while records are removed
};

}  // namespace picket::app
