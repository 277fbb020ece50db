// The doors with real sockets and files. The test is the engine: it takes deliveries, keeps what
// they held and calls their acks.
#include "collector/collector.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "collector/file_tail.h"

namespace picket::collector {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr SourceId kUdp{1};
constexpr SourceId kTcp{2};
constexpr SourceId kFile{3};
constexpr SourceId kHttp{4};
constexpr SourceId kNamed{5};

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

std::string numbered(int from, int to, std::string_view end = "\n") {
  std::string text;
  for (int i = from; i < to; ++i) text += "<13>line " + std::to_string(i) + std::string(end);
  return text;
}

// All of numbered(0, n), each once, in order.
void expect_numbered(const std::vector<Taken>& taken, int n) {
  ASSERT_EQ(taken.size(), static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i)
    ASSERT_EQ(taken[static_cast<std::size_t>(i)].raw, "<13>line " + std::to_string(i));
}

// ---- UDP

TEST_F(CollectorTest, UdpDatagramsAreRecords) {
  start(udp());
  Socket sender(SOCK_DGRAM, collector_->port("syslog_udp"));
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"<1>a", "<1>b\n", "<1>c\r\n", "<1>d\0", "", "\n", "<1>e\nf"}) {
    sender.send_datagram(text);
  }
  sender.send_datagram("<1>g\0"sv);
  EXPECT_EQ(engine_->wait_text(6), "<1>a|<1>b|<1>c|<1>d|<1>e\nf|<1>g");
  stop();
  EXPECT_EQ(engine_->rejected("empty"), 2U);
  EXPECT_EQ(engine_->all()[0].source, kUdp);
  EXPECT_EQ(door("syslog_udp").records, 6U);
}

