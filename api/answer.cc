#include "api/answer.h"

#include <algorithm>
#include <array>

#include "base/hash.h"

namespace picket::api {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Not logged in";
    case 403:
      return "Forbidden";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition failed";
    case 413:
      return "Too large";
    case 415:
      return "Unsupported media type";
    case 421:
      return "Misdirected request";
    case 422:
      return "Unprocessable content";
    case 429:
      return "Too many requests";
    case 501:
      return "Not available";
    case 503:
      return "Busy";
    case 507:
      return "Disk full";
    default:
      return "Internal error";
  }
}

int status_of(Errc code) {
  switch (code) {
    case Errc::kInvalid:
      return 400;
    case Errc::kNotFound:
      return 404;
    case Errc::kLimit:
      return 413;
    case Errc::kBusy:
      return 409;
    case Errc::kFull:
      return 507;
    case Errc::kIo:
    case Errc::kCorrupt:
      break;
  }
  return 500;
}

bool has_header(const HttpResponse& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& entry) { return entry.first == name; });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

HttpResponse json_answer(const Json& json, int status) {
  HttpResponse response;
  response.status = status;
  response.body = dump_json(json);
  response.body += '\n';
  return response;
}

HttpResponse text_answer(std::string text, std::string content_type) {
  HttpResponse response;
  response.content_type = std::move(content_type);
  response.body = std::move(text);
  return response;
}

HttpResponse problem(int status, std::string_view detail) {
  HttpResponse response = json_answer({{"type", "about:blank"},
                                       {"title", title_of(status)},
                                       {"status", status},
                                       {"detail", detail}},
                                      status);
  response.content_type = "application/problem+json";
  return response;
}

HttpResponse problem(const Error& error) {
  return problem(status_of(error.code), error.what);
}

std::string_view header(const HttpRequest& request, std::string_view name) {
  const auto found = request.headers.find(std::string(name));
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

bool etag_listed(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const std::size_t comma = if_none_match.find(',');
    std::string_view one = if_none_match.substr(0, comma);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);  // weak comparison, RFC 9110 13.1.2
    if (one == "*" || one == etag) return true;
    if (comma == std::string_view::npos) break;
    if_none_match.remove_prefix(comma + 1);
  }
  return false;
}

void apply_etag(const HttpRequest& request, HttpResponse& response) {
  if (response.status != 200 || request.method != "GET") return;
  if (!has_header(response, "ETag")) {
    response.headers.emplace_back("ETag", '"' + hash128_hex(response.body) + '"');
  }
  const auto etag = std::find_if(response.headers.begin(), response.headers.end(),
                                 [](const auto& entry) { return entry.first == "ETag"; });
  if (!etag_listed(header(request, "if-none-match"), etag->second)) return;
  response.status = 304;
  response.body.clear();
}

void apply_security_headers(HttpResponse& response) {
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  // Answers hold what people may not see after logging out; browsers revalidate and keep nothing.
  if (!has_header(response, "Cache-Control")) {
    response.headers.emplace_back("Cache-Control", "no-store");
  }
}

std::string to_hex(std::string_view bytes) {
  static constexpr std::array<char, 17> kDigits = {"0123456789abcdef"};
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace picket::api
