// Values of indicators and of events in one form, so that comparing bytes decides.
//
//   address   4 or 16 bytes; ::ffff:a.b.c.d is a.b.c.d; brackets and a zone (%eth0) are dropped
//   domain    lower case ASCII, no dot at the end, at least two labels (RFC 1035, '_' allowed)
//   url       scheme://host[:port]/path?query, or //host... where no scheme was given: scheme and
//   host
//             in lower case, the scheme's own port, user and fragment dropped, "/" for an empty
//             path; percent-encoding stays as it is
//   digest    its bytes
//
// Pure functions; hostile input is expected. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rules/indicators/indicator.h"

namespace picket::rules {

inline constexpr std::size_t kUrlBytesMax = 2048;
inline constexpr std::size_t kDomainBytesMax = 253;
inline constexpr std::size_t kDigestBytesMax = 64;

struct Address {
  std::array<std::uint8_t, 16> bytes = {};
  std::uint8_t size = 0;  // 4 or 16
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), size}; }
};
std::optional<Address> parse_address(std::string_view text);
// The bits behind the prefix cleared. `bits` is within the family.
Address masked(Address address, unsigned bits);

// The domain in `room`; empty if the text is none. An address is none.
std::string_view normal_domain(std::string_view text, std::span<char, kDomainBytesMax + 3> room);

struct Url {
  std::string_view text;       // in `room`
  std::size_t schemeless = 0;  // where "//host" begins in `text`
  std::string_view host;       // as in the text that was given: without port, user and brackets
};
// nullopt if it is no URL: a path alone, a host alone without scheme, blanks, or longer than the
// limit.
using UrlRoom = std::array<char, kUrlBytesMax + 16>;
std::optional<Url> normal_url(std::string_view text, UrlRoom& room);

// Hexadecimal digits as bytes; 0 if they are none, or too many.
std::size_t read_digest(std::string_view text, std::span<std::uint8_t, kDigestBytesMax> bytes);

// Reads an indicator as feeds write it: of the type that `type` names ("ip", "domain",
// "FileHash-MD5", "ipv4-addr", ...), or of the type that it looks like if that is empty. Defanged
// forms are accepted (hxxp://evil[.]example). Gives the reason when it is refused, nullptr when
// `key` is filled.
const char* read_indicator(std::string_view text, std::string_view type, IndicatorKey& key);
// Is this a type that read_indicator() knows?
bool is_indicator_type(std::string_view type);

// The value for people: what a stored key stands for.
std::string indicator_text(IndicatorType type, unsigned bits, std::string_view bytes);

}  // namespace picket::rules