TEST_F(CollectorTest, UdpCutsLongDatagrams) {
  CollectorConfig config = udp();
  config.frame_bytes_max = 100;
  start(std::move(config));
  Socket(SOCK_DGRAM, collector_->port("syslog_udp")).send_datagram(std::string(60'000, 'x'));
  const auto taken = engine_->wait_for(1);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].raw, std::string(100, 'x'));
  EXPECT_EQ(taken[0].length, 60'000U);
  EXPECT_EQ(door("syslog_udp").truncated, 1U);
}

// Every datagram is a record or is counted, though nobody takes anything for a while.
TEST_F(CollectorTest, UdpDropsAreCounted) {
  CollectorConfig config = udp();
  config.syslog_udp[0].receive_buffer_bytes = 64 * 1024;
  config.batch_records_max = 10;
  start(std::move(config), 2, false);
  Socket sender(SOCK_DGRAM, collector_->port("syslog_udp"));
  constexpr int kSent = 5000;
  for (int i = 0; i < kSent; ++i)
    sender.send_datagram("<13>line " + std::to_string(i) + std::string(200, ' '));
  std::this_thread::sleep_for(milliseconds(50));
  engine_->run();
  stop();
  const auto dropped = engine_->dropped("queue_full") + engine_->dropped("kernel_overflow");
  EXPECT_GT(engine_->dropped("queue_full"), 0U);
  EXPECT_GE(engine_->size(), 30U);  // two deliveries in the queue, one gathered
  EXPECT_EQ(engine_->size() + dropped, static_cast<std::size_t>(kSent));
  EXPECT_EQ(door("syslog_udp").dropped, dropped);
}

// ---- TCP

TEST_F(CollectorTest, TcpBothFramings) {
  start(tcp());
  {
    Socket counted(SOCK_STREAM, collector_->port("syslog_tcp"));
    counted.send("4 <1>a5 <1>b\n");
    EXPECT_EQ(engine_->wait_text(2), "<1>a|<1>b\n");
    counted.send("<1>c\r\n4 <1>d<1>part");
  }
  EXPECT_EQ(engine_->wait_text(5), "<1>a|<1>b\n|<1>c|<1>d|<1>part");
  EXPECT_EQ(engine_->all()[0].source, kTcp);
}

TEST_F(CollectorTest, GelfOverUdpAndTcp) {
  CollectorConfig config = udp();
  config.syslog_udp[0].gelf = true;
  config.syslog_tcp = tcp().syslog_tcp;
  config.syslog_tcp[0].gelf = true;
  start(std::move(config));
  Socket sender(SOCK_DGRAM, collector_->port("syslog_udp"));
  using namespace std::string_view_literals;
  sender.send_datagram("{\"a\":1}");
  sender.send_datagram("\x1e\x0f" "12345678\1\2" "2}"sv);
  sender.send_datagram("\x1e\x0f" "12345678\3\2" "x"sv);  // malformed
  sender.send_datagram("\x1e\x0f" "12345678\0\2" "{\"b\":"sv);
  sender.send_datagram("\x1e\x0f" "unfinish\0\2" "{\"c\":"sv);
  EXPECT_EQ(engine_->wait_text(2), "{\"a\":1}|{\"b\":2}");
  Socket stream(SOCK_STREAM, collector_->port("syslog_tcp"));
  stream.send("{\"d\":\n4}\0\n7 {\"e\"}\0"sv);
  engine_->wait_for(4);
  stop();
  EXPECT_EQ(engine_->text(), "{\"a\":1}|{\"b\":2}|{\"d\":\n4}|7 {\"e\"}");
  EXPECT_EQ(engine_->rejected("chunk_malformed"), 1U);
  EXPECT_EQ(engine_->dropped("chunk_expired"), 1U);
}

TEST_F(CollectorTest, TcpKeepsWhatCameBeforeAReset) {
  start(tcp());
  Socket sender(SOCK_STREAM, collector_->port("syslog_tcp"));
  sender.send("<1>whole\n<1>part");
  EXPECT_EQ(engine_->wait_text(1), "<1>whole");
  sender.reset();
  EXPECT_EQ(engine_->wait_text(2), "<1>whole|<1>part");
}

TEST_F(CollectorTest, TcpCutsLongFramesAndGoesOn) {
  start(tcp());
  Socket sender(SOCK_STREAM, collector_->port("syslog_tcp"));
  sender.send(std::string(10 * 1024 * 1024, 'x') + "\n<1>next\n");
  const auto taken = engine_->wait_for(2);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].raw.size(), 64U * 1024);
  EXPECT_EQ(taken[0].length, 10U * 1024 * 1024);
  EXPECT_EQ(taken[1].raw, "<1>next");
  EXPECT_EQ(door("syslog_tcp").truncated, 1U);
}

