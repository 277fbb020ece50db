// A session is one connection and is always in one of these states:
//
//   idle -> (header read) -> body -> handling -> writing -> idle ... -> draining -> gone
//                                       \-> stream (until the client leaves or the server stops)
//
// Everything below runs on the server's thread but the few lines that post to it (Responder,
// Stream). A session lives as long as an operation, a timer or an answer under way holds it; its
// destructor takes it off the core's books. Sessions are only ever released on the server's thread,
// or with the core itself after that thread has ended.
#include "base/http_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <thread>
#include <unordered_set>

#include "base/check.h"
#include "base/gzip.h"
#include "base/http_text.h"
#include "base/json.h"

namespace picket {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using net::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kHeaderBytesMax = 16 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kStreamEventsMax = 1000;
constexpr std::size_t kStreamBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kStreamWriteBytes = 64 * 1024;
constexpr std::size_t kDrainBytesMax = 1024 * 1024;
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

class Session;

// What the sessions share. Owned by the server and by every answer that is still to come. The
// io_context is destroyed before the books that its last sessions are taken off.
struct Core : std::enable_shared_from_this<Core> {
  Core(HttpServerOptions o, HttpHandler& h) : options(std::move(o)), handler(h) {}
  ~Core() { stopping = false; }  // the books may be closed, the timers are gone already

  void accept();
  void admit(tcp::socket socket);
  void begin_stop();
  void leave(Session* session, const net::ip::address& address);

  const HttpServerOptions options;
  HttpHandler& handler;
  std::unordered_set<Session*> sessions;
  std::map<net::ip::address, std::size_t> per_address;
  std::size_t inflight_bytes = 0;
  bool stopping = false;
  net::io_context io{1};
  net::executor_work_guard<net::io_context::executor_type> guard{io.get_executor()};
  tcp::acceptor acceptor{io};
  net::steady_timer accept_timer{io};
  net::steady_timer stop_timer{io};
};

// Between the one stream of a session and the threads that send to it.
struct StreamState {
  std::atomic<bool> open{true};
  std::atomic<std::size_t> events{0};
  std::atomic<std::size_t> bytes{0};
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Core& core, tcp::socket socket, net::ip::address address)
      : core_(core),
        socket_(std::move(socket)),
        address_(std::move(address)),
        timer_(core.io),
        heartbeat_(core.io) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (stream_state_) stream_state_->open = false;
    release_body();
    core_.leave(this, address_);
  }

  void read_header();
  void answer(HttpResponse response);
  void push_event(std::string text);
  void stop();   // closes, unless an answer is under way
  void close();  // at once; what is under way ends with an error

 private:
  enum class State { kIdle, kBody, kHandling, kWriting, kStream, kDraining };
  using Parser = http::request_parser<http::string_body>;

  void arm(std::chrono::milliseconds time);
  void disarm();
  void on_header(ErrorCode error);
  void read_body();
  void on_body(ErrorCode error);
  void refuse(ErrorCode error, bool begun);
  void refuse(int status, std::string_view detail);
  bool reserve_body(std::size_t bytes);
  void release_body();
  std::optional<HttpRequest> build_request();
  bool decode_body(HttpRequest& request);
  void dispatch();
  bool start_stream(const HttpRequest& request);
  void write(bool keep_alive);
  void drain();
  void read_stream();
  void beat();
  void flush_events();

  Core& core_;
  tcp::socket socket_;
  net::ip::address address_;
  net::steady_timer timer_;  // the deadline of the operation under way
  net::steady_timer heartbeat_;
  std::uint64_t timer_generation_ = 0;
  bool timed_out_ = false;
  State state_ = State::kIdle;
  beast::flat_buffer buffer_{kHeaderBytesMax + kReadBytes};
  std::optional<Parser> parser_;
  std::chrono::steady_clock::time_point body_end_{};
  std::size_t body_reserved_ = 0;
  bool keep_alive_ = false;
  bool head_ = false;
  std::string head_out_;
  std::string body_out_;
  std::size_t drained_ = 0;
  std::shared_ptr<StreamState> stream_state_;
  std::deque<std::string> stream_queue_;
  bool stream_writing_ = false;
};

class Responder final : public HttpResponder {
 public:
  Responder(std::shared_ptr<Core> core, std::shared_ptr<Session> session)
      : core_(std::move(core)), session_(std::move(session)) {}
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder() override {
    if (session_) send(http_problem(500, "The request was dropped without an answer."));
  }
  void respond(HttpResponse response) override {
    PICKET_CHECK(session_ != nullptr);  // exactly once
    send(std::move(response));
  }

