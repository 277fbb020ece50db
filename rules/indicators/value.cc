#include "rules/indicators/value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace picket::rules {
namespace {

constexpr std::size_t kAddressTextMax = 64;
constexpr std::size_t kLabelMax = 63;

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr std::array<std::int8_t, 256> make_hex() {
  std::array<std::int8_t, 256> table{};
  for (auto& one : table) one = -1;
  for (int i = 0; i < 10; ++i)
    table[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    table[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
  }
  return table;
}
constexpr auto kHex = make_hex();

// A letter of a host name in lower case; 0 for what may not stand in one.
constexpr std::array<char, 256> make_host() {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 128; ++c) {
    const char at = static_cast<char>(c);
    const char low = lower(at);
    if ((low >= 'a' && low <= 'z') || is_digit(at) || at == '-' || at == '_') table[c] = low;
  }
  return table;
}
constexpr auto kHost = make_host();

// Where the first byte is for which `is` holds; the end if there is none. find_first_of() of
// several letters calls memchr for each byte.
template <class Is>
std::size_t first_that(std::string_view text, Is is) {
  std::size_t at = 0;
  while (at < text.size() && !is(text[at])) ++at;
  return at;
}

// Four decimal numbers, no zeros in front: as inet_pton reads them, without the copy.
bool read_v4(std::string_view text, std::uint8_t* bytes) {
  if (text.size() < 7 || text.size() > 15) return false;
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return false;
    const std::size_t begin = at;
    unsigned value = 0;
    while (at < text.size() && is_digit(text[at]) && at - begin < 4) {
      value = value * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at == begin || value > 255 || (at - begin > 1 && text[begin] == '0')) return false;
    bytes[part] = static_cast<std::uint8_t>(value);
  }
  return at == text.size();
}

bool starts_with_letters(std::string_view text, std::string_view low) {
  if (text.size() < low.size()) return false;
  for (std::size_t i = 0; i < low.size(); ++i) {
    if (lower(text[i]) != low[i]) return false;
  }
  return true;
}

// hxxp://evil[.]example: people write indicators so that nobody clicks on them.
std::string_view refang(std::string_view text, std::string& room) {
  const bool http = starts_with_letters(text, "hxxp:") || starts_with_letters(text, "hxxps:") ||
                    starts_with_letters(text, "hxxp[") || starts_with_letters(text, "hxxps[");
  const bool ftp = starts_with_letters(text, "fxp:") || starts_with_letters(text, "fxp[");
  const auto is_bracket = [](char c) { return c == '[' || c == '(' || c == '{'; };
  if (!http && !ftp && first_that(text, is_bracket) == text.size()) return text;
  constexpr std::pair<std::string_view, std::string_view> kForms[] = {
      {"[.]", "."}, {"(.)", "."},     {"{.}", "."}, {"[dot]", "."}, {"(dot)", "."},
      {"[:]", ":"}, {"[://]", "://"}, {"[/]", "/"}, {"[.", "."},
  };
  room.clear();
  std::size_t at = 0;
  if (http) {
    room = "http";
    at = 4;
  } else if (ftp) {
    room = "ftp";
    at = 3;
  }
  while (at < text.size()) {
    const auto* form = std::find_if(std::begin(kForms), std::end(kForms), [&](const auto& known) {
      return starts_with_letters(text.substr(at), known.first);
    });
    if (form != std::end(kForms)) {
      room += form->second;
      at += form->first.size();
    } else {
      room += text[at++];
    }
  }
  return room;
}

enum class Expected : std::uint8_t {
  kAny,
  kIp,
  kDomain,
  kUrl,
  kMd5,
  kSha1,
  kSha256,
  kSha512,
  kImphash
};

