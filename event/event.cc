#include "event/event.h"

#include <cstring>

#include "event/ecs.h"
#include "event/ecs_type.h"

namespace picket {

std::string_view parse_status_name(ParseStatus status) {
  switch (status) {
    case ParseStatus::kParsed: return "parsed";
    case ParseStatus::kPartial: return "partial";
    case ParseStatus::kRaw: return "raw";
  }
  return "raw";
}

Record& Batch::add(std::string_view raw, SourceId source, std::uint64_t seq, std::int64_t received_ns) {
  char* const at = arena_.allocate(raw.size() + kPadding);
  if (!raw.empty()) std::memcpy(at, raw.data(), raw.size());
  std::memset(at + raw.size(), 0, kPadding);
  bytes_ += raw.size();
  return records_.emplace_back(Record{.raw = {at, raw.size()},
                                      .received_ns = received_ns,
                                      .seq = seq,
                                      .source = source,
                                      .length = static_cast<std::uint32_t>(raw.size())});
}

void Batch::set_heading(Record& record, std::string_view heading) {
  if (heading.empty()) {
    record.heading = {};
    return;
  }
  if (heading_ != heading) {
    char* const at = arena_.allocate(heading.size());
    std::memcpy(at, heading.data(), heading.size());
    heading_ = {at, heading.size()};
  }
  record.heading = heading_;
}

const Field* Batch::find(const Event& event, FieldId id) const {
  for (const Field& field : fields(event)) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Batch::find_ecs(const Event& event, FieldId ecs) const {
  if (const Field* field = find(event, ecs)) return field;
  for (const auto& [name, original] : kind_of(event.kind).originals(ecs)) {
    const Field* const field = find(event, original);
    if (field != nullptr && can_stand_for(*field, ecs)) return field;
  }
  return nullptr;
}

std::optional<std::string_view> Batch::text(const Event& event, FieldId ecs) {
  if (const Field* field = find_ecs(event, ecs)) return field_text(*field, arena_);
  if (ecs == ecs::kObserverLayer && event.layer != Layer::kNone) return layer_name(event.layer);
  if (const std::string* constant = kind_of(event.kind).constant(ecs)) return *constant;
  return std::nullopt;
}

void Batch::clear() {
  records_.clear();
  events_.clear();
  fields_.clear();
  hits_.clear();
  bytes_ = 0;
  heading_ = {};
  arena_.reset();
}

}  // namespace picket
