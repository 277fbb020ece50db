#include "api/session.h"

#include <sodium.h>

#include <algorithm>

#include "api/answer.h"
#include "api/api.h"
#include "base/check.h"
#include "base/hash.h"

namespace picket::api {

std::string make_token() {
  PICKET_CHECK(sodium_init() >= 0);
  std::string bytes(32, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return to_hex(bytes);
}

bool same_secret(std::string_view a, std::string_view b) {
  const std::string x = sha256_hex(a);  // equal lengths, whatever was sent
  const std::string y = sha256_hex(b);
  return sodium_memcmp(x.data(), y.data(), x.size()) == 0;
}

std::string Sessions::begin() {
  const Nanos now = clock_.now();
  std::erase_if(ends_, [&](const auto& entry) { return entry.second <= now; });
  if (ends_.size() >= kMax) {
    ends_.erase(std::min_element(ends_.begin(), ends_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  std::string id = make_token();
  ends_[sha256_hex(id)] = now + std::chrono::seconds(kLifetimeSeconds);
  return id;
}

bool Sessions::holds(std::string_view id) {
  if (id.size() != 64) return false;
  const auto found = ends_.find(sha256_hex(id));
  return found != ends_.end() && found->second > clock_.now();
}

void Sessions::end(std::string_view id) {
  ends_.erase(sha256_hex(id));
}

bool LoginLimit::allows(std::string_view peer) {
  return count(peer).failures < kFailuresMax;
}

void LoginLimit::failed(std::string_view peer) {
  ++count(peer).failures;
}

LoginLimit::Count& LoginLimit::count(std::string_view peer) {
  if (counts_.size() >= kPeersMax) forget_old();
  const bool room = counts_.size() < kPeersMax || counts_.contains(peer);
  Count& count = counts_[room ? std::string(peer) : std::string()];
  if (clock_.now() - count.since >= std::chrono::seconds(kWindowSeconds)) {
    count = {.since = clock_.now(), .failures = 0};
  }
  return count;
}

void LoginLimit::forget_old() {
  const Nanos now = clock_.now();
  std::erase_if(counts_, [&](const auto& entry) {
    return now - entry.second.since >= std::chrono::seconds(kWindowSeconds);
  });
}

}  // namespace picket::api
