#include "parsers/steps/network.h"

#include <arpa/inet.h>
#include <endian.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ascii.h"
#include "parsers/cursor.h"
#include "parsers/put.h"

namespace picket::parsers {
namespace {

constexpr std::array<Protocol, 27> kProtocols = {
    {{"0", "hopopt"}, {"1", "icmp"},     {"2", "igmp"},        {"3", "ggp"},        {"4", "ipip"},
     {"6", "tcp"},    {"8", "egp"},      {"9", "igp"},         {"17", "udp"},       {"27", "rdp"},
     {"33", "dccp"},  {"41", "ipv6"},    {"43", "ipv6-route"}, {"44", "ipv6-frag"}, {"46", "rsvp"},
     {"47", "gre"},   {"50", "esp"},     {"51", "ah"},         {"58", "ipv6-icmp"}, {"88", "eigrp"},
     {"89", "ospf"},  {"103", "pim"},    {"108", "ipcomp"},    {"112", "vrrp"},     {"115", "l2tp"},
     {"132", "sctp"}, {"136", "udplite"}}};

// By number: one behind the place in kProtocols, 0 for none.
constexpr std::array<std::uint8_t, 256> kByNumber = [] {
  std::array<std::uint8_t, 256> made{};
  for (std::size_t i = 0; i < kProtocols.size(); ++i) {
    std::size_t number = 0;
    for (const char c : kProtocols[i].number)
      number = number * 10 + static_cast<std::size_t>(c - '0');
    made[number] = static_cast<std::uint8_t>(i + 1);
  }
  return made;
}();

constexpr std::uint64_t kMappedPrefix = 0xFFFF'0000'0000U;  // of ::ffff:0:0/96

Address mapped(std::uint32_t ipv4) {
  return {0, kMappedPrefix | ipv4};
}

// Eight bytes of an address, the first the highest.
std::uint64_t half(const std::array<std::uint8_t, 16>& address, std::size_t from) {
  std::uint64_t made = 0;
  std::memcpy(&made, address.data() + from, sizeof(made));
  return be64toh(made);
}

bool is_port(std::string_view text) {
  return is_number(text) && text.size() <= 5;
}

}  // namespace

HostPort split_address(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return {text, {}};
    const std::string_view behind = text.substr(close + 1);
    const bool port =
        behind.size() > 1 && (behind[0] == ':' || behind[0] == '/') && is_port(behind.substr(1));
    return {text.substr(1, close - 1), port ? behind.substr(1) : std::string_view()};
  }
  if (is_ip(text)) return {text, {}};
  if (text.ends_with(')')) {
    const std::size_t open = text.rfind('(');
    if (open != std::string_view::npos && is_port(text.substr(open + 1, text.size() - open - 2)))
      return {text.substr(0, open), text.substr(open + 1, text.size() - open - 2)};
  }
  const std::size_t mark = text.find_last_of(":/#");
  if (mark == std::string_view::npos || !is_port(text.substr(mark + 1))) return {text, {}};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

std::optional<Address> address_of(std::string_view text) {
  if (const auto ipv4 = read_ipv4(text)) return mapped(*ipv4);  // most are
  text = text.substr(0, text.find('%'));
  if (text.find(':') == std::string_view::npos) {
    const std::optional<std::uint32_t> ipv4 = read_ipv4(text);
    return ipv4 ? std::optional(mapped(*ipv4)) : std::nullopt;
  }
  std::array<std::uint8_t, 16> bytes{};
  std::array<char, 64> copy{};
  if (text.size() >= copy.size()) return std::nullopt;
  std::memcpy(copy.data(), text.data(), text.size());
  if (::inet_pton(AF_INET6, copy.data(), bytes.data()) != 1) return std::nullopt;
  return Address{half(bytes, 0), half(bytes, 8)};
}

std::optional<Network> network_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = address_of(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network made{*address, {UINT64_MAX, UINT64_MAX}};
  if (slash == std::string_view::npos) return made;
  const std::string_view digits = text.substr(slash + 1);
  const unsigned most = text.find(':') == std::string_view::npos ? 32 : 128;
  unsigned bits = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (bad != std::errc() || end != digits.data() + digits.size() || bits > most)
    return std::nullopt;
  bits += 128 - most;
  const auto mask = [](unsigned of) { return of == 0 ? 0 : UINT64_MAX << (64 - of); };
  made.mask = {mask(std::min(bits, 64U)), mask(bits - std::min(bits, 64U))};
  return made;
}

void NetworkSet::add(const Network& network) {
  all_.push_back(network);
  const Address above{network.mask.high, network.mask.low & ~std::uint64_t{UINT32_MAX}};
  if (!contains({network.address, above}, mapped(0))) return;
  const auto mask = static_cast<std::uint32_t>(network.mask.low);
  ipv4_.push_back({static_cast<std::uint32_t>(network.address.low) & mask, mask});
  for (std::uint32_t byte = 0; byte < first_bytes_.size(); ++byte) {
    const std::uint32_t top = mask & 0xFF00'0000U;
    first_bytes_[byte] |= (((byte << 24U) ^ ipv4_.back().address) & top) == 0;
  }
}

std::optional<bool> NetworkSet::has(std::string_view address) const {
  if (const std::optional<std::uint32_t> ipv4 = read_ipv4(address)) {  // most are
    if (!first_bytes_[*ipv4 >> 24U]) return false;
    return std::any_of(ipv4_.begin(), ipv4_.end(), [&](const Ipv4Network& network) {
      return (*ipv4 & network.mask) == network.address;
    });
  }
  const std::optional<Address> other = address_of(address);
  if (!other) return std::nullopt;
  return std::any_of(all_.begin(), all_.end(),
                     [&](const Network& network) { return contains(network, *other); });
}

const Protocol* protocol_of(std::string_view text) {
  if (is_number(text)) {
    std::size_t number = 0;
    for (const char c : text.substr(0, 4)) number = number * 10 + static_cast<std::size_t>(c - '0');
    const bool written_so = text.size() <= 3 && (text[0] != '0' || text.size() == 1);
    const std::size_t place = written_so && number < kByNumber.size() ? kByNumber[number] : 0;
    return place == 0 ? nullptr : &kProtocols[place - 1];
  }
  if (ascii_equal(text, "icmpv6") || ascii_equal(text, "icmp6")) text = "ipv6-icmp";
  for (const Protocol& protocol : kProtocols) {
    if (ascii_equal(protocol.name, text)) return &protocol;
  }
  return nullptr;
}

}  // namespace picket::parsers