TEST_F(CollectorTest, TcpWaitsForASlowEngineAndLosesNothing) {
  CollectorConfig config = tcp();
  config.batch_records_max = 50;
  start(std::move(config), 2, false);
  constexpr int kLines = 6'000;
  Socket sender(SOCK_STREAM, collector_->port("syslog_tcp"));
  EXPECT_TRUE(sender.send(numbered(0, kLines)));  // the kernel holds what the collector does not read
  for (int i = 0; i < 5'000 && door("syslog_tcp").paused == 0; ++i) std::this_thread::sleep_for(milliseconds(2));
  EXPECT_GT(door("syslog_tcp").paused, 0U);
  engine_->run(milliseconds(2));
  expect_numbered(engine_->wait_for(kLines, std::chrono::seconds(30)), kLines);
  stop();
  EXPECT_EQ(engine_->size(), static_cast<std::size_t>(kLines));
}

TEST_F(CollectorTest, TcpConnectionsShareASlowEngine) {
  CollectorConfig config = tcp();
  config.batch_records_max = 20;
  start(std::move(config), 2, true, milliseconds(1));
  std::vector<std::thread> senders;
  for (int s = 0; s < 4; ++s) {
    senders.emplace_back([port = collector_->port("syslog_tcp")] {
      Socket(SOCK_STREAM, port).send(numbered(0, 800));
    });
  }
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(engine_->wait_for(3200, std::chrono::seconds(30)).size(), 3200U);
  stop();
  std::map<std::string, int> times;
  for (const Taken& taken : engine_->all()) ++times[taken.raw];
  EXPECT_EQ(times.size(), 800U);
  for (const auto& [line, n] : times) EXPECT_EQ(n, 4) << line;
}

// What has arrived when the collector is stopped is handed over, also when the queue is full.
TEST_F(CollectorTest, StopHandsOverWhatWasReceived) {
  CollectorConfig config = tcp();
  config.batch_records_max = 10;
  start(std::move(config), 2, false);
  Socket sender(SOCK_STREAM, collector_->port("syslog_tcp"));
  EXPECT_TRUE(sender.send(numbered(0, 1000) + "<13>line 1000"));
  while (door("syslog_tcp").records < 30) std::this_thread::sleep_for(milliseconds(2));
  engine_->run();
  stop();
  expect_numbered(engine_->all(), 1001);
  EXPECT_TRUE(sender.closed());
}

TEST_F(CollectorTest, TcpConnectionsHaveCapsAndDeadlines) {
  CollectorConfig config = tcp();
  config.syslog_tcp[0].connections_max = 3;
  config.syslog_tcp[0].connections_per_address_max = 2;
  config.syslog_tcp[0].idle_timeout = milliseconds(400);
  config.syslog_tcp[0].frame_timeout = milliseconds(200);
  start(std::move(config));
  const std::uint16_t port = collector_->port("syslog_tcp");
  Socket idle(SOCK_STREAM, port);
  Socket dripping(SOCK_STREAM, port);
  Socket refused(SOCK_STREAM, port);
  EXPECT_TRUE(refused.closed());
  EXPECT_EQ(door("syslog_tcp").connections_refused, 1U);
  for (int i = 0; i < 60 && dripping.send("d"); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_TRUE(dripping.closed());
  EXPECT_TRUE(idle.closed());
  const auto taken = engine_->wait_for(1);
  ASSERT_EQ(taken.size(), 1U);  // the frame that never ended is kept
  EXPECT_TRUE(taken[0].raw.starts_with("ddd"));
  EXPECT_TRUE(Socket(SOCK_STREAM, port).send("<1>a\n"));
  EXPECT_EQ(engine_->wait_for(2).back().raw, "<1>a");
}

// ---- files

TEST_F(CollectorTest, FileIsFollowed) {
  append("app.log", "one\ntwo\r\n\nthr");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  append("app.log", "ee");
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(engine_->text(), "one|two");  // the last line is not complete
  append("app.log", "\nfour\n");
  EXPECT_EQ(engine_->wait_text(4), "one|two|three|four");
  EXPECT_EQ(engine_->all()[0].source, kFile);
}

TEST_F(CollectorTest, FileIsWaitedFor) {
  start(file());
  std::this_thread::sleep_for(milliseconds(20));
  append("app.log", "one\n");
  EXPECT_EQ(engine_->wait_text(1), "one");
}

TEST_F(CollectorTest, FileGoesOnFromTheStoredOffset) {
  append("app.log", "one\ntwo\npart");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  stop();
  const auto stored = parse_position(engine_->offsets().at("file:" + path("app.log")));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->position, 8U);
  append("app.log", "ial\nthree\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "partial|three");
}

TEST_F(CollectorTest, FileMayStartAtItsEnd) {
  append("app.log", "old\n");
  CollectorConfig config = file();
  config.files[0].from_beginning = false;
  start(std::move(config));
  std::this_thread::sleep_for(milliseconds(50));
  append("app.log", "new\n");
  EXPECT_EQ(engine_->wait_text(1), "new");
}

TEST_F(CollectorTest, FileOfRecordsOfSeveralLines) {
  CollectorConfig config = file();
  config.files[0].multiline = {.by = MultilineConfig::By::kIndent, .timeout = milliseconds(300)};
  append("app.log", "one\n  two\n\n  three\nfour\n");
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(2), "one\n  two\n\n  three|four");  // the last after its timeout
  EXPECT_EQ(door("file").records, 2u);
  EXPECT_EQ(door("file").joined, 2u);
}

TEST_F(CollectorTest, FileGoesOnWithAHalfReadRecord) {
  const MultilineConfig multiline{.by = MultilineConfig::By::kIndent,
                                  .timeout = std::chrono::minutes(1)};
  CollectorConfig config = file();
  config.files[0].multiline = multiline;
  append("app.log", "one\n  two\nthree\n");
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(1), "one\n  two");
  stop();
  append("app.log", "  four\nfive\n");
  config = file();
  config.files[0].multiline = multiline;
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(1), "three\n  four");
}

