// Syslog over UDP (RFC 5426): one datagram, one record. GELF over UDP: one message, which may be
// several datagrams ("chunk_malformed", and "chunk_expired" when they are not all there in time or
// in bounds).
//
// Datagrams are taken in batches by recvmmsg(2). Nobody can be asked to wait, so when the engine is
// behind the newest are dropped here and counted ("queue_full"); what the kernel dropped for want
// of buffer is learnt from SO_RXQ_OVFL and, when nothing more arrives, SO_MEMINFO
// ("kernel_overflow").
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>

#include "collector/door.h"
#include "collector/gelf.h"
#include "collector/hub.h"

namespace picket::collector {
namespace {

namespace net = boost::asio;
using net::ip::udp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kDatagramsMax = 256;
constexpr std::size_t kDatagramBytes = 64 * 1024;  // the largest there can be is 65,507 bytes
constexpr int kRoundsMax = 8;                      // until the other doors get their turn
constexpr int kFinalRoundsMax = 1024;
constexpr auto kLookTime = std::chrono::seconds(1);

// What recvmmsg() fills. Untouched pages cost nothing.
struct Datagrams {
  Datagrams() : bytes(new char[kDatagramsMax * kDatagramBytes]) {}

  void prepare() {
    for (std::size_t i = 0; i < kDatagramsMax; ++i) {
      parts[i] = {bytes.get() + i * kDatagramBytes, kDatagramBytes};
      messages[i] = mmsghdr{};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_name = &senders[i];
      messages[i].msg_hdr.msg_namelen = sizeof senders[i];
      messages[i].msg_hdr.msg_control = controls[i].bytes.data();
      messages[i].msg_hdr.msg_controllen = controls[i].bytes.size();
    }
  }

