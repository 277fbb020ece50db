// Api: the HTTP face of Picket: /api/v1, the console's files, health and metrics.
//
// It is an HttpHandler; `app` builds it, then starts a server with it, and stops the server before
// it destroys it. What needs no waiting (files, sessions, refusals) is answered on the server's
// thread; everything else on one of two threads of its own: `desk` for short reads and commands,
// `slow` for searches and proofs, so that a long search delays nobody else's page. Both queues are
// bounded; a full one is answered with 503. publish() may be called from any thread and never
// blocks.
//
// Who may: GET of the console's files, /healthz, /readyz and /api/v1/openapi.json is open;
// everything else needs the admin token as a bearer or a session cookie bought with it.
// docs/console.md says how people log in, openapi.json has every path.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/ports.h"
#include "base/http_server.h"
#include "base/world.h"
#include "event/alert.h"
#include "event/incident.h"

namespace picket::api {

struct ApiOptions {
  std::string admin_token;         // at least 32 characters; see make_token()
  std::vector<std::string> hosts;  // Host names to answer to besides localhost, 127.0.0.1 and [::1]
  bool open_metrics = false;    // /metrics without a token; for a server that binds loopback only
  bool secure_cookies = false;  // behind TLS
};

// 256 random bits in hex.
std::string make_token();

class Api final : public HttpHandler {
 public:
  // Fails when the token is too short. `clock` and the store outlive the Api.
  static Result<std::unique_ptr<Api>> make(ApiOptions options, Ports ports, Clock& clock);
  ~Api() override;  // finishes what is queued, joins the workers
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void handle(HttpRequest request, std::unique_ptr<HttpResponder> responder) override;
  bool open_stream(const HttpRequest& request, std::shared_ptr<HttpStream> stream) override;

  // Tells every open stream. Call after the commit that made it true. Ledger and health are told by
  // the Api itself. Under a flood some are left out and the next health event says how many.
  void publish(const Alert& alert);
  void publish(const Incident& incident);
  void publish_run(const Json& run);

 private:
  class Impl;
  explicit Api(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace picket::api
