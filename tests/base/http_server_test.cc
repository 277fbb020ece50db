// The server against a plain socket, so that every byte on the wire is the test's own.
#include "base/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/gzip.h"
#include "base/json.h"

namespace picket {
namespace {

using std::chrono::milliseconds;

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(fd_); }

  bool connected() const { return connected_; }
  Client& send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }
  // Reads until `text` was seen, the peer closed, or nothing came for a while.
  std::string read_until(std::string_view text, int timeout_ms = 5000) {
    while (seen_.find(text) == std::string::npos && read_some(timeout_ms)) {
    }
    return std::exchange(seen_, {});
  }
  std::string read_all(int timeout_ms = 5000) {
    while (read_some(timeout_ms)) {
    }
    return std::exchange(seen_, {});
  }
  bool closed(int timeout_ms = 5000) {
    while (read_some(timeout_ms)) {
    }
    return closed_;
  }

 private:
  bool read_some(int timeout_ms) {
    pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, timeout_ms) <= 0) return false;
    char bytes[16384];
    const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
    closed_ = got <= 0;
    if (!closed_) seen_.append(bytes, static_cast<std::size_t>(got));
    return !closed_;
  }

  int fd_;
  bool connected_ = false;
  bool closed_ = false;
  std::string seen_;
};

class Echo : public HttpHandler {
 public:
  void handle(HttpRequest request, std::unique_ptr<HttpResponder> responder) override {
    if (request.path == "/drop") return;
    if (request.path == "/throw") throw std::runtime_error("handler");
    if (request.path == "/later") {
      const std::lock_guard lock(mutex);
      later = std::move(responder);
      return;
    }
    HttpResponse response;
    if (request.path == "/split") response.headers = {{"X-Bad", "a\r\nX-Injected: b"}};
    if (request.path == "/empty") response.status = 204;
    Json shown = {{"method", request.method},    {"path", request.path},
                  {"query", request.query},      {"peer", request.peer},
                  {"size", request.body.size()}, {"body", request.body.substr(0, 100)}};
    if (const auto x = request.headers.find("x-test"); x != request.headers.end())
      shown["x"] = x->second;
    response.body = dump_json(shown);
    responder->respond(std::move(response));
  }
  bool open_stream(const HttpRequest& request, std::shared_ptr<HttpStream> opened) override {
    if (request.path != "/stream") return false;
    if (request.query.contains("greet")) opened->send("hello", "one\ntwo");
    const std::lock_guard lock(mutex);
    stream = std::move(opened);
    return true;
  }
  std::optional<std::size_t> body_bytes_max(std::string_view path) override {
    if (path == "/small") return 10;
    return std::nullopt;
  }
  std::unique_ptr<HttpResponder> take_later() {
    for (int i = 0; i < 500; ++i) {
      {
        const std::lock_guard lock(mutex);
        if (later) return std::move(later);
      }
      std::this_thread::sleep_for(milliseconds(5));
    }
    return nullptr;
  }

