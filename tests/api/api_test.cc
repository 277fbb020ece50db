// The API as a client sees it: who may, what is answered, what is refused.
#include "api/api.h"

#include <gtest/gtest.h>

#include <thread>

#include "api/answer.h"
#include "api/asset.h"
#include "api/query_answer.h"
#include "api/router.h"
#include "api/session.h"
#include "tests/api/driver.h"

namespace picket::api {
namespace {

using std::string;

// A path of the table with something in the place of each {name}.
string example(std::string_view pattern) {
  string path(pattern);
  const std::pair<string, string> names[] = {
      {"{id}", "2"}, {"{verb}", "acknowledge"}, {"{step}", "block"}, {"{name}", "portal"}};
  for (const auto& [name, value] : names) {
    const std::size_t at = path.find(name);
    if (at != string::npos) path.replace(at, name.size(), value);
  }
  return path;
}

// ---- who may

TEST(Auth, EveryRouteNeedsTheTokenButReadiness) {
  Driver driver;
  for (const Route& route : routes()) {
    const string path = example(route.pattern);
    SCOPED_TRACE(string(route.method) + " " + path);
    const HttpResponse bare = driver.send(Driver::request(string(route.method), path));
    if (route.pattern == "/readyz") {
      EXPECT_EQ(bare.status, 200);
      continue;
    }
    EXPECT_EQ(bare.status, 401);
    EXPECT_EQ(bare.content_type, "application/problem+json");
    EXPECT_FALSE(Driver::header_of(bare, "WWW-Authenticate").empty());
    const HttpResponse wrong = driver.send(Driver::request(
        string(route.method), path, {{"cookie", "picket_session=" + string(64, 'a')}}));
    EXPECT_EQ(wrong.status, 401);
  }
  EXPECT_TRUE(driver.seed.commands.empty());
  EXPECT_EQ(driver.seed.store.incident_list[0].status, IncidentStatus::kNew);
}

TEST(Auth, OpenPaths) {
  Driver driver;
  for (const char* path : {"/", "/app.js", "/console.css", "/i18n/vi.json", "/healthz", "/readyz",
                           "/api/v1/openapi.json"}) {
    EXPECT_EQ(driver.send(Driver::request("GET", path)).status, 200) << path;
  }
}

TEST(Auth, MetricsAreOpenWhenTheConfigurationSaysSo) {
  Driver open({.admin_token = {}, .hosts = {}, .open_metrics = true, .secure_cookies = false});
  const HttpResponse response = open.send(Driver::request("GET", "/metrics"));
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("picket_ledger_residual"), string::npos);
}

TEST(Auth, WrongTokensAreRefusedAndLimited) {
  Driver driver;
  const auto attempt = [&](const string& token) {
    return driver.send(
        Driver::request("GET", "/api/v1/ledger", {{"authorization", "Bearer " + token}}));
  };
  for (int i = 0; i < LoginLimit::kFailuresMax; ++i) EXPECT_EQ(attempt("wrong").status, 401);
  EXPECT_EQ(attempt("wrong").status, 429);
  EXPECT_EQ(attempt(kToken).status, 429) << "the limit holds for the right token too";
  const HttpResponse login = driver.send(
      Driver::request("POST", "/api/v1/session", {}, R"({"token":")" + string(kToken) + R"("})"));
  EXPECT_EQ(login.status, 429);
  driver.clock.advance(std::chrono::seconds(LoginLimit::kWindowSeconds + 1));
  EXPECT_EQ(attempt(kToken).status, 200);
}

TEST(Auth, ATokenThatIsAPrefixIsWrong) {
  Driver driver;
  const string prefix = string(kToken).substr(0, 31);
  EXPECT_EQ(
      driver.send(Driver::request("GET", "/api/v1/ledger", {{"authorization", "Bearer " + prefix}}))
          .status,
      401);
}

TEST(Auth, ShortAdminTokensAreRefusedAtStart) {
  SimClock clock;
  Seed seed;
  const auto api = Api::make({.admin_token = "short", .hosts = {}}, seed.ports, clock);
  ASSERT_FALSE(api.has_value());
  EXPECT_EQ(api.error().code, Errc::kInvalid);
}

TEST(Auth, HostsThatAreNotOursAreRefused) {
  Driver driver({.admin_token = {},
                 .hosts = {"soc.example"},
                 .open_metrics = false,
                 .secure_cookies = false});
  const auto status = [&](const string& host) {
    return driver.send(Driver::request("GET", "/healthz", {{"host", host}})).status;
  };
  for (const char* host :
       {"127.0.0.1:8440", "localhost", "LOCALHOST:1", "[::1]:8440", "soc.example"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const char* host :
       {"evil.example", "127.0.0.1.evil.example", "", "[::1", "localhost.", "x@localhost"}) {
    EXPECT_EQ(status(host), 421) << host;
  }
}

// ---- sessions

TEST(Session, BeginsLivesAndEnds) {
  Driver driver;
  const string cookie = driver.log_in();
  ASSERT_EQ(cookie.size(), string("picket_session=").size() + 64);
  const auto ask = [&] {
    return driver.send(
        Driver::request("GET", "/api/v1/ledger", {{"cookie", "other=1; " + cookie}}));
  };
  EXPECT_EQ(ask().status, 200);
  driver.clock.advance(std::chrono::hours(11));
  EXPECT_EQ(ask().status, 200);
  driver.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(ask().status, 401) << "12 hours are over";
}

TEST(Session, TheCookieIsForTheServerAlone) {
  Driver driver;
  const HttpResponse response = driver.send(
      Driver::request("POST", "/api/v1/session", {}, R"({"token":")" + string(kToken) + R"("})"));
  const string cookie = Driver::header_of(response, "Set-Cookie");
  EXPECT_NE(cookie.find("; HttpOnly"), string::npos);
  EXPECT_NE(cookie.find("; SameSite=Strict"), string::npos);
  EXPECT_NE(cookie.find("; Max-Age=43200"), string::npos);
  EXPECT_EQ(response.body.find(kToken), string::npos);
}

TEST(Session, LogOutEndsIt) {
  Driver driver;
  const string cookie = driver.log_in();
  const std::map<string, string> ours = {
      {"cookie", cookie}, {"x-picket", "1"}, {"origin", "http://127.0.0.1:8440"}};
  EXPECT_EQ(driver.send(Driver::request("DELETE", "/api/v1/session", ours)).status, 200);
  EXPECT_EQ(driver.send(Driver::request("GET", "/api/v1/session", ours)).status, 401);
}

TEST(Session, BadLoginBodies) {
  Driver driver;
  const std::pair<const char*, int> cases[] = {{"", 400},
                                               {"{", 400},
                                               {"[]", 400},
                                               {"{}", 400},
                                               {R"({"token":1})", 400},
                                               {R"({"token":""})", 401},
                                               {R"({"token":"x"})", 401},
                                               {"[[[[[[[[[[1]]]]]]]]]]", 400}};
  for (const auto& [body, status] : cases) {
    EXPECT_EQ(driver.send(Driver::request("POST", "/api/v1/session", {}, body)).status, status)
        << body;
  }
  const HttpResponse foreign =
      driver.send(Driver::request("POST", "/api/v1/session", {{"origin", "http://evil.example"}},
                                  R"({"token":")" + string(kToken) + R"("})"));
  EXPECT_EQ(foreign.status, 403);
}

TEST(Session, WritesNeedOurHeaderAndOurOrigin) {
  Driver driver;
  const string cookie = driver.log_in();
  const auto status = [&](std::map<string, string> headers) {
    headers["cookie"] = cookie;
    return driver.send(Driver::request("POST", "/api/v1/incidents/2/acknowledge", headers)).status;
  };
  const string ours = "http://127.0.0.1:8440";
  EXPECT_EQ(status({}), 403);
  EXPECT_EQ(status({{"x-picket", "1"}}), 403);
  EXPECT_EQ(status({{"origin", ours}}), 403);
  EXPECT_EQ(status({{"x-picket", "1"}, {"origin", "http://evil.example"}}), 403);
  EXPECT_EQ(status({{"x-picket", "1"}, {"origin", "http://127.0.0.1:9999"}}), 403);
  EXPECT_EQ(status({{"x-picket", "1"}, {"origin", "null"}}), 403);
  EXPECT_EQ(driver.seed.store.incident_list[0].status, IncidentStatus::kNew);
  EXPECT_EQ(status({{"x-picket", "1"}, {"origin", ours}}), 200);
  EXPECT_EQ(driver.seed.store.incident_list[0].status, IncidentStatus::kAcknowledged);
}

TEST(Session, TheTableIsBounded) {
  SimClock clock{std::chrono::hours(1)};
  Sessions sessions(clock);
  const string first = sessions.begin();
  for (std::size_t i = 0; i < Sessions::kMax; ++i) {
    clock.advance(std::chrono::seconds(1));
    sessions.begin();
  }
  EXPECT_FALSE(sessions.holds(first)) << "the oldest made room";
  const string last = sessions.begin();
  EXPECT_TRUE(sessions.holds(last));
}

TEST(Session, TheLimitsTableIsBounded) {
  SimClock clock{std::chrono::hours(1)};
  LoginLimit limit(clock);
  for (std::size_t i = 0; i < LoginLimit::kPeersMax; ++i) limit.failed("peer" + std::to_string(i));
  for (int i = 0; i < LoginLimit::kFailuresMax; ++i) limit.failed("new" + std::to_string(i));
  EXPECT_FALSE(limit.allows("another")) << "new addresses share one count in a flood";
  EXPECT_TRUE(limit.allows("peer7"));
  clock.advance(std::chrono::minutes(2));
  EXPECT_TRUE(limit.allows("another"));
}

// ---- answers

TEST(Answers, EveryOneCarriesTheSecurityHeaders) {
  Driver driver;
  for (const char* path : {"/", "/healthz", "/api/v1/ledger", "/nothing"}) {
    const HttpResponse response = driver.get(path);
    SCOPED_TRACE(path);
    const string policy = Driver::header_of(response, "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self';")) << policy;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), string::npos);
    EXPECT_NE(policy.find("require-trusted-types-for 'script'"), string::npos);
    EXPECT_EQ(policy.find("unsafe"), string::npos);
    EXPECT_EQ(Driver::header_of(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(Driver::header_of(response, "Referrer-Policy"), "no-referrer");
    EXPECT_FALSE(Driver::header_of(response, "Cache-Control").empty());
  }
}

TEST(Answers, ErrorsAreProblems) {
  Driver driver;
  struct Case {
    const char* method;
    const char* target;
    int status;
  };
  const Case cases[] = {{"GET", "/nothing", 404},
                        {"GET", "/api/v1/nothing", 404},
                        {"GET", "/api/v1/incidents/99", 404},
                        {"GET", "/api/v1/incidents/", 404},
                        {"GET", "/api/v1/alerts/none/proof", 404},
                        {"GET", "/api/v1/alerts/none/verify", 501},
                        {"GET", "/api/v1/rules/none/source", 404},
                        {"GET", "/api/v1/runs/none", 404},
                        {"GET", "/api/v1/runs?incident=99", 404},
                        {"GET", "/api/v1/incidents?limit=x", 400},
                        {"GET", "/api/v1/incidents?limit=-1", 400},
                        {"GET", "/api/v1/incidents?cursor=zz", 400},
                        {"GET", "/api/v1/incidents?cursor=00", 400},
                        {"GET", "/api/v1/events?from=yesterday", 400},
                        {"GET", "/api/v1/events?q=(", 400},
                        {"POST", "/api/v1/incidents/2/explode", 404},
                        {"POST", "/api/v1/incidents/99/close", 404},
                        {"POST", "/api/v1/runs/run-1/steps/block/explode", 404},
                        {"POST", "/api/v1/runs/none/steps/block/approve", 404},
                        {"POST", "/api/v1/runs/run-1/steps/block/reverse", 409},
                        {"DELETE", "/api/v1/incidents/2", 405},
                        {"POST", "/api/v1/ledger", 405},
                        {"POST", "/app.js", 405},
                        {"PUT", "/api/v1/session", 405},
                        {"GET", "/api/v1/stream", 400}};
  for (const Case& c : cases) {
    SCOPED_TRACE(string(c.method) + " " + c.target);
    const HttpResponse response = driver.send(
        Driver::request(c.method, c.target, {{"authorization", std::string("Bearer ") + kToken}}));
    EXPECT_EQ(response.status, c.status) << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json");
    const Json json = Driver::json(response);
    ASSERT_TRUE(json.is_object());
    EXPECT_EQ(json["status"], c.status);
    EXPECT_EQ(json["type"], "about:blank");
    EXPECT_FALSE(json["title"].get<string>().empty());
    EXPECT_FALSE(json["detail"].get<string>().empty());
    EXPECT_EQ(Driver::header_of(response, "Allow").empty(), c.status != 405);
  }
}

TEST(Answers, PortsThatAreMissingAreSaidToBe) {
  SimClock clock;
  FakeStore store;
  Ports ports;
  ports.store = &store;
  auto api = *Api::make({.admin_token = kToken, .hosts = {}}, ports, clock);
  for (const char* path : {"/api/v1/events", "/api/v1/runs", "/api/v1/runs/x", "/api/v1/status",
                           "/api/v1/rules/x/source", "/metrics"}) {
    std::promise<HttpResponse> promise;
    auto answer = promise.get_future();
    api->handle(Driver::request("GET", path, {{"authorization", std::string("Bearer ") + kToken}}),
                std::make_unique<PromiseResponder>(std::move(promise)));
    EXPECT_EQ(answer.get().status, 501) << path;
  }
}

TEST(Answers, EtagsSaveTheBody) {
  Driver driver;
  for (const char* path :
       {"/api/v1/incidents", "/api/v1/ledger", "/app.js", "/api/v1/openapi.json"}) {
    SCOPED_TRACE(path);
    const HttpResponse first = driver.get(path);
    const string etag = Driver::header_of(first, "ETag");
    ASSERT_FALSE(etag.empty());
    const auto etags = std::count_if(first.headers.begin(), first.headers.end(),
                                     [](const auto& entry) { return entry.first == "ETag"; });
    EXPECT_EQ(etags, 1);
    const HttpResponse second = driver.get(path, {{"if-none-match", "\"x\", W/" + etag}});
    EXPECT_EQ(second.status, 304);
    EXPECT_TRUE(second.body.empty());
    EXPECT_EQ(driver.get(path, {{"if-none-match", "\"x\""}}).status, 200);
  }
  const string before = Driver::header_of(driver.get("/api/v1/incidents"), "ETag");
  driver.post("/api/v1/incidents/2/acknowledge");
  EXPECT_NE(Driver::header_of(driver.get("/api/v1/incidents"), "ETag"), before);
}

TEST(Answers, PagesAreWalkedByCursor) {
  Driver driver;
  Json page = Driver::json(driver.get("/api/v1/alerts?limit=3"));
  ASSERT_EQ(page["items"].size(), 3U);
  std::vector<string> ids;
  for (const Json& alert : page["items"]) ids.push_back(alert["id"]);
  const HttpResponse second =
      driver.get("/api/v1/alerts?limit=3&cursor=" + page["next"].get<string>());
  page = Driver::json(second);
  for (const Json& alert : page["items"]) ids.push_back(alert["id"]);
  EXPECT_FALSE(page.contains("next"));
  EXPECT_TRUE(Driver::header_of(second, "Link").empty());
  ASSERT_EQ(ids.size(), driver.seed.store.alert_list.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(ids[i], driver.seed.store.alert_list[i].id);
}

TEST(Answers, LinksKeepTheQuery) {
  Driver driver;
  const HttpResponse response = driver.get("/api/v1/events?q=a b&limit=1");
  EXPECT_EQ(Driver::header_of(response, "Link"), "");
  const HttpResponse found = driver.get("/api/v1/events?q=sshd[812]&limit=2");
  EXPECT_EQ(Driver::header_of(found, "Link"),
            "</api/v1/events?cursor=32&limit=2&q=sshd%5b812%5d>; rel=\"next\"");
}

TEST(Answers, AWriteWithAKeyIsDoneOnce) {
  Driver driver;
  const string path = "/api/v1/runs/run-1/steps/block/approve";
  const HttpResponse first = driver.post(path, "", {{"idempotency-key", "k1"}});
  EXPECT_EQ(first.status, 200) << first.body;
  const HttpResponse again = driver.post(path, "", {{"idempotency-key", "k1"}});
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(driver.seed.commands, std::vector<string>{"approve block"});
  EXPECT_EQ(
      driver.post("/api/v1/runs/run-1/steps/hook/retry", "", {{"idempotency-key", "k1"}}).status,
      422);
  EXPECT_EQ(driver.post(path, "", {{"idempotency-key", string(129, 'k')}}).status, 400);
  EXPECT_EQ(driver.post(path).status, 200);
  EXPECT_EQ(driver.seed.commands.size(), 2U);
}

TEST(Answers, CommandsCarryTheirComment) {
  Driver driver;
  const string path = "/api/v1/runs/run-1/steps/block/reject";
  EXPECT_EQ(driver.post(path, R"({"comment":5})").status, 400);
  EXPECT_EQ(driver.post(path, "[]").status, 400);
  EXPECT_EQ(driver.post(path, "{").status, 400);
  EXPECT_TRUE(driver.seed.commands.empty());
  EXPECT_EQ(driver.post(path, R"({"comment":"not ours"})").status, 200);
}

// ---- what is answered

TEST(Incidents, AreListedWithoutTimelines) {
  Driver driver;
  const Json list = Driver::json(driver.get("/api/v1/incidents"));
  ASSERT_EQ(list["items"].size(), 2U);
  const Json& incident = list["items"][0];
  EXPECT_EQ(incident["number"], 2);
  EXPECT_EQ(incident["title"], "PowerShell fetches code from the network");
  EXPECT_EQ(incident["story"].size(), 5U);
  EXPECT_EQ(incident["layers"].size(), 4U);
  EXPECT_FALSE(incident.contains("timeline"));
}

TEST(Incidents, AreFoundByNumberAndById) {
  Driver driver;
  const Json by_number = Driver::json(driver.get("/api/v1/incidents/2"));
  EXPECT_EQ(by_number, Driver::json(driver.get("/api/v1/incidents/5f0c6a1e")));
  EXPECT_EQ(by_number["timeline"].size(), 5U);
  ASSERT_EQ(by_number["alerts"].size(), 4U);
  EXPECT_FALSE(by_number["alerts"][0].contains("events"));
  EXPECT_EQ(by_number["top_alert"], by_number["alerts"][0]["id"]);
}

TEST(Incidents, ChangeTheirStatus) {
  Driver driver;
  for (const auto& [verb, status] :
       {std::pair("acknowledge", "acknowledged"), std::pair("start", "in_progress"),
        std::pair("resolve", "resolved"), std::pair("close", "closed"),
        std::pair("reopen", "new")}) {
    const HttpResponse response = driver.post(string("/api/v1/incidents/2/") + verb);
    EXPECT_EQ(Driver::json(response)["status"], status);
  }
}

TEST(Incidents, AreChangedByVerbsWithBodies) {
  Driver driver;
  const string path = "/api/v1/incidents/2/";
  EXPECT_EQ(Driver::json(driver.post(path + "assign", R"({"assignee": "bình", "comment": "yours"})"))["assignee"], "bình");
  EXPECT_EQ(driver.seed.orders.back().comment, "yours");
  EXPECT_EQ(driver.seed.orders.back().actor, "admin");
  EXPECT_EQ(Driver::json(driver.post(path + "close", R"({"disposition": "benign"})"))["disposition"], "benign");
  driver.post(path + "merge", R"({"from": 1})");
  EXPECT_EQ(driver.seed.orders.back().kind, correlator::IncidentOrder::Kind::kMerge);
  EXPECT_EQ(driver.seed.orders.back().other, driver.seed.store.incident("1")->id);
  const Incident incident = *driver.seed.store.incident("2");
  driver.post(path + "split", dump_json({{"alerts", {incident.timeline[1].alert_id}}}));
  EXPECT_EQ(driver.seed.orders.back().alerts, std::vector<string>{incident.timeline[1].alert_id});
  EXPECT_EQ(driver.post(path + "undo", R"({"change": 3})").status, 409);
  EXPECT_EQ(driver.seed.orders.back().change, 3U);
  const std::size_t before = driver.seed.orders.size();
  for (const auto& [verb, body] : {std::pair("assign", "{}"), std::pair("comment", "{}"), std::pair("dispose", "{}"),
                                   std::pair("split", "{}"), std::pair("merge", "{}"), std::pair("undo", R"({"change": "x"})"),
                                   std::pair("close", R"({"disposition": "nice"})"), std::pair("close", R"({"why": "x"})"),
                                   std::pair("close", "[1]"), std::pair("close", "{")}) {
    EXPECT_EQ(driver.post(path + verb, body).status, 400) << verb << ' ' << body;
  }
  EXPECT_EQ(driver.post(path + "merge", R"({"from": 99})").status, 404);
  EXPECT_EQ(driver.post(path + "explode").status, 404);
  EXPECT_EQ(driver.seed.orders.size(), before);
}

TEST(Incidents, ArePatchedOnlyAsTheyWereSeen) {
  Driver driver;
  const string path = "/api/v1/incidents/2";
  const string etag = Driver::header_of(driver.get(path), "ETag");
  ASSERT_FALSE(etag.empty());
  EXPECT_EQ(driver.get(path, {{"if-none-match", etag}}).status, 304);
  const auto patch = [&](const string& body, const string& if_match) {
    return driver.send(Driver::request(
        "PATCH", path, {{"authorization", string("Bearer ") + kToken}, {"if-match", if_match}}, body));
  };
  const HttpResponse first = patch(R"({"status": "in_progress", "assignee": "ann"})", etag);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(Driver::json(first)["status"], "in_progress");
  EXPECT_EQ(patch(R"({"assignee": "bob"})", etag).status, 412);
  EXPECT_EQ(patch(R"({"assignee": "bob"})", "W/" + etag).status, 412);
  EXPECT_EQ(patch(R"({"assignee": "bob"})", Driver::header_of(first, "ETag")).status, 200);
  EXPECT_EQ(patch(R"({"assignee": "carol"})", "*").status, 200);
  EXPECT_EQ(patch(R"({"status": "gone"})", "*").status, 400);
  EXPECT_EQ(patch(R"({"level": "low"})", "*").status, 400);
}

TEST(Incidents, SayWhenTheyAreDue) {
  Driver driver;
  const Json incident = Driver::json(driver.get("/api/v1/incidents/2"));
  EXPECT_TRUE(incident["sla"]["acknowledge"]["breached"].is_boolean());
  EXPECT_TRUE(incident["sla"]["resolve"]["due"].is_string());
  EXPECT_FALSE(incident["repeated"].empty());
  EXPECT_TRUE(Driver::json(driver.get("/api/v1/incidents"))["items"][0].contains("sla"));
}

TEST(Systems, TellWhatIsOpenInThem) {
  Driver driver;
  const Json list = Driver::json(driver.get("/api/v1/systems"));
  ASSERT_EQ(list["items"].size(), 1U);
  const Json portal = Driver::json(driver.get("/api/v1/systems/portal"));
  EXPECT_EQ(portal, list["items"][0]);
  EXPECT_EQ(portal["level"], 3);
  EXPECT_EQ(portal["open_incidents"], 1);
  EXPECT_EQ(portal["highest_level"], "critical");
  EXPECT_EQ(portal["title"]["vi"], "Cổng dịch vụ");
  driver.post("/api/v1/incidents/2/close");
  EXPECT_EQ(Driver::json(driver.get("/api/v1/systems/portal"))["open_incidents"], 0);
  EXPECT_EQ(driver.get("/api/v1/systems/nobody").status, 404);
}

TEST(Backtests, AreStartedAskedForAndCancelled) {
  Driver driver;
  const string path = "/api/v1/backtests";
  EXPECT_TRUE(Driver::json(driver.get(path))["items"].empty());
  for (const char* wrong :
       {"[]", R"({"rule": []})", R"({"rules": "x"})", R"({"rules": [{"name": "a.yml"}]})",
        R"({"rules": [{"name": "", "text": "x"}]})", R"({"from": 5})", R"({"samples": 11})",
        R"({"diff_live": "yes"})", R"({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"})"}) {
    EXPECT_EQ(driver.post(path, wrong).status, 400) << wrong;
  }
  const string large(BacktestRequest::kTextBytesMax + 1, 'x');
  EXPECT_EQ(driver.post(path, R"({"rules": [{"name": "a.yml", "text": ")" + large + "\"}]}").status, 413);
  const HttpResponse started = driver.post(
      path, R"({"rules": [{"name": "a.yml", "text": "title: A"}], "from": "2026-01-01T00:00:00Z",
                "diff_live": false, "samples": 0})");
  ASSERT_EQ(started.status, 202) << started.body;
  EXPECT_EQ(Driver::header_of(started, "Location"), path + "/1");
  EXPECT_EQ(driver.post(path).status, 409);
  EXPECT_EQ(Driver::json(driver.get(path))["items"].size(), 1U);
  EXPECT_EQ(Driver::json(driver.get(path + "/1"))["status"], "done");
  EXPECT_EQ(driver.get(path + "/2").status, 404);
  const auto remove = [&](const string& target) {
    return driver.send(
        Driver::request("DELETE", target, {{"authorization", string("Bearer ") + kToken}}));
  };
  EXPECT_EQ(remove(path + "/2").status, 404);
  EXPECT_EQ(remove(path + "/1").status, 200);
  EXPECT_EQ(driver.get(path + "/1").status, 404);
  EXPECT_EQ(driver.send(Driver::request("POST", path)).status, 401);
}

