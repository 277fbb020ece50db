#include "base/ip_text.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace picket {
namespace {

// Above 9 if it is none.
std::uint32_t digit(char c) {
  return static_cast<std::uint32_t>(c) - '0';
}

}  // namespace

std::optional<std::uint32_t> read_ipv4(std::string_view text) {
  constexpr std::size_t kShortest = 7;  // "1.2.3.4"
  constexpr std::size_t kLongest = 15;
  if (text.size() < kShortest || text.size() > kLongest) return std::nullopt;
  std::uint32_t made = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0 && (at == end || *at++ != '.')) return std::nullopt;
    if (at == end || digit(*at) > 9) return std::nullopt;
    std::uint32_t value = digit(*at++);
    if (at != end && digit(*at) <= 9) {
      if (value == 0) return std::nullopt;  // a leading zero
      value = value * 10 + digit(*at++);
      if (at != end && digit(*at) <= 9) value = value * 10 + digit(*at++);
      if (value > 255) return std::nullopt;
    }
    made = made << 8U | value;
  }
  return at == end ? std::optional(made) : std::nullopt;
}

bool is_ip(std::string_view text) {
  if (read_ipv4(text)) return true;  // most are
  std::array<char, 64> copy{};
  if (text.empty() || text.size() >= copy.size()) return false;
  text = text.substr(0, text.find('%'));
  if (text.find(':') == std::string_view::npos) return read_ipv4(text).has_value();
  std::memcpy(copy.data(), text.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET6, copy.data(), bytes.data()) == 1;
}

}  // namespace picket
