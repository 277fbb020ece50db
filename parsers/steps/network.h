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

// The halves of an IPv6 address, or of the one that an IPv4 address is mapped to.
struct Address {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};
std::optional<Address> address_of(std::string_view text);

struct Network {
  Address address;
  Address mask;
};
std::optional<Network> network_of(std::string_view text);  // "10.0.0.0/8", "::1"
inline bool contains(const Network& network, const Address& address) {
  return (((network.address.high ^ address.high) & network.mask.high) |
          ((network.address.low ^ address.low) & network.mask.low)) == 0;
}

// IANA's assigned internet protocol numbers, as far as logs name them.
struct Protocol {
  std::string_view number;
  std::string_view name;  // as in network.transport
};
const Protocol* protocol_of(std::string_view number_or_name);  // nullptr: unknown

}  // namespace picket::parsers
