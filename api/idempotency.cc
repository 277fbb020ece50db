#include "api/idempotency.h"

#include "api/answer.h"
#include "base/hash.h"

namespace picket::api {

HttpResponse IdempotencyCache::once(const HttpRequest& request,
                                    const std::function<HttpResponse()>& write) {
  const std::string key(header(request, "idempotency-key"));
  if (key.empty()) return write();
  if (key.size() > kKeyBytesMax) return problem(400, "Idempotency-Key is longer than 128 bytes");
  const std::string hash = sha256_hex(request.method + '\n' + request.path + '\n' + request.body);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    if (found->second->request == hash) return found->second->response;
    return problem(422, "this Idempotency-Key was used for another request");
  }
  HttpResponse response = write();
  if (response.status >= 500) return response;
  if (entries_.size() >= kMax) {
    by_key_.erase(entries_.front().key);
    entries_.pop_front();
  }
  entries_.push_back({key, hash, response});
  by_key_[key] = std::prev(entries_.end());
  return response;
}

}  // namespace picket::api
