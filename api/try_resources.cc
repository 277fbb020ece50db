// What /api/v1/rules/try answers: a rule over stored events, while it is being written.
#include <cstddef>
#include <optional>
#include <utility>

#include "api/answer.h"
#include "api/resources.h"
#include "base/time.h"

namespace picket::api {
namespace {

constexpr std::size_t kBodyBytesMax = 512 * 1024;  // every character of the text may be escaped
constexpr std::size_t kCursorBytes = 14;
constexpr std::int64_t kNanosOfMillisecond = 1'000'000;

Result<std::int64_t> time_member(const Json& value, const std::string& name) {
  const auto parsed =
      value.is_string() ? parse_time(value.get_ref<const std::string&>()) : std::nullopt;
  if (!parsed) return fail(Errc::kInvalid, name + " is a time such as 2026-11-20T08:00:00Z");
  return parsed->time_ns;
}

Result<std::string> text_member(const Json& value, const std::string& name, std::size_t bytes_max) {
  if (!value.is_string()) return fail(Errc::kInvalid, name + " is a text");
  std::string text = value.get<std::string>();
  if (text.size() <= bytes_max) return text;
  return fail(Errc::kLimit, name + " has more than " + std::to_string(bytes_max) + " bytes");
}

Result<std::int64_t> number_member(const Json& value, const std::string& name, std::int64_t min,
                                   std::int64_t max) {
  const bool in_range = value.is_number_integer() &&
                        (!value.is_number_unsigned() ||
                         value.get<std::uint64_t>() <= static_cast<std::uint64_t>(max)) &&
                        value.get<std::int64_t>() >= min;
  if (in_range) return value.get<std::int64_t>();
  return fail(Errc::kInvalid,
              name + " is a number from " + std::to_string(min) + " to " + std::to_string(max));
}

Result<std::string> cursor_member(const Json& value) {
  const auto bytes =
      value.is_string() ? from_hex(value.get_ref<const std::string&>()) : std::nullopt;
  if (!bytes || bytes->size() != kCursorBytes)
    return fail(Errc::kInvalid, "cursor is the \"next\" of an earlier answer");
  return *bytes;
}

Result<std::string> language_member(const Json& value) {
  if (value == "en" || value == "vi") return value.get<std::string>();
  return fail(Errc::kInvalid, "language is \"en\" or \"vi\"");
}

Result<void> read_member(const std::string& name, const Json& value, TryRequest& wanted) {
  if (name == "text") {
    PICKET_TRY(wanted.text, text_member(value, name, TryRequest::kTextBytesMax));
  } else if (name == "session") {
    PICKET_TRY(wanted.session, text_member(value, name, TryRequest::kSessionBytesMax));
  } else if (name == "cursor") {
    PICKET_TRY(wanted.cursor, cursor_member(value));
  } else if (name == "from") {
    PICKET_TRY(wanted.from_ns, time_member(value, name));
  } else if (name == "to") {
    PICKET_TRY(wanted.to_ns, time_member(value, name));
  } else if (name == "limit") {
    PICKET_TRY(const std::int64_t limit, number_member(value, name, 0, TryRequest::kLimitMax));
    wanted.limit = static_cast<std::size_t>(limit);
  } else if (name == "milliseconds") {
    PICKET_TRY(const std::int64_t time, number_member(value, name, TryRequest::kMillisecondsMin,
                                                      TryRequest::kMillisecondsMax));
    wanted.time_ns = time * kNanosOfMillisecond;
  } else if (name == "language") {
    PICKET_TRY(wanted.language, language_member(value));
  } else {
    return fail(Errc::kInvalid,
                "a try is {text, session, from, to, limit, milliseconds, cursor, language}");
  }
  return {};
}

Result<TryRequest> request_of(const HttpRequest& request) {
  PICKET_TRY(const Json body,
             parse_json(request.body, {.bytes_max = kBodyBytesMax, .depth_max = 4}));
  if (!body.is_object() || !body.contains("text"))
    return fail(Errc::kInvalid, "the body is an object with the text of a rule file");
  TryRequest wanted;
  for (const auto& [name, value] : body.items()) {
    PICKET_TRY_VOID(read_member(name, value, wanted));
  }
  if (wanted.from_ns >= wanted.to_ns) return fail(Errc::kInvalid, "from must be before to");
  return wanted;
}

HttpResponse answer_of(const Result<Json>& tried) {
  if (tried) return json_answer(*tried);
  if (tried.error().code != Errc::kBusy) return problem(tried.error());
  HttpResponse response = problem(503, tried.error().what);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

void begin_try(const Call& call, const Reply& reply) {
  if (!call.ports.try_rule)
    return reply(problem(501, "trying rules is not available in this server"));
  Result<TryRequest> wanted = request_of(call.request);
  if (!wanted) return reply(problem(wanted.error()));
  call.ports.try_rule(*std::move(wanted),
                      [reply](const Result<Json>& tried) { reply(answer_of(tried)); });
}

}  // namespace picket::api
