// All doors together.
#include "doors.h"

namespace picket::collector {
namespace {

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