 private:
  // Our hold on the session goes with the posted work, so that it ends on the server's thread.
  void send(HttpResponse response) {
    net::post(core_->io, [session = std::move(session_), r = std::move(response)]() mutable {
      session->answer(std::move(r));
    });
  }

  std::shared_ptr<Core> core_;  // declared first: outlives our hold on the session
  std::shared_ptr<Session> session_;
};

class Stream final : public HttpStream {
 public:
  Stream(std::shared_ptr<Core> core, std::weak_ptr<Session> session,
         std::shared_ptr<StreamState> state)
      : core_(std::move(core)), session_(std::move(session)), state_(std::move(state)) {}

  bool send(std::string_view event, std::string_view data) override {
    if (!state_->open) return false;
    std::string text = http_event_text(event, data);
    // Racing senders may be refused one event early; the queue is never over its limits.
    const bool events_fit = state_->events.fetch_add(1) < kStreamEventsMax;
    const bool bytes_fit = state_->bytes.fetch_add(text.size()) + text.size() <= kStreamBytesMax;
    auto session = events_fit && bytes_fit ? session_.lock() : nullptr;
    if (!session) {
      state_->events.fetch_sub(1);
      state_->bytes.fetch_sub(text.size());
      return false;
    }
    net::post(core_->io, [s = std::move(session), t = std::move(text)]() mutable {
      s->push_event(std::move(t));
    });
    return true;
  }

 private:
  std::shared_ptr<Core> core_;
  std::weak_ptr<Session> session_;
  std::shared_ptr<StreamState> state_;
};

// ---- a session, in the order of its states

void Session::arm(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), generation = ++timer_generation_](ErrorCode error) {
    if (error || generation != self->timer_generation_) return;
    self->timed_out_ = true;
    ErrorCode ignored;
    self->socket_.cancel(ignored);
  });
}

void Session::disarm() {
  ++timer_generation_;
  timer_.cancel();
}