TEST_F(CollectorTest, RotationEndsARecordOfSeveralLines) {
  CollectorConfig config = file();
  config.files[0].multiline = {.by = MultilineConfig::By::kIndent,
                               .timeout = std::chrono::minutes(1)};
  append("app.log", "one\n  two\n  no end");
  start(std::move(config));
  std::this_thread::sleep_for(milliseconds(50));
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "  three\nfour\n");
  EXPECT_EQ(engine_->wait_text(2), "one\n  two\n  no end|  three");
  stop();
}

TEST_F(CollectorTest, FileIsRotatedByRename) {
  append("app.log", "one\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(1), "one");
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "three\n");
  append("app.log.1", "two\n");  // its writer has not noticed yet
  EXPECT_EQ(engine_->wait_text(3), "one|two|three");
  append("app.log", "four\n");
  EXPECT_EQ(engine_->wait_text(4), "one|two|three|four");
  stop();
}

TEST_F(CollectorTest, FileRotatedWithAnOpenLastLine) {
  append("app.log", "one\nno end");
  start(file());
  EXPECT_EQ(engine_->wait_text(1), "one");
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "two\n");
  EXPECT_EQ(engine_->wait_text(3), "one|no end|two");
}

TEST_F(CollectorTest, FileRotatedWhileNobodyLooked) {
  append("app.log", "one\ntwo\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  stop();
  append("app.log", "three\n");
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "four\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "three|four");
  stop();
  start(file());  // and the offset is of the new file now
  append("app.log", "five\n");
  EXPECT_EQ(engine_->wait_text(1), "five");
}

TEST_F(CollectorTest, FileIsTruncated) {
  append("app.log", "one\ntwo\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  fs::resize_file(path("app.log"), 0);  // copytruncate
  append("app.log", "new\n");
  EXPECT_EQ(engine_->wait_text(3), "one|two|new");
}

TEST_F(CollectorTest, FileReplacedInPlaceIsReadFromItsStart) {
  append("app.log", "one\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(1), "one");
  stop();
  std::ofstream(path("app.log"), std::ios::trunc) << "longer than before\nand more\n";
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "longer than before|and more");
}

TEST_F(CollectorTest, FileLinesAreCut) {
  CollectorConfig config = file();
  config.frame_bytes_max = 10;
  append("app.log", std::string(500'000, 'x') + "\nnext\n");
  start(std::move(config));
  const auto taken = engine_->wait_for(2);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].raw, "xxxxxxxxxx");
  EXPECT_EQ(taken[0].length, 500'000U);
  EXPECT_EQ(taken[1].raw, "next");
}

// Stopped at any point with a slow engine, what was committed and what is read after the restart
// are the file, once.
TEST_F(CollectorTest, FileOffsetsNeverLoseNorRepeat) {
  constexpr int kLines = 20'000;
  append("app.log", numbered(0, kLines));
  std::vector<Taken> all;
  std::map<std::string, std::string> offsets;
  for (int run = 0; run < 200 && all.size() < kLines; ++run) {
    CollectorConfig config = file();
    config.offsets = offsets;
    config.batch_records_max = 37;
    start(std::move(config), 2, false);
    for (int i = 0; i < 40; ++i) {  // then it dies: what is in the queue is not committed
      engine_->take_one();
      std::this_thread::sleep_for(milliseconds(1));
    }
    const auto taken = engine_->all();
    all.insert(all.end(), taken.begin(), taken.end());
    for (const auto& [name, value] : engine_->offsets()) offsets[name] = value;
    std::thread later([this] {  // so that stop() need not wait
      while (collector_->counters().queue_depth > 0 || !ended_) {
        while (engine_->queue.try_pop()) {
        }
        std::this_thread::sleep_for(milliseconds(1));
      }
    });
    collector_->stop();
    ended_ = true;
    later.join();
    ended_ = false;
    if (run == 10) {  // and then without a stop in between
      CollectorConfig rest = file();
      rest.offsets = offsets;
      start(std::move(rest));
      const auto more = engine_->wait_for(kLines - all.size());
      all.insert(all.end(), more.begin(), more.end());
    }
  }
  expect_numbered(all, kLines);
}

// The elements of an envelope, the first half before a restart and the rest after it.
TEST_F(CollectorTest, FileGoesOnInsideAnEnvelope) {
  append("app.log", "{\"Records\": [\n {\"a\": 1},\n {\n  \"b\": 2\n },\n {\"c\"");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "{\"a\": 1}|{\n  \"b\": 2\n }");
  EXPECT_EQ(door("file").envelopes, 1U);
  stop();
  CollectorConfig config = file();
  config.offsets = engine_->offsets();
  EXPECT_TRUE(config.offsets.at("file:" + path("app.log")).ends_with(":e"));
  append("app.log", ": 3} ],\n \"nextLink\": \"x\"}\nline\n");
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(2), "{\"c\": 3}|line");
}

// Each line has the heading before it, also behind a restart, also in a file that was not read so far.
TEST_F(CollectorTest, FileLinesKeepTheirHeading) {
  append("app.log", "#Software: x\n#Fields: a b\n1 2\n#Fields: c\n3\n");
  start(file());
  engine_->wait_for(5);
  EXPECT_EQ(engine_->headings(), "||#Fields: a b||#Fields: c|");
  stop();
  CollectorConfig config = file();
  config.offsets = engine_->offsets();
  EXPECT_TRUE(config.offsets.at("file:" + path("app.log")).ends_with(":l:30"));
  append("app.log", "4\n#fields\td\te\r\n5\t6\n");
  start(std::move(config));
  engine_->wait_for(3);
  EXPECT_EQ(engine_->headings(), "#Fields: c||#fields\td\te|");
  config = file();
  config.files[0].from_beginning = false;
  start(std::move(config));
  while (collector_->counters().doors.empty()) std::this_thread::sleep_for(milliseconds(1));
  std::this_thread::sleep_for(milliseconds(100));
  append("app.log", "7\t8\n");
  engine_->wait_for(1);
  EXPECT_EQ(engine_->headings(), "#fields\td\te|");
}

// What is never ended is lines after all, once nothing more comes.
TEST_F(CollectorTest, FileGivesUpOnAnOpenValue) {
  append("app.log", "{\n \"a\": 1,\n");
  CollectorConfig config = file();
  config.files[0].multiline.timeout = milliseconds(300);
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(2), "{| \"a\": 1,");
  CollectorConfig lines = file();
  lines.offsets.clear();
  lines.files[0].json = false;
  start(std::move(lines));
  EXPECT_EQ(engine_->wait_text(2), "{| \"a\": 1,");
}

