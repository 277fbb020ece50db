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
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
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

// How many records of each source: those of a batch, and those that were rejected or dropped.
using Tally = std::map<SourceId, std::uint64_t>;
Tally tally(const Delivery& delivery);

// The queue from the doors to the engine. It knows what is on its way: handed over by a door, and
// not yet settled by the engine's commit. One thread pushes, one pops and settles, any may ask for
// flows().
class DeliveryQueue {
 public:
  // Since the start of this process; in flight are accepted - settled.
  struct Flow {
    std::uint64_t accepted = 0;
    std::uint64_t settled = 0;
  };
  struct Flows {
    std::map<SourceId, Flow> sources;
    std::uint64_t commit = 0;  // number of the commit that settled last
  };

  explicit DeliveryQueue(std::size_t capacity) : queue_(capacity) {}

  // On false `delivery` is untouched.
  [[nodiscard]] bool try_push(Delivery&& delivery);
  [[nodiscard]] std::optional<Delivery> try_pop() { return queue_.try_pop(); }
  std::size_t size() const { return queue_.size(); }

  // The engine itself has so many to commit, which came through no door.
  void accept(const Tally& records);
  // The engine has committed so many, as commit number `commit`.
  void settle(const Tally& records, std::uint64_t commit);
  // The engine has given up on so many: nobody was told that they are safe, so they were not
  // accepted.
  void give_back(const Tally& records);
  Flows flows() const;

 private:
  SpscQueue<Delivery> queue_;
  Guarded<Flows> flows_;
};

}  // namespace picket::collector
