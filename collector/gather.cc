#include "collector/gather.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace picket::collector {

void add_record(Batch& batch, const Frame& frame, const Origin& origin, std::int64_t received_ns) {
  Record& record = batch.add(frame.bytes, origin.source, 0, received_ns);
  batch.set_heading(record, origin.heading);
  record.length = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(frame.length, std::numeric_limits<std::uint32_t>::max()));
  Meter& meter = *origin.meter;
  meter.records.fetch_add(1, std::memory_order_relaxed);
  meter.bytes.fetch_add(frame.bytes.size(), std::memory_order_relaxed);
  if (frame.length > frame.bytes.size()) meter.truncated.fetch_add(1, std::memory_order_relaxed);
}

void add_count(std::vector<Count>& counts, SourceId source, std::string_view reason,
               std::uint64_t n) {
  for (Count& count : counts) {
    if (count.source == source && count.reason == reason) {
      count.n += n;
      return;
    }
  }
  counts.push_back(Count{source, std::string(reason), n});
}

Delivery Gather::fresh() {
  Delivery delivery;
  delivery.batch = std::make_unique<Batch>();
  return delivery;
}

bool Gather::full() const {
  return delivery_.batch->records().size() >= limits_.records_max ||
         delivery_.batch->bytes() >= limits_.bytes_max;
}

bool Gather::empty() const {
  return delivery_.batch->records().empty() && delivery_.rejected.empty() &&
         delivery_.dropped.empty();
}

void Gather::add(const Frame& frame, const Origin& origin, std::int64_t received_ns) {
  PICKET_CHECK(!full());
  add_record(*delivery_.batch, frame, origin, received_ns);
  if (origin.offsets != nullptr &&
      std::find(touched_.begin(), touched_.end(), origin.offsets) == touched_.end()) {
    touched_.push_back(origin.offsets);
  }
  if (full()) flush();
}

void Gather::reject(const Origin& origin, std::string_view reason, std::uint64_t n) {
  if (n == 0) return;
  add_count(delivery_.rejected, origin.source, reason, n);
  origin.meter->rejected.fetch_add(n, std::memory_order_relaxed);
}

void Gather::drop(const Origin& origin, std::string_view reason, std::uint64_t n) {
  if (n == 0) return;
  add_count(delivery_.dropped, origin.source, reason, n);
  origin.meter->dropped.fetch_add(n, std::memory_order_relaxed);
}

bool Gather::flush() {
  if (empty()) return true;
  delivery_.offsets.clear();
  for (const OffsetOwner* owner : touched_) delivery_.offsets.push_back(owner->offset());
  stuck_ = !queue_.try_push(std::move(delivery_));
  if (stuck_) return false;
  engine_.notify();
  delivery_ = fresh();
  touched_.clear();
  ++deliveries_;
  return true;
}

}  // namespace picket::collector
