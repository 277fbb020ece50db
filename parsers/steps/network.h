// What steps know about networks: addresses with ports, networks, protocol numbers.
// Pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace picket::parsers {

struct HostPort {
  std::string_view host;
  std::string_view port;  // may be empty
};
// "1.2.3.4:80", "1.2.3.4/80", "[::1]:80", "::1", "name:80", "1.2.3.4(80)".
HostPort split_address(std::string_view text);

// An IPv4 or IPv6 network; IPv4 as its mapped addresses.
struct Network {
  std::array<std::uint8_t, 16> address{};
  unsigned bits = 0;
};
std::optional<std::array<std::uint8_t, 16>> address_bytes(std::string_view text);
std::optional<Network> network_of(std::string_view text);  // "10.0.0.0/8", "::1"
bool contains(const Network& network, const std::array<std::uint8_t, 16>& address);

// IANA's assigned internet protocol numbers, as far as logs name them.
struct Protocol {
  std::string_view number;
  std::string_view name;  // as in network.transport
};
const Protocol* protocol_of(std::string_view number_or_name);  // nullptr: unknown

}  // namespace picket::parsers
