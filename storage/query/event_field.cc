#include "storage/query/event_field.h"

#include <utility>

namespace picket::storage {

EventField::EventField(std::string name)
    : name_(std::move(name)), of_addresses_(ecs_type(name_) == EcsType::kIp) {
  static constexpr std::pair<std::string_view, Special> kSpecials[] = {
      {"@timestamp", Special::kTimestamp},    {"event.original", Special::kOriginal},
      {"event.ingested", Special::kIngested}, {"picket.parse_status", Special::kStatus},
      {"picket.source", Special::kSource},    {"picket.seq", Special::kSeq}};
  for (const auto& [known, special] : kSpecials) {
    if (known == name_) special_ = special;
  }
}

}  // namespace picket::storage
