#include "collector/hub.h"

#include <chrono>
#include <thread>

namespace picket::collector {
namespace {

namespace net = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr auto kRetryTime = std::chrono::milliseconds(2);

}  // namespace

Hub::Hub(const CollectorConfig& config, DeliveryQueue& queue, Wakeup& engine, Clock& clock)
    : config_(config),
      queue_(queue),
      engine_(engine),
      clock_(clock),
      blocking_({config.batch_records_max, config.batch_bytes_max}, queue, engine),
      dropping_({config.batch_records_max, config.batch_bytes_max}, queue, engine),
      scratch_(kScratchBytes) {}

void Hub::settle() {
  arm(blocking_timer_, blocking_armed_, blocking_);
  arm(dropping_timer_, dropping_armed_, dropping_);
  if (blocking_.stuck() || dropping_.stuck()) wait_for_room();
}

void Hub::arm(net::steady_timer& timer, bool& armed, Gather& gather) {
  if (armed || gather.empty() || gather.stuck()) return;
  armed = true;
  timer.expires_after(config_.gather_time);
  timer.async_wait([this, &armed, &gather](ErrorCode error) {
    armed = false;
    if (error) return;
    gather.flush();
    settle();
  });
}

bool Hub::push(Delivery& delivery) {
  if (!queue_.try_push(std::move(delivery))) {
    wait_for_room();
    return false;
  }
  engine_.notify();
  ++pushed_;
  return true;
}

void Hub::wait_for_room() {
  if (retry_armed_) return;
  retry_armed_ = true;
  retry_timer_.expires_after(kRetryTime);
  retry_timer_.async_wait([this](ErrorCode error) {
    retry_armed_ = false;
    if (!error) retry();
  });
}

void Hub::retry() {
  // There may be room for one only: each is first every other time.
  dropping_first_ = !dropping_first_;
  Gather& first = dropping_first_ ? dropping_ : blocking_;
  Gather& second = dropping_first_ ? blocking_ : dropping_;
  if (first.stuck()) first.flush();
  if (second.stuck()) second.flush();
  if (on_room_) on_room_();
  settle();
}

bool Hub::make_room(Gather& gather) {
  return !gather.full() || flush_waiting(gather);
}

bool Hub::flush_waiting(Gather& gather) {
  for (int i = 0; !gave_up_; ++i) {
    if (gather.flush()) return true;
    gave_up_ = i * kRetryTime >= config_.stop_timeout;
    std::this_thread::sleep_for(kRetryTime);
  }
  return gather.flush();
}

void Hub::finish() {
  flush_waiting(blocking_);
  flush_waiting(dropping_);
}

tl::unexpected<Error> cannot_open(const std::string& door, const std::string& address,
                                  std::uint16_t port, const ErrorCode& error) {
  const bool v6 = address.find(':') != std::string::npos;
  const std::string what = "door " + door + ": cannot listen on " +
                           (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port) + ": ";
  if (error == net::error::address_in_use) {
    return fail(Errc::kBusy,
                what +
                    "the port is in use by another program; stop that program (`ss -lntup` "
                    "shows it) or choose another port");
  }
  if (error == net::error::access_denied) {
    return fail(Errc::kIo, what +
                               "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE, "
                               "choose a higher one");
  }
  if (error == boost::system::errc::address_not_available) {
    return fail(Errc::kInvalid,
                what + "this machine has no such address; use one of its own, or 0.0.0.0 for all");
  }
  return fail(Errc::kIo, what + error.message());
}

Result<net::ip::address> parse_address(const std::string& door, const std::string& address) {
  ErrorCode error;
  const auto parsed = net::ip::make_address(address, error);
  if (error) {
    return fail(Errc::kInvalid, "door " + door + ": '" + address +
                                    "' is no IP address; use 127.0.0.1, 0.0.0.0, ::1 or ::");
  }
  return parsed;
}

}  // namespace picket::collector