TEST(RuleTries, AreAskedOfThePortAndAnsweredLater) {
  Driver driver;
  const string path = "/api/v1/rules/try";
  for (const char* wrong :
       {"", "[]", "{}", R"({"text": 5})", R"({"text": "x", "rule": "y"})",
        R"({"text": "x", "limit": 21})", R"({"text": "x", "limit": -1})",
        R"({"text": "x", "milliseconds": 49})", R"({"text": "x", "milliseconds": 10001})",
        R"({"text": "x", "milliseconds": 1e3})", R"({"text": "x", "cursor": "ab"})",
        R"({"text": "x", "language": "fr"})", R"({"text": "x", "from": 5})",
        R"({"text": "x", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"})"}) {
    EXPECT_EQ(driver.post(path, wrong).status, 400) << wrong;
  }
  const string large(TryRequest::kTextBytesMax + 1, 'x');
  EXPECT_EQ(driver.post(path, R"({"text": ")" + large + "\"}").status, 413);
  const string session(TryRequest::kSessionBytesMax + 1, 'x');
  EXPECT_EQ(driver.post(path, R"({"text": "x", "session": ")" + session + "\"}").status, 413);
  EXPECT_TRUE(driver.seed.tries.empty());

  const HttpResponse tried = driver.post(
      path, R"({"text": "title: A", "session": "s1", "from": "1970-01-01T00:00:01Z", "limit": 0,
                "milliseconds": 50, "cursor": "0000000000000001000200000003", "language": "vi"})");
  ASSERT_EQ(tried.status, 200) << tried.body;
  ASSERT_EQ(driver.seed.tries.size(), 1U);
  const TryRequest& asked = driver.seed.tries.front();
  EXPECT_EQ(asked.text, "title: A");
  EXPECT_EQ(asked.session, "s1");
  EXPECT_EQ(asked.from_ns, 1'000'000'000);
  EXPECT_EQ(asked.limit, 0U);
  EXPECT_EQ(asked.time_ns, 50'000'000);
  EXPECT_EQ(asked.cursor, string("\0\0\0\0\0\0\0\1\0\2\0\0\0\3", 14));
  EXPECT_EQ(asked.language, "vi");
  const HttpResponse busy = driver.post(path, R"({"text": "busy"})");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(Driver::header_of(busy, "Retry-After"), "1");
  EXPECT_EQ(driver.send(Driver::request("POST", path)).status, 401);
  const std::map<string, string> cookie = {{"cookie", driver.log_in()}};
  EXPECT_EQ(driver.send(Driver::request("POST", path, cookie, R"({"text": "x"})")).status, 403);
  EXPECT_EQ(driver.get(path).status, 405);
  driver.api.reset();
  driver.seed.ports.try_rule = {};
  driver.api = std::move(*Api::make({.admin_token = kToken, .hosts = {}}, driver.seed.ports, driver.clock));
  EXPECT_EQ(driver.post(path, R"({"text": "x"})").status, 501);
}

