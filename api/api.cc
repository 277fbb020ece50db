#include "api/api.h"

#include "api/answer.h"
#include "api/asset.h"
#include "api/guard.h"
#include "api/idempotency.h"
#include "api/live.h"
#include "api/router.h"
#include "api/worker.h"
#include "base/background.h"
#include "base/check.h"
#include "base/time.h"

namespace picket::api {
namespace {

constexpr std::size_t kDeskJobs = 256;
constexpr std::size_t kSlowJobs = 32;
constexpr std::size_t kTokenBytesMin = 32;
constexpr std::string_view kStreamPath = "/api/v1/stream";
constexpr std::string_view kSessionPath = "/api/v1/session";
constexpr std::string_view kOpenApiPath = "/api/v1/openapi.json";

HttpResponse busy() {
  HttpResponse response = problem(503, "too many requests wait; try again");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse wrong_method(std::string_view allow) {
  HttpResponse response = problem(405, "this path knows " + std::string(allow));
  response.headers.emplace_back("Allow", allow);
  return response;
}

void finish(HttpResponder& responder, const HttpRequest& request, HttpResponse response) {
  apply_etag(request, response);
  apply_security_headers(response);
  responder.respond(std::move(response));
}

}  // namespace

class Api::Impl {
 public:
  Impl(ApiOptions options, Ports ports, Clock& clock)
      : options_(std::move(options)),
        ports_(std::move(ports)),
        guard_(options_, clock),
        live_(ports_, clock),
        desk_(kDeskJobs, {}, [this] { live_.tick(); }),
        slow_(kSlowJobs, [] { work_in_background("search"); }, {}) {}

  void handle(HttpRequest request, std::unique_ptr<HttpResponder> responder);
  bool open_stream(const HttpRequest& request, std::shared_ptr<HttpStream> stream);
  Live& live() { return live_; }

 private:
  HttpResponse at_once(const HttpRequest& request);
  void queue(const Route& route, HttpRequest request, std::unique_ptr<HttpResponder> responder);
  HttpResponse answer(const Route& route, const HttpRequest& request);
  void begin(const Route& route, const HttpRequest& request, const Reply& reply);
  bool is_open(const Routed& routed, const HttpRequest& request) const;

  const ApiOptions options_;
  const Ports ports_;
  Guard guard_;                   // server thread
  IdempotencyCache idempotency_;  // desk thread
  Live live_;
  Worker desk_;  // workers last: they use all of the above
  Worker slow_;
};

bool Api::Impl::is_open(const Routed& routed, const HttpRequest& request) const {
  if (request.path == "/healthz" || request.path == kOpenApiPath) return true;
  if (request.path == "/metrics" && options_.open_metrics) return true;
  if (routed.route != nullptr) return routed.route->open;
  return request.method == "GET" && find_asset(request.path) != nullptr;
}

void Api::Impl::handle(HttpRequest request, std::unique_ptr<HttpResponder> responder) {
  const Routed routed = find_route(request.method, request.path);
  const bool session = request.path == kSessionPath;
  if (auto refusal = guard_.refuse(request, session || is_open(routed, request))) {
    finish(*responder, request, *std::move(refusal));
  } else if (session) {
    finish(*responder, request, guard_.session(request));
  } else if (routed.route != nullptr) {
    queue(*routed.route, std::move(request), std::move(responder));
  } else if (!routed.allow.empty()) {
    finish(*responder, request, wrong_method(routed.allow));
  } else {
    finish(*responder, request, at_once(request));
  }
}

HttpResponse Api::Impl::at_once(const HttpRequest& request) {
  const bool known = request.path == "/healthz" || request.path == kStreamPath ||
                     find_asset(request.path) != nullptr;
  if (!known) return problem(404, "there is nothing at this path");
  if (request.method != "GET") return wrong_method("GET");
  if (request.path == "/healthz") return json_answer({{"healthy", true}});
  if (request.path != kStreamPath) return asset_answer(request, *find_asset(request.path));
  return live_.has_room() ? problem(400, "ask for the stream with Accept: text/event-stream")
                          : busy();
}

void Api::Impl::queue(const Route& route, HttpRequest request,
                      std::unique_ptr<HttpResponder> responder) {
  // A job must be copyable, the responder is not.
  struct Pending {
    HttpRequest request;
    std::unique_ptr<HttpResponder> responder;
  };
  auto pending = std::make_shared<Pending>(Pending{std::move(request), std::move(responder)});
  Worker& worker = route.room == Room::kDesk ? desk_ : slow_;
  const bool taken = worker.submit([this, &route, pending] {
    const auto reply = [pending](HttpResponse response) {
      finish(*pending->responder, pending->request, std::move(response));
    };
    if (route.begin != nullptr) return begin(route, pending->request, reply);
    reply(answer(route, pending->request));
  });
  if (!taken) finish(*pending->responder, pending->request, busy());
}

HttpResponse Api::Impl::answer(const Route& route, const HttpRequest& request) {
  Routed routed = find_route(request.method, request.path);
  const Call call{ports_, request, std::move(routed.parts)};
  if (route.method == "GET") return route.answer(call);
  return idempotency_.once(request, [&] { return route.answer(call); });
}

void Api::Impl::begin(const Route& route, const HttpRequest& request, const Reply& reply) {
  Routed routed = find_route(request.method, request.path);
  route.begin(Call{ports_, request, std::move(routed.parts)}, reply);
}

bool Api::Impl::open_stream(const HttpRequest& request, std::shared_ptr<HttpStream> stream) {
  if (request.path != kStreamPath || !live_.has_room()) return false;
  if (guard_.refuse(request, false)) return false;  // handle() says why
  live_.add(std::move(stream));
  return true;
}

Api::Api(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Api::~Api() = default;

Result<std::unique_ptr<Api>> Api::make(ApiOptions options, Ports ports, Clock& clock) {
  PICKET_CHECK(ports.store != nullptr);
  if (options.admin_token.size() < kTokenBytesMin) {
    return fail(Errc::kInvalid, "the admin token is shorter than 32 characters");
  }
  return std::unique_ptr<Api>(
      new Api(std::make_unique<Impl>(std::move(options), std::move(ports), clock)));
}

void Api::handle(HttpRequest request, std::unique_ptr<HttpResponder> responder) {
  impl_->handle(std::move(request), std::move(responder));
}

bool Api::open_stream(const HttpRequest& request, std::shared_ptr<HttpStream> stream) {
  return impl_->open_stream(request, std::move(stream));
}

void Api::publish(const Alert& alert) {
  impl_->live().tell(Live::Kind::kAlert, "alert", [&] { return alert_summary(alert); });
}

void Api::publish(const Incident& incident) {
  impl_->live().tell(Live::Kind::kIncident, "incident", [&] { return incident_summary(incident); });
}

void Api::publish_run(const Json& run) {
  impl_->live().tell(Live::Kind::kRun, "run", [&] { return run; });
}

}  // namespace picket::api