void Session::close() {
  disarm();
  heartbeat_.cancel();
  if (stream_state_) stream_state_->open = false;
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Session::stop() {
  if (state_ == State::kIdle || state_ == State::kStream || state_ == State::kDraining) close();
}

void Session::read_header() {
  state_ = State::kIdle;
  timed_out_ = false;
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(core_.options.body_bytes_max);
  if (buffer_.size() == 0) buffer_.shrink_to_fit();  // an idle connection costs little
  arm(core_.options.header_timeout);
  http::async_read_header(socket_, buffer_, *parser_,
                          [self = shared_from_this()](ErrorCode error, std::size_t) {
                            self->disarm();
                            self->on_header(error);
                          });
}

void Session::on_header(ErrorCode error) {
  if (error) return refuse(error, parser_->got_some() || buffer_.size() > 0);
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive();
  head_ = message.method() == http::verb::head;
  if (message.version() != 10 && message.version() != 11) {
    return refuse(505, "This server speaks HTTP/1.1.");
  }
  if (message.version() == 11 && message.count(http::field::host) != 1) {
    return refuse(400, "Exactly one Host header is needed.");
  }
  HttpRequest target;
  if (!read_http_target(view(message.target()), target)) {
    return refuse(400, "The request target cannot be read.");
  }
  std::size_t limit = core_.options.body_bytes_max;
  if (const auto own = core_.handler.body_bytes_max(target.path)) limit = std::min(limit, *own);
  parser_->body_limit(limit);
  const auto length = parser_->content_length();
  if (length && *length > limit) {
    return refuse(413, "The body may have at most " + std::to_string(limit) + " bytes.");
  }
  if (length && !reserve_body(static_cast<std::size_t>(*length))) {
    return refuse(503, "Too many requests are under way.");
  }
  body_end_ = std::chrono::steady_clock::now() + 10 * core_.options.body_timeout;
  state_ = State::kBody;
  if (parser_->is_done() || lower(view(message[http::field::expect])) != "100-continue") {
    return read_body();
  }
  arm(core_.options.write_timeout);
  net::async_write(socket_, net::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")),
                   [self = shared_from_this()](ErrorCode failed, std::size_t) {
                     self->disarm();
                     if (failed) return self->close();
                     self->read_body();
                   });
}

void Session::read_body() {
  if (parser_->is_done()) return dispatch();
  arm(core_.options.body_timeout);
  http::async_read_some(socket_, buffer_, *parser_,
                        [self = shared_from_this()](ErrorCode error, std::size_t) {
                          self->disarm();
                          self->on_body(error);
                        });
}

void Session::on_body(ErrorCode error) {
  if (error) return refuse(error, true);
  if (!reserve_body(parser_->get().body().size())) {
    return refuse(503, "Too many requests are under way.");
  }
  if (std::chrono::steady_clock::now() > body_end_) {
    return refuse(408, "The body took too long.");
  }
  read_body();
}

// Answers what went wrong while reading, if there is anybody to answer.
void Session::refuse(ErrorCode error, bool begun) {
  if (timed_out_) {
    return begun ? refuse(408, "The request did not arrive in time.") : close();
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return refuse(431,
                  "The header may have at most " + std::to_string(kHeaderBytesMax) + " bytes.");
  }
  if (error == http::error::body_limit)
    return refuse(413, "The body is larger than this route takes.");
  const bool malformed =
      error.category() == http::make_error_code(http::error::bad_method).category();
  if (!malformed || error == http::error::end_of_stream) return close();
  refuse(400, "This is not a request of HTTP/1.1: " + error.message() + ".");
}

void Session::refuse(int status, std::string_view detail) {
  HttpResponse response = http_problem(status, detail);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  keep_alive_ = false;
  answer(std::move(response));
}

// Books `bytes` for this session's body; false when all bodies together would pass the limit.
bool Session::reserve_body(std::size_t bytes) {
  if (bytes <= body_reserved_) return true;
  const std::size_t more = bytes - body_reserved_;
  if (core_.inflight_bytes + more > core_.options.inflight_bytes_max) return false;
  core_.inflight_bytes += more;
  body_reserved_ = bytes;
  return true;
}

void Session::release_body() {
  core_.inflight_bytes -= body_reserved_;
  body_reserved_ = 0;
}

std::optional<HttpRequest> Session::build_request() {
  HttpRequest request;
  auto& message = parser_->get();
  request.method = head_ ? "GET" : std::string(view(message.method_string()));
  if (!read_http_target(view(message.target()), request)) return std::nullopt;
  for (const auto& field : message) {
    std::string name = lower(view(field.name_string()));
    const std::string_view value = view(field.value());
    const auto [at, is_new] = request.headers.try_emplace(std::move(name), value);
    if (!is_new) at->second.append(at->first == "cookie" ? "; " : ", ").append(value);
  }
  request.body = std::move(message.body());
  request.peer = address_.to_string();
  return request;
}

// Undoes Content-Encoding; false when it has answered already.
bool Session::decode_body(HttpRequest& request) {
  const auto found = request.headers.find("content-encoding");
  if (found == request.headers.end()) return true;
  const std::string coding = lower(found->second);
  if (coding == "identity" || coding.empty()) return true;
  if (coding != "gzip" && coding != "x-gzip") {
    refuse(415, "Content-Encoding may be gzip or identity.");
    return false;
  }
  std::size_t limit = core_.options.body_bytes_max;
  if (const auto own = core_.handler.body_bytes_max(request.path)) limit = std::min(limit, *own);
  auto plain = gunzip(request.body, {.bytes_max = limit});
  if (!plain) {
    refuse(plain.error().code == Errc::kLimit ? 413 : 400, plain.error().what);
    return false;
  }
  if (!reserve_body(plain->size())) {
    refuse(503, "Too many requests are under way.");
    return false;
  }
  request.body = *std::move(plain);
  return true;
}

void Session::dispatch() {
  auto request = build_request();
  parser_.reset();
  if (!request) return refuse(400, "The request target cannot be read.");
  if (!decode_body(*request)) return;
  state_ = State::kHandling;
  if (start_stream(*request)) return;
  auto responder = std::make_unique<Responder>(core_.shared_from_this(), shared_from_this());
  try {
    core_.handler.handle(std::move(*request), std::move(responder));
  } catch (...) {  // the dropped responder answers 500
  }
}

bool Session::start_stream(const HttpRequest& request) {
  if (head_ || request.method != "GET") return false;
  const auto accept = request.headers.find("accept");
  if (accept == request.headers.end() ||
      accept->second.find("text/event-stream") == std::string::npos) {
    return false;
  }
  stream_state_ = std::make_shared<StreamState>();
  auto stream = std::make_shared<Stream>(core_.shared_from_this(), weak_from_this(), stream_state_);
  bool taken = false;
  try {
    taken = core_.handler.open_stream(request, std::move(stream));
  } catch (...) {
  }
  if (!taken) {
    stream_state_->open = false;
    stream_state_.reset();
    return false;
  }
  state_ = State::kStream;
  release_body();
  HttpResponse opening;
  opening.headers = {{"Content-Type", "text/event-stream"},
                     {"Cache-Control", "no-store"},
                     {"X-Accel-Buffering", "no"}};
  stream_queue_.push_front(http_answer_head(opening, false, false));
  stream_state_->events.fetch_add(1);
  stream_state_->bytes.fetch_add(stream_queue_.front().size());
  flush_events();
  read_stream();
  beat();
  return true;
}

void Session::answer(HttpResponse response) {
  if (!socket_.is_open()) return;
  release_body();
  if (response.status < 200 || response.status > 599) {
    response = http_problem(500, "The answer had no valid status.");
  }
  state_ = State::kWriting;
  const bool keep_alive = keep_alive_ && !core_.stopping;
  const bool bodyless = response.status == 204 || response.status == 304;
  head_out_ = http_answer_head(response, keep_alive, !bodyless);
  body_out_ = head_ || bodyless ? std::string{} : std::move(response.body);
  write(keep_alive);
}

void Session::write(bool keep_alive) {
  timed_out_ = false;
  const std::array<net::const_buffer, 2> parts = {net::buffer(head_out_), net::buffer(body_out_)};
  const auto progress = [this](ErrorCode error, std::size_t) -> std::size_t {
    if (error) return 0;
    arm(core_.options.write_timeout);
    return kReadBytes;
  };
  net::async_write(socket_, parts, progress,
                   [self = shared_from_this(), keep_alive](ErrorCode error, std::size_t) {
                     self->disarm();
                     self->head_out_.clear();
                     self->body_out_ = std::string{};
                     if (error) return self->close();
                     if (keep_alive && !self->core_.stopping) return self->read_header();
                     self->drain();
                   });
}

// The last answer was sent. What the client is still sending is read and dropped for a moment:
// closing at once would reset the connection, and the answer might never be seen (RFC 9112 9.6).
void Session::drain() {
  ErrorCode ignored;
  if (state_ != State::kDraining) {
    state_ = State::kDraining;
    parser_.reset();
    buffer_.clear();
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    if (core_.stopping) return close();
    arm(kDrainTime);
  }
  socket_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](ErrorCode error, std::size_t size) {
                            self->drained_ += size;
                            if (error || self->drained_ > kDrainBytesMax) return self->close();
                            self->drain();
                          });
}

