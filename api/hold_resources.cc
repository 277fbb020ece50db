// What /api/v1/holds answers: what must stay though its retention is over.
#include <string>
#include <utility>

#include "api/answer.h"
#include "api/resources.h"

namespace picket::api {
namespace {

constexpr std::size_t kBodyMax = 256 * 1024;

HttpResponse absent() {
  return problem(501, "holds are not available in this server");
}

Result<Json> body_of(const HttpRequest& request) {
  if (request.body.empty()) return Json::object();
  return parse_json(request.body, {.bytes_max = kBodyMax, .depth_max = 4});
}

}  // namespace

HttpResponse list_holds(const Call& call) {
  if (!call.ports.holds) return absent();
  return json_answer({{"items", call.ports.holds()}});
}

HttpResponse add_hold(const Call& call) {
  if (!call.ports.add_hold) return absent();
  const Result<Json> body = body_of(call.request);
  if (!body) return problem(body.error());
  const Result<Json> hold = call.ports.add_hold("admin", *body);
  return hold ? json_answer(*hold) : problem(hold.error());
}

HttpResponse lift_hold(const Call& call) {
  if (!call.ports.lift_hold) return absent();
  const Result<Json> body = body_of(call.request);
  if (!body) return problem(body.error());
  const Result<Json> hold = call.ports.lift_hold(call.parts[0], "admin", *body);
  return hold ? json_answer(*hold) : problem(hold.error());
}

}  // namespace picket::api
