// Network blocks, RFC 4632 and RFC 4291 text forms, through inet_pton.
#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

#include "rules/route.h"

namespace picket::rules {
namespace {

constexpr std::size_t kAddressTextMax = 64;

// IPv4 becomes ::ffff:a.b.c.d, and an address written so is IPv4. An IPv4 network holds no IPv6
// address, nor the other way round.
bool read_address(std::string_view text, std::array<std::uint8_t, 16>& address, bool& v4) {
  if (text.empty() || text.size() >= kAddressTextMax || text.find('\0') != std::string_view::npos) return false;
  std::array<char, kAddressTextMax> terminated{};
  std::memcpy(terminated.data(), text.data(), text.size());
  in_addr four{};
  v4 = ::inet_pton(AF_INET, terminated.data(), &four) == 1;
  if (v4) {
    address = {};
    address[10] = address[11] = 0xFF;
    std::memcpy(address.data() + 12, &four, 4);
    return true;
  }
  if (::inet_pton(AF_INET6, terminated.data(), address.data()) != 1) return false;
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  v4 = std::memcmp(address.data(), kMapped.data(), kMapped.size()) == 0;
  return true;
}

}  // namespace

std::optional<CidrBlock> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  CidrBlock block;
  if (!read_address(text.substr(0, slash), block.address, block.v4)) return std::nullopt;
  const bool dotted = text.find(':') == std::string_view::npos;
  const unsigned width = dotted ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits > width) return std::nullopt;
  }
  block.bits = dotted ? 96 + bits : bits;
  block.v4 = block.v4 && block.bits >= 96;
  return block;
}

bool contains(const CidrBlock& block, std::string_view text) {
  std::array<std::uint8_t, 16> address{};
  bool v4 = false;
  if (!read_address(text, address, v4)) return false;
  if (v4 != block.v4) return false;
  const unsigned bytes = block.bits / 8;
  if (std::memcmp(address.data(), block.address.data(), bytes) != 0) return false;
  const unsigned rest = block.bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return ((address[bytes] ^ block.address[bytes]) & mask) == 0;
}

}  // namespace picket::rules
