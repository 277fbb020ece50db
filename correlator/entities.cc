#include "correlator/entities.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>

#include "event/ecs.h"

namespace picket::correlator {
namespace {

constexpr std::size_t kTextMax = 256;  // longer names are no names

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool says_nothing(std::string_view text) {
  return text.empty() || text.size() > kTextMax ||
         is_one_of(text, {"-", "(null)", "null", "n/a", "none", "unknown", "(unknown)", "?"});
}

// Calls f(text) for each value of the field.
template <class F>
void for_each_text(Batch& batch, const Event& event, FieldId ecs, F f) {
  if (const Field* found = batch.find_ecs(event, ecs)) {
    const Field field = *found;
    for_each_value(field, [&](const Field& value) {
      if (value.kind != ValueKind::kNull && value.kind != ValueKind::kArray) {
        f(field_text(value, batch.arena()));
      }
    });
  } else if (const std::string* constant = kind_of(event.kind).constant(ecs)) {
    f(std::string_view(*constant));
  }
}

// As inet_pton() reads it: four numbers to 255, none with a zero in front.
std::optional<in_addr> plain_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    std::uint32_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9';
         ++digits)
      number = number * 10 + static_cast<std::uint32_t>(text[digits] - '0');
    if (digits == 0 || number > 255 || (digits > 1 && text[0] == '0')) return std::nullopt;
    text.remove_prefix(digits);
    address = address << 8 | number;
  }
  if (!text.empty()) return std::nullopt;
  return in_addr{htonl(address)};
}

bool is_noise_address(const in_addr& address) {
  const std::uint32_t ip = ntohl(address.s_addr);
  return ip == 0 || ip == 0xFFFFFFFF || ip >> 24 == 127 || ip >> 28 == 0xE;  // 224/4: multicast
}

bool is_noise_address(const in6_addr& address) {
  return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LOOPBACK(&address) ||
         IN6_IS_ADDR_MULTICAST(&address);
}

struct Rule {
  FieldId field;
  const char* type;
  std::optional<std::string> (*read)(std::string_view);
};

constexpr std::array<Rule, 10> kRules = {{
    {ecs::kUserName, "user", user_entity},
    {ecs::kUserTargetName, "user", user_entity},
    {ecs::kHostName, "host", host_entity},
    {ecs::kSourceIp, "ip", ip_entity},
    {ecs::kDestinationIp, "ip", ip_entity},
    {ecs::kProcessHashSha256, "hash", hash_entity},
    {ecs::kFileHashSha256, "hash", hash_entity},
    {ecs::kDnsQuestionName, "domain", domain_entity},
    {ecs::kUrlDomain, "domain", domain_entity},
    {ecs::kProcessExecutable, "process", process_entity},
}};

}  // namespace

std::optional<std::string> process_entity(std::string_view path) {
  if (path.empty() || path == "-" || path.size() > 1024) return std::nullopt;
  return lower(path);
}

std::optional<std::string> user_entity(std::string_view name) {
  name = trim(name);
  if (const auto slash = name.rfind('\\'); slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
  }
  const std::string folded = lower(name);
  if (says_nothing(folded) || folded.ends_with('$')) return std::nullopt;
  if (is_one_of(folded, {"system", "local system", "localsystem", "local service",
                         "network service", "anonymous logon", "window manager"})) {
    return std::nullopt;
  }
  return folded;
}

std::optional<std::string> host_entity(std::string_view name) {
  std::string folded = lower(trim(name));
  if (folded.ends_with('.')) folded.pop_back();
  if (says_nothing(folded) || folded.starts_with("localhost")) return std::nullopt;
  return folded;
}

std::optional<std::string> ip_entity(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  if (const auto plain = plain_ipv4(text))  // written as it is shown
    return is_noise_address(*plain) ? std::nullopt : std::optional(std::string(text));
  const std::string terminated(text);
  std::array<char, INET6_ADDRSTRLEN> out{};
  in_addr v4{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4) != 1) {
    in6_addr v6{};
    if (inet_pton(AF_INET6, terminated.c_str(), &v6) != 1 || is_noise_address(v6))
      return std::nullopt;
    if (!IN6_IS_ADDR_V4MAPPED(&v6)) return inet_ntop(AF_INET6, &v6, out.data(), out.size());
    std::memcpy(&v4, v6.s6_addr + 12, sizeof v4);
  }
  if (is_noise_address(v4)) return std::nullopt;
  return inet_ntop(AF_INET, &v4, out.data(), out.size());
}

std::optional<std::string> hash_entity(std::string_view text) {
  const std::string folded = lower(trim(text));
  const bool hex = folded.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (folded.size() != 64 || !hex || folded.find_first_not_of('0') == std::string::npos) {
    return std::nullopt;
  }
  return folded;
}

std::optional<std::string> domain_entity(std::string_view name) {
  std::string folded = lower(trim(name));
  if (folded.ends_with('.')) folded.pop_back();
  if (says_nothing(folded) || folded.starts_with("localhost")) return std::nullopt;
  return folded;
}

void append_entity_texts(std::string& key, Batch& batch, const Event& event) {
  for (const Rule& rule : kRules) {
    if (rule.field == ecs::kHostName && event.layer == Layer::kNetwork) continue;
    const std::size_t before = key.size();
    for_each_text(batch, event, rule.field, [&](std::string_view text) {
      const auto size = static_cast<std::uint32_t>(text.size());
      key.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
    });
    // So many bytes, of this rule: no text is taken for one of another rule.
    const auto size = static_cast<std::uint32_t>(key.size() - before);
    key.append(reinterpret_cast<const char*>(&size), sizeof size);
  }
  key += static_cast<char>(event.layer);
}

std::vector<Entity> entities_of(Batch& batch, const Event& event) {
  std::vector<Entity> entities;
  for (const Rule& rule : kRules) {
    // What a network device calls its host is the device itself, a bystander of every event it
    // sees.
    if (rule.field == ecs::kHostName && event.layer == Layer::kNetwork) continue;
    for_each_text(batch, event, rule.field, [&](std::string_view text) {
      const auto value = rule.read(text);
      if (!value || entities.size() >= kEntitiesMax) return;
      // A URL may name an address where others have a domain.
      const bool address = rule.read == domain_entity && ip_entity(*value).has_value();
      entities.push_back({address ? "ip" : rule.type, address ? *ip_entity(*value) : *value});
    });
  }
  std::sort(entities.begin(), entities.end());
  entities.erase(std::unique(entities.begin(), entities.end()), entities.end());
  return entities;
}

void merge_entities(std::vector<Entity>& into, const std::vector<Entity>& more, std::size_t max) {
  for (const Entity& entity : more) {
    const auto at = std::lower_bound(into.begin(), into.end(), entity);
    if (at != into.end() && *at == entity) continue;
    if (into.size() >= max) return;
    into.insert(at, entity);
  }
}

}  // namespace picket::correlator
