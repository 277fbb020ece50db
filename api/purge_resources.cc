// What /api/v1/purges answers: records that are to go before their time, when two approvers agree.
#include <string>
#include <utility>

#include "api/answer.h"
#include "api/resources.h"

namespace picket::api {
namespace {

constexpr std::size_t kBodyMax = 256 * 1024;

HttpResponse absent() {
  return problem(501, "purges are not available in this server");
}

Result<Json> body_of(const HttpRequest& request) {
  if (request.body.empty()) return Json::object();
  return parse_json(request.body, {.bytes_max = kBodyMax, .depth_max = 4});
}

HttpResponse shown(const Result<Json>& purge) {
  return purge ? json_answer(*purge) : problem(purge.error());
}

}  // namespace

HttpResponse list_purges(const Call& call) {
  if (!call.ports.purges) return absent();
  return json_answer({{"items", call.ports.purges()}});
}

HttpResponse ask_purge(const Call& call) {
  if (!call.ports.ask_purge) return absent();
  const Result<Json> body = body_of(call.request);
  if (!body) return problem(body.error());
  return shown(call.ports.ask_purge("admin", *body));
}

HttpResponse approve_purge(const Call& call) {
  if (!call.ports.approve_purge) return absent();
  const Result<Json> body = body_of(call.request);
  if (!body) return problem(body.error());
  return shown(call.ports.approve_purge(call.parts[0], "admin", *body));
}

HttpResponse reject_purge(const Call& call) {
  if (!call.ports.reject_purge) return absent();
  const Result<Json> body = body_of(call.request);
  if (!body) return problem(body.error());
  return shown(call.ports.reject_purge(call.parts[0], "admin", *body));
}

}  // namespace picket::api
