// Syslog over TCP (RFC 6587), both framings, each frame told apart by its first bytes; GELF over
// TCP, whose messages end with a zero byte.
//
// A connection owns no read buffer while it is idle: we wait for readiness, read into the hub's
// scratch buffer, and keep only an incomplete frame. When the gather is full a connection is parked
// with what it had not yet consumed, and not read until there is room: TCP's window then stops the
// sender. Parked connections continue in the order in which they stopped.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <unordered_set>

#include "collector/door.h"
#include "collector/hub.h"

namespace picket::collector {
namespace {

namespace net = boost::asio;
using net::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr int kSweepsPerTimeout = 4;
constexpr auto kSweepMin = std::chrono::milliseconds(10);
constexpr auto kSweepMax = std::chrono::seconds(1);
constexpr int kFinalReadsMax = 64;  // of Hub::kScratchBytes, per connection

struct Connection {
  Connection(tcp::socket s, net::ip::address a, FramerOptions options)
      : socket(std::move(s)), address(std::move(a)), framer(options) {}

  tcp::socket socket;
  net::ip::address address;
  Framer framer;
  std::string rest;  // read, but not consumed yet: only while parked
  bool parked = false;
  bool ended = false;    // the peer has sent all it will
  int idle_sweeps = 0;   // since the last byte
  int frame_sweeps = 0;  // since the frame under way began
};

class SyslogTcp final : public Door {
 public:
  SyslogTcp(SyslogTcpConfig config, Hub& hub)
      : config_(std::move(config)),
        hub_(hub),
        meter_(config_.name),
        origin_{config_.source, &meter_, nullptr},
        acceptor_(hub.io()),
        accept_timer_(hub.io()),
        sweep_timer_(hub.io()) {}

  Result<void> open() override;
  void begin() override {
    accept();
    sweep();
  }
  void resume() override;
  void close() override;
  bool named(std::string_view name) const override { return name == config_.name; }
  std::uint16_t port() const override { return port_; }
  void counters(std::vector<DoorCounters>& out) const override { out.push_back(meter_.read()); }

 private:
  using ConnectionPtr = std::shared_ptr<Connection>;

  void accept();
  void admit(tcp::socket socket);
  void wait(const ConnectionPtr& connection);
  void on_readable(const ConnectionPtr& connection);
  bool consume(Connection& connection, std::string_view input);
  void park(const ConnectionPtr& connection);
  void go_on(const ConnectionPtr& connection);
  bool end(const ConnectionPtr& connection);
  void forget(const ConnectionPtr& connection);
  void sweep();
  void age(const ConnectionPtr& connection);
  bool consume_waiting(Connection& connection, std::string_view input);
  void drain(const ConnectionPtr& connection);

