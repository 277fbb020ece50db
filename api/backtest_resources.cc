// What /api/v1/backtests answers: rules over stored history, one at a time.
#include <cstddef>
#include <optional>
#include <utility>

#include "api/answer.h"
#include "api/resources.h"
#include "base/time.h"

namespace picket::api {
namespace {

constexpr std::size_t kNameBytesMax = 128;

HttpResponse absent() {
  return problem(501, "backtests are not available in this server");
}

Result<std::int64_t> time_member(const Json& value, const std::string& name) {
  const auto parsed =
      value.is_string() ? parse_time(value.get_ref<const std::string&>()) : std::nullopt;
  if (!parsed) return fail(Errc::kInvalid, name + " is a time such as 2026-11-20T08:00:00Z");
  return parsed->time_ns;
}

Result<std::vector<BacktestRequest::RuleText>> rules_member(const Json& value) {
  if (!value.is_array() || value.size() > BacktestRequest::kRulesMax)
    return fail(Errc::kInvalid, "rules is an array of at most 100 {name, text}");
  std::vector<BacktestRequest::RuleText> rules;
  std::size_t bytes = 0;
  for (const Json& one : value) {
    const bool right = one.is_object() && one.size() == 2 && one.contains("name") &&
                       one.contains("text") && one["name"].is_string() && one["text"].is_string();
    if (!right) return fail(Errc::kInvalid, "a rule is {name, text}, both texts");
    rules.push_back({one["name"].get<std::string>(), one["text"].get<std::string>()});
    if (rules.back().name.empty() || rules.back().name.size() > kNameBytesMax)
      return fail(Errc::kInvalid, "the name of a rule has 1 to 128 bytes");
    bytes += rules.back().text.size();
  }
  if (bytes > BacktestRequest::kTextBytesMax)
    return fail(Errc::kLimit, "the rules have more than 1 MiB together");
  return rules;
}

Result<BacktestRequest> request_of(const HttpRequest& request) {
  BacktestRequest wanted;
  if (request.body.empty()) return wanted;
  PICKET_TRY(const Json body,
             parse_json(request.body, {.bytes_max = 4 * 1024 * 1024, .depth_max = 8}));
  if (!body.is_object()) return fail(Errc::kInvalid, "the body is an object");
  for (const auto& [name, value] : body.items()) {
    if (name == "rules") {
      PICKET_TRY(wanted.rules, rules_member(value));
    } else if (name == "from") {
      PICKET_TRY(wanted.from_ns, time_member(value, name));
    } else if (name == "to") {
      PICKET_TRY(wanted.to_ns, time_member(value, name));
    } else if (name == "diff_live" && value.is_boolean()) {
      wanted.diff_live = value.get<bool>();
    } else if (name == "samples" && value.is_number_unsigned() &&
               value.get<std::uint64_t>() <= BacktestRequest::kSamplesMax) {
      wanted.samples = value.get<std::size_t>();
    } else {
      return fail(Errc::kInvalid,
                  "a backtest is {rules, from, to, diff_live: true or false, samples: 0 to 10}");
    }
  }
  if (wanted.from_ns >= wanted.to_ns) return fail(Errc::kInvalid, "from must be before to");
  return wanted;
}

}  // namespace

HttpResponse start_backtest(const Call& call) {
  if (!call.ports.start_backtest) return absent();
  Result<BacktestRequest> wanted = request_of(call.request);
  if (!wanted) return problem(wanted.error());
  const Result<Json> started = call.ports.start_backtest(*std::move(wanted));
  if (!started) return problem(started.error());
  HttpResponse response = json_answer(*started, 202);
  response.headers.emplace_back("Location",
                                "/api/v1/backtests/" + started->value("id", std::string()));
  return response;
}

HttpResponse list_backtests(const Call& call) {
  if (!call.ports.backtests) return absent();
  return json_answer({{"items", call.ports.backtests()}});
}

HttpResponse get_backtest(const Call& call) {
  if (!call.ports.backtest) return absent();
  const Result<Json> found = call.ports.backtest(call.parts[0]);
  return found ? json_answer(*found) : problem(found.error());
}

HttpResponse cancel_backtest(const Call& call) {
  if (!call.ports.cancel_backtest) return absent();
  const Result<Json> found = call.ports.cancel_backtest(call.parts[0]);
  return found ? json_answer(*found) : problem(found.error());
}

}  // namespace picket::api
