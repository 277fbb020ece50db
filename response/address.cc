#include "response/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "base/check.h"

namespace picket::response {
namespace {

constexpr std::size_t kTextMax = INET6_ADDRSTRLEN;

// RFC 6890 and its updates, as the IANA special-purpose registries list them.
constexpr std::string_view kInternal[] = {
    "0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
    "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4",   "240.0.0.0/4", "::/96",
    "64:ff9b::/96",  "64:ff9b:1::/48", "2002::/16",     "2001::/32",   "fc00::/7",
    "fe80::/10",     "fec0::/10",      "ff00::/8",
};
constexpr std::string_view kReserved[] = {
    "192.0.0.0/24",   "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "100::/64",     "2001:db8::/32",  "3fff::/20",     "5f00::/16",
};

std::vector<Cidr> networks(std::span<const std::string_view> texts) {
  std::vector<Cidr> result;
  for (const std::string_view text : texts) {
    const std::optional<Cidr> cidr = Cidr::parse(text);
    PICKET_CHECK(cidr.has_value());
    result.push_back(*cidr);
  }
  return result;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() >= kTextMax) return std::nullopt;
  std::array<char, kTextMax> zero_ended{};
  std::copy(text.begin(), text.end(), zero_ended.begin());
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  IpAddress address;
  if (text.find(':') != std::string_view::npos) {
    if (::inet_pton(AF_INET6, zero_ended.data(), address.bytes_.data()) != 1) return std::nullopt;
    return address;
  }
  address.bytes_[10] = address.bytes_[11] = 0xff;
  if (::inet_pton(AF_INET, zero_ended.data(), address.bytes_.data() + 12) != 1) return std::nullopt;
  return address;
}

std::optional<IpAddress> IpAddress::from(const sockaddr& address) {
  IpAddress result;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    result.bytes_[10] = result.bytes_[11] = 0xff;
    std::memcpy(result.bytes_.data() + 12, &v4.sin_addr, 4);
    return result;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::memcpy(result.bytes_.data(), &v6.sin6_addr, 16);
    return result;
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return std::all_of(bytes_.begin(), bytes_.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
         bytes_[10] == 0xff && bytes_[11] == 0xff;
}

std::string IpAddress::text() const {
  std::array<char, kTextMax> text{};
  const bool v4 = is_v4();
  const char* printed = ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? 12 : 0),
                                    text.data(), static_cast<socklen_t>(text.size()));
  PICKET_CHECK(printed != nullptr);
  return printed;
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  Cidr cidr;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    // "::ffff:10.0.0.0/104" is written with colons, so its prefix counts from the IPv6 form.
    const unsigned skip = text.find(':') == std::string_view::npos ? 96 : 0;
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (bits > 128 - skip) return std::nullopt;
    cidr.bits_ = bits + skip;
  }
  cidr.base_ = *base;
  return cidr;
}

bool Cidr::contains(const IpAddress& address) const {
  const std::size_t whole = bits_ / 8;
  const auto& base = base_.bytes();
  const auto& other = address.bytes();
  if (!std::equal(base.begin(), base.begin() + static_cast<std::ptrdiff_t>(whole), other.begin())) {
    return false;
  }
  if (bits_ % 8 == 0) return true;
  const unsigned mask = 0xffU << (8 - bits_ % 8) & 0xffU;
  return ((base[whole] ^ other[whole]) & mask) == 0;
}

std::string Cidr::text() const {
  return base_.text() + "/" + std::to_string(base_.is_v4() && bits_ >= 96 ? bits_ - 96 : bits_);
}

bool contains(const std::vector<Cidr>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Cidr& cidr) { return cidr.contains(address); });
}

bool is_internal(const IpAddress& address) {
  static const std::vector<Cidr> kNetworks = networks(kInternal);
  return contains(kNetworks, address);
}

bool is_global(const IpAddress& address) {
  static const std::vector<Cidr> kNetworks = networks(kReserved);
  return !is_internal(address) && !contains(kNetworks, address);
}

}  // namespace picket::response