  SyslogTcpConfig config_;
  Hub& hub_;
  Meter meter_;
  Origin origin_;
  tcp::acceptor acceptor_;
  net::steady_timer accept_timer_;
  net::steady_timer sweep_timer_;
  std::chrono::milliseconds sweep_time_{};
  std::unordered_set<ConnectionPtr> connections_;
  std::map<net::ip::address, std::size_t> per_address_;
  std::deque<ConnectionPtr> parked_;
  std::uint16_t port_ = 0;
};

Result<void> SyslogTcp::open() {
  PICKET_TRY(const auto address, parse_address(config_.name, config_.address));
  const tcp::endpoint endpoint(address, config_.port);
  ErrorCode error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
  if (error) return cannot_open(config_.name, config_.address, config_.port, error);
  port_ = acceptor_.local_endpoint(error).port();
  const auto shortest = std::min(config_.idle_timeout, config_.frame_timeout);
  sweep_time_ =
      std::clamp<std::chrono::milliseconds>(shortest / kSweepsPerTimeout, kSweepMin, kSweepMax);
  return {};
}

void SyslogTcp::accept() {
  acceptor_.async_accept([this](ErrorCode error, tcp::socket socket) {
    if (error == net::error::operation_aborted) return;
    if (!error) {
      admit(std::move(socket));
      return accept();
    }
    // Most likely out of file descriptors; the pending connection stays with the kernel.
    meter_.connections_refused.fetch_add(1, std::memory_order_relaxed);
    accept_timer_.expires_after(kAcceptPause);
    accept_timer_.async_wait([this](ErrorCode cancelled) {
      if (!cancelled) accept();
    });
  });
}

void SyslogTcp::admit(tcp::socket socket) {
  ErrorCode error;
  const auto peer = socket.remote_endpoint(error);
  if (!error) socket.non_blocking(true, error);
  if (error) return;  // gone already
  const net::ip::address address = peer.address();
  std::size_t& open = per_address_[address];
  if (connections_.size() >= config_.connections_max ||
      open >= config_.connections_per_address_max) {
    if (open == 0) per_address_.erase(address);
    meter_.connections_refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  ++open;
  socket.set_option(net::socket_base::keep_alive(true), error);
  const auto connection =
      std::make_shared<Connection>(std::move(socket), address,
                                   FramerOptions{.frame_bytes_max = hub_.frame_bytes_max(),
                                                 .octet_counting = !config_.gelf,
                                                 .lf_ends_line = !config_.gelf});
  connections_.insert(connection);
  meter_.connections.store(connections_.size(), std::memory_order_relaxed);
  wait(connection);
}

void SyslogTcp::wait(const ConnectionPtr& connection) {
  connection->socket.async_wait(tcp::socket::wait_read, [this, connection](ErrorCode error) {
    if (error || !connection->socket.is_open()) return;
    on_readable(connection);
    hub_.settle();
  });
}

// Reads once: others get their turn before the same connection is read again.
void SyslogTcp::on_readable(const ConnectionPtr& connection) {
  if (hub_.blocking().full()) return park(connection);
  std::vector<char>& scratch = hub_.scratch();
  ErrorCode error;
  const std::size_t size = connection->socket.read_some(net::buffer(scratch), error);
  if (error == net::error::would_block || error == net::error::interrupted) return wait(connection);
  if (error) {
    connection->ended = true;  // end of stream, or reset: what came before counts all the same
  } else {
    connection->idle_sweeps = 0;
    if (!consume(*connection, {scratch.data(), size})) return park(connection);
  }
  go_on(connection);
}

// false when the gather became full; the rest is kept.
bool SyslogTcp::consume(Connection& connection, std::string_view input) {
  Gather& gather = hub_.blocking();
  const std::int64_t now_ns = hub_.now_ns();
  Frame frame;
  while (!gather.full()) {
    if (!connection.framer.next(input, frame)) return true;
    gather.add(frame, origin_, now_ns);
    connection.frame_sweeps = 0;
  }
  connection.rest.assign(input);
  return false;
}

void SyslogTcp::park(const ConnectionPtr& connection) {
  connection->parked = true;
  parked_.push_back(connection);
  meter_.paused.fetch_add(1, std::memory_order_relaxed);
  hub_.wait_for_room();
}

// The input so far is consumed.
void SyslogTcp::go_on(const ConnectionPtr& connection) {
  if (!connection->ended) return wait(connection);
  if (!end(connection)) park(connection);
}

// Keeps what is left of an incomplete frame and lets the connection go; false if there is no room.
bool SyslogTcp::end(const ConnectionPtr& connection) {
  if (hub_.blocking().full()) return false;
  Frame frame;
  if (connection->framer.finish(frame)) hub_.blocking().add(frame, origin_, hub_.now_ns());
  forget(connection);
  return true;
}

void SyslogTcp::forget(const ConnectionPtr& connection) {
  ErrorCode ignored;
  connection->socket.close(ignored);
  const auto found = per_address_.find(connection->address);
  if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
  const ConnectionPtr keep = connection;  // the argument may be the set's own
  connections_.erase(keep);
  meter_.connections.store(connections_.size(), std::memory_order_relaxed);
}

void SyslogTcp::resume() {
  for (std::size_t turns = parked_.size(); turns > 0 && !hub_.blocking().full(); --turns) {
    const ConnectionPtr connection = parked_.front();
    parked_.pop_front();
    connection->parked = false;
    const std::string rest = std::exchange(connection->rest, {});
    if (!consume(*connection, rest)) {
      park(connection);
      continue;
    }
    go_on(connection);
  }
  if (!parked_.empty()) hub_.wait_for_room();
}

void SyslogTcp::sweep() {
  sweep_timer_.expires_after(sweep_time_);
  sweep_timer_.async_wait([this](ErrorCode error) {
    if (error) return;
    const std::vector<ConnectionPtr> open(connections_.begin(), connections_.end());
    for (const ConnectionPtr& connection : open) age(connection);
    hub_.settle();
    sweep();
  });
}

// Ages are counted in sweeps, so that no clock that jumps can cut anybody off. While we do not
// read, nobody grows older.
void SyslogTcp::age(const ConnectionPtr& connection) {
  if (connection->parked || hub_.blocking().full()) return;
  const auto over = [this](int sweeps, std::chrono::milliseconds limit) {
    return sweeps * sweep_time_ > limit;
  };
  connection->frame_sweeps = connection->framer.pending() > 0 ? connection->frame_sweeps + 1 : 0;
  ++connection->idle_sweeps;
  if (over(connection->idle_sweeps, config_.idle_timeout) ||
      over(connection->frame_sweeps, config_.frame_timeout)) {
    end(connection);
  }
}

// Consumes all of `input`; waits for room. false when the engine takes nothing more.
bool SyslogTcp::consume_waiting(Connection& connection, std::string_view input) {
  Gather& gather = hub_.blocking();
  Frame frame;
  while (hub_.make_room(gather)) {
    if (!connection.framer.next(input, frame)) return true;
    gather.add(frame, origin_, hub_.now_ns());
  }
  return false;
}

// While stopping: takes what the kernel has received already, then lets the connection go.
void SyslogTcp::drain(const ConnectionPtr& connection) {
  std::vector<char>& scratch = hub_.scratch();
  bool room = consume_waiting(*connection, std::exchange(connection->rest, {}));
  for (int reads = 0; room && reads < kFinalReadsMax; ++reads) {
    ErrorCode error;
    const std::size_t size = connection->socket.read_some(net::buffer(scratch), error);
    if (error) break;
    room = consume_waiting(*connection, {scratch.data(), size});
  }
  if (!room || !hub_.make_room(hub_.blocking()) || !end(connection)) forget(connection);
}

void SyslogTcp::close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  sweep_timer_.cancel();
  parked_.clear();
  const std::vector<ConnectionPtr> open(connections_.begin(), connections_.end());
  for (const ConnectionPtr& connection : open) drain(connection);
}

}  // namespace

std::unique_ptr<Door> make_syslog_tcp(SyslogTcpConfig config, Hub& hub) {
  return std::make_unique<SyslogTcp>(std::move(config), hub);
}

}  // namespace picket::collector