TEST(FilePosition, Text) {
  const auto round = [](std::string_view text) {
    const auto position = parse_position(text);
    return position ? format_position(*position) : "none";
  };
  EXPECT_EQ(round("1:2:3:ff"), "1:2:3:ff");
  EXPECT_EQ(round("1:2:3:ff:e"), "1:2:3:ff:e");
  EXPECT_EQ(round("1:2:3:ff:e:77"), "1:2:3:ff:e:77");
  EXPECT_EQ(round("1:2:3:ff:l:0"), "1:2:3:ff:l:0");
  EXPECT_EQ(round("1:2:3:ff:l"), "1:2:3:ff");
  EXPECT_EQ(round("18446744073709551615:2:3:ffffffffffffffff"),
            "18446744073709551615:2:3:ffffffffffffffff");
  for (const std::string_view bad :
       {"", "1", "1:2:3", "1:2:3:", "1:2:3:4:5", "1:2:3:4:ee", "1:2:3:4:e:", "1:2:3:4:e:5:",
       "1:2:3:4:", "a:2:3:4", "1:-2:3:4", "1:2:3:4 "}) {
    EXPECT_EQ(round(bad), "none") << bad;
  }
}

// ---- HTTP

TEST_F(CollectorTest, HttpIngestLines) {
  start(http());
  append("body", "one\ntwo\r\n\nthree");
  EXPECT_EQ(
      curl("-H 'Content-Type: application/x-ndjson' --data-binary @" + path("body"), "/ingest"),
      "200 {\"accepted\":3}");
  EXPECT_EQ(engine_->text(), "one|two|three");  // answered after the commit
  EXPECT_EQ(engine_->all()[0].source, kHttp);
  EXPECT_EQ(curl("--data-binary ''", "/ingest"), "200 {\"accepted\":0}");
  EXPECT_EQ(curl("--data-binary 'x'", "/ingest?source=named"), "200 {\"accepted\":1}");
  EXPECT_EQ(curl("--data-binary 'y' -H 'X-Picket-Source: named'", "/ingest"),
            "200 {\"accepted\":1}");
  EXPECT_EQ(engine_->all()[3].source, kNamed);
  EXPECT_EQ(engine_->all()[4].source, kNamed);
  EXPECT_TRUE(curl("--data-binary 'x'", "/ingest?source=other").starts_with("400 "));
  EXPECT_TRUE(curl("", "/ingest").starts_with("405 "));
  EXPECT_TRUE(curl("--data-binary 'x'", "/elsewhere").starts_with("404 "));
  EXPECT_EQ(engine_->size(), 5U);
}

