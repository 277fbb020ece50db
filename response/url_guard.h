// Which addresses a webhook may reach (server-side request forgery).
//
// The URL is parsed by libcurl, which also calls it, so both read it alike. The host is resolved
// once; every address it has must be permitted, and the call is pinned to them. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "response/address.h"

namespace picket::response {

using Resolve = std::function<Result<std::vector<IpAddress>>(const std::string& host)>;
// getaddrinfo(): may block for as long as the system's resolver is configured to try.
Result<std::vector<IpAddress>> resolve_host(const std::string& host);

struct Endpoint {
  std::string url;   // as libcurl normalised it
  std::string host;  // without brackets
  std::string port;
  std::vector<IpAddress> addresses;  // at least one
};

// kInvalid: not http(s), with user information, or not permitted; the text says which. kIo: the
// name does not resolve now.
Result<Endpoint> check_url(const std::string& url, const std::vector<Cidr>& allow,
                           const Resolve& resolve);

// Global addresses, and what the site allows beside them.
bool is_permitted(const IpAddress& address, const std::vector<Cidr>& allow);

}  // namespace picket::response
