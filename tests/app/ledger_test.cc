// The live ledger: received = stored + rejected + dropped + in flight, whenever somebody looks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/engine.h"
#include "base/world.h"

namespace picket::app {
namespace {

class LiveLedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("picket-ledger-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "rule.yml")
        << "title: Needle\nid: 6f4a3a5e-0000-4000-8000-000000000001\n"
           "logsource: {product: linux}\n"
           "detection:\n  sel:\n    - needle\n  condition: sel\n";
    open(0);
  }

  void TearDown() override {
    engine_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open(std::uint64_t reserve_bytes) {
    engine_.reset();
    store_.reset();
    auto store = storage::Store::open(
        {.path = (folder_ / "store").string(), .sync = false, .reserve_bytes = reserve_bytes});
    ASSERT_TRUE(store) << store.error().what;
    store_ = *std::move(store);
    EngineOptions options;
    for (const char* name : {"web", "auth"}) {
      if (reserve_bytes == 0) {
        ASSERT_TRUE(store_->source_id(name));
      }
      options.sources.push_back({name, "", {.format = "raw"}});
    }
    auto detection = load_detection({PICKET_SOURCE_DIR "/content"},
                                    {.rules = {(folder_ / "rule.yml").string()}});
    ASSERT_TRUE(detection) << detection.error().what;
    queue_ = std::make_unique<collector::DeliveryQueue>(64);
    EngineListener listener;
    listener.alert = [](const Alert&) {};
    listener.incident = [](const Incident&) {};
    engine_ = std::make_unique<Engine>(options, *std::move(detection), *store_, *queue_, wakeup_,
                                       clock_, listener);
  }

  bool push(std::uint32_t source, std::size_t records, std::uint64_t dropped = 0) {
    collector::Delivery delivery;
    delivery.batch = std::make_unique<Batch>();
    for (std::size_t i = 0; i < records; ++i)
      delivery.batch->add("a record", SourceId{source}, 0, 1'700'000'000'000'000'000);
    if (dropped > 0) delivery.dropped.push_back({SourceId{source}, "queue_full", dropped});
    const bool pushed = queue_->try_push(std::move(delivery));
    wakeup_.notify();
    return pushed;
  }

  // "received/stored/dropped/in flight" of one source; the residual is nothing.
  std::string shown(std::size_t source) {
    const auto ledgers = engine_->ledger();
    if (!ledgers) return ledgers.error().what;
    const storage::Ledger& ledger = ledgers->at(source);
    EXPECT_EQ(ledger.residual(), 0) << dump_json(to_json(ledger));
    const auto dropped = ledger.dropped.find("queue_full");
    return std::to_string(ledger.received) + "/" + std::to_string(ledger.stored) + "/" +
           std::to_string(dropped != ledger.dropped.end() ? dropped->second : 0) + "/" +
           std::to_string(ledger.in_flight);
  }

  void expect_soon(std::size_t source, const std::string& expected) {
    for (int i = 0; i < 1000 && shown(source) != expected; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(shown(source), expected);
  }

  std::filesystem::path folder_;
  RealClock clock_;
  Wakeup wakeup_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<collector::DeliveryQueue> queue_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(LiveLedgerTest, WhatWaitsIsInFlight) {
  EXPECT_EQ(shown(0), "0/0/0/0");
  ASSERT_TRUE(push(0, 10, 3));
  ASSERT_TRUE(push(1, 5));
  EXPECT_EQ(shown(0), "13/0/0/13");
  EXPECT_EQ(shown(1), "5/0/0/5");
  engine_->start();
  expect_soon(0, "13/10/3/0");
  expect_soon(1, "5/5/0/0");
  open(0);  // a new process goes on from what is stored
  EXPECT_EQ(shown(0), "13/10/3/0");
  ASSERT_TRUE(push(0, 1));
  EXPECT_EQ(shown(0), "14/10/3/1");
}

TEST_F(LiveLedgerTest, AFullQueueTakesNothing) {
  int pushed = 0;
  while (push(0, 2)) ++pushed;
  EXPECT_EQ(pushed, 64);
  EXPECT_EQ(shown(0), "128/0/0/128");
}

TEST_F(LiveLedgerTest, OnAFullDiskRecordsStayInFlightAndAreGivenBackAtTheEnd) {
  open(UINT64_MAX);  // no disk has so much space
  ASSERT_TRUE(push(0, 7));
  engine_->start();
  for (int i = 0; i < 1000 && !engine_->statistics().disk_full; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(engine_->statistics().disk_full);
  EXPECT_EQ(shown(0), "7/0/0/7");
  engine_->stop();
  EXPECT_EQ(shown(0), "0/0/0/0");  // nobody was told that they are safe
}

TEST_F(LiveLedgerTest, BalancesAtEveryInstant) {
  engine_->start();
  std::atomic<bool> done{false};
  std::uint64_t looks = 0;
  std::uint64_t in_flight_seen = 0;
  std::thread reader([&] {
    std::uint64_t received_before = 0;
    while (!done.load()) {
      const auto ledgers = engine_->ledger();
      if (!ledgers) continue;
      ++looks;
      std::uint64_t received = 0;
      for (const storage::Ledger& ledger : *ledgers) {
        EXPECT_EQ(ledger.residual(), 0) << dump_json(to_json(ledger));
        received += ledger.received;
        in_flight_seen += ledger.in_flight > 0 ? 1 : 0;
      }
      EXPECT_GE(received, received_before);
      received_before = received;
    }
  });
  constexpr int kDeliveries = 600;
  for (int i = 0; i < kDeliveries; ++i) {
    while (!push(static_cast<std::uint32_t>(i % 2), 50, i % 10 == 0 ? 1 : 0))
      std::this_thread::yield();
  }
  expect_soon(0, "15060/15000/60/0");
  expect_soon(1, "15000/15000/0/0");
  done.store(true);
  reader.join();
  EXPECT_GT(looks, 100U);
  EXPECT_GT(in_flight_seen, 0U);
}

}  // namespace
}  // namespace picket::app
