#include "api/guard.h"

#include <algorithm>

#include "api/answer.h"

namespace picket::api {
namespace {

constexpr std::string_view kCookie = "picket_session";

HttpResponse not_logged_in(std::string_view why) {
  HttpResponse response = problem(401, why);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"picket\"");
  return response;
}

HttpResponse too_many() {
  HttpResponse response = problem(429, "too many wrong tokens from this address; wait a minute");
  response.headers.emplace_back("Retry-After", std::to_string(LoginLimit::kWindowSeconds));
  return response;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The name in "name:port", "[::1]:port" or either without a port.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    return close == std::string_view::npos ? std::string_view() : host.substr(0, close + 1);
  }
  return host.substr(0, host.find(':'));
}

std::string_view bearer_token(const HttpRequest& request) {
  const std::string_view value = header(request, "authorization");
  if (value.size() < 7 || lower(value.substr(0, 7)) != "bearer ") return {};
  return value.substr(7);
}

// RFC 6265 5.4: "a=1; b=2".
std::string_view session_cookie(const HttpRequest& request) {
  std::string_view rest = header(request, "cookie");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(kCookie) && pair.substr(kCookie.size()).starts_with('=')) {
      return pair.substr(kCookie.size() + 1);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

bool is_safe(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

bool same_origin(const HttpRequest& request) {
  const std::string origin = lower(header(request, "origin"));
  const std::string host = lower(header(request, "host"));
  return origin == "http://" + host || origin == "https://" + host;
}

}  // namespace

Guard::Guard(const ApiOptions& options, Clock& clock)
    : token_(options.admin_token),
      hosts_{"localhost", "127.0.0.1", "[::1]"},
      secure_(options.secure_cookies),
      sessions_(clock),
      limit_(clock) {
  for (const std::string& host : options.hosts) hosts_.push_back(lower(host));
}

bool Guard::host_is_ours(std::string_view host) const {
  const std::string name = lower(host_name(host));
  return std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end();
}

std::optional<HttpResponse> Guard::refuse(const HttpRequest& request, bool open) {
  if (!host_is_ours(header(request, "host"))) {
    return problem(421, "this server does not answer to that Host; add it to the API's hosts");
  }
  if (open) return std::nullopt;
  if (const std::string_view token = bearer_token(request); !token.empty()) {
    return check_bearer(request, token);
  }
  if (!sessions_.holds(session_cookie(request))) {
    return not_logged_in("send the admin token as a bearer token, or log in to the console");
  }
  return is_safe(request) ? std::nullopt : check_write(request);
}

std::optional<HttpResponse> Guard::check_bearer(const HttpRequest& request,
                                                std::string_view token) {
  if (!limit_.allows(request.peer)) return too_many();
  if (same_secret(token, token_)) return std::nullopt;
  limit_.failed(request.peer);
  return not_logged_in("the token is wrong");
}

std::optional<HttpResponse> Guard::check_write(const HttpRequest& request) const {
  if (header(request, "x-picket") == "1" && same_origin(request)) return std::nullopt;
  return problem(403, "a write with a session needs the header X-Picket: 1 and our own Origin");
}

HttpResponse Guard::session(const HttpRequest& request) {
  if (request.method == "POST") return log_in(request);
  if (request.method != "GET" && request.method != "DELETE") {
    HttpResponse response = problem(405, "GET, POST or DELETE");
    response.headers.emplace_back("Allow", "GET, POST, DELETE");
    return response;
  }
  if (auto refusal = refuse(request, false)) return *std::move(refusal);
  HttpResponse response = json_answer({{"actor", "admin"}});
  if (request.method == "DELETE") {
    sessions_.end(session_cookie(request));
    response.headers.emplace_back("Set-Cookie", cookie("", 0));
  }
  return response;
}

HttpResponse Guard::log_in(const HttpRequest& request) {
  // A foreign page must not be able to log somebody in either.
  if (!header(request, "origin").empty() && !same_origin(request)) {
    return problem(403, "log in from our own pages");
  }
  if (!limit_.allows(request.peer)) return too_many();
  const Result<Json> body = parse_json(request.body, {.bytes_max = 4096, .depth_max = 4});
  if (!body || !body->is_object() || !body->contains("token") || !(*body)["token"].is_string()) {
    return problem(400, "send {\"token\": \"...\"}");
  }
  if (!same_secret((*body)["token"].get_ref<const std::string&>(), token_)) {
    limit_.failed(request.peer);
    return not_logged_in("the token is wrong");
  }
  HttpResponse response = json_answer({{"actor", "admin"}});
  response.headers.emplace_back("Set-Cookie",
                                cookie(sessions_.begin(), Sessions::kLifetimeSeconds));
  return response;
}

std::string Guard::cookie(std::string_view id, std::int64_t seconds) const {
  std::string text(kCookie);
  text += '=';
  text += id;
  text += "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
  if (secure_) text += "; Secure";
  return text;
}

}  // namespace picket::api
