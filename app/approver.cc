#include "app/approver.h"

#include "api/session.h"
#include "base/hash.h"

namespace picket::app {

const Approver* approver_of(const std::vector<Approver>& approvers, std::string_view token) {
  const std::string digest = sha256_hex(token);
  const Approver* found = nullptr;
  for (const Approver& approver : approvers) {
    if (api::same_secret(digest, approver.token_sha256)) found = &approver;
  }
  return found;
}

}  // namespace picket::app
