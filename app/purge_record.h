// PurgeRecord: records that are to go before their time, who asked for it, who agreed, and what became of it. It is what
// its steps add up to: each is a document of the store (docs/formats/store.md) of its own, bound by the hash chain, and
// never changed. Values, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "storage/store.h"

namespace picket::app {

inline constexpr const char* kPurgeSpace = "purges";
inline constexpr std::size_t kApprovalsNeeded = 2;  // of different approvers

enum class PurgeState : std::uint8_t { kAsked, kApproved, kRejected, kExpired, kDone };
std::string_view purge_state_name(PurgeState state);  // "asked", "approved", "rejected", "expired", "done"

struct PurgeApproval {
  std::string approver;
  std::int64_t time_ns = 0;
};

struct PurgeRecord {
  std::string id;                    // counts from "1"
  std::vector<std::string> sources;  // empty: all of them
  std::int64_t from_ns = INT64_MIN;  // own times of the records, inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
  std::string reason;
  std::string actor;  // who asked
  std::int64_t asked_ns = 0;    // only what was stored before goes
  std::int64_t expires_ns = 0;  // without its approvals
  storage::ExpiryTotals found;           // when it was asked for: what would go, and what stays
  std::vector<std::string> holds;        // ids of those that keep some of it; at most twenty
  std::vector<PurgeApproval> approvals;
  PurgeState state = PurgeState::kAsked;
  std::string ended_by;  // who rejected it
  std::string ended_for;
  std::int64_t ended_ns = 0;  // rejected, expired or done; 0: none of these
  storage::ExpiryTotals removed;
  std::uint64_t refused = 0;  // attempts to approve or reject it that did not count
  std::uint64_t steps = 0;

  bool is_of(std::string_view source) const;
  bool is_approved_by(std::string_view approver) const;
  // kCorrupt: it is no step.
  Result<void> take(const Json& step);
};
Json to_json(const PurgeRecord& purge);
Result<PurgeRecord> purge_from_json(const Json& json);  // what to_json() gave; for who asked the server

// Of a store, oldest first.
Result<std::vector<PurgeRecord>> read_purges(const storage::Store& store);
// The key of the next step.
std::string purge_step_key(const PurgeRecord& purge);

}  // namespace picket::app
