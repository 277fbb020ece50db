// Syslog and GELF over UDP and TCP, with real sockets.
#include "doors.h"

namespace picket::collector {
namespace {

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

}  // namespace
}  // namespace picket::collector