TEST(Ledger, AddsUpItsSources) {
  Driver driver;
  const Json ledger = Driver::json(driver.get("/api/v1/ledger"));
  ASSERT_EQ(ledger["sources"].size(), 4U);
  EXPECT_EQ(ledger["total"]["rejected"]["framing"], 8);
  EXPECT_EQ(ledger["total"]["residual"], 0);
  EXPECT_FALSE(ledger["total"].contains("source"));
}

TEST(Events, AreSearchedThroughThePort) {
  Driver driver;
  const Json page = Driver::json(driver.get(
      "/api/v1/events?q=useradd&from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00%2B07:00"));
  EXPECT_EQ(page["status"], 400) << "the driver does not decode, so that offset is bad";
  const Json found = Driver::json(driver.get("/api/v1/events?q=useradd"));
  ASSERT_EQ(found["items"].size(), 1U);
  EXPECT_EQ(found["items"][0]["user"]["name"], "svc-bk");
  EXPECT_GT(found["totals"]["rows"], 0);
  EXPECT_EQ(driver.get("/api/v1/events?q=" + string(5000, 'x')).status, 400);
}

TEST(Events, AQueryThatCannotBeReadIsAProblemWithItsPlace) {
  Driver driver;
  const HttpResponse refused = driver.get("/api/v1/events?q=failed|cuont");
  EXPECT_EQ(refused.status, 400);
  const Json problem = Driver::json(refused);
  EXPECT_EQ(problem["offset"], 7);
  EXPECT_EQ(problem["key"], "command_unknown");
  EXPECT_EQ(problem["nearest"], "count");
  EXPECT_FALSE(problem["expected"].empty());
}

