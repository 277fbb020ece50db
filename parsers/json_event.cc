#include "parsers/json_event.h"

#include <array>
#include <charconv>

#include "event/ecs.h"

namespace picket::parsers {
namespace {

constexpr std::string_view kSysmonProvider = "Microsoft-Windows-Sysmon";

std::int64_t event_code(const Field* field) {
  if (field == nullptr) return -1;
  std::int64_t code = -1;
  const std::string_view token = field->token();
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), code);
  const bool whole = error == std::errc() && end == token.data() + token.size();
  return whole && code >= 0 ? code : -1;
}

}  // namespace

JsonEvents::JsonEvents(const Catalog& catalog, JsonNames& names, Recogniser& recogniser,
                       DefinitionEvents& definitions)
    : reader_(names),
      windows_(catalog),
      catalog_(&catalog),
      recogniser_(&recogniser),
      definitions_(&definitions),
      generic_(catalog.for_format(ContentFormat::kJson)),
      provider_name_(intern_field("Provider_Name").value_or(FieldId{})),
      event_id_(intern_field("EventID").value_or(FieldId{})),
      computer_(intern_field("Computer").value_or(FieldId{})) {}

bool JsonEvents::parse(std::string_view json, const Definition* forced, std::int32_t zone_offset_s,
                       Batch& batch, Event& event) {
  if (!reader_.read(json)) return false;
  batch.push_all(reader_.fields());
  event.status = ParseStatus::kParsed;
  event.plain = reader_.plain();
  event.kind = kind(forced, batch.arena());
  set_time(zone_offset_s, batch.arena(), event);
  if (is_windows_) {
    push_stand_in(Role::kEventId, {Role::kEventCode}, event_id_, batch);
    push_stand_in(Role::kProvider, {Role::kProviderName, Role::kSourceName}, provider_name_, batch);
    push_stand_in(Role::kComputer, {Role::kHostname}, computer_, batch);
  }
  run_definitions(forced, zone_offset_s, batch, event);
  return true;
}

// The fields are there: whose are they, and what do its steps make of them?
void JsonEvents::run_definitions(const Definition* forced, std::int32_t zone_offset_s, Batch& batch,
                                 Event& event) {
  recognised_ = is_windows_;
  if (is_windows_) return definitions_->run_windows(windows_.last(), zone_offset_s, batch, event);
  const auto message = [&]() -> std::string_view {
    const Field* field = batch.find(event, ecs::kMessage);
    return field == nullptr ? std::string_view() : field_text(*field, batch.arena());
  };
  if (forced != nullptr && forced->format == ContentFormat::kJson) {
    recognised_ = true;
    (void)definitions_->run_steps_of(*forced, message(), zone_offset_s, batch, event);
    return;
  }
  recogniser_->begin_json({batch.record_of(event).raw, {}, {}}, batch.fields(event));
  const Definition* best = recogniser_->next();
  if (best == nullptr) return;
  recognised_ = true;
  for (const Definition* candidate = best; candidate != nullptr; candidate = recogniser_->next()) {
    if (definitions_->run_steps_of(*candidate, message(), zone_offset_s, batch, event)) return;
  }
  event.kind = best->kind;
  event.status = ParseStatus::kPartial;
}

// A flat event that says "Hostname" for Computer has both.
void JsonEvents::push_stand_in(Role role, std::initializer_list<Role> others, FieldId id,
                               Batch& batch) const {
  if (reader_.in_role(role) != nullptr) return;
  for (const Role other : others) {
    const Field* found = reader_.in_role(other);
    if (found == nullptr) continue;
    Field copy = *found;
    copy.id = id;
    batch.push(copy);
    return;
  }
}

KindId JsonEvents::kind(const Definition* forced, Arena& arena) {
  const Definition* other =
      forced != nullptr && forced->format == ContentFormat::kJson ? forced : generic_;
  is_windows_ = false;
  const KindId not_windows = other == nullptr ? kUnknownKind : other->kind;
  const Field* id = reader_.in_role(Role::kEventId);
  if (id == nullptr && reader_.in_role(Role::kChannel) != nullptr)
    id = reader_.in_role(Role::kEventCode);
  if (id == nullptr) return not_windows;
  const std::int64_t code = event_code(id);
  is_windows_ = true;
  if (reader_.in_role(Role::kChannel) != nullptr)
    return windows_.kind(text(Role::kChannel, arena), code);
  std::string_view provider;
  for (const Role role : {Role::kProvider, Role::kProviderName, Role::kSourceName}) {
    if (provider.empty()) provider = text(role, arena);
  }
  if (provider.empty() && reader_.in_role(Role::kUtcTime) != nullptr) provider = kSysmonProvider;
  const Definition* found = catalog_->for_provider(provider);
  if (found == nullptr && forced != nullptr && forced->format == ContentFormat::kWindows)
    found = forced;
  if (found != nullptr && !found->channels.empty()) return windows_.kind(found->channels[0], code);
  is_windows_ = !provider.empty();
  return is_windows_ ? windows_.kind({}, code) : not_windows;
}

std::string_view JsonEvents::text(Role role, Arena& arena) const {
  const Field* field = reader_.in_role(role);
  if (field == nullptr || field->kind == ValueKind::kArray) return {};
  return field_text(*field, arena);
}

void JsonEvents::set_time(std::int32_t zone_offset_s, Arena& arena, Event& event) {
  constexpr std::array<Role, 6> kTimes = {Role::kSystemTime, Role::kTimestamp, Role::kTimeCreated,
                                          Role::kEventTime,  Role::kUtcTime,   Role::kTime};
  for (const Role role : kTimes) {
    if (reader_.in_role(role) == nullptr) continue;
    const std::int32_t zone = role == Role::kUtcTime ? 0 : zone_offset_s;
    const auto time = timestamps_.read(text(role, arena), zone);
    if (!time) continue;
    event.time_ns = *time;
    return;
  }
}

}  // namespace picket::parsers
