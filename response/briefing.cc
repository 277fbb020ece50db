#include "response/briefing.h"

#include <algorithm>
#include <cstdio>

#include "base/time.h"

namespace picket::response {
namespace {

constexpr std::size_t kAddresseesMax = 8;
constexpr std::size_t kAlertsMax = 6;
constexpr std::size_t kListMax = 12;

// Several untrusted texts as one value: each made harmless for itself, then joined by us.
std::string joined(const std::vector<std::string>& texts, std::string_view separator,
                   const std::string& when_empty) {
  std::string result;
  for (std::size_t i = 0; i < texts.size() && i < kListMax; ++i) {
    if (i > 0) result += separator;
    result += escaped({texts[i]}, Medium::kText);
  }
  if (texts.size() > kListMax) result += std::string(separator) + "…";
  return texts.empty() ? when_empty : result;
}

const System* system_of(const Entity& entity, const Systems& systems) {
  if (entity.type == "host") return systems.of_host(entity.value);
  if (entity.type == "ip") return systems.of_address(entity.value);
  return nullptr;
}

std::vector<std::string> assets_of(const Incident& incident, const Addressee& to,
                                   const Systems& systems) {
  std::vector<std::string> assets;
  for (const Entity& entity : incident.entities) {
    const System* system = system_of(entity, systems);
    const bool theirs = std::find(to.systems.begin(), to.systems.end(), system) != to.systems.end();
    if (system != nullptr && (theirs || to.systems.empty())) assets.push_back(entity.value);
  }
  return assets;
}

// Names of the rules that raised it, the gravest first, each once.
std::string alerts_of(const Incident& incident) {
  std::vector<const TimelineEntry*> entries;
  for (const TimelineEntry& entry : incident.timeline) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto* a, const auto* b) { return a->level > b->level; });
  std::vector<std::string> names;
  for (const TimelineEntry* entry : entries) {
    if (std::find(names.begin(), names.end(), entry->rule_name) == names.end())
      names.push_back(entry->rule_name);
    if (names.size() == kAlertsMax) break;
  }
  std::string lines;
  for (const std::string& name : names) {
    lines += (lines.empty() ? " - " : "\n - ") + escaped({name}, Medium::kText);
  }
  return lines.empty() ? " -" : lines;
}

}  // namespace

std::vector<Addressee> owners_of(const Incident& incident, const Systems& systems) {
  std::vector<Addressee> owners;
  const auto add = [&](const System* system) {
    if (system == nullptr) return;
    auto owner = std::find_if(owners.begin(), owners.end(), [&](const Addressee& a) {
      return a.contact.email == system->owner.email;
    });
    if (owner == owners.end()) {
      if (owners.size() == kAddresseesMax) return;
      owner = owners.insert(owners.end(), {system->owner, {}});
    }
    if (std::find(owner->systems.begin(), owner->systems.end(), system) == owner->systems.end()) {
      owner->systems.push_back(system);
    }
  };
  add(systems.by_name(incident.system));
  for (const Entity& entity : incident.entities) add(system_of(entity, systems));
  return owners;
}

std::vector<IpAddress> outside_addresses(const Incident& incident, const Systems& systems) {
  std::vector<IpAddress> addresses;
  for (const Entity& entity : incident.entities) {
    if (entity.type != "ip") continue;
    const auto address = IpAddress::parse(entity.value);
    if (!address || is_internal(*address) || systems.of_address(*address) != nullptr) continue;
    if (std::find(addresses.begin(), addresses.end(), *address) == addresses.end()) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

std::string local_time(std::int64_t time_ns) {
  constexpr std::int64_t kOffsetNs = 7LL * 3600 * 1'000'000'000;  // Viet Nam keeps UTC+7 all year
  const CivilTime t = to_civil(time_ns > INT64_MAX - kOffsetNs ? time_ns : time_ns + kOffsetNs);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%02d/%02d/%04d %02d:%02d:%02d +07:00", t.day,
                                 t.month, t.year, t.hour, t.minute, t.second);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<TemplateValues> incident_values(const Incident& incident, const Addressee& to,
                                       const Systems& systems, const Options& options,
                                       const Messages& messages, std::string_view language) {
  PICKET_TRY(const std::string none, messages.text(language, "none"));
  PICKET_TRY(std::string level,
             messages.text(language, "level." + std::string(level_name(incident.level))));
  PICKET_TRY(
      std::string status,
      messages.text(language, "status." + std::string(incident_status_name(incident.status))));
  std::vector<std::string> layers;
  for (const Layer layer : incident.layers) {
    if (layer == Layer::kNone) continue;
    PICKET_TRY(std::string name,
               messages.text(language, "layer." + std::string(layer_name(layer))));
    layers.push_back(std::move(name));
  }
  std::vector<std::string> titles;
  int system_level = 0;
  for (const System* system : to.systems) {
    titles.push_back(system->title(language));
    system_level = std::max(system_level, system->level);
  }
  if (titles.empty() && !incident.system.empty()) titles.push_back(incident.system);
  std::vector<std::string> addresses;
  for (const IpAddress& address : outside_addresses(incident, systems))
    addresses.push_back(address.text());
  const Contact& contact = to.contact;
  const std::string salutation =
      contact.title.empty() ? contact.name : contact.title + " " + contact.name;
  TemplateValues values;
  values["incident.id"] = {incident.id};
  values["incident.number"] = {std::to_string(incident.number)};
  values["incident.level"] = {std::move(level)};
  values["incident.risk"] = {std::to_string(incident.risk)};
  values["incident.status"] = {std::move(status)};
  values["incident.first_seen"] = {local_time(incident.first_ns)};
  values["incident.last_seen"] = {local_time(incident.last_ns)};
  values["incident.layers"] = {joined(layers, ", ", none), true};
  values["incident.assets"] = {joined(assets_of(incident, to, systems), ", ", none), true};
  values["incident.addresses"] = {joined(addresses, ", ", none), true};
  values["incident.alerts"] = {alerts_of(incident), true};
  values["incident.link"] = {options.link_base + "/#/incidents/" + std::to_string(incident.number),
                             true};
  values["system.name"] = {joined(titles, ", ", none), true};
  values["system.level"] = {system_level == 0 ? none : std::to_string(system_level)};
  values["owner.name"] = {contact.name};
  values["owner.salutation"] = {salutation};
  values["owner.agency"] = {contact.agency.empty() ? none : contact.agency};
  values["soc.name"] = {options.soc_name};
  values["soc.phone"] = {options.soc_phone};
  values["soc.email"] = {options.soc_email, true};
  return values;
}

}  // namespace picket::response