// The words of MISP, OTX, abuse.ch, STIX and of people, in lower case with '-' for '_'.
constexpr std::pair<std::string_view, Expected> kTypeWords[] = {
    {"cidr", Expected::kIp},
    {"domain", Expected::kDomain},
    {"domain-name", Expected::kDomain},
    {"filehash-imphash", Expected::kImphash},
    {"filehash-md5", Expected::kMd5},
    {"filehash-sha1", Expected::kSha1},
    {"filehash-sha256", Expected::kSha256},
    {"filehash-sha512", Expected::kSha512},
    {"fqdn", Expected::kDomain},
    {"hash", Expected::kAny},
    {"host", Expected::kAny},
    {"hostname", Expected::kDomain},
    {"imphash", Expected::kImphash},
    {"ip", Expected::kIp},
    {"ip-dst", Expected::kIp},
    {"ip-src", Expected::kIp},
    {"ipv4", Expected::kIp},
    {"ipv4-addr", Expected::kIp},
    {"ipv6", Expected::kIp},
    {"ipv6-addr", Expected::kIp},
    {"md5", Expected::kMd5},
    {"md5-hash", Expected::kMd5},
    {"network", Expected::kIp},
    {"sha-1", Expected::kSha1},
    {"sha-256", Expected::kSha256},
    {"sha-512", Expected::kSha512},
    {"sha1", Expected::kSha1},
    {"sha1-hash", Expected::kSha1},
    {"sha256", Expected::kSha256},
    {"sha256-hash", Expected::kSha256},
    {"sha512", Expected::kSha512},
    {"sha512-hash", Expected::kSha512},
    {"uri", Expected::kUrl},
    {"url", Expected::kUrl},
};

std::optional<Expected> expected_of(std::string_view type) {
  if (type.empty()) return Expected::kAny;
  std::array<char, 24> low{};
  if (type.size() > low.size()) return std::nullopt;
  std::transform(type.begin(), type.end(), low.begin(),
                 [](char c) { return c == '_' ? '-' : lower(c); });
  const std::string_view word(low.data(), type.size());
  const auto* found = std::find_if(std::begin(kTypeWords), std::end(kTypeWords),
                                   [&](const auto& known) { return known.first == word; });
  if (found == std::end(kTypeWords)) return std::nullopt;
  return found->second;
}

const char* read_network(std::string_view text, IndicatorKey& key) {
  const std::size_t slash = text.find('/');
  const std::optional<Address> address = parse_address(text.substr(0, slash));
  if (!address) {
    if (std::count(text.begin(), text.end(), ':') == 1)
      return "an address with a port is not supported";
    return "this is no IP address or network";
  }
  unsigned bits = address->size * 8u;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size())
      return "this is no IP address or network";
    // ::ffff:a.b.c.d/n counts its prefix in IPv6.
    const bool mapped =
        address->size == 4 && text.substr(0, slash).find(':') != std::string_view::npos;
    if (mapped && (bits < 96 || bits > 128)) return "this is no IP address or network";
    if (mapped) bits -= 96;
    if (bits > address->size * 8u) return "this is no IP address or network";
    if (bits == 0) return "a network of all addresses would match everything";
  }
  const bool whole = bits == address->size * 8u;
  key.type = whole ? IndicatorType::kAddress : IndicatorType::kNetwork;
  key.bits = static_cast<std::uint8_t>(bits);
  key.bytes = masked(*address, bits).view();
  return nullptr;
}

const char* read_domain(std::string_view text, IndicatorKey& key) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.starts_with('.')) text.remove_prefix(1);
  std::array<char, kDomainBytesMax + 3> room;
  const std::string_view domain = normal_domain(text, room);
  if (domain.empty()) {
    const bool ascii = std::all_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 128; });
    return ascii ? "this is no domain name of two labels or more"
                 : "a domain is written in ASCII (xn--...)";
  }
  key.type = IndicatorType::kDomain;
  key.bytes = domain;
  return nullptr;
}

const char* read_url(std::string_view text, IndicatorKey& key) {
  UrlRoom room;
  const std::optional<Url> url = normal_url(text, room);
  if (!url) return "this is no URL";
  key.type = IndicatorType::kUrl;
  key.bytes = url->text;
  return nullptr;
}

const char* read_hash(std::string_view text, Expected expected, IndicatorKey& key) {
  std::array<std::uint8_t, kDigestBytesMax> bytes;
  const std::size_t size = read_digest(text, bytes);
  const auto is = [&](Expected wanted, std::size_t bytes_wanted) {
    return size == bytes_wanted && (expected == wanted || expected == Expected::kAny);
  };
  if (is(Expected::kMd5, 16)) {
    key.type = expected == Expected::kAny ? IndicatorType::kMd5OrImphash : IndicatorType::kMd5;
  } else if (is(Expected::kImphash, 16)) {
    key.type = IndicatorType::kImphash;
  } else if (is(Expected::kSha1, 20)) {
    key.type = IndicatorType::kSha1;
  } else if (is(Expected::kSha256, 32)) {
    key.type = IndicatorType::kSha256;
  } else if (is(Expected::kSha512, 64)) {
    key.type = IndicatorType::kSha512;
  } else {
    return "this is no hash of that kind";
  }
  key.bytes.assign(reinterpret_cast<const char*>(bytes.data()), size);
  return nullptr;
}

