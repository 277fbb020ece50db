// An HTTP/1.1 server behind a plain interface, so that Boost.Beast is compiled in one file only.
//
// Threads: the server runs on one thread of its own. Handlers are called on it and must not block:
// long work answers later through the Responder, from any thread. Everything is bounded: header
// 16 KiB (larger: 431), body by route (larger: 413), all bodies together (more: 503), idle
// connections 30 s, connections in all and per address (one more is closed at once). What the
// server itself refuses is answered with problem+json (RFC 9457). Optional TLS is a later door;
// bind loopback without it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace picket {

struct HttpRequest {
  std::string
      method;  // "GET"; a HEAD request arrives as GET too, and its answer goes without the body
  std::string target;                          // as sent: "/api/v1/events?q=a%20b"
  std::string path;                            // decoded, without the query
  std::map<std::string, std::string> query;    // decoded; the last of repeated names wins
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;  // decoded if it came with Content-Encoding: gzip (bounded, ratio 100)
  std::string peer;  // address of the client
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// An error as RFC 9457 has it: type about:blank, the status and its name, `detail` for people.
HttpResponse http_problem(int status, std::string_view detail);

// Answers one request, exactly once, from any thread. Dropping it without an answer sends 500. It
// may outlive the server: then the answer goes nowhere.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;
  virtual void respond(HttpResponse response) = 0;
};

// One open server-sent-events connection (text/event-stream). Copyable handle, any thread.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // Queues one event; false when the client is gone or its queue (1,000 events, 4 MiB) is full. A
  // comment goes out every 15 s, so that proxies keep the connection.
  virtual bool send(std::string_view event, std::string_view data) = 0;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void handle(HttpRequest request, std::unique_ptr<HttpResponder> responder) = 0;
  // Called for GET requests that accept text/event-stream; answer false to treat it as handle().
  virtual bool open_stream(const HttpRequest& request, std::shared_ptr<HttpStream> stream) {
    (void)request;
    (void)stream;
    return false;
  }
  // A route's own limit for bodies, below the server's; asked as soon as the header is read.
  virtual std::optional<std::size_t> body_bytes_max(std::string_view path) {
    (void)path;
    return std::nullopt;
  }
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one, see port()
  std::size_t body_bytes_max = 16 * 1024 * 1024;
  std::size_t connections_max = 1024;
  std::size_t connections_per_address_max = 256;
  std::size_t inflight_bytes_max = 256 * 1024 * 1024;  // bodies of all requests under way
  std::chrono::milliseconds header_timeout = std::chrono::seconds(30);  // idle, or a header begun
  std::chrono::milliseconds body_timeout =
      std::chrono::seconds(30);  // no progress; in all 10 times it
  std::chrono::milliseconds write_timeout = std::chrono::seconds(30);  // no progress
  std::chrono::milliseconds heartbeat = std::chrono::seconds(15);      // of event streams
  std::chrono::milliseconds stop_timeout = std::chrono::seconds(5);
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;  // stops
  virtual std::uint16_t port() const = 0;
  // Closes the door and idle connections, finishes answers under way (5 s), joins the thread.
  virtual void stop() = 0;
};

// Fails with kBusy when the port is taken; the text names address and port and says what to do.
// `handler` must outlive the server.
Result<std::unique_ptr<HttpServer>> start_http_server(HttpServerOptions options,
                                                      HttpHandler& handler);

}  // namespace picket
