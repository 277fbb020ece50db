#include "app/needed_records.h"

#include <algorithm>
#include <utility>

#include "parsers/catalog.h"
#include "rules/record_needs.h"

namespace picket::app {

using parsers::Catalog;
using parsers::Definition;
using parsers::EventOverride;

NeededRecords::NeededRecords(const Detection& detection) : detection_(detection), other_kinds_{kUnknownKind} {
  std::vector<const Definition*> of_windows;
  for (const Definition& definition : detection.catalog->definitions()) {
    if (definition.format == parsers::ContentFormat::kWindows) {
      of_windows.push_back(&definition);
      continue;
    }
    other_kinds_.push_back(definition.kind);
    for (const EventOverride& event : definition.events)
      other_kinds_.push_back(Catalog::event_kind(definition, event));
  }
  for (const Definition* definition : of_windows) {
    note_fixed(definition->base.constants);
    note_fixed(definition->late);
    for (const EventOverride& event : definition->events) {
      note_fixed(event.constants);
      note_fixed(event.late);
    }
  }
  for (const Definition* definition : of_windows) {
    note_originals(definition->base.aliases);
    for (const EventOverride& event : definition->events) note_originals(event.aliases);
  }
}

template <class Value>
void NeededRecords::note_fixed(const std::vector<std::pair<FieldId, Value>>& constants) {
  for (const auto& constant : constants) fixed_.emplace(field_name(constant.first));
}

void NeededRecords::note_originals(const std::vector<std::pair<FieldId, FieldId>>& aliases) {
  for (const auto& [ecs, original] : aliases) {
    if (fixed_.contains(field_name(ecs))) fixed_.emplace(field_name(original));
  }
}

bool NeededRecords::of_windows_only(const rules::DetectionRule& rule) const {
  return std::none_of(other_kinds_.begin(), other_kinds_.end(), [&](KindId kind) {
    return detection_.taxonomy->admits(rule.log_source, kind_of(kind));
  });
}

bool NeededRecords::stands(const rules::LogSource& source, std::string_view field) const {
  const auto ecs = detection_.taxonomy->ecs_name(source, field);
  const bool spaced = field.find(' ') != std::string_view::npos;  // names lose theirs
  return !spaced && !fixed_.contains(field) && (!ecs || !fixed_.contains(*ecs));
}

std::optional<RecordNeeds> NeededRecords::of(const std::vector<rules::DetectionRule>& rules) const {
  if (detection_.taxonomy->literal()) return std::nullopt;
  const auto other = [this](const rules::DetectionRule& rule) { return !of_windows_only(rule); };
  if (std::any_of(rules.begin(), rules.end(), other)) return std::nullopt;
  return rules::record_needs(rules, [this](const rules::LogSource& source, std::string_view field) {
    return stands(source, field);
  });
}

// YARA looks into payloads, indicators into any field.
std::optional<RecordNeeds> NeededRecords::of_all() const {
  if (detection_.routes == nullptr) return std::nullopt;
  const std::vector<rules::DetectionRule>& rules = detection_.routes->rules();
  if (detection_.rules->rule_count() != rules.size()) return std::nullopt;
  return of(rules);
}

}  // namespace picket::app
