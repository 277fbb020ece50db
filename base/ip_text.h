// Addresses as they are written: is a text one? Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace picket {

// "192.0.2.1", as inet_pton(3) reads it, the first octet the highest.
std::optional<std::uint32_t> read_ipv4(std::string_view text);

// An IPv4 address, or an IPv6 address with or without a zone ("fe80::1%eth0").
bool is_ip(std::string_view text);

}  // namespace picket
