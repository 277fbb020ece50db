#include "app/order_body.h"

#include <algorithm>

#include "app/holds.h"
#include "base/time.h"

namespace picket::app {

std::string text_of(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<std::int64_t> time_of(const Json& body, const char* name, std::int64_t otherwise) {
  const std::string text = text_of(body, name);
  if (text.empty()) return otherwise;
  const auto time = parse_time(text);
  if (!time) return fail(Errc::kInvalid, std::string(name) + " is a time such as 2026-11-20T08:00:00Z");
  return time->time_ns;
}

Result<std::string> reason_of(const Json& body) {
  std::string reason = text_of(body, "reason");
  if (reason.empty()) return fail(Errc::kInvalid, "a reason is missing");
  if (reason.size() > kHoldTextMax) return fail(Errc::kInvalid, "the reason is longer than 4096 bytes");
  return reason;
}

Result<void> check_members(const Json& body, std::initializer_list<std::string_view> known) {
  if (!body.is_object()) return fail(Errc::kInvalid, "the body is not a JSON object");
  for (const auto& [name, value] : body.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      return fail(Errc::kInvalid, "'" + name.substr(0, 64) + "' is not known here");
  }
  return {};
}

}  // namespace picket::app
