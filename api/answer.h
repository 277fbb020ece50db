// Answers: the HTTP responses of the API, made in one place so that all of them carry the same
// headers. Errors are problem details (RFC 9457). Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/http_server.h"
#include "base/json.h"
#include "base/result.h"

namespace picket::api {

HttpResponse json_answer(const Json& json, int status = 200);
HttpResponse text_answer(std::string text, std::string content_type);

// application/problem+json with type, title, status and detail.
HttpResponse problem(int status, std::string_view detail);
// kNotFound 404, kInvalid 400, kLimit 413, kBusy 409, kFull 507, kIo and kCorrupt 500.
HttpResponse problem(const Error& error);

// The value of a header by its lower-case name; empty when it is missing.
std::string_view header(const HttpRequest& request, std::string_view name);

// Gives a 200 its ETag (RFC 9110 8.8.3), and turns it into a 304 when the client has it already.
void apply_etag(const HttpRequest& request, HttpResponse& response);
bool etag_listed(std::string_view if_none_match, std::string_view etag);

// Headers for everything that leaves: content policy, no sniffing, no referrer, no caching unless
// the answer says otherwise.
void apply_security_headers(HttpResponse& response);

// Cursors are the store's keys, which may hold any bytes; on the wire they are hex.
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);

}  // namespace picket::api
