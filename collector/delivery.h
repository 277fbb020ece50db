// Delivery: what a door hands to the engine, in order, through one bounded queue.
//
// A delivery owns all it holds. It is filled on the collector's thread, moves through the queue
// whole and then belongs to the engine's thread, which numbers the records (their seq is 0 here),
// commits batch, counts and offsets in one synced write, and only then calls the acks.
//
// Accounting: for each source, received = records of the batch + rejected + dropped. What a door
// discards reaches the engine as a count, in the next delivery at the latest.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/spsc_queue.h"
#include "event/event.h"
#include "event/record.h"

namespace picket::collector {

// Called exactly once by the engine's thread: true after the commit is synced, false when the
// engine gave up. Cheap and never blocks. It may be called, or dropped, after the collector is
// gone.
using Ack = std::function<void(bool committed)>;

struct Count {
  SourceId source{};
  std::string
      reason;  // rejected: "empty", "bulk_action"; dropped: "queue_full", "kernel_overflow", ...
  std::uint64_t n = 0;
};

struct Delivery {
  BatchPtr batch;  // never null; may hold no records when only counts are told
  std::vector<Ack> acks;
  std::vector<Count> rejected;
  std::vector<Count> dropped;
  // Read positions after the batch's last record, to be committed with it: name and value, both
  // text.
  std::vector<std::pair<std::string, std::string>> offsets;
};

using DeliveryQueue = SpscQueue<Delivery>;

}  // namespace picket::collector