// ---- server-sent events

void Session::push_event(std::string text) {
  if (!stream_state_ || !stream_state_->open) return;
  stream_queue_.push_back(std::move(text));
  flush_events();
}

void Session::flush_events() {
  // Before the opening line is out, handle() may still be told that this is no stream.
  if (state_ != State::kStream || stream_writing_ || stream_queue_.empty()) return;
  std::size_t events = 0;
  head_out_.clear();
  while (!stream_queue_.empty() && head_out_.size() < kStreamWriteBytes) {
    head_out_ += stream_queue_.front();
    stream_queue_.pop_front();
    ++events;
  }
  stream_writing_ = true;
  arm(core_.options.write_timeout);
  net::async_write(socket_, net::buffer(head_out_),
                   [self = shared_from_this(), events](ErrorCode error, std::size_t size) {
                     self->disarm();
                     self->stream_writing_ = false;
                     if (error) return self->close();
                     self->stream_state_->events.fetch_sub(events);
                     self->stream_state_->bytes.fetch_sub(size);
                     self->flush_events();
                   });
}

// Nothing is expected from the client; reading shows when it leaves.
void Session::read_stream() {
  socket_.async_read_some(buffer_.prepare(512),
                          [self = shared_from_this()](ErrorCode error, std::size_t size) {
                            self->drained_ += size;
                            if (error == net::error::operation_aborted && !self->timed_out_) return;
                            if (error || self->drained_ > kHeaderBytesMax) return self->close();
                            self->read_stream();
                          });
}

void Session::beat() {
  heartbeat_.expires_after(core_.options.heartbeat);
  heartbeat_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error || !self->stream_state_->open) return;
    if (self->stream_queue_.empty()) {  // a busy stream needs no comment
      const std::string comment = ":\n\n";
      self->stream_state_->events.fetch_add(1);
      self->stream_state_->bytes.fetch_add(comment.size());
      self->push_event(comment);
    }
    self->beat();
  });
}

// ---- the core

void Core::accept() {
  acceptor.async_accept([this](ErrorCode error, tcp::socket socket) {
    if (stopping || error == net::error::operation_aborted) return;
    if (!error) {
      admit(std::move(socket));
      return accept();
    }
    accept_timer.expires_after(kAcceptPause);  // out of file descriptors, most likely
    accept_timer.async_wait([this](ErrorCode cancelled) {
      if (!cancelled && !stopping) accept();
    });
  });
}

