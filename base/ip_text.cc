#include "base/ip_text.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace picket {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::uint32_t> read_ipv4(std::string_view text) {
  std::uint32_t made = 0;
  std::size_t at = 0;
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0 && (at >= text.size() || text[at++] != '.')) return std::nullopt;
    const std::size_t start = at;
    std::uint32_t value = 0;
    for (; at < text.size() && at < start + 3 && is_digit(text[at]); ++at)
      value = value * 10 + static_cast<std::uint32_t>(text[at] - '0');
    const bool leading_zero = at > start + 1 && text[start] == '0';
    if (at == start || leading_zero || value > 255) return std::nullopt;
    made = made << 8U | value;
  }
  return at == text.size() ? std::optional(made) : std::nullopt;
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