  struct alignas(cmsghdr) Control {
    std::array<char, 64> bytes{};
  };
  std::unique_ptr<char[]> bytes;  // not initialised on purpose
  std::array<iovec, kDatagramsMax> parts{};
  std::array<mmsghdr, kDatagramsMax> messages{};
  std::array<Control, kDatagramsMax> controls{};
  std::array<sockaddr_storage, kDatagramsMax> senders{};
};

// A trailing LF, CR LF or NUL ends the line for some senders and is no part of the message.
std::string_view without_end(std::string_view text) {
  if (text.ends_with('\0')) text.remove_suffix(1);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

class SyslogUdp final : public Door {
 public:
  SyslogUdp(SyslogUdpConfig config, Hub& hub)
      : config_(std::move(config)),
        hub_(hub),
        meter_(config_.name),
        origin_{config_.source, &meter_, nullptr},
        socket_(hub.io()),
        look_timer_(hub.io()),
        datagrams_(std::make_unique<Datagrams>()) {}

  Result<void> open() override;
  void begin() override {
    wait();
    look();
  }
  void resume() override {}  // never waits
  void close() override;
  bool named(std::string_view name) const override { return name == config_.name; }
  std::uint16_t port() const override { return port_; }
  void counters(std::vector<DoorCounters>& out) const override { out.push_back(meter_.read()); }

 private:
  void wait();
  void look();
  std::size_t receive();
  void take(const mmsghdr& message, const char* bytes, std::int64_t now_ns);
  void take_gelf(const msghdr& header, std::string_view datagram, std::int64_t now_ns);
  void add(const Frame& frame, std::int64_t now_ns);
  void note_kernel_drops(std::uint32_t total);
  void ask_kernel_drops();

  SyslogUdpConfig config_;
  Hub& hub_;
  Meter meter_;
  Origin origin_;
  udp::socket socket_;
  net::steady_timer look_timer_;
  std::unique_ptr<Datagrams> datagrams_;
  GelfChunks chunks_;
  std::string inflated_;
  std::uint32_t kernel_drops_ = 0;  // the kernel's counter when we last heard of it
  std::uint16_t port_ = 0;
};

Result<void> SyslogUdp::open() {
  PICKET_TRY(const auto address, parse_address(config_.name, config_.address));
  const udp::endpoint endpoint(address, config_.port);
  ErrorCode error;
  socket_.open(endpoint.protocol(), error);
  if (!error) socket_.bind(endpoint, error);
  if (!error) socket_.non_blocking(true, error);
  if (error) return cannot_open(config_.name, config_.address, config_.port, error);
  const int fd = socket_.native_handle();
  const int size = config_.receive_buffer_bytes;
  const int on = 1;
  // Best effort: above net.core.rmem_max only CAP_NET_ADMIN may go, and less is no error.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  ::setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  port_ = socket_.local_endpoint(error).port();
  return {};
}

void SyslogUdp::wait() {
  socket_.async_wait(udp::socket::wait_read, [this](ErrorCode error) {
    if (error) return;
    for (int round = 0; round < kRoundsMax && receive() == kDatagramsMax; ++round) {
    }
    hub_.settle();
    wait();
  });
}

// Drops are told with the next datagram only; after the last one of a burst we have to ask.
void SyslogUdp::look() {
  look_timer_.expires_after(kLookTime);
  look_timer_.async_wait([this](ErrorCode error) {
    if (error) return;
    ask_kernel_drops();
    chunks_.tick(kLookTime);
    hub_.dropping().drop(origin_, "chunk_expired", chunks_.take_dropped());
    hub_.settle();
    look();
  });
}

// One batch; how many datagrams it had.
std::size_t SyslogUdp::receive() {
  datagrams_->prepare();
  const int got = ::recvmmsg(socket_.native_handle(), datagrams_->messages.data(), kDatagramsMax,
                             MSG_DONTWAIT, nullptr);
  if (got <= 0) return 0;
  const auto count = static_cast<std::size_t>(got);
  const std::int64_t now_ns = hub_.now_ns();
  for (std::size_t i = 0; i < count; ++i) {
    take(datagrams_->messages[i], datagrams_->bytes.get() + i * kDatagramBytes, now_ns);
  }
  return count;
}

void SyslogUdp::take(const mmsghdr& message, const char* bytes, std::int64_t now_ns) {
  msghdr header = message.msg_hdr;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t total = 0;
    std::memcpy(&total, CMSG_DATA(part), sizeof total);
    note_kernel_drops(total);
  }
  const std::string_view datagram(bytes, message.msg_len);
  if (config_.gelf) return take_gelf(header, datagram, now_ns);
  const std::string_view text = without_end(datagram);
  add({text.substr(0, hub_.frame_bytes_max()), text.size()}, now_ns);
}

void SyslogUdp::take_gelf(const msghdr& header, std::string_view datagram, std::int64_t now_ns) {
  const std::string_view sender(static_cast<const char*>(header.msg_name), header.msg_namelen);
  std::string_view message;
  switch (chunks_.take(sender, datagram, message)) {
    case GelfChunks::Taken::kPart:
      break;
    case GelfChunks::Taken::kMalformed:
      hub_.dropping().reject(origin_, "chunk_malformed", 1);
      break;
    case GelfChunks::Taken::kWhole: {
      const GelfText text = inflate_gelf(message, hub_.frame_bytes_max(), inflated_);
      add({text.bytes, text.length}, now_ns);
      break;
    }
  }
}

void SyslogUdp::add(const Frame& frame, std::int64_t now_ns) {
  Gather& gather = hub_.dropping();
  if (frame.bytes.empty()) return gather.reject(origin_, "empty", 1);
  if (gather.full()) return gather.drop(origin_, "queue_full", 1);
  gather.add(frame, origin_, now_ns);
}

// The kernel's counter wraps, and what came with an older datagram may be behind what we asked for.
void SyslogUdp::note_kernel_drops(std::uint32_t total) {
  const auto more = static_cast<std::int32_t>(total - kernel_drops_);
  if (more <= 0) return;
  kernel_drops_ = total;
  hub_.dropping().drop(origin_, "kernel_overflow", static_cast<std::uint64_t>(more));
}

void SyslogUdp::ask_kernel_drops() {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0)
    return;
  if (size > SK_MEMINFO_DROPS * sizeof info[0]) note_kernel_drops(info[SK_MEMINFO_DROPS]);
}

void SyslogUdp::close() {
  look_timer_.cancel();
  if (!socket_.is_open()) return;
  for (int round = 0; round < kFinalRoundsMax; ++round) {
    if (!hub_.make_room(hub_.dropping()) || receive() == 0) break;
  }
  ask_kernel_drops();
  chunks_.clear();
  hub_.dropping().drop(origin_, "chunk_expired", chunks_.take_dropped());
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace

std::unique_ptr<Door> make_syslog_udp(SyslogUdpConfig config, Hub& hub) {
  return std::make_unique<SyslogUdp>(std::move(config), hub);
}

}  // namespace picket::collector
