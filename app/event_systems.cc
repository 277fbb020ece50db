#include "app/event_systems.h"

#include "event/ecs.h"

namespace picket::app {
namespace {

// The first value of the field for which there is a system.
template <class F>
const response::System* first_of(Batch& batch, const Event& event, FieldId ecs, F find) {
  const response::System* system = nullptr;
  if (const Field* found = batch.find_ecs(event, ecs)) {
    const Field field = *found;
    for_each_value(field, [&](const Field& value) {
      if (system != nullptr || value.kind == ValueKind::kNull || value.kind == ValueKind::kArray) return;
      system = find(field_text(value, batch.arena()));
    });
  } else if (const auto text = batch.text(event, ecs)) {
    system = find(*text);
  }
  return system;
}

}  // namespace

const response::System* EventSystems::of(Batch& batch, const Event& event) const {
  if (systems_.all().empty()) return nullptr;
  const auto by_host = [this](std::string_view name) { return systems_.of_host(name); };
  const auto by_address = [this](std::string_view text) { return systems_.of_address(text); };
  if (const auto* system = first_of(batch, event, ecs::kHostName, by_host)) return system;
  for (const FieldId field : {ecs::kHostIp, ecs::kDestinationIp, ecs::kSourceIp}) {
    if (const auto* system = first_of(batch, event, field, by_address)) return system;
  }
  return nullptr;
}

const response::System* EventSystems::of(const std::vector<Entity>& entities) const {
  for (const Entity& entity : entities) {
    if (entity.type != "host") continue;
    if (const auto* system = systems_.of_host(entity.value)) return system;
  }
  for (const Entity& entity : entities) {
    if (entity.type != "ip") continue;
    if (const auto* system = systems_.of_address(entity.value)) return system;
  }
  return nullptr;
}

correlator::IncidentOptions incident_options(const response::Systems& systems) {
  correlator::IncidentOptions options;
  options.level_of_system = [&systems](std::string_view name) {
    const response::System* system = systems.by_name(name);
    return system != nullptr ? system->level : 0;
  };
  return options;
}

}  // namespace picket::app
