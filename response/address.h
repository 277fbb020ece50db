// IP addresses and networks as values, and which of them must never be called or blocked.
//
// Read strictly: dotted quads and RFC 4291 text, never the shorthands of inet_aton ("127.1",
// "0x7f000001"), and always printed again from the value, so that what reaches a command is ours.
// An IPv4-mapped address (::ffff:a.b.c.d) is the IPv4 address. Pure values, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace picket::response {

class IpAddress {
 public:
  static std::optional<IpAddress> parse(std::string_view text);
  static std::optional<IpAddress> from(const sockaddr& address);

  bool is_v4() const;
  std::string text() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }  // IPv4 as ::ffff:a.b.c.d

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

// A network: "10.0.0.0/8", "2001:db8::/32", or one address. Bits after the prefix do not count.
class Cidr {
 public:
  static std::optional<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string text() const;
  const IpAddress& base() const { return base_; }
  unsigned bits() const { return bits_; }  // of the 16-byte form: 8 more than 96 for 10.0.0.0/8

 private:
  IpAddress base_;
  unsigned bits_ = 128;  // of the 16-byte form
};

bool contains(const std::vector<Cidr>& networks, const IpAddress& address);

// Loopback, private, link-local, shared (RFC 6598), multicast, unspecified, reserved, and the forms
// that carry an IPv4 address inside an IPv6 one (NAT64, 6to4, Teredo): never to be blocked as an
// attacker, never to be called by a webhook.
bool is_internal(const IpAddress& address);
// Not internal, and not set aside for documentation, benchmarks or the like (RFC 6890).
bool is_global(const IpAddress& address);

}  // namespace picket::response
