// What tests of the doors share: real sockets and files on one side, on the other an engine that takes
// deliveries, keeps what they held and calls their acks.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "collector/collector.h"

namespace picket::collector {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

inline constexpr SourceId kUdp{1};
inline constexpr SourceId kTcp{2};
inline constexpr SourceId kFile{3};
inline constexpr SourceId kHttp{4};
inline constexpr SourceId kNamed{5};

struct Taken {
  std::string raw;
  std::string heading = {};
  SourceId source{};
  std::uint32_t length = 0;
};

// Takes deliveries on a thread of its own.
class Engine {
 public:
  explicit Engine(std::size_t capacity) : queue(capacity) {}
  ~Engine() { stop(); }

  void run(milliseconds pause = {}) {
    thread_ = std::thread([this, pause] {
      while (!stopping_ || queue.size() > 0) {
        if (!take_one()) wakeup.wait(milliseconds(5));
        if (pause.count() > 0 && !stopping_) std::this_thread::sleep_for(pause);
      }
    });
  }
  void stop() {
    stopping_ = true;
    wakeup.notify();
    if (thread_.joinable()) thread_.join();
  }
  bool take_one() {
    auto delivery = queue.try_pop();
    if (!delivery) return false;
    const std::lock_guard lock(mutex_);
    ++deliveries;
    for (const Record& record : delivery->batch->records()) {
      taken_.push_back({std::string(record.raw), std::string(record.heading), record.source,
                        record.length});
      ++per_source_[record.source];
    }
    for (const Count& count : delivery->rejected) rejected_[count.reason] += count.n;
    for (const Count& count : delivery->dropped) dropped_[count.reason] += count.n;
    for (auto& [name, value] : delivery->offsets) offsets_[name] = value;
    for (const Ack& ack : delivery->acks) ack(committing);
    return true;
  }
  // Waits until `n` records have come; all of them.
  std::vector<Taken> wait_for(std::size_t n, milliseconds limit = std::chrono::seconds(10)) {
    for (auto waited = milliseconds(0); waited < limit && size() < n; waited += milliseconds(5)) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    return all();
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return taken_.size();
  }
  std::size_t size_of(SourceId source) const {
    const std::lock_guard lock(mutex_);
    const auto found = per_source_.find(source);
    return found == per_source_.end() ? 0 : found->second;
  }
  std::vector<Taken> all() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  std::string text() const {  // "a|b|c"
    std::string text;
    for (const Taken& taken : all()) text += (text.empty() ? "" : "|") + taken.raw;
    return text;
  }
  std::string headings() const {
    std::string text;
    for (const Taken& taken : all()) text += taken.heading + "|";
    return text;
  }
  std::string wait_text(std::size_t n) {
    wait_for(n);
    return text();
  }
  std::uint64_t rejected(const std::string& reason) const {
    const std::lock_guard lock(mutex_);
    const auto found = rejected_.find(reason);
    return found == rejected_.end() ? 0 : found->second;
  }
  std::uint64_t dropped(const std::string& reason) const {
    const std::lock_guard lock(mutex_);
    const auto found = dropped_.find(reason);
    return found == dropped_.end() ? 0 : found->second;
  }
  std::map<std::string, std::string> offsets() const {
    const std::lock_guard lock(mutex_);
    return offsets_;
  }

  DeliveryQueue queue;
  Wakeup wakeup;
  std::atomic<bool> committing{true};
  std::atomic<int> deliveries{0};

 private:
  mutable std::mutex mutex_;
  std::vector<Taken> taken_;
  std::map<SourceId, std::size_t> per_source_;
  std::map<std::string, std::uint64_t> rejected_;
  std::map<std::string, std::uint64_t> dropped_;
  std::map<std::string, std::string> offsets_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class Socket {
 public:
  Socket(int type, std::uint16_t port) : fd_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = ::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd_); }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void send_datagram(std::string_view text) { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  void reset() {  // instead of a proper end
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(fd_, -1));
  }
  bool closed(int timeout_ms = 5000) {
    pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
    char byte = 0;
    return ::poll(&entry, 1, timeout_ms) > 0 && ::recv(fd_, &byte, 1, 0) <= 0;
  }

  bool connected = false;

 private:
  int fd_;
};

class CollectorTest : public testing::Test {
 protected:
  CollectorTest() {
    static std::atomic<int> number = 0;
    folder_ = fs::temp_directory_path() /
              ("picket-collector-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    fs::create_directories(folder_);
  }
  ~CollectorTest() override {
    collector_.reset();
    fs::remove_all(folder_);
  }

  void start(CollectorConfig config, std::size_t capacity = 1024, bool run = true,
             milliseconds pause = {}) {
    collector_.reset();
    engine_ = std::make_unique<Engine>(capacity);
    auto started = Collector::start(std::move(config), engine_->queue, engine_->wakeup, clock_);
    ASSERT_TRUE(started) << started.error().what;
    collector_ = *std::move(started);
    if (run) engine_->run(pause);
  }
  // Ends both, so that everything handed over was taken.
  void stop() {
    collector_->stop();
    engine_->stop();
  }
  static CollectorConfig udp() {
    CollectorConfig config;
    config.syslog_udp.push_back({.port = 0, .source = kUdp});
    return config;
  }
  static CollectorConfig tcp() {
    CollectorConfig config;
    config.syslog_tcp.push_back({.port = 0, .source = kTcp});
    return config;
  }
  CollectorConfig file() {
    CollectorConfig config;
    config.files.push_back(
        {.path = path("app.log"), .source = kFile, .rotate_wait = milliseconds(300)});
    if (engine_) config.offsets = engine_->offsets();
    return config;
  }
  static CollectorConfig http(std::string token = {}) {
    CollectorConfig config;
    HttpIngestConfig door;
    door.port = 0;
    door.source = kHttp;
    door.resolve_source = [](std::string_view name) {
      return name == "named" ? std::optional(kNamed) : std::nullopt;
    };
    door.bearer_token = std::move(token);
    config.http_ingest.push_back(std::move(door));
    return config;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void append(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::app | std::ios::binary) << text;
  }
  DoorCounters door(std::string_view name) const {
    for (const DoorCounters& counters : collector_->counters().doors) {
      if (counters.name == name) return counters;
    }
    ADD_FAILURE() << "no door " << name;
    return {};
  }
  // Runs curl: "<status> <body>".
  std::string curl(const std::string& arguments, const std::string& target) const {
    const std::string command =
        "curl -s -m 20 -w '\n%{http_code}' " + arguments +
        " 'http://127.0.0.1:" + std::to_string(collector_->port("http_ingest")) + target + "'";
    FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return {};
    std::string out;
    char bytes[4096];
    while (const std::size_t size = std::fread(bytes, 1, sizeof bytes, pipe))
      out.append(bytes, size);
    ::pclose(pipe);
    const std::size_t end = out.rfind('\n');
    return out.substr(end + 1) + " " + out.substr(0, end);
  }

  RealClock clock_;
  fs::path folder_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Collector> collector_;
  std::atomic<bool> ended_{false};
};

inline std::string numbered(int from, int to, std::string_view end = "\n") {
  std::string text;
  for (int i = from; i < to; ++i) text += "<13>line " + std::to_string(i) + std::string(end);
  return text;
}

// All of numbered(0, n), each once, in order.
inline void expect_numbered(const std::vector<Taken>& taken, int n) {
  ASSERT_EQ(taken.size(), static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i)
    ASSERT_EQ(taken[static_cast<std::size_t>(i)].raw, "<13>line " + std::to_string(i));
}

}  // namespace picket::collector