TEST_F(CollectorTest, HttpIngestOfDocuments) {
  CollectorConfig config = http();
  config.batch_records_max = 2;
  start(std::move(config));
  append("body", "{\"value\":[{\"a\":1},\n{\"b\":2},{\"c\":3}]}\n{\n\"d\":4\n}\n[{\"e\":5}]");
  EXPECT_EQ(curl("--data-binary @" + path("body"), "/ingest"), "200 {\"accepted\":5}");
  EXPECT_EQ(engine_->text(), "{\"a\":1}|{\"b\":2}|{\"c\":3}|{\n\"d\":4\n}|{\"e\":5}");
  EXPECT_EQ(door("http_ingest").envelopes, 2U);
  append("w3c", "#Fields: a b\n1 2\n3 4\n#Fields: c\n5\n");
  EXPECT_EQ(curl("--data-binary @" + path("w3c"), "/ingest"), "200 {\"accepted\":5}");
  EXPECT_EQ(engine_->headings(), "||||||#Fields: a b|#Fields: a b||#Fields: c|");
}

TEST_F(CollectorTest, HttpLargeAndCompressedBodies) {
  CollectorConfig config = http();
  start(std::move(config));
  std::ofstream(path("body"), std::ios::binary) << numbered(0, 12'345);
  EXPECT_EQ(curl("--data-binary @" + path("body"), "/ingest"), "200 {\"accepted\":12345}");
  expect_numbered(engine_->all(), 12'345);
  ASSERT_EQ(std::system(("gzip -k " + path("body")).c_str()), 0);
  EXPECT_EQ(curl("--data-binary @" + path("body.gz") + " -H 'Content-Encoding: gzip'", "/ingest"),
            "200 {\"accepted\":12345}");
  EXPECT_EQ(engine_->size(), 2U * 12'345);
  fs::resize_file(path("body"), 17 * 1024 * 1024);
  EXPECT_TRUE(curl("--data-binary @" + path("body"), "/ingest").starts_with("413 "));
}

TEST_F(CollectorTest, HttpBulk) {
  start(http());
  std::ofstream(path("bulk"), std::ios::binary) << "{\"create\":{}}\n{\"a\":1}\n"
                                                   "{\"index\":{\"_index\":\"logs\"}}\n{\"b\":2}\n";
  const std::string file = "-H 'Content-Type: application/x-ndjson' --data-binary @" + path("bulk");
  std::string answer = curl(file, "/_bulk");
  ASSERT_TRUE(answer.starts_with("200 ")) << answer;
  auto json = parse_json(answer.substr(4));
  ASSERT_TRUE(json) << answer;
  EXPECT_EQ((*json)["errors"], false);
  EXPECT_EQ((*json)["items"].size(), 2U);
  EXPECT_EQ((*json)["items"][0]["create"]["status"], 201);
  EXPECT_EQ(engine_->text(), "{\"a\":1}|{\"b\":2}");

  std::ofstream(path("bulk"), std::ios::binary | std::ios::app) << "garbage\n{\"c\":3}\n";
  answer = curl(file, "/logs-web/_bulk?source=named");
  json = parse_json(answer.substr(4));
  ASSERT_TRUE(json) << answer;
  EXPECT_EQ((*json)["errors"], true);
  EXPECT_EQ((*json)["items"][2]["create"]["status"], 400);
  EXPECT_EQ((*json)["items"][0]["create"]["_index"], "logs-web");
  EXPECT_EQ(engine_->size(), 4U);
  EXPECT_EQ(engine_->rejected("bulk_action"), 1U);
  EXPECT_EQ(door("http_ingest").rejected, 1U);

  const std::string version = curl("", "/");
  EXPECT_NE(version.find("\"number\":\"8.17.0\""), std::string::npos) << version;
  EXPECT_TRUE(curl("", "/_license").starts_with("404 "));
  EXPECT_TRUE(curl("-I", "/").starts_with("200 "));
}

TEST_F(CollectorTest, HttpBulkItemsAreLimited) {
  CollectorConfig config = http();
  config.http_ingest[0].bulk_items_max = 2;
  start(std::move(config));
  std::string body;
  for (int i = 0; i < 3; ++i) body += "{\"create\":{}}\n{}\n";
  std::ofstream(path("bulk"), std::ios::binary) << body;
  EXPECT_TRUE(curl("--data-binary @" + path("bulk"), "/_bulk").starts_with("413 "));
  EXPECT_EQ(engine_->size(), 0U);
}

TEST_F(CollectorTest, HttpToken) {
  start(http("secret"));
  const auto status = [this](const std::string& header) {
    return curl("-H '" + header + "' --data-binary x", "/ingest").substr(0, 3);
  };
  EXPECT_EQ(status("X: y"), "401");
  for (const std::string wrong : {"", "secre", "secrets", "Secret", " secret", "x"}) {
    EXPECT_EQ(status("Authorization: Bearer " + wrong), "401") << wrong;
  }
  EXPECT_EQ(status("Authorization: Basic secret"), "401");
  EXPECT_EQ(status("Authorization: Bearer secret"), "200");
  EXPECT_TRUE(curl("", "/").starts_with("401 "));
  EXPECT_EQ(engine_->size(), 1U);
}

TEST_F(CollectorTest, HttpFailedCommitIs503) {
  start(http());
  engine_->committing = false;
  EXPECT_TRUE(curl("--data-binary x", "/ingest").starts_with("503 "));
}

TEST_F(CollectorTest, HttpFullQueueIs429) {
  start(http(), 2, false);
  std::vector<std::thread> waiting;
  std::atomic<int> good = 0;
  for (int i = 0; i < 2; ++i) {
    waiting.emplace_back(
        [&] { good += curl("--data-binary x", "/ingest").starts_with("200 ") ? 1 : 0; });
  }
  while (collector_->counters().queue_depth < 2) std::this_thread::sleep_for(milliseconds(2));
  const std::string busy = curl("-D - --data-binary y", "/ingest");
  EXPECT_TRUE(busy.starts_with("429 ")) << busy;
  EXPECT_NE(busy.find("Retry-After: 1"), std::string::npos) << busy;
  engine_->run();
  for (auto& thread : waiting) thread.join();
  EXPECT_EQ(good, 2);
  EXPECT_EQ(engine_->size(), 2U);
  EXPECT_EQ(door("http_ingest").records, 2U);
}

TEST_F(CollectorTest, HttpLargeBodyWaitsOnceBegun) {
  CollectorConfig config = http();
  config.batch_records_max = 100;
  start(std::move(config), 2, true, milliseconds(2));
  std::ofstream(path("body"), std::ios::binary) << numbered(0, 5000);
  EXPECT_EQ(curl("--data-binary @" + path("body"), "/ingest"), "200 {\"accepted\":5000}");
  expect_numbered(engine_->all(), 5000);
}

TEST_F(CollectorTest, StopWaitsForTheCommitOfOpenRequests) {
  start(http(), 16, false);
  std::string answer;
  std::thread client([&] { answer = curl("--data-binary x", "/ingest"); });
  while (collector_->counters().queue_depth < 1) std::this_thread::sleep_for(milliseconds(2));
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(100));
    engine_->run();
  });
  collector_->stop();
  client.join();
  later.join();
  EXPECT_EQ(answer, "200 {\"accepted\":1}");
}