TEST(Events, TellWhatAQueryMayBeMadeOf) {
  Driver driver;
  EXPECT_EQ(driver.get("/api/v1/events/fields").status, 501);
  const Json words = query_words();
  EXPECT_EQ(words["operators"].size(), 10U);
  EXPECT_EQ(words["commands"].front(), "count");
  EXPECT_FALSE(words["functions"].empty());
}

TEST(Rules, TellTheirText) {
  Driver driver;
  const Json rule =
      Driver::json(driver.get("/api/v1/rules/7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a05/source"));
  EXPECT_TRUE(rule["text"].get<string>().starts_with("title: PowerShell"));
}

TEST(OpenApi, NamesEveryRoute) {
  Driver driver;
  const Json document = Driver::json(driver.get("/api/v1/openapi.json"));
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const Route& route : routes()) {
    string method(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const auto path = document["paths"].find(string(route.pattern));
    ASSERT_NE(path, document["paths"].end()) << route.pattern;
    EXPECT_TRUE(path->contains(method)) << route.pattern;
  }
  // Every reference inside the document leads somewhere.
  const string text = document.dump();
  for (std::size_t at = text.find("\"#/"); at != string::npos; at = text.find("\"#/", at + 1)) {
    const string pointer = text.substr(at + 2, text.find('"', at + 1) - at - 2);
    EXPECT_TRUE(document.contains(Json::json_pointer(pointer))) << pointer;
  }
}

