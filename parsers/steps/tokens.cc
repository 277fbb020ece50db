#include "parsers/steps/tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "parsers/cursor.h"
#include "parsers/formats/byte_set.h"
#include "parsers/formats/escapes.h"
#include "parsers/put.h"
#include "parsers/timestamp.h"

namespace picket::parsers {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

constexpr ByteSet set_of(std::string_view more) {
  ByteSet made(more);
  for (const char c : kLetters) made.add(c);
  for (const char c : kDigits) made.add(c);
  return made;
}
// Names may hold any bytes beyond ASCII.
constexpr ByteSet with_high(ByteSet set) {
  for (int byte = 0x80; byte < 0x100; ++byte) set.add(static_cast<char>(byte));
  return set;
}

constexpr ByteSet kWordBytes = with_high(set_of("_"));
constexpr ByteSet kNameBytes = with_high(set_of("_.-@$\\/+"));
constexpr ByteSet kHostBytes = with_high(set_of("_.-"));
constexpr ByteSet kEmailBytes = set_of("!#$%&'*+-/=?^_`{|}~.");
constexpr ByteSet kHexBytes("0123456789abcdefABCDEF");
constexpr ByteSet kDateBytes = set_of(":/.,+-");
constexpr std::size_t kPortMax = 65535;

std::size_t digits_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  return length;
}

std::size_t int_length(std::string_view text) {
  const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t digits = digits_length(text.substr(sign));
  return digits == 0 ? 0 : sign + digits;
}

std::size_t port_length(std::string_view text) {
  const std::size_t length = digits_length(text.substr(0, 6));
  if (length == 0 || length > 5) return 0;
  std::size_t value = 0;
  for (const char c : text.substr(0, length))
    value = value * 10 + static_cast<std::size_t>(c - '0');
  return value <= kPortMax ? length : 0;
}

std::size_t number_length(std::string_view text) {
  const std::size_t whole = int_length(text);
  if (whole == 0 || whole + 1 >= text.size() || text[whole] != '.') return whole;
  const std::size_t fraction = digits_length(text.substr(whole + 1));
  return fraction == 0 ? whole : whole + 1 + fraction;
}

std::size_t hex_length(std::string_view text) {
  const std::size_t mark = text.starts_with("0x") || text.starts_with("0X") ? 2 : 0;
  const std::size_t end = kHexBytes.find_other(text, mark);
  return end == mark ? 0 : end;
}

// "00:11:22:33:44:55", with '-' too, or "0011.2233.4455".
std::size_t mac_length(std::string_view text) {
  if (text.size() >= 14 && text[4] == '.') {
    for (std::size_t i = 0; i < 14; ++i) {
      if (i % 5 == 4 ? text[i] != '.' : hex_digit(text[i]) < 0) return 0;
    }
    return 14;
  }
  if (text.size() < 17 || (text[2] != ':' && text[2] != '-')) return 0;
  for (std::size_t i = 0; i < 17; ++i) {
    if (i % 3 == 2 ? text[i] != text[2] : hex_digit(text[i]) < 0) return 0;
  }
  return 17;
}

std::size_t run(const ByteSet& bytes, std::string_view text) {
  return bytes.find_other(text);
}

// A dot or dash at its end belongs to the sentence.
std::size_t hostname_length(std::string_view text) {
  std::size_t length = run(kHostBytes, text.substr(0, 256));
  while (length > 0 && (text[length - 1] == '.' || text[length - 1] == '-')) --length;
  return length;
}

std::size_t email_length(std::string_view text) {
  const std::size_t local = run(kEmailBytes, text.substr(0, 320));
  if (local == 0 || local >= text.size() || text[local] != '@') return 0;
  const std::size_t domain = hostname_length(text.substr(local + 1));
  return domain == 0 ? 0 : local + 1 + domain;
}

std::size_t uuid_length(std::string_view text) {
  if (text.size() < 36) return 0;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_digit(text[i]) < 0) return 0;
  }
  return 36;
}

std::size_t notspace_length(std::string_view text) {
  return std::min(text.find_first_of(" \t\r\n"), text.size());
}

std::size_t path_length(std::string_view text) {
  const bool drive = text.size() > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/');
  const bool share = text.starts_with("\\\\");
  return text.starts_with('/') || drive || share ? notspace_length(text) : 0;
}

std::size_t uri_length(std::string_view text) {
  const std::size_t scheme = run(set_of("+-."), text.substr(0, 32));
  if (scheme == 0 || !text.substr(scheme).starts_with("://")) return 0;
  return notspace_length(text);
}

std::size_t quoted_length(std::string_view text) {
  if (text.size() < 2 || (text[0] != '"' && text[0] != '\'')) return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[0]) {
      return i + 1;
    }
  }
  return 0;
}

bool clock_at(std::string_view text, std::size_t at) {
  return text.size() >= at + 8 && is_number(text.substr(at, 2)) && text[at + 2] == ':' &&
         is_number(text.substr(at + 3, 2)) && text[at + 5] == ':' &&
         is_number(text.substr(at + 6, 2));
}

