// Driver: sends requests to an Api without a server, and waits for the answers.
#pragma once

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/guarded.h"
#include "tests/api/seed.h"

namespace picket::api {

inline constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

class PromiseResponder final : public HttpResponder {
 public:
  explicit PromiseResponder(std::promise<HttpResponse> promise) : promise_(std::move(promise)) {}
  void respond(HttpResponse response) override { promise_.set_value(std::move(response)); }

 private:
  std::promise<HttpResponse> promise_;
};

class FakeStream final : public HttpStream {
 public:
  bool send(std::string_view event, std::string_view data) override {
    return state_.with([&](State& state) {
      if (state.full) return false;
      state.sent.emplace_back(event, data);
      return true;
    });
  }
  void set_full(bool full) {
    state_.with([&](State& state) { state.full = full; });
  }
  std::vector<std::string> events(std::string_view kind) {
    return state_.with([&](State& state) {
      std::vector<std::string> data;
      for (const auto& [event, text] : state.sent) {
        if (event == kind) data.push_back(text);
      }
      return data;
    });
  }

 private:
  struct State {
    bool full = false;
    std::vector<std::pair<std::string, std::string>> sent;
  };
  Guarded<State> state_;
};

struct Driver {
  SimClock clock{std::chrono::hours(500'000)};
  Seed seed;
  std::unique_ptr<Api> api;

  explicit Driver(ApiOptions options = {}) {
    options.admin_token = kToken;
    api = std::move(*Api::make(std::move(options), seed.ports, clock));
  }

  static HttpRequest request(std::string method, const std::string& target,
                             std::map<std::string, std::string> headers = {},
                             std::string body = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = target;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) {
      std::string rest = target.substr(mark + 1);
      while (!rest.empty()) {
        const std::string pair = rest.substr(0, rest.find('&'));
        const std::size_t equals = pair.find('=');
        request.query[pair.substr(0, equals)] = pair.substr(equals + 1);
        rest.erase(0, pair.size() + 1);
      }
    }
    request.headers = std::move(headers);
    request.headers.try_emplace("host", "127.0.0.1:8440");
    request.body = std::move(body);
    request.peer = "127.0.0.1";
    return request;
  }

  HttpResponse send(HttpRequest request) {
    std::promise<HttpResponse> promise;
    std::future<HttpResponse> answer = promise.get_future();
    api->handle(std::move(request), std::make_unique<PromiseResponder>(std::move(promise)));
    if (answer.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
      return {.status = 0, .content_type = "", .headers = {}, .body = "no answer"};
    }
    return answer.get();
  }
  HttpResponse get(const std::string& target, std::map<std::string, std::string> headers = {}) {
    headers["authorization"] = std::string("Bearer ") + kToken;
    return send(request("GET", target, std::move(headers)));
  }
  HttpResponse post(const std::string& target, std::string body = {},
                    std::map<std::string, std::string> headers = {}) {
    headers["authorization"] = std::string("Bearer ") + kToken;
    return send(request("POST", target, std::move(headers), std::move(body)));
  }
  // The cookie of a new session: "picket_session=...".
  std::string log_in() {
    const HttpResponse response = send(
        request("POST", "/api/v1/session", {}, R"({"token":")" + std::string(kToken) + R"("})"));
    const std::string cookie = header_of(response, "Set-Cookie");
    return cookie.substr(0, cookie.find(';'));
  }

  static std::string header_of(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  static Json json(const HttpResponse& response) {
    Json parsed = Json::parse(response.body, nullptr, false);
    return parsed;
  }
};

}  // namespace picket::api