// ---- the console's files

TEST(Assets, AreServedCompressedAndPlain) {
  Driver driver;
  std::size_t total = 0;
  for (const Asset& asset : assets()) {
    const string path(asset.path);
    SCOPED_TRACE(path);
    const HttpResponse packed = driver.get(path, {{"accept-encoding", "br, gzip"}});
    EXPECT_EQ(Driver::header_of(packed, "Content-Encoding"), "gzip");
    EXPECT_EQ(packed.body, asset.gzip);
    const HttpResponse plain = driver.get(path);
    EXPECT_EQ(Driver::header_of(plain, "Content-Encoding"), "");
    EXPECT_GT(plain.body.size(), 100U);
    EXPECT_NE(Driver::header_of(plain, "ETag"), Driver::header_of(packed, "ETag"));
    EXPECT_EQ(Driver::header_of(plain, "Cache-Control"), "no-cache");
    if (!path.starts_with("/api")) total += packed.body.size();
  }
  EXPECT_LT(total, 60'000U) << "the whole console, compressed";
  EXPECT_NE(driver.get("/").body.find("<!doctype html>"), string::npos);
  EXPECT_EQ(driver.get("/../app.js").status, 404);
}

// ---- the stream

TEST(Stream, NeedsTheTokenAndTellsWhatHappens) {
  Driver driver;
  auto stream = std::make_shared<FakeStream>();
  EXPECT_FALSE(driver.api->open_stream(Driver::request("GET", "/api/v1/stream"), stream));
  const std::map<string, string> token = {{"authorization", std::string("Bearer ") + kToken}};
  EXPECT_FALSE(driver.api->open_stream(Driver::request("GET", "/api/v1/other", token), stream));
  ASSERT_TRUE(driver.api->open_stream(Driver::request("GET", "/api/v1/stream", token), stream));
  driver.api->publish(driver.seed.store.incident_list[0]);
  driver.api->publish(driver.seed.store.alert_list[0]);
  driver.api->publish_run(driver.seed.run);
  ASSERT_EQ(stream->events("incident").size(), 1U);
  EXPECT_EQ(Json::parse(stream->events("incident")[0])["number"], 2);
  EXPECT_FALSE(Json::parse(stream->events("alert")[0]).contains("events"));
  EXPECT_EQ(stream->events("run").size(), 1U);
  EXPECT_EQ(stream->events("health").size(), 1U);
}

// The ledger is told by the desk's clock; a request makes the desk look at it.
void tick(Driver& driver) {
  driver.clock.advance(std::chrono::seconds(1));
  driver.get("/api/v1/status");
  driver.get("/api/v1/status");  // the first one's idle() has run when the second is answered
}

TEST(Stream, TellsTheLedgerWhenItChanges) {
  Driver driver;
  auto stream = std::make_shared<FakeStream>();
  const std::map<string, string> token = {{"authorization", std::string("Bearer ") + kToken}};
  ASSERT_TRUE(driver.api->open_stream(Driver::request("GET", "/api/v1/stream", token), stream));
  tick(driver);
  EXPECT_EQ(stream->events("ledger").size(), 1U);
  tick(driver);
  EXPECT_EQ(stream->events("ledger").size(), 1U) << "nothing changed";
}

TEST(Stream, FloodsAreCutAndCounted) {
  Driver driver;
  auto stream = std::make_shared<FakeStream>();
  const std::map<string, string> token = {{"authorization", std::string("Bearer ") + kToken}};
  ASSERT_TRUE(driver.api->open_stream(Driver::request("GET", "/api/v1/stream", token), stream));
  for (int i = 0; i < 1000; ++i) driver.api->publish(driver.seed.store.alert_list[0]);
  EXPECT_LE(stream->events("alert").size(), 100U);
  const std::size_t told = stream->events("alert").size();
  tick(driver);
  std::uint64_t left_out = 0;
  for (const string& health : stream->events("health")) {
    left_out += Json::parse(health)["left_out"].get<std::uint64_t>();
  }
  EXPECT_EQ(left_out, 1000 - told);
}

TEST(Stream, ASlowClientIsToldThatItMissedSomething) {
  Driver driver;
  auto stream = std::make_shared<FakeStream>();
  const std::map<string, string> token = {{"authorization", std::string("Bearer ") + kToken}};
  ASSERT_TRUE(driver.api->open_stream(Driver::request("GET", "/api/v1/stream", token), stream));
  tick(driver);
  stream->set_full(true);
  driver.api->publish(driver.seed.store.alert_list[0]);
  tick(driver);
  stream->set_full(false);
  tick(driver);
  EXPECT_GE(Json::parse(stream->events("health").back())["left_out"].get<int>(), 1);
  EXPECT_TRUE(stream->events("alert").empty());
}

// ---- threads

TEST(Slow, SearchesDoNotHoldUpOthers) {
  SimClock clock;
  Seed seed;
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  seed.ports.search = [open](const SearchQuery&) -> Result<SearchPage> {
    open.wait();
    return SearchPage{};
  };
  auto api = *Api::make({.admin_token = kToken, .hosts = {}}, seed.ports, clock);
  const auto ask = [&](const char* path) {
    std::promise<HttpResponse> promise;
    auto answer = promise.get_future();
    api->handle(Driver::request("GET", path, {{"authorization", std::string("Bearer ") + kToken}}),
                std::make_unique<PromiseResponder>(std::move(promise)));
    return answer;
  };
  std::vector<std::future<HttpResponse>> searches;
  for (int i = 0; i < 40; ++i) searches.push_back(ask("/api/v1/events"));
  EXPECT_EQ(ask("/api/v1/ledger").get().status, 200);
  gate.set_value();
  int busy = 0;
  for (auto& search : searches) busy += search.get().status == 503 ? 1 : 0;
  EXPECT_GE(busy, 7) << "the queue has 32 places";
  EXPECT_LE(busy, 8);
}

TEST(Hex, GoesThereAndBack) {
  EXPECT_EQ(to_hex(string("\x00\xff z", 4)), "00ff207a");
  EXPECT_EQ(from_hex("00ff207a"), string("\x00\xff z", 4));
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("0G"), std::nullopt);
}

}  // namespace
}  // namespace picket::api
