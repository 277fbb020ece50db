#include "parsers/definition_events.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "event/ecs.h"
#include "parsers/content.h"

namespace picket::parsers {

bool parse_content(const Definition& definition, std::string_view text, std::int32_t zone_offset_s,
                   Batch& batch, const AccessLine* access) {
  const std::uint32_t before = batch.events().back().field_count;
  bool known = false;
  switch (definition.format) {
    case ContentFormat::kSshd:
      known = parse_sshd(text, batch);
      break;
    case ContentFormat::kSudo:
      known = parse_sudo(text, batch);
      break;
    case ContentFormat::kAccounts:
      known = parse_accounts(text, batch);
      break;
    case ContentFormat::kNetfilter:
      known = parse_netfilter(text, batch);
      break;
    case ContentFormat::kAccess:
      known = parse_access(text, zone_offset_s, batch, access);
      break;
    case ContentFormat::kNone:
    case ContentFormat::kJson:
    case ContentFormat::kWindows:
    case ContentFormat::kText:
      break;
  }
  if (!known) batch.drop_fields(before);
  return known;
}

DefinitionEvents::DefinitionEvents(const Catalog& catalog, JsonNames& names) : work_(names) {
  kinds_.resize(catalog.definitions().size());
  plans_.resize(catalog.definitions().size());
}

bool DefinitionEvents::run(const Definition& definition, std::string_view message,
                           std::int32_t zone_offset_s, Batch& batch, Event& event,
                           const AccessLine* access) {
  const bool steps_only =
      definition.format == ContentFormat::kText || definition.format == ContentFormat::kNone;
  if (!steps_only && !parse_content(definition, message, zone_offset_s, batch, access))
    return false;
  if (definition.steps == nullptr) {
    if (steps_only) return false;  // nothing is known about the message
    event.kind = definition.kind;
    event.status = ParseStatus::kParsed;
    return true;
  }
  return run_steps_of(definition, message, zone_offset_s, batch, event);
}

bool DefinitionEvents::run_steps_of(const Definition& definition, std::string_view message,
                                    std::int32_t zone_offset_s, Batch& batch, Event& event) {
  const bool work = definition.steps != nullptr || !definition.events_by.empty();
  bool limited = false;
  KindId made = definition.kind;
  if (work) {
    const std::int64_t time_ns = event.time_ns;
    work_.begin(batch, message, zone_offset_s, definition.aliases);
    if (work_.trace != nullptr) note_phase("record", 0, work_);
    const Outcome outcome = definition.steps == nullptr ? Outcome::kDone : run_steps_in(definition);
    if (outcome == Outcome::kReject) {
      work_.undo();
      event.time_ns = time_ns;
      return false;
    }
    const std::uint32_t stepped = event.field_count;
    const EventOverride* special = chosen(definition);
    if (special != nullptr) put_late(special->late);
    put_late(definition.late);
    if (work_.trace != nullptr) note_phase("constants", stepped, work_);
    made = kind(definition, special);
    limited = work_.finish();
  }
  event.kind = made;
  event.status = limited ? ParseStatus::kPartial : ParseStatus::kParsed;
  return true;
}

Outcome DefinitionEvents::run_steps_in(const Definition& definition) {
  std::unique_ptr<StepPlans>& plans = plans_[definition.index];
  if (plans == nullptr) plans = std::make_unique<StepPlans>(*definition.steps, definition.aliases);
  return plans->run(work_);
}

void DefinitionEvents::run_windows(const Definition* definition, std::int32_t zone_offset_s,
                                   Batch& batch, Event& event) {
  if (definition == nullptr || definition->steps == nullptr) return;
  if (!windows_steps_) return put_constants(*definition, batch, event);
  const Field* field = batch.find(event, ecs::kMessage);
  const std::string_view message =
      field == nullptr ? std::string_view() : field_text(*field, batch.arena());
  const Event before = event;
  (void)run_steps_of(*definition, message, zone_offset_s, batch, event);
  event.kind = before.kind;
  // Detection runs no steps: the time is the same there.
  if (before.time_ns != batch.record_of(event).received_ns) event.time_ns = before.time_ns;
}

// The event of its whole key, else of what stands before the last '/'.
const EventOverride* DefinitionEvents::chosen(const Definition& definition) {
  if (definition.format == ContentFormat::kWindows)
    return of_code(definition, kind_of(work_.event().kind).code);
  if (definition.events_by.empty()) return nullptr;
  std::string joined;
  std::string_view key;
  if (definition.events_by.size() == 1) {
    key = work_.text(definition.events_by[0]);
  } else {
    for (const FieldId field : definition.events_by) {
      if (!joined.empty()) joined += '/';
      joined += work_.text(field);
    }
    key = joined;
  }
  for (;;) {
    const auto found = definition.event_index.find(key);
    if (found != definition.event_index.end()) return &definition.events[found->second];
    const std::size_t slash = key.rfind('/');
    if (slash == std::string_view::npos || definition.events_by.size() == 1) return nullptr;
    key = key.substr(0, slash);
  }
}

// Of a Windows event, whose kind is known before its steps run.
const EventOverride* DefinitionEvents::of_code(const Definition& definition, std::int64_t code) {
  if (code < 0) return nullptr;
  std::array<char, 20> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), code).ptr;
  const auto found = definition.event_index.find(
      std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  return found == definition.event_index.end() ? nullptr : &definition.events[found->second];
}

void DefinitionEvents::put_constants(const Definition& definition, Batch& batch,
                                     const Event& event) {
  const auto kind = static_cast<std::size_t>(event.kind);
  if (kind >= constants_.size()) constants_.resize(kind + 1);
  std::optional<std::vector<Field>>& known = constants_[kind];
  if (!known) {
    known.emplace();
    const auto note = [&](const std::vector<std::pair<FieldId, StepValue>>& late) {
      for (const auto& [field, value] : late) {
        const auto is = [id = field](const Field& other) { return other.id == id; };
        const std::optional<Field> constant = value.constant(field);
        if (constant && std::none_of(known->begin(), known->end(), is)) known->push_back(*constant);
      }
    };
    const EventOverride* special = of_code(definition, kind_of(event.kind).code);
    if (special != nullptr) note(special->late);
    note(definition.late);
  }
  batch.push_all(*known);
}

void DefinitionEvents::put_late(const std::vector<std::pair<FieldId, StepValue>>& late) {
  for (const auto& [field, value] : late) {
    if (work_.find(field) == nullptr) value.put(work_, field);
  }
}

KindId DefinitionEvents::kind(const Definition& definition, const EventOverride* event) {
  if (event == nullptr || definition.format == ContentFormat::kWindows) return definition.kind;
  std::vector<KindId>& known = kinds_[definition.index];
  if (known.empty()) known.assign(definition.events.size(), kUnknownKind);
  KindId& made = known[static_cast<std::size_t>(event - definition.events.data())];
  if (made == kUnknownKind) {
    made = Catalog::event_kind(definition, *event);
    if (made == kUnknownKind) made = definition.kind;
  }
  return made;
}

}  // namespace picket::parsers
