#include "rules/cidr_text.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

namespace picket::rules {

std::optional<std::string> cidr_text(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  const int family = address.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  const unsigned bits_max = family == AF_INET6 ? 128 : 32;
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(family, address.c_str(), bytes.data()) != 1) return std::nullopt;

  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, bits);
    if (error != std::errc() || stop != end || bits > bits_max) return std::nullopt;
  }
  for (unsigned i = bits; i < bits_max; ++i) {
    bytes[i / 8] = static_cast<unsigned char>(bytes[i / 8] & ~(0x80u >> (i % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> shown{};
  inet_ntop(family, bytes.data(), shown.data(), shown.size());
  return std::string(shown.data()) + "/" + std::to_string(bits);
}

}  // namespace picket::rules