void Core::admit(tcp::socket socket) {
  ErrorCode error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  net::ip::address address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
  }
  if (sessions.size() >= options.connections_max) return;
  std::size_t& open = per_address[address];
  if (open >= options.connections_per_address_max) return;
  ++open;
  socket.set_option(tcp::no_delay(true), error);
  const auto session = std::make_shared<Session>(*this, std::move(socket), address);
  sessions.insert(session.get());
  session->read_header();
}

void Core::leave(Session* session, const net::ip::address& address) {
  sessions.erase(session);
  const auto found = per_address.find(address);
  if (found != per_address.end() && --found->second == 0) per_address.erase(found);
  if (stopping && sessions.empty()) {
    stop_timer.cancel();
    guard.reset();
  }
}

void Core::begin_stop() {
  stopping = true;
  ErrorCode ignored;
  acceptor.close(ignored);
  accept_timer.cancel();
  stop_timer.expires_after(options.stop_timeout);
  stop_timer.async_wait([this](ErrorCode cancelled) {
    if (!cancelled) io.stop();
  });
  const std::vector<Session*> open(sessions.begin(), sessions.end());
  for (Session* session : open) session->stop();  // they leave when their operations have ended
  if (sessions.empty()) {
    stop_timer.cancel();
    guard.reset();
  }
}

class Server final : public HttpServer {
 public:
  explicit Server(std::shared_ptr<Core> core) : core_(std::move(core)) {
    ErrorCode ignored;
    port_ = core_->acceptor.local_endpoint(ignored).port();
    core_->accept();
    thread_ = std::thread([io = &core_->io] { run(*io); });
  }
  ~Server() override { stop_now(); }

  std::uint16_t port() const override { return port_; }
  void stop() override { stop_now(); }

 private:
  void stop_now() {
    if (!thread_.joinable()) return;
    PICKET_CHECK(thread_.get_id() !=
                 std::this_thread::get_id());  // a handler would wait for itself
    net::post(core_->io, [core = core_.get()] { core->begin_stop(); });
    thread_.join();
    for (Session* session : core_->sessions) session->close();  // whose answer did not come in time
  }

  // What still throws (no memory) ends one operation, not the server.
  static void run(net::io_context& io) {
    while (true) {
      try {
        io.run();
        return;
      } catch (...) {
      }
    }
  }

  std::shared_ptr<Core> core_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string where(const HttpServerOptions& options) {
  const bool v6 = options.address.find(':') != std::string::npos;
  return (v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.port);
}

tl::unexpected<Error> cannot_listen(const HttpServerOptions& options, ErrorCode error) {
  const std::string what = "cannot listen on " + where(options) + ": ";
  if (error == net::error::address_in_use) {
    return fail(Errc::kBusy,
                what +
                    "the port is in use by another program; stop that program (`ss -ltnp` "
                    "shows it) or choose another port");
  }
  if (error == net::error::access_denied) {
    return fail(Errc::kIo, what +
                               "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE, "
                               "choose a higher one");
  }
  if (error == boost::system::errc::address_not_available) {
    return fail(Errc::kInvalid, what +
                                    "this machine has no such address; use one of its own, or "
                                    "127.0.0.1 for this machine only");
  }
  return fail(Errc::kIo, what + error.message());
}

}  // namespace

HttpResponse http_problem(int status, std::string_view detail) {
  const auto title = view(http::obsolete_reason(static_cast<http::status>(status)));
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = R"({"type":"about:blank","title":)" + json_quoted(title) + R"(,"status":)" +
                  std::to_string(status) + R"(,"detail":)" + json_quoted(detail) + "}";
  return response;
}

Result<std::unique_ptr<HttpServer>> start_http_server(HttpServerOptions options,
                                                      HttpHandler& handler) {
  try {
    ErrorCode error;
    const auto address = net::ip::make_address(options.address, error);
    if (error) {
      return fail(Errc::kInvalid, "cannot listen on " + where(options) + ": " + options.address +
                                      " is no IP address; use 127.0.0.1, 0.0.0.0, ::1 or ::");
    }
    auto core = std::make_shared<Core>(std::move(options), handler);
    const tcp::endpoint endpoint(address, core->options.port);
    core->acceptor.open(endpoint.protocol(), error);
    if (!error) core->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) core->acceptor.bind(endpoint, error);
    if (!error) core->acceptor.listen(net::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(core->options, error);
    return std::make_unique<Server>(std::move(core));
  } catch (const std::exception& thrown) {
    return fail(Errc::kIo, std::string("cannot start the HTTP server: ") + thrown.what());
  }
}

}  // namespace picket
