// Sends one mail (SMTP) or makes one HTTP call (webhook), through libcurl, once, within its
// timeouts.
//
// Retrying is the runner's business: here an outcome says whether the message went, cannot go, may
// go later, or may have gone. Never follows redirects, never uses a proxy from the environment. One
// thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "response/effect.h"
#include "response/options.h"
#include "response/url_guard.h"

namespace picket::response {

class Notifier {
 public:
  explicit Notifier(NotifyOptions options, Resolve resolve = resolve_host);

  Outcome send(const Mail& mail) const;
  // `key` goes out as Idempotency-Key; the signature covers the time and the body.
  Outcome call(const HttpCall& call, const std::string& key, std::int64_t time_ns) const;

 private:
  Outcome record(const Mail& mail, const std::string& bytes) const;

  NotifyOptions options_;
  Resolve resolve_;
};

// "t=<seconds>,v1=<hex>": HMAC-SHA256 over "<seconds>.<body>", so that an old call cannot be
// replayed.
std::string signature(std::string_view secret, std::int64_t time_ns, std::string_view body);

}  // namespace picket::response
