// The period that --from and --to of a command mean, in event time. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "storage/store.h"

namespace picket::app {

struct Period {
  std::int64_t from_ns = INT64_MIN;  // inclusive
  std::int64_t to_ns = INT64_MAX;    // exclusive
};

// Empty texts leave an end open. kInvalid: not a time, or the end is not behind the beginning.
Result<Period> read_period(const std::string& from, const std::string& to);

// Raw bytes of all records, for the bar of a command that reads them; 0: unknown.
std::uint64_t stored_bytes(const storage::Store& store);

}  // namespace picket::app