// "2026-03-01T10:02:03.5+01:00", with a space or '/' too.
std::size_t iso8601_length(std::string_view text) {
  if (text.size() < 16 || !is_number(text.substr(0, 4)) || (text[4] != '-' && text[4] != '/')) {
    return 0;
  }
  if (text[7] != text[4] || (text[10] != 'T' && text[10] != ' ' && text[10] != 't')) return 0;
  if (!is_number(text.substr(11, 2)) || text[13] != ':') return 0;
  std::size_t at = 16;
  if (clock_at(text, 11)) at = 19;
  if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
    const std::size_t fraction = digits_length(text.substr(at + 1));
    if (fraction > 0) at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) return at + 1;
  if (at + 4 < text.size() && (text[at] == '+' || text[at] == '-')) {
    const std::size_t hours = digits_length(text.substr(at + 1));
    if (hours == 4) return at + 5;
    const bool colon = hours == 2 && at + 5 < text.size() && text[at + 3] == ':';
    if (colon && digits_length(text.substr(at + 4)) >= 2) return at + 6;
    if (hours == 2) return at + 3;
  }
  return at;
}

// "Mar  1 10:02:03", also with a year before or behind the clock, a fraction and a weekday.
std::size_t syslog_time_length(std::string_view text) {
  std::size_t at = 0;
  if (text.size() > 4 && text[3] == ' ' && month_number(text.substr(0, 3)) == 0) at = 4;
  if (text.size() < at + 14 || month_number(text.substr(at, 3)) == 0) return 0;
  at += 3;
  while (at < text.size() && text[at] == ' ') ++at;
  at += digits_length(text.substr(at, 2));
  while (at < text.size() && text[at] == ' ') ++at;
  if (digits_length(text.substr(at)) == 4 && at + 4 < text.size() && text[at + 4] == ' ') at += 5;
  if (!clock_at(text, at)) return 0;
  at += 8;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_length(text.substr(at + 1));
    if (fraction > 0) at += 1 + fraction;
  }
  if (at < text.size() && text[at] == ' ' && digits_length(text.substr(at + 1)) == 4) at += 5;
  return at;
}

// "10/Oct/2000:13:55:36 -0700"
std::size_t http_date_length(std::string_view text) {
  const std::size_t day = digits_length(text.substr(0, 2));
  if (day == 0 || text.size() < day + 18 || text[day] != '/') return 0;
  if (month_number(text.substr(day + 1, 3)) == 0 || text[day + 4] != '/') return 0;
  if (!clock_at(text, day + 10)) return 0;
  std::size_t at = day + 18;
  if (at < text.size() && text[at] == '.') at += 1 + digits_length(text.substr(at + 1));
  if (at + 5 < text.size() + 0 && text[at] == ' ' && (text[at + 1] == '+' || text[at + 1] == '-')) {
    if (digits_length(text.substr(at + 2)) == 4) return at + 6;
  }
  return at;
}

// What looks like a date and a clock, one or two words, or more with a month's name.
std::size_t datetime_length(std::string_view text) {
  for (const auto length :
       {iso8601_length(text), syslog_time_length(text), http_date_length(text)}) {
    if (length > 0) return length;
  }
  const std::size_t first = run(kDateBytes, text.substr(0, 40));
  if (first == 0) return 0;
  const bool more = first + 1 < text.size() && text[first] == ' ' && is_digit(text[first + 1]);
  const std::size_t second = more ? run(kDateBytes, text.substr(first + 1, 40)) : 0;
  if (second == 0) return first;
  const bool clock = text.substr(first + 1, second).find(':') != std::string_view::npos;
  return clock ? first + 1 + second : first;
}

