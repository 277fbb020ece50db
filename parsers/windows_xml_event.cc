#include "parsers/windows_xml_event.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "event/ecs.h"
#include "parsers/cursor.h"
#include "parsers/formats/windows_xml.h"

namespace picket::parsers {
namespace {

// Where the system's value goes when event data has a member of that name, as in JsonReader.
constexpr std::array<std::pair<std::string_view, FieldId>, 4> kSystemNames = {
    {{"Channel", ecs::kWinlogChannel},
     {"EventID", ecs::kEventCode},
     {"Provider_Name", ecs::kEventProvider},
     {"Computer", ecs::kWinlogComputer}}};

bool is_json_number(std::string_view text) {
  return is_number(text) && text.size() <= 18 && (text.size() == 1 || text[0] != '0');
}

}  // namespace

bool WindowsXmlEvents::parse(std::string_view xml, const Definition* forced,
                             std::int32_t zone_offset_s, Batch& batch, Event& event) {
  pairs_.clear();
  std::size_t system_count = 0;
  bool too_deep = false;
  if (!read_windows_xml(xml, batch.arena(), pairs_, system_count, &too_deep)) return false;
  if (too_deep) names_->limits().add(Limit::kNesting);
  if (pairs_.size() >= kPairsMax) names_->limits().add(Limit::kFields);
  std::string_view channel, provider, time;
  std::int64_t code = -1;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const auto& [name, value] = pairs_[i];
    std::optional<FieldId> id = names_->field_named(name);
    if (i < system_count) {
      if (name == "Channel") channel = value;
      if (name == "Provider_Name") provider = value;
      if (name == "TimeCreated_SystemTime") time = value;
      if (name == "EventID" && is_json_number(value))
        (void)std::from_chars(value.data(), value.data() + value.size(), code);
      if (id && in_data(name, system_count)) {
        for (const auto& [system, ecs] : kSystemNames) {
          if (system == name) id = ecs;
        }
      }
    }
    if (id) batch.push(*id, value, is_json_number(value) ? ValueKind::kNumber : ValueKind::kString);
  }
  event.kind = kind(channel, provider, code, forced);
  event.status = ParseStatus::kParsed;
  if (const auto read = timestamps_.read(time, zone_offset_s)) event.time_ns = *read;
  definitions_->run_windows(windows_.last(), zone_offset_s, batch, event);
  return true;
}

bool WindowsXmlEvents::in_data(std::string_view name, std::size_t system_count) const {
  const auto data = pairs_.begin() + static_cast<std::ptrdiff_t>(system_count);
  return std::any_of(data, pairs_.end(), [name](const Pair& pair) { return pair.name == name; });
}

KindId WindowsXmlEvents::kind(std::string_view channel, std::string_view provider,
                              std::int64_t code, const Definition* forced) {
  if (!channel.empty()) return windows_.kind(channel, code);
  const Definition* found = catalog_->for_provider(provider);
  if (found == nullptr && forced != nullptr && forced->format == ContentFormat::kWindows)
    found = forced;
  if (found != nullptr && !found->channels.empty()) return windows_.kind(found->channels[0], code);
  return windows_.kind({}, code);
}

}  // namespace picket::parsers