const char* read_any(std::string_view text, IndicatorKey& key) {
  if (text.find("://") != std::string_view::npos) return read_url(text, key);
  const bool hash_sized =
      text.size() == 32 || text.size() == 40 || text.size() == 64 || text.size() == 128;
  if (hash_sized && read_hash(text, Expected::kAny, key) == nullptr) return nullptr;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    return parse_address(text.substr(0, slash)) ? read_network(text, key) : read_url(text, key);
  }
  const bool numeric =
      first_that(text, [](char c) { return c != '.' && !is_digit(c); }) == text.size();
  if (numeric || text.find(':') != std::string_view::npos) return read_network(text, key);
  if (text.find('.') == std::string_view::npos)
    return "this is no address, domain, URL or hash that is known";
  return read_domain(text, key);
}

}  // namespace

std::string_view indicator_type_name(IndicatorType type) {
  constexpr std::array<std::string_view, 10> kNames = {
      "ip",   "cidr",   "domain", "url",     "md5",
      "sha1", "sha256", "sha512", "imphash", "md5-or-imphash"};
  return kNames[static_cast<std::size_t>(type)];
}

std::optional<Address> parse_address(std::string_view text) {
  Address address;
  if (read_v4(text, address.bytes.data())) {
    address.size = 4;
    return address;
  }
  if (text.find(':') == std::string_view::npos) return std::nullopt;
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  text = text.substr(0, text.find('%'));
  if (text.size() < 2 || text.size() >= kAddressTextMax ||
      text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::array<char, kAddressTextMax> terminated{};
  std::memcpy(terminated.data(), text.data(), text.size());
  if (::inet_pton(AF_INET6, terminated.data(), address.bytes.data()) != 1) return std::nullopt;
  address.size = 16;
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::memcmp(address.bytes.data(), kMapped.data(), kMapped.size()) == 0) {
    std::memmove(address.bytes.data(), address.bytes.data() + 12, 4);
    std::memset(address.bytes.data() + 4, 0, 12);
    address.size = 4;
  }
  return address;
}

Address masked(Address address, unsigned bits) {
  for (unsigned i = bits / 8; i < address.size; ++i) {
    const unsigned kept = i * 8 < bits ? bits - i * 8 : 0;
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xFF00u >> kept));
  }
  return address;
}

std::string_view normal_domain(std::string_view text, std::span<char, kDomainBytesMax + 3> room) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() < 3 || text.size() > kDomainBytesMax) return {};
  std::size_t label = 0;  // where it begins
  bool letter = false;    // in the last label: a name of numbers only is an address, or a mistake
  bool dots = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      if (i == label || i - label > kLabelMax) return {};
      label = i + 1;
      letter = false;
      dots = true;
      room[i] = c;
      continue;
    }
    const char low = kHost[static_cast<unsigned char>(c)];
    if (low == 0) return {};
    letter = letter || !is_digit(low);
    room[i] = low;
  }
  const std::size_t last = text.size() - label;
  if (!dots || !letter || last == 0 || last > kLabelMax) return {};
  return {room.data(), text.size()};
}

