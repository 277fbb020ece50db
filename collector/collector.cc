#include "collector/collector.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "base/check.h"
#include "collector/door.h"
#include "collector/hub.h"

namespace picket::collector {
namespace {

namespace net = boost::asio;

class RunningCollector final : public Collector {
 public:
  RunningCollector(CollectorConfig config, DeliveryQueue& queue, Wakeup& engine, Clock& clock)
      : queue_(queue), hub_(config, queue, engine, clock), guard_(hub_.io().get_executor()) {
    for (auto& door : config.syslog_udp) doors_.push_back(make_syslog_udp(std::move(door), hub_));
    for (auto& door : config.syslog_tcp) doors_.push_back(make_syslog_tcp(std::move(door), hub_));
    for (auto& door : config.http_ingest) doors_.push_back(make_http_ingest(std::move(door), hub_));
    if (!config.files.empty()) {
      doors_.push_back(make_files(std::move(config.files), std::move(config.offsets), hub_));
    }
  }
  ~RunningCollector() override { stop_now(); }

  Result<void> open();
  void run();
  void stop() override { stop_now(); }
  std::uint16_t port(std::string_view door) const override;
  CollectorCounters counters() const override;

 private:
  void stop_now();
  void close_doors();
  void give_room();

  DeliveryQueue& queue_;
  Hub hub_;
  net::executor_work_guard<net::io_context::executor_type> guard_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::size_t first_turn_ = 0;
  std::thread thread_;
};

// Opens all doors, however many fail, so that one look shows everything there is to mend.
Result<void> RunningCollector::open() {
  std::string errors;
  Errc code = Errc::kInvalid;
  for (const auto& door : doors_) {
    const auto opened = door->open();
    if (opened) continue;
    code = opened.error().code;
    errors.append(errors.empty() ? "" : "\n").append(opened.error().what);
  }
  if (!errors.empty()) return fail(code, errors);
  return {};
}

void RunningCollector::run() {
  hub_.on_room([this] { give_room(); });
  for (const auto& door : doors_) door->begin();
  thread_ = std::thread([this] {
    while (true) {
      try {
        hub_.io().run();
        return;
      } catch (...) {  // no memory: one operation ends, the doors stay
      }
    }
  });
}

// A different door is first each time: the queue may have room for one only.
void RunningCollector::give_room() {
  for (std::size_t i = 0; i < doors_.size(); ++i)
    doors_[(first_turn_ + i) % doors_.size()]->resume();
  if (!doors_.empty()) first_turn_ = (first_turn_ + 1) % doors_.size();
}

void RunningCollector::stop_now() {
  if (!thread_.joinable()) return;
  for (const auto& door : doors_) door->wind_down();
  net::post(hub_.io(), [this] {
    close_doors();
    guard_.reset();
    hub_.io().stop();
  });
  thread_.join();
}

void RunningCollector::close_doors() {
  for (const auto& door : doors_) door->close();
  hub_.finish();
}

std::uint16_t RunningCollector::port(std::string_view name) const {
  for (const auto& door : doors_) {
    if (door->named(name)) return door->port();
  }
  return 0;
}

CollectorCounters RunningCollector::counters() const {
  CollectorCounters counters;
  for (const auto& door : doors_) door->counters(counters.doors);
  counters.queue_depth = queue_.size();
  counters.deliveries = hub_.deliveries();
  return counters;
}

}  // namespace

Result<std::unique_ptr<Collector>> Collector::start(CollectorConfig config, DeliveryQueue& queue,
                                                    Wakeup& engine, Clock& clock) {
  try {
    auto collector = std::make_unique<RunningCollector>(std::move(config), queue, engine, clock);
    if (auto opened = collector->open(); !opened) return tl::unexpected(std::move(opened).error());
    collector->run();
    return collector;
  } catch (const std::exception& thrown) {
    return fail(Errc::kIo, std::string("the collector cannot start: ") + thrown.what());
  }
}

}  // namespace picket::collector
