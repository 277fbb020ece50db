// An HTTP/1.1 server behind a plain interface, so that Boost.Beast is compiled in one file only.
//
// Threads: the server runs on one thread of its own. Handlers are called on it and must not block:
// long work answers later through the Responder, from any thread. Everything is bounded: header
// 16 KiB, body by route (larger: 413), idle connections 30 s, connections in all and per address.
// Optional TLS is a later door; bind loopback without it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace picket {

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // as sent: "/api/v1/events?q=a%20b"
  std::string path;    // decoded, without the query
  std::map<std::string, std::string> query;  // decoded; the last of repeated names wins
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;    // decoded if it came with Content-Encoding: gzip (bounded, ratio 100)
  std::string peer;    // address of the client
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Answers one request, exactly once, from any thread. Dropping it without an answer sends 500.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;
  virtual void respond(HttpResponse response) = 0;
};

// One open server-sent-events connection (text/event-stream). Copyable handle, any thread.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // Queues one event; false when the client is gone or its queue (1,000 events) is full.
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
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one, see port()
  std::size_t body_bytes_max = 16 * 1024 * 1024;
  std::size_t connections_max = 1024;
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;  // stops
  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;  // closes the door, finishes answers under way (5 s), joins the thread
};

// Fails with kBusy when the port is taken; the text names address and port and says what to do.
// `handler` must outlive the server.
Result<std::unique_ptr<HttpServer>> start_http_server(HttpServerOptions options, HttpHandler& handler);

}  // namespace picket
