// Kernel lines of iptables and nftables (nf_log_syslog.c): a prefix that its owner chose, then
// "IN=eth0 OUT= MAC=... SRC=... DST=... PROTO=TCP SPT=... DPT=... SYN".
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

#include "base/ascii.h"
#include "parsers/content.h"
#include "parsers/put.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kPrefixMax = 256;  // iptables takes 29 bytes, nftables 127

// Does a word of the prefix begin with `wanted` (lower case)?
bool has_word(std::string_view prefix, std::string_view wanted) {
  for (std::size_t at = 0; at + wanted.size() <= prefix.size(); ++at) {
    if (at > 0 && std::isalpha(static_cast<unsigned char>(prefix[at - 1])) != 0) continue;
    std::size_t i = 0;
    while (i < wanted.size() && ascii_lower(prefix[at + i]) == wanted[i]) ++i;
    if (i == wanted.size()) return true;
  }
  return false;
}

constexpr std::array<std::string_view, 6> kDenied = {"drop",   "block",   "den",
                                                     "reject", "invalid", "ban"};
constexpr std::array<std::string_view, 5> kAllowed = {"accept", "allow", "pass", "permit", "audit"};

Deed verdict(std::string_view prefix) {
  for (const std::string_view word : kDenied) {
    if (has_word(prefix, word)) return {"denied", "network", R"(["connection","denied"])", ""};
  }
  for (const std::string_view word : kAllowed) {
    if (has_word(prefix, word)) return {"allowed", "network", R"(["connection","allowed"])", ""};
  }
  return {"logged", "network", "connection", ""};
}

// The name of "PROTO=", which is a number where the kernel knows no name.
std::string_view transport(std::string_view protocol) {
  struct Known {
    std::string_view written, name;
  };
  constexpr std::array<Known, 10> kKnown = {{{"TCP", "tcp"},
                                             {"UDP", "udp"},
                                             {"ICMP", "icmp"},
                                             {"ICMPv6", "ipv6-icmp"},
                                             {"SCTP", "sctp"},
                                             {"ESP", "esp"},
                                             {"AH", "ah"},
                                             {"UDPLITE", "udplite"},
                                             {"2", "igmp"},
                                             {"47", "gre"}}};
  for (const Known& known : kKnown) {
    if (known.written == protocol) return known.name;
  }
  return protocol;
}

// "destination:source:type", 6, 6 and 2 octets.
void put_macs(std::string_view mac, Batch& batch) {
  if (mac.size() < 35) return;
  put(batch, ecs::kDestinationMac, mac.substr(0, 17));
  put(batch, ecs::kSourceMac, mac.substr(18, 17));
}

struct Packet {
  std::string_view in, out, mac, source, destination, length, protocol, source_port,
      destination_port;
};

// The bytes of a name of up to 8 as one number.
constexpr std::uint64_t packed(std::string_view name) {
  std::uint64_t bytes = 0;
  for (const char c : name) bytes = bytes << 8U | static_cast<unsigned char>(c);
  return bytes;
}

// Where the value of that name goes; nullptr: nowhere.
std::string_view* place_of(std::string_view name, Packet& packet) {
  if (name.size() > sizeof(std::uint64_t)) return nullptr;
  switch (packed(name)) {
    case packed("IN"):
      return &packet.in;
    case packed("OUT"):
      return &packet.out;
    case packed("MAC"):
      return &packet.mac;
    case packed("SRC"):
      return &packet.source;
    case packed("DST"):
      return &packet.destination;
    case packed("LEN"):
      return &packet.length;
    case packed("PROTO"):
      return &packet.protocol;
    case packed("SPT"):
      return &packet.source_port;
    case packed("DPT"):
      return &packet.destination_port;
    default:
      return nullptr;
  }
}

Packet read_packet(std::string_view text) {
  Packet packet;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[') break;  // the packet that an ICMP error is about
    const std::size_t start = at;
    while (at < text.size() && text[at] != '=' && text[at] != ' ') ++at;
    if (at == text.size() || text[at] == ' ') continue;  // a flag
    const std::string_view name = text.substr(start, at - start);
    const std::size_t end = std::min(text.find(' ', ++at), text.size());
    std::string_view* const place = place_of(name, packet);
    // The first counts: UDP has a second LEN.
    if (place != nullptr && place->empty()) *place = text.substr(at, end - at);
    at = end;
  }
  return packet;
}

// "[12345.678901] " is the kernel's clock.
std::string_view without_uptime(std::string_view text) {
  if (!text.starts_with('[')) return text;
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos || close > 24) return text;
  for (const char c : text.substr(1, close - 1)) {
    if (!is_digit(c) && c != '.' && c != ' ') return text;
  }
  return trim(text.substr(close + 1));
}

}  // namespace

bool parse_netfilter(std::string_view message, Batch& batch) {
  const std::string_view text = without_uptime(message);
  std::size_t start = text.find("IN=");
  while (start != std::string_view::npos && start > 0 &&
         std::isalnum(static_cast<unsigned char>(text[start - 1])) != 0) {
    start = text.find("IN=", start + 1);
  }
  if (start == std::string_view::npos) return false;
  const Packet packet = read_packet(text.substr(start));
  if (packet.source.empty() || packet.destination.empty()) return false;
  std::string_view prefix = trim(text.substr(0, start));
  if (prefix.size() > kPrefixMax) return false;
  put(batch, verdict(prefix));
  while (!prefix.empty() && (prefix.back() == ':' || prefix.back() == '-' || prefix.back() == ' '))
    prefix.remove_suffix(1);
  put(batch, ecs::kRuleName, prefix);
  put_source(batch, packet.source, packet.source_port);
  put_destination(batch, packet.destination, packet.destination_port);
  put(batch, ecs::kNetworkTransport, transport(packet.protocol));
  put(batch, ecs::kNetworkType,
      packet.source.find(':') == std::string_view::npos ? "ipv4" : "ipv6");
  put_number(batch, ecs::kNetworkBytes, packet.length);
  put(batch, ecs::kObserverIngressInterface, packet.in);
  put(batch, ecs::kObserverEgressInterface, packet.out);
  if (packet.in.empty() != packet.out.empty()) {
    put(batch, ecs::kNetworkDirection, packet.in.empty() ? "outbound" : "inbound");
  }
  put_macs(packet.mac, batch);
  return true;
}

}  // namespace picket::parsers
