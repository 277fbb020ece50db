// Hub: what the doors share on the collector's thread: its event loop, the two gathers, the queue.
//
// Time passes here: a gather is flushed gather_time after its first record, and while the queue is
// full it is looked at again every 2 ms (the engine only takes, it does not call back). Not for
// other threads, but for post().
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/wakeup.h"
#include "base/world.h"
#include "collector/collector.h"
#include "collector/delivery.h"
#include "collector/gather.h"

namespace picket::collector {

class Hub {
 public:
  static constexpr std::size_t kScratchBytes = 256 * 1024;

  Hub(const CollectorConfig& config, DeliveryQueue& queue, Wakeup& engine, Clock& clock);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  boost::asio::io_context& io() { return io_; }
  Gather& blocking() { return blocking_; }
  Gather& dropping() { return dropping_; }
  std::int64_t now_ns() { return clock_.now().count(); }
  std::size_t frame_bytes_max() const { return config_.frame_bytes_max; }
  const CollectorConfig& config() const { return config_; }
  // A buffer for one read; its content ends with the handler that filled it.
  std::vector<char>& scratch() { return scratch_; }

  // To be called after adding to a gather: sees to it that it is handed over in time.
  void settle();
  // Hands over a delivery of the door's own making; false: the queue is full, `delivery` is
  // untouched and resume() follows.
  bool push(Delivery& delivery);
  // The gather is full and the door stops reading: resume() follows.
  void wait_for_room();

  // Called with every chance that there is room again.
  void on_room(std::function<void()> call) { on_room_ = std::move(call); }
  // While stopping there is nobody to wait for: makes room in the gather by waiting right here.
  // false once the engine has taken nothing for stop_timeout.
  bool make_room(Gather& gather);
  void finish();  // the same for everything that is left
  // Any thread.
  std::uint64_t deliveries() const {
    return pushed_ + blocking_.deliveries() + dropping_.deliveries();
  }

 private:
  void arm(boost::asio::steady_timer& timer, bool& armed, Gather& gather);
  void retry();
  bool flush_waiting(Gather& gather);

  const CollectorConfig config_;
  DeliveryQueue& queue_;
  Wakeup& engine_;
  Clock& clock_;
  Gather blocking_;
  Gather dropping_;
  std::vector<char> scratch_;
  std::function<void()> on_room_;
  std::atomic<std::uint64_t> pushed_{0};
  bool dropping_first_ = false;
  bool blocking_armed_ = false;
  bool dropping_armed_ = false;
  bool retry_armed_ = false;
  bool gave_up_ = false;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer blocking_timer_{io_};
  boost::asio::steady_timer dropping_timer_{io_};
  boost::asio::steady_timer retry_timer_{io_};
};

// "syslog_tcp 0.0.0.0:514: permission denied; ...": what went wrong at a door and what to do.
tl::unexpected<Error> cannot_open(const std::string& door, const std::string& address,
                                  std::uint16_t port, const boost::system::error_code& error);
Result<boost::asio::ip::address> parse_address(const std::string& door, const std::string& address);

}  // namespace picket::collector