struct Known {
  std::string_view name;
  Token token;
};
constexpr std::array<Known, 63> kKnown = {{{"int", Token::kInt},
                                           {"port", Token::kPort},
                                           {"number", Token::kNumber},
                                           {"hex", Token::kHex},
                                           {"ip", Token::kIp},
                                           {"ipv4", Token::kIpv4},
                                           {"ipv6", Token::kIpv6},
                                           {"mac", Token::kMac},
                                           {"hostname", Token::kHostname},
                                           {"host", Token::kHost},
                                           {"email", Token::kEmail},
                                           {"uuid", Token::kUuid},
                                           {"word", Token::kWord},
                                           {"name", Token::kName},
                                           {"quoted", Token::kQuoted},
                                           {"path", Token::kPath},
                                           {"uri", Token::kUri},
                                           {"iso8601", Token::kIso8601},
                                           {"syslogtime", Token::kSyslogTime},
                                           {"httpdate", Token::kHttpDate},
                                           {"datetime", Token::kDatetime},
                                           {"notspace", Token::kNotspace},
                                           {"data", Token::kData},
                                           {"rest", Token::kRest},
                                           {"greedydata", Token::kRest},
                                           {"any", Token::kData},
                                           {"IP", Token::kIp},
                                           {"IPV4", Token::kIpv4},
                                           {"IPV6", Token::kIpv6},
                                           {"INT", Token::kInt},
                                           {"POSINT", Token::kInt},
                                           {"NONNEGINT", Token::kInt},
                                           {"NUMBER", Token::kNumber},
                                           {"BASE10NUM", Token::kNumber},
                                           {"BASE16NUM", Token::kHex},
                                           {"WORD", Token::kWord},
                                           {"USER", Token::kName},
                                           {"USERNAME", Token::kName},
                                           {"NOTSPACE", Token::kNotspace},
                                           {"DATA", Token::kData},
                                           {"GREEDYDATA", Token::kRest},
                                           {"GREEDYMULTILINE", Token::kRest},
                                           {"QUOTEDSTRING", Token::kQuoted},
                                           {"QS", Token::kQuoted},
                                           {"HOSTNAME", Token::kHostname},
                                           {"HOST", Token::kHostname},
                                           {"IPORHOST", Token::kHost},
                                           {"SYSLOGHOST", Token::kHost},
                                           {"MAC", Token::kMac},
                                           {"UUID", Token::kUuid},
                                           {"EMAILADDRESS", Token::kEmail},
                                           {"PATH", Token::kPath},
                                           {"UNIXPATH", Token::kPath},
                                           {"WINPATH", Token::kPath},
                                           {"URI", Token::kUri},
                                           {"URIPATHPARAM", Token::kPath},
                                           {"URIPATH", Token::kPath},
                                           {"TIMESTAMP_ISO8601", Token::kIso8601},
                                           {"SYSLOGTIMESTAMP", Token::kSyslogTime},
                                           {"HTTPDATE", Token::kHttpDate},
                                           {"DATESTAMP", Token::kDatetime},
                                           {"LOGLEVEL", Token::kWord},
                                           {"PROG", Token::kName}}};

}  // namespace

std::optional<Token> token_of(std::string_view name) {
  for (const Known& known : kKnown) {
    if (known.name == name) return known.token;
  }
  return std::nullopt;
}

bool is_numeric(Token token) {
  return token == Token::kInt || token == Token::kPort || token == Token::kNumber;
}

std::size_t ipv4_length(std::string_view text) {
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at >= text.size() || text[at] != '.') return 0;
      ++at;
    }
    unsigned value = 0;
    const std::size_t begin = at;
    while (at < text.size() && at < begin + 3 && is_digit(text[at])) {
      value = value * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at == begin || value > 255) return 0;
  }
  return at < text.size() && is_digit(text[at]) ? 0 : at;
}

std::size_t ipv6_length(std::string_view text) {
  static constexpr ByteSet kBytes("0123456789abcdefABCDEF:.");
  std::size_t length = kBytes.find_other(text.substr(0, 46));
  const auto colons =
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), ':');
  if (colons < 2) return 0;
  // What follows an address often is a colon or a dot: "::1: refused", "::1."
  for (int tries = 0; tries < 4 && length > 1; ++tries, --length) {
    if (!is_ip(text.substr(0, length))) continue;
    if (length < text.size() && text[length] == '%') {
      const std::size_t zone = kWordBytes.find_other(text, length + 1);
      if (zone > length + 1) return zone;
    }
    return length;
  }
  return 0;
}

std::size_t token_length(Token token, std::string_view text) {
  switch (token) {
    case Token::kInt:
      return int_length(text);
    case Token::kPort:
      return port_length(text);
    case Token::kNumber:
      return number_length(text);
    case Token::kHex:
      return hex_length(text);
    case Token::kIp: {
      const std::size_t length = ipv4_length(text);
      return length > 0 ? length : ipv6_length(text);
    }
    case Token::kIpv4:
      return ipv4_length(text);
    case Token::kIpv6:
      return ipv6_length(text);
    case Token::kMac:
      return mac_length(text);
    case Token::kHostname:
      return hostname_length(text);
    case Token::kHost: {
      const std::size_t ip = token_length(Token::kIp, text);
      return std::max(ip, hostname_length(text));
    }
    case Token::kEmail:
      return email_length(text);
    case Token::kUuid:
      return uuid_length(text);
    case Token::kWord:
      return run(kWordBytes, text);
    case Token::kName:
      return run(kNameBytes, text);
    case Token::kQuoted:
      return quoted_length(text);
    case Token::kPath:
      return path_length(text);
    case Token::kUri:
      return uri_length(text);
    case Token::kIso8601:
      return iso8601_length(text);
    case Token::kSyslogTime:
      return syslog_time_length(text);
    case Token::kHttpDate:
      return http_date_length(text);
    case Token::kDatetime:
      return datetime_length(text);
    case Token::kNotspace:
    case Token::kData:
    case Token::kRest:
      return 0;
  }
  return 0;
}

}  // namespace picket::parsers
