// Tokens: the types of values that patterns know, each a run of bytes read from where it begins.
//
// Pure functions; any thread. A token is as long as it can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace picket::parsers {

enum class Token : std::uint8_t {
  kInt,
  kPort,
  kNumber,
  kHex,
  kIp,
  kIpv4,
  kIpv6,
  kMac,
  kHostname,
  kHost,
  kEmail,
  kUuid,
  kWord,
  kName,
  kQuoted,
  kPath,
  kUri,
  kIso8601,
  kSyslogTime,
  kHttpDate,
  kDatetime,
  // These fit as little or as much as what follows lets them.
  kNotspace,
  kData,
  kRest,
};

// By its name in a pattern, or by that of grok; nullopt if there is none.
std::optional<Token> token_of(std::string_view name);
// Makes values of kind number.
bool is_numeric(Token token);

// How many bytes of `text` the token takes from its beginning; 0: it is not there. Not for the
// three types that depend on what follows.
std::size_t token_length(Token token, std::string_view text);

std::size_t ipv4_length(std::string_view text);
std::size_t ipv6_length(std::string_view text);  // with "%zone"

}  // namespace picket::parsers
