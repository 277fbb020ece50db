// Gather: collects records of many doors into one delivery and hands it over when it is large
// enough.
//
// One for the doors that wait when the queue is full (WhenFull::kBlock) and one for those that
// drop; both push to the same queue, from the collector's thread. When the queue is full, what was
// gathered stays here and full() tells the doors to stop. Knows no timers: see hub.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wakeup.h"
#include "collector/delivery.h"
#include "collector/framing.h"
#include "collector/meter.h"

namespace picket::collector {

struct GatherLimits {
  std::size_t records_max = 1000;
  std::size_t bytes_max = 1024 * 1024;
};

// Whoever has a read position. Asked when a delivery with its records is handed over, and must then
// answer the position after the last record it added.
class OffsetOwner {
 public:
  virtual ~OffsetOwner() = default;
  virtual std::pair<std::string, std::string> offset() const = 0;
};

// Where a door's records come from and are counted.
struct Origin {
  SourceId source{};
  Meter* meter = nullptr;
  const OffsetOwner* offsets = nullptr;  // or none
  std::string_view heading = {};         // of the record that is added next
};

class Gather {
 public:
  Gather(GatherLimits limits, DeliveryQueue& queue, Wakeup& engine)
      : limits_(limits), queue_(queue), engine_(engine) {}
  Gather(const Gather&) = delete;
  Gather& operator=(const Gather&) = delete;

  // No record more may be added until flush() succeeds. Drops and rejections still count.
  bool full() const;
  bool empty() const;
  // The last attempt to hand over found the queue full, and nothing was handed over since.
  bool stuck() const { return stuck_; }

  // Copies the frame; hands over when a limit is reached. Only if not full().
  void add(const Frame& frame, const Origin& origin, std::int64_t received_ns);
  void reject(const Origin& origin, std::string_view reason, std::uint64_t n);
  void drop(const Origin& origin, std::string_view reason, std::uint64_t n);

  // Hands over what there is. true when nothing is left.
  bool flush();
  std::uint64_t deliveries() const { return deliveries_; }  // any thread

 private:
  static Delivery fresh();

  GatherLimits limits_;
  DeliveryQueue& queue_;
  Wakeup& engine_;
  Delivery delivery_ = fresh();
  std::vector<const OffsetOwner*> touched_;  // owners with records in delivery_
  bool stuck_ = false;
  std::atomic<std::uint64_t> deliveries_{0};
};

// Appends the frame to a batch, with its original length, and counts it.
void add_record(Batch& batch, const Frame& frame, const Origin& origin, std::int64_t received_ns);
// Adds to the entry of that source and reason.
void add_count(std::vector<Count>& counts, SourceId source, std::string_view reason,
               std::uint64_t n);

}  // namespace picket::collector
