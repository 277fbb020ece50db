#include "storage/query/field_survey.h"

#include <algorithm>

#include "base/time.h"
#include "event/ecs.h"
#include "storage/query.h"
#include "storage/query/reader.h"

namespace picket::storage {

void FieldSurvey::count(std::string_view name, std::string_view value) {
  auto found = names_.find(name);
  if (found == names_.end()) {
    if (names_.size() == kNamesMax) return;
    found = names_.emplace(std::string(name), Seen{}).first;
  }
  Seen& seen = found->second;
  if (seen.last_event != events_) ++seen.events;
  seen.last_event = events_;
  if (value.empty()) return;
  seen.numbers = seen.numbers && parse_number(value);
  seen.addresses = seen.addresses && parse_network(value);
  seen.booleans = seen.booleans && (value == "true" || value == "false");
  const bool known =
      std::find(seen.examples.begin(), seen.examples.end(), value) != seen.examples.end();
  if (!known && value.size() <= kExampleBytesMax && seen.examples.size() < kExamplesMax)
    seen.examples.emplace_back(value);
}

void FieldSurvey::add(Batch& batch, const Event& event) {
  ++events_;
  const EventKind& kind = kind_of(event.kind);
  for (const Field& field : batch.fields(event)) {
    for_each_value(field, [&](const Field& value) {
      const std::string_view text = field_text(value, batch.arena());
      count(field_name(field.id), text);
      for (const auto& [ecs, original] : kind.aliases) {
        if (original == field.id && ecs != field.id) count(field_name(ecs), text);
      }
    });
  }
  for (const auto& [name, value] : kind.constants) count(field_name(name), value);
  if (!kind.dataset.empty()) count("event.dataset", kind.dataset);
  if (event.layer != Layer::kNone) count("observer.layer", layer_name(event.layer));
  count("@timestamp", format_time(event.time_ns));
  count("picket.parse_status", parse_status_name(event.status));
}

const char* FieldSurvey::type_of(const Seen& seen) {
  if (seen.examples.empty()) return "text";
  return seen.numbers ? "number" : seen.addresses ? "ip" : seen.booleans ? "boolean" : "text";
}

Json FieldSurvey::json() const {
  std::vector<const std::pair<const std::string, Seen>*> all;
  for (const auto& one : names_) all.push_back(&one);
  std::stable_sort(all.begin(), all.end(), [](const auto* a, const auto* b) {
    return a->second.events > b->second.events;
  });
  Json list = Json::array();
  for (const auto* one : all) {
    list.push_back({{"name", one->first},
                    {"type", type_of(one->second)},
                    {"events", one->second.events},
                    {"examples", one->second.examples}});
  }
  return list;
}

}  // namespace picket::storage