std::optional<Url> normal_url(std::string_view text, UrlRoom& room) {
  if (text.size() < 4 || text.size() > kUrlBytesMax) return std::nullopt;
  if (text[0] == '/' && text[1] != '/') return std::nullopt;  // a path alone: most of web logs
  const std::size_t scheme_end = text.find("://");
  std::size_t used = 0;
  std::string_view rest = text;
  std::string_view port_of_scheme;
  const bool has_scheme =
      scheme_end != std::string_view::npos && scheme_end > 0 && scheme_end <= 16 &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(scheme_end), [](char c) {
        return kHost[static_cast<unsigned char>(c)] != 0 || c == '+' || c == '.';
      });
  if (has_scheme) {
    for (; used < scheme_end; ++used) room[used] = lower(text[used]);
    const std::string_view scheme(room.data(), used);
    port_of_scheme = scheme == "http"    ? "80"
                     : scheme == "https" ? "443"
                     : scheme == "ftp"   ? "21"
                                         : "";
    room[used++] = ':';
    rest = text.substr(scheme_end + 3);
  } else if (text.starts_with("//")) {
    rest = text.substr(2);
  } else if (text.find('/') == std::string_view::npos) {
    return std::nullopt;  // a host alone
  }
  Url url;
  url.schemeless = has_scheme ? used : 0;
  room[used++] = '/';
  room[used++] = '/';
  const std::size_t path_at =
      first_that(rest, [](char c) { return c == '/' || c == '?' || c == '#' || c == '\\'; });
  std::string_view authority = rest.substr(0, path_at);
  if (const std::size_t user = authority.rfind('@'); user != std::string_view::npos)
    authority.remove_prefix(user + 1);
  std::string_view port;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  if (port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) return std::nullopt;
  if (authority.ends_with('.')) authority.remove_suffix(1);
  if (authority.empty() || authority.size() > kDomainBytesMax) return std::nullopt;
  url.host = authority;
  for (const char c : authority) {
    const bool fine = kHost[static_cast<unsigned char>(c)] != 0 || c == '.' || c == ':' ||
                      c == '[' || c == ']' || c == '%';
    if (!fine) return std::nullopt;
    room[used++] = lower(c);
  }
  if (url.host.starts_with('[') && url.host.ends_with(']'))
    url.host = url.host.substr(1, url.host.size() - 2);
  if (!port.empty() && port != port_of_scheme) {
    room[used++] = ':';
    for (const char c : port) room[used++] = c;
  }
  std::string_view path = rest.substr(path_at);
  path = path.substr(0, path.find('#'));
  if (path.empty() || path[0] == '?') room[used++] = '/';
  bool printable = true;
  for (const char c : path) printable &= static_cast<unsigned char>(c) > ' ' && c != 0x7F;
  if (!printable) return std::nullopt;
  if (!path.empty()) std::memcpy(room.data() + used, path.data(), path.size());
  used += path.size();
  url.text = {room.data(), used};
  return url;
}

std::size_t read_digest(std::string_view text, std::span<std::uint8_t, kDigestBytesMax> bytes) {
  if (text.empty() || text.size() % 2 != 0 || text.size() > kDigestBytesMax * 2) return 0;
  int bad = 0;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = kHex[static_cast<unsigned char>(text[i])];
    const int low = kHex[static_cast<unsigned char>(text[i + 1])];
    bad |= high | low;
    bytes[i / 2] = static_cast<std::uint8_t>((high << 4 | low) & 0xFF);
  }
  return bad < 0 ? 0 : text.size() / 2;
}

const char* read_indicator(std::string_view text, std::string_view type, IndicatorKey& key) {
  const std::optional<Expected> expected = expected_of(type);
  if (!expected) return "this type of indicator is not supported";
  if (text.empty()) return "the indicator is empty";
  if (text.size() > kUrlBytesMax) return "the indicator is too long";
  key.bits = 0;
  std::string room;
  text = refang(text, room);
  switch (*expected) {
    case Expected::kAny:
      return read_any(text, key);
    case Expected::kIp:
      return read_network(text, key);
    case Expected::kDomain:
      return read_domain(text, key);
    case Expected::kUrl:
      return read_url(text, key);
    default:
      return read_hash(text, *expected, key);
  }
}

bool is_indicator_type(std::string_view type) {
  return expected_of(type).has_value();
}

std::string indicator_text(IndicatorType type, unsigned bits, std::string_view bytes) {
  switch (type) {
    case IndicatorType::kAddress:
    case IndicatorType::kNetwork: {
      std::array<char, INET6_ADDRSTRLEN> shown{};
      const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
      ::inet_ntop(family, bytes.data(), shown.data(), shown.size());
      return type == IndicatorType::kAddress
                 ? shown.data()
                 : std::string(shown.data()) + "/" + std::to_string(bits);
    }
    case IndicatorType::kDomain:
    case IndicatorType::kUrl:
      return std::string(bytes);
    default: {
      constexpr std::string_view kDigits = "0123456789abcdef";
      std::string text;
      for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4];
        text += kDigits[static_cast<unsigned char>(c) & 15];
      }
      return text;
    }
  }
}

}  // namespace picket::rules
