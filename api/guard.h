// Guard: decides, before anything else looks at a request, whether it may go on.
//
// - The Host header must name us (DNS rebinding).
// - A bearer token or a session cookie must be there, but for what is open.
// - A write that comes with a cookie must also come from our own pages (CSRF): header X-Picket: 1,
//   which no foreign form can set, and an Origin equal to the Host.
// Server thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "api/session.h"
#include "base/http_server.h"

namespace picket::api {

class Guard {
 public:
  Guard(const ApiOptions& options, Clock& clock);

  // The answer that refuses the request, or nothing when it may go on.
  std::optional<HttpResponse> refuse(const HttpRequest& request, bool open);

  // POST, GET and DELETE /api/v1/session.
  HttpResponse session(const HttpRequest& request);

 private:
  bool host_is_ours(std::string_view host) const;
  std::optional<HttpResponse> check_bearer(const HttpRequest& request, std::string_view token);
  std::optional<HttpResponse> check_write(const HttpRequest& request) const;
  HttpResponse log_in(const HttpRequest& request);
  std::string cookie(std::string_view id, std::int64_t seconds) const;

  std::string token_;
  std::vector<std::string> hosts_;
  bool secure_;
  Sessions sessions_;
  LoginLimit limit_;
};

}  // namespace picket::api