  std::mutex mutex;
  std::unique_ptr<HttpResponder> later;
  std::shared_ptr<HttpStream> stream;
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpServerOptions options = {}) {
    auto started = start_http_server(std::move(options), handler_);
    ASSERT_TRUE(started) << started.error().what;
    server_ = *std::move(started);
    port_ = server_->port();
    ASSERT_NE(port_, 0);
  }
  // One request on a connection of its own.
  std::string ask(std::string_view request) { return Client(port_).send(request).read_all(); }
  std::string get(std::string_view target) {
    return ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }

  Echo handler_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string gzip(std::string_view text) {
  z_stream state{};
  EXPECT_EQ(deflateInit2(&state, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&state, text.size()) + 64, '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&state, Z_FINISH), Z_STREAM_END);
  out.resize(state.total_out);
  deflateEnd(&state);
  return out;
}

std::string post(std::string_view path, std::string_view body, std::string_view header = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
         std::string(header) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

TEST(Gzip, RoundTripMembersAndDamage) {
  const std::string text = "records in, events out\n";
  EXPECT_EQ(gunzip(gzip(text)).value(), text);
  EXPECT_EQ(gunzip(gzip(text) + gzip("more")).value(), text + "more");
  EXPECT_EQ(gunzip("").error().code, Errc::kCorrupt);
  EXPECT_EQ(gunzip("plain text").error().code, Errc::kCorrupt);
  const std::string whole = gzip(text);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(gunzip(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(gunzip(whole + "x"));
}

TEST(Gzip, BombsAreRefused) {
  const std::string zeros(8 * 1024 * 1024, '\0');
  EXPECT_EQ(gunzip(gzip(zeros)).error().code, Errc::kLimit);  // ratio about 1,000
  EXPECT_EQ(gunzip(gzip(zeros), {.bytes_max = 1024 * 1024, .ratio_max = 100'000}).error().code,
            Errc::kLimit);
  EXPECT_EQ(gunzip(gzip(zeros), {.ratio_max = 100'000})->size(), zeros.size());
  EXPECT_EQ(gunzip(gzip(std::string(64 * 1024, 'a')))->size(), 64U * 1024);  // small: any ratio
}

TEST_F(HttpServerTest, AnswersAndDecodes) {
  start();
  const std::string got = get("/a%20b?q=x%26y&empty&plus=a+b&q=last");
  EXPECT_TRUE(has(got, "HTTP/1.1 200 OK\r\n")) << got;
  EXPECT_TRUE(has(got, "\r\nDate: ")) << got;
  EXPECT_TRUE(has(got, "Content-Type: application/json\r\n"));
  EXPECT_TRUE(has(got, R"("path":"/a b")")) << got;
  EXPECT_TRUE(has(got, R"("query":{"empty":"","plus":"a b","q":"last"})")) << got;
  EXPECT_TRUE(has(got, R"("peer":"127.0.0.1")"));
  EXPECT_TRUE(has(get("http://somewhere/x?y=1"), R"("path":"/x")"));
  EXPECT_TRUE(
      has(ask("GET / HTTP/1.1\r\nHost: a\r\nX-Test: 1\r\nx-TEST: 2\r\nConnection: close\r\n\r\n"),
          R"("x":"1, 2")"));
}

TEST_F(HttpServerTest, KeepsTheConnectionAndPipelines) {
  start();
  Client client(port_);
  for (int i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_TRUE(has(client.send("GET /" + number + " HTTP/1.1\r\nHost: a\r\n\r\n").read_until("}"),
                    "\"path\":\"/" + number + "\""));
  }
  client.send(
      "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: "
      "close\r\n\r\n");
  const std::string both = client.read_all();
  EXPECT_TRUE(has(both, "/one"));
  EXPECT_TRUE(has(both, "/two"));
}

TEST_F(HttpServerTest, HeadAndNoContentHaveNoBody) {
  start();
  const std::string head = ask("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_TRUE(has(head, "Content-Length: ")) << head;
  const std::string empty = get("/empty");
  EXPECT_TRUE(has(empty, "204 No Content"));
  EXPECT_FALSE(has(empty, "Content-Length"));
  EXPECT_TRUE(empty.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesWhatIsNoRequest) {
  start();
  const auto refused = [this](std::string_view request, std::string_view status) {
    const std::string got = ask(request);
    EXPECT_TRUE(has(got, "HTTP/1.1 " + std::string(status))) << request << "\n-> " << got;
    EXPECT_TRUE(has(got, "application/problem+json")) << got;
  };
  refused("hello\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\n\r\n", "400");                        // no Host
  refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400");  // two of them
  refused("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  refused("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  refused("GET /?a=%1 HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  refused("GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400");
  refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", "400");
  refused(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
      "400");
  refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400");
  refused("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "431");
  refused(post("/", "abc", "Content-Encoding: br\r\n"), "415");
  refused(post("/", "abc", "Content-Encoding: gzip\r\n"), "400");
}

TEST_F(HttpServerTest, BodiesHaveLimits) {
  start({.body_bytes_max = 100'000});
  EXPECT_TRUE(has(ask(post("/x", std::string(100'000, 'a'))), R"("size":100000)"));
  EXPECT_TRUE(has(ask(post("/x", std::string(100'001, 'a'))), " 413 "));
  EXPECT_TRUE(
      has(ask(post("/x", std::string(9'000'000, 'a'))), " 413 "));  // still sending: must see it
  EXPECT_TRUE(has(ask(post("/small", "0123456789")), R"("size":10)"));
  EXPECT_TRUE(has(ask(post("/small", "0123456789a")), " 413 "));
  std::string chunked = "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunked += "1\r\nx\r\n";
  EXPECT_TRUE(has(ask(chunked + "0\r\n\r\n"), " 413 "));
  EXPECT_TRUE(has(Client(port_)
                      .send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: "
                            "100-continue\r\nContent-Length: 999999\r\n\r\n")
                      .read_until("\r\n\r\n"),
                  " 413 "));
  Client patient(port_);
  patient.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_TRUE(has(patient.read_until("\r\n\r\n"), "100 Continue"));
  EXPECT_TRUE(has(patient.send("abc").read_until("}"), R"("body":"abc")"));
}

TEST_F(HttpServerTest, GzipBodies) {
  start({.body_bytes_max = 100'000});
  const std::string header = "Content-Encoding: gzip\r\n";
  EXPECT_TRUE(has(ask(post("/x", gzip("hello"), header)), R"("body":"hello")"));
  EXPECT_TRUE(has(ask(post("/x", gzip(std::string(100'001, 'a')), header)), " 413 "));
  EXPECT_TRUE(has(ask(post("/x", gzip("hello").substr(0, 12), header)), " 400 "));
}

TEST_F(HttpServerTest, AllBodiesTogetherHaveALimit) {
  start({.inflight_bytes_max = 1000});
  Client slow(port_);
  slow.send("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n" +
            std::string(900, 'x'));
  auto responder = handler_.take_later();
  ASSERT_NE(responder, nullptr);
  const std::string refused = ask(post("/x", std::string(200, 'y')));
  EXPECT_TRUE(has(refused, " 503 ")) << refused;
  EXPECT_TRUE(has(refused, "Retry-After")) << refused;
  responder->respond({});
  slow.read_until("\r\n\r\n");
  EXPECT_TRUE(has(ask(post("/x", std::string(200, 'y'))), " 200 "));
}

TEST_F(HttpServerTest, HandlersMayFailOrForget) {
  start();
  EXPECT_TRUE(has(get("/drop"), " 500 "));
  EXPECT_TRUE(has(get("/throw"), " 500 "));
  const std::string split = get("/split");
  EXPECT_TRUE(has(split, " 200 "));
  EXPECT_FALSE(has(split, "Injected"));
}

TEST_F(HttpServerTest, SlowHeadersAreCutOff) {
  start({.header_timeout = milliseconds(150), .body_timeout = milliseconds(150)});
  Client idle(port_);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_TRUE(idle.closed());
  Client slow(port_);
  EXPECT_TRUE(has(slow.send("GET / HTTP/1.1\r\nHo").read_all(), " 408 "));
  Client slow_body(port_);
  slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(has(slow_body.read_all(), " 408 "));
  // One byte now and then does not prolong a header's deadline.
  Client dripping(port_);
  for (int i = 0; i < 40 && dripping.connected(); ++i) {
    dripping.send("x");
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(dripping.closed());
}

TEST_F(HttpServerTest, ConnectionsHaveCaps) {
  start({.connections_max = 8, .connections_per_address_max = 3});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(port_));
    EXPECT_TRUE(
        has(clients.back()->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read_until("}"), "200 OK"));
  }
  EXPECT_TRUE(Client(port_).closed());
  clients.pop_back();
  std::string got;
  for (int i = 0; i < 100 && got.empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    got = get("/");
  }
  EXPECT_TRUE(has(got, "200 OK"));
}

TEST_F(HttpServerTest, BusyPortSaysWhatToDo) {
  start();
  Echo other;
  const auto second = start_http_server({.port = port_}, other);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kBusy);
  EXPECT_TRUE(has(second.error().what, "127.0.0.1:" + std::to_string(port_)))
      << second.error().what;
  EXPECT_TRUE(has(second.error().what, "choose another port"));
  EXPECT_EQ(start_http_server({.address = "somewhere"}, other).error().code, Errc::kInvalid);
  EXPECT_EQ(start_http_server({.address = "192.0.2.1"}, other).error().code, Errc::kInvalid);
}

TEST_F(HttpServerTest, StreamsEventsUntilTheClientLeaves) {
  start({.heartbeat = milliseconds(50)});
  auto client = std::make_unique<Client>(port_);
  client->send("GET /stream?greet=1 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
  const std::string opening = client->read_until("data: two\n\n");
  EXPECT_TRUE(has(opening, "Content-Type: text/event-stream\r\n")) << opening;
  EXPECT_TRUE(has(opening, "\r\n\r\nevent: hello\ndata: one\ndata: two\n\n")) << opening;
  std::shared_ptr<HttpStream> stream;
  {
    const std::lock_guard lock(handler_.mutex);
    stream = handler_.stream;
  }
  ASSERT_NE(stream, nullptr);
  EXPECT_TRUE(stream->send("alert", "{}"));
  EXPECT_TRUE(has(client->read_until("data: {}\n\n"), "event: alert\ndata: {}\n\n"));
  EXPECT_TRUE(has(client->read_until(":\n\n"), ":\n\n"));  // heartbeat
  client.reset();
  bool open = true;
  for (int i = 0; i < 200 && open; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
    open = stream->send("alert", "{}");
  }
  EXPECT_FALSE(open);
}

TEST_F(HttpServerTest, AStreamNobodyReadsIsBounded) {
  start();
  Client client(port_);
  client.send("GET /stream?greet=1 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
  client.read_until("two\n\n");
  std::shared_ptr<HttpStream> stream;
  {
    const std::lock_guard lock(handler_.mutex);
    stream = handler_.stream;
  }
  const std::string big(16 * 1024, 'x');
  int sent = 0;
  while (sent < 100'000 && stream->send("alert", big)) ++sent;
  EXPECT_LT(sent, 2000);
  EXPECT_GT(sent, 100);
}

TEST_F(HttpServerTest, StopFinishesAnswersAndDropsTheRest) {
  start();
  Client idle(port_);
  Client streaming(port_);
  streaming.send("GET /stream?greet=1 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
  streaming.read_until("two\n\n");
  Client waiting(port_);
  waiting.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  auto responder = handler_.take_later();
  ASSERT_NE(responder, nullptr);
  std::thread answering([&] {
    std::this_thread::sleep_for(milliseconds(100));
    HttpResponse response;
    response.body = R"({"late":true})";
    responder->respond(std::move(response));
    responder.reset();
  });
  server_->stop();
  EXPECT_TRUE(has(waiting.read_all(), R"({"late":true})"));
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(streaming.closed());
  EXPECT_FALSE(Client(port_).connected());
  answering.join();
  server_->stop();  // twice is fine
}

TEST_F(HttpServerTest, AnswersMayOutliveTheServer) {
  start({.stop_timeout = milliseconds(50)});
  Client client(port_);
  client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  auto responder = handler_.take_later();
  ASSERT_NE(responder, nullptr);
  server_.reset();
  EXPECT_TRUE(client.closed());
  responder->respond({});
}

TEST_F(HttpServerTest, ManyThreadsAnswer) {
  start();
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Client client(port_);
      for (int i = 0; i < 50; ++i) {
        if (has(client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").read_until("}"), "200 OK"))
          ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace picket
