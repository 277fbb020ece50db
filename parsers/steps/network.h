// What steps know about networks: addresses with ports, networks, protocol numbers.
// Pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

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

// Networks that count as one, such as those of a house. Read by any number of threads.
class NetworkSet {
 public:
  void add(const Network& network);
  // Is the address that is written there in one of them? Nothing if it is none.
  std::optional<bool> has(std::string_view address) const;

 private:
  struct Ipv4Network {
    std::uint32_t address;
    std::uint32_t mask;
  };
  std::vector<Network> all_;
  std::vector<Ipv4Network> ipv4_;        // those of all_ in which IPv4 addresses can be,
  std::array<bool, 256> first_bytes_{};  // and the first bytes that such have
};

// IANA's assigned internet protocol numbers, as far as logs name them.
struct Protocol {
  std::string_view number;
  std::string_view name;  // as in network.transport
};
const Protocol* protocol_of(std::string_view number_or_name);  // nullptr: unknown

}  // namespace picket::parsers
