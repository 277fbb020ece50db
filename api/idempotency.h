// Idempotency keys: a write repeated with the same key is answered with the first answer and not
// done again (draft-ietf-httpapi-idempotency-key-header). Bounded: the oldest keys are forgotten.
// Desk thread only, where writes run one after another, so no write is ever under way twice.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <unordered_map>

#include "base/http_server.h"

namespace picket::api {

class IdempotencyCache {
 public:
  static constexpr std::size_t kMax = 512;
  static constexpr std::size_t kKeyBytesMax = 128;

  // Runs `write` unless the request's key has been seen. A key used again for another request is
  // answered with 422. Requests without a key always run. Failures (5xx) are not remembered.
  HttpResponse once(const HttpRequest& request, const std::function<HttpResponse()>& write);

 private:
  struct Entry {
    std::string key;
    std::string request;  // hash of method, path and body
    HttpResponse response;
  };
  std::list<Entry> entries_;  // oldest first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace picket::api