// ---- all together

TEST_F(CollectorTest, ErrorsAreToldTogether) {
  start(tcp());
  CollectorConfig config;
  config.syslog_tcp.push_back({.name = "busy", .port = collector_->port("syslog_tcp")});
  config.syslog_udp.push_back({.name = "nowhere", .address = "somewhere"});
  config.http_ingest.push_back({.name = "foreign", .address = "192.0.2.1", .port = 0});
  config.files.push_back({.name = "lost", .path = path("no/such/folder/app.log")});
  config.files.push_back({.name = "folder", .path = folder_.string()});
  Engine engine(2);
  const auto failed = Collector::start(std::move(config), engine.queue, engine.wakeup, clock_);
  ASSERT_FALSE(failed);
  const std::string& text = failed.error().what;
  EXPECT_NE(text.find("door busy: cannot listen on 127.0.0.1:"), std::string::npos) << text;
  EXPECT_NE(text.find("choose another port"), std::string::npos) << text;
  EXPECT_NE(text.find("door nowhere: 'somewhere' is no IP address"), std::string::npos) << text;
  EXPECT_NE(text.find("door foreign:"), std::string::npos) << text;
  EXPECT_NE(text.find("there is no folder " + path("no/such/folder")), std::string::npos) << text;
  EXPECT_NE(text.find("door folder:"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4) << text;
}

TEST_F(CollectorTest, DoorsShareOneQueue) {
  CollectorConfig config = udp();
  config.syslog_tcp = tcp().syslog_tcp;
  config.http_ingest = http().http_ingest;
  config.files = file().files;
  config.batch_records_max = 100;
  append("app.log", numbered(0, 2000));
  start(std::move(config), 2, true, milliseconds(1));
  std::thread sender([port = collector_->port("syslog_tcp")] {
    Socket(SOCK_STREAM, port).send(numbered(0, 2000));
  });
  Socket datagrams(SOCK_DGRAM, collector_->port("syslog_udp"));
  for (int i = 0; i < 3000; ++i) datagrams.send_datagram("<13>udp");
  sender.join();
  const auto ours = [this](SourceId source) { return engine_->size_of(source); };
  for (int i = 0; i < 2000 && (ours(kTcp) < 2000 || ours(kFile) < 2000); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  stop();
  EXPECT_EQ(ours(kTcp), 2000U);
  EXPECT_EQ(ours(kFile), 2000U);
  EXPECT_EQ(ours(kUdp) + engine_->dropped("queue_full") + engine_->dropped("kernel_overflow"),
            3000U);
}

TEST_F(CollectorTest, ADeadEngineDoesNotHangTheStop) {
  CollectorConfig config = tcp();
  config.batch_records_max = 1;
  config.stop_timeout = milliseconds(100);
  start(std::move(config), 2, false);
  Socket(SOCK_STREAM, collector_->port("syslog_tcp")).send(numbered(0, 10));
  while (door("syslog_tcp").records < 3) std::this_thread::sleep_for(milliseconds(2));
  collector_->stop();
  collector_->stop();  // twice is fine
}

}  // namespace
}  // namespace picket::collector
