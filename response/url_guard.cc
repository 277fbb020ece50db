#include "response/url_guard.h"

#include <curl/curl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

namespace picket::response {
namespace {

struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlPtr = std::unique_ptr<CURLU, UrlCloser>;

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string result(text);
  curl_free(text);
  return result;
}

}  // namespace

Result<std::vector<IpAddress>> resolve_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return fail(Errc::kIo, "host '" + host + "': " + ::gai_strerror(error));
  }
  std::vector<IpAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (const auto address = IpAddress::from(*entry->ai_addr)) addresses.push_back(*address);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return fail(Errc::kIo, "host '" + host + "' has no address");
  return addresses;
}

bool is_permitted(const IpAddress& address, const std::vector<Cidr>& allow) {
  return is_global(address) || contains(allow, address);
}

Result<Endpoint> check_url(const std::string& url, const std::vector<Cidr>& allow,
                           const Resolve& resolve) {
  const UrlPtr parsed(curl_url());
  if (!parsed || url.size() > 2048 ||
      std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c == 0x7f; }) ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fail(Errc::kInvalid, "'" + url.substr(0, 200) + "' is not a URL");
  }
  const std::string scheme = part(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return fail(Errc::kInvalid, "a webhook must be http or https, not " + scheme);
  }
  for (const CURLUPart refused : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_ZONEID}) {
    if (!part(parsed.get(), refused).empty()) {
      return fail(Errc::kInvalid, "a webhook URL may hold no user, password or zone");
    }
  }
  Endpoint endpoint{part(parsed.get(), CURLUPART_URL),
                    part(parsed.get(), CURLUPART_HOST),
                    part(parsed.get(), CURLUPART_PORT),
                    {}};
  if (endpoint.host.starts_with('['))
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  if (const auto literal = IpAddress::parse(endpoint.host)) {
    endpoint.addresses = {*literal};
  } else {
    PICKET_TRY(endpoint.addresses, resolve(endpoint.host));
  }
  for (const IpAddress& address : endpoint.addresses) {
    if (is_permitted(address, allow)) continue;
    return fail(Errc::kInvalid, "webhook host '" + endpoint.host + "' is the internal address " +
                                    address.text() +
                                    ", which response.webhook_allow does not list");
  }
  return endpoint;
}

}  // namespace picket::response
