#include "collector/delivery.h"

namespace picket::collector {

Tally tally(const Delivery& delivery) {
  Tally counts;
  for (const Record& record : delivery.batch->records()) ++counts[record.source];
  for (const Count& count : delivery.rejected) counts[count.source] += count.n;
  for (const Count& count : delivery.dropped) counts[count.source] += count.n;
  return counts;
}

bool DeliveryQueue::try_push(Delivery&& delivery) {
  const Tally records = tally(delivery);
  // Under the lock, so that nobody sees a record settled that is not yet accepted.
  return flows_.with([&](Flows& flows) {
    if (!queue_.try_push(std::move(delivery))) return false;
    for (const auto& [source, n] : records) flows.sources[source].accepted += n;
    return true;
  });
}

void DeliveryQueue::accept(const Tally& records) {
  flows_.with([&](Flows& flows) {
    for (const auto& [source, n] : records) flows.sources[source].accepted += n;
  });
}

void DeliveryQueue::settle(const Tally& records, std::uint64_t commit) {
  flows_.with([&](Flows& flows) {
    for (const auto& [source, n] : records) flows.sources[source].settled += n;
    flows.commit = commit;
  });
}

void DeliveryQueue::give_back(const Tally& records) {
  flows_.with([&](Flows& flows) {
    for (const auto& [source, n] : records) flows.sources[source].accepted -= n;
  });
}

DeliveryQueue::Flows DeliveryQueue::flows() const {
  return flows_.with([](const Flows& flows) { return flows; });
}

}  // namespace picket::collector
