// A source that falls silent becomes an event of our own, an alert of a shipped rule, and says which rules
// see nothing; through the engine, over a restart, with a real store. So does a correlation that sees keys in masses.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "app/engine.h"
#include "app/health_record.h"
#include "base/world.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kStart = 1'767'225'600s;  // 2026-01-01T00:00Z, the beginning of an hour
constexpr const char* kSilent = "Suspicious Silence Of A Log Source";

class SilentSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("picket-silent-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    auto store = storage::Store::open({.path = folder_.string(), .sync = false, .reserve_bytes = 0});
    ASSERT_TRUE(store) << store.error().what;
    store_ = *std::move(store);
    for (const char* name : {"auth", "web", "picket"}) ASSERT_TRUE(store_->source_id(name));
    auto detection = load_detection({PICKET_SOURCE_DIR "/content"},
                                    {.rules = {PICKET_SOURCE_DIR "/content/rules/server",
                                               PICKET_SOURCE_DIR "/content/rules/application",
                                               PICKET_SOURCE_DIR "/content/rules/correlations/ssh_guessing.yml"}});
    ASSERT_TRUE(detection) << detection.error().what;
    detection_ = *std::move(detection);
    open();
  }
  void TearDown() override {
    close();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    EngineOptions options;
    options.keys_max = 40;
    options.sources.push_back({"auth", "e-portal", {.format = "syslog"}, true});
    options.sources.push_back({"web", "", {}, true});
    options.sources.push_back({std::string(kHealthSource), "", {.definition = std::string(kHealthDefinition)}, false});
    queue_ = std::make_unique<collector::DeliveryQueue>(64);
    EngineListener listener;
    listener.alert = [](const Alert&) {};
    listener.incident = [](const Incident&) {};
    engine_ = std::make_unique<Engine>(options, detection_, *store_, *queue_, wakeup_, clock_, listener);
    engine_->start();
  }
  void close() {
    if (engine_) engine_->stop();
    engine_.reset();
  }

  // A minute of simulated time, at the end of which the engine has looked.
  void minute(bool auth) {
    collector::Delivery delivery;
    delivery.batch = std::make_unique<Batch>();
    const std::int64_t now_ns = clock_.now().count();
    if (auth)
      delivery.batch->add("<38>Jan  1 00:00:00 portal sshd[7]: Failed password for root from 192.0.2.7 port 4242 ssh2",
                          SourceId{0}, 0, now_ns);
    delivery.batch->add("192.0.2.9 - - [01/Jan/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\"",
                        SourceId{1}, 0, now_ns);
    send(std::move(delivery));
  }
  void send(collector::Delivery delivery) {
    events_ += delivery.batch->records().size();
    ASSERT_TRUE(queue_->try_push(std::move(delivery)));
    clock_.advance(1min);
    wakeup_.notify();
    for (int i = 0; i < 2000 && engine_->statistics().events < events_; ++i) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(2ms);  // a look that comes late only makes a minute longer
  }
  std::vector<Alert> silences() { return alerts_of(kSilent); }
  std::vector<Alert> alerts_of(const std::string& rule) {
    std::string cursor;
    std::vector<Alert> found;
    const auto alerts = store_->alerts({}, 1000, cursor);
    EXPECT_TRUE(alerts);
    for (const Alert& alert : *alerts) {
      if (alert.rule.name == rule) found.push_back(alert);
    }
    return found;
  }

  std::filesystem::path folder_;
  std::unique_ptr<storage::Store> store_;
  Detection detection_;
  std::unique_ptr<collector::DeliveryQueue> queue_;
  Wakeup wakeup_;
  SimClock clock_{kStart};
  std::unique_ptr<Engine> engine_;
  std::uint64_t events_ = 0;
};

TEST_F(SilentSourceTest, IsAnAlertThatNamesTheBlindRules) {
  for (int i = 0; i < 125; ++i) minute(true);
  EXPECT_TRUE(silences().empty());
  for (int i = 0; i < 60 && silences().empty(); ++i) minute(false);
  const std::vector<Alert> alerts = silences();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].system, "e-portal");  // that of the silent source, not of ours
  EXPECT_EQ(alerts[0].trigger.source, kHealthSource);

  Batch batch;
  ASSERT_TRUE(store_->fetch(SourceId{2}, alerts[0].trigger.seq, batch));
  const auto record = parse_json(batch.records()[0].raw);
  ASSERT_TRUE(record);
  const Json& about = (*record)["picket"]["source"];
  EXPECT_EQ(about["name"], "auth");
  EXPECT_GT(about["rules_blind"].get<int>(), 3);
  const Json& blind = about["blind"];
  EXPECT_NE(std::find(blind.begin(), blind.end(), "SSH Login Failed"), blind.end()) << blind.dump();
  for (const Json& name : blind) EXPECT_FALSE(name.get<std::string>().starts_with("Web")) << name;

  // The ledger knows the record that came through no door.
  close();
  const auto ledgers = store_->ledger();
  ASSERT_TRUE(ledgers);
  for (const storage::Ledger& ledger : *ledgers) EXPECT_EQ(ledger.residual(), 0) << ledger.source;
  EXPECT_EQ(ledgers->at(2).stored, 1U);

  // Told once, also over a restart; and the end of it.
  open();
  events_ = 0;
  for (int i = 0; i < 20; ++i) minute(false);
  EXPECT_EQ(silences().size(), 1U);
  for (int i = 0; i < 3; ++i) minute(true);
  close();
  Batch end;
  ASSERT_TRUE(store_->fetch(SourceId{2}, 1, end));
  EXPECT_NE(std::string(end.records()[0].raw).find("source-normal"), std::string::npos);
}

TEST_F(SilentSourceTest, KeysInMassesAreAnAlert) {
  constexpr const char* kFlood = "Potential Flood Of Keys In A Correlation";
  minute(true);
  EXPECT_TRUE(alerts_of(kFlood).empty());
  collector::Delivery delivery;
  delivery.batch = std::make_unique<Batch>();
  for (int i = 1; i <= 60; ++i) {
    delivery.batch->add("<38>Jan  1 00:00:00 portal sshd[7]: Failed password for root from 192.0.2." + std::to_string(i) +
                            " port 4242 ssh2",
                        SourceId{0}, 0, clock_.now().count());
  }
  send(std::move(delivery));
  for (int i = 0; i < 8; ++i) minute(true);
  const std::vector<Alert> alerts = alerts_of(kFlood);
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].trigger.source, kHealthSource);
  Batch batch;
  ASSERT_TRUE(store_->fetch(SourceId{2}, alerts[0].trigger.seq, batch));
  const auto record = parse_json(batch.records()[0].raw);
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)["picket"]["rule"]["name"], "Potential SSH Password Guessing") << record->dump();
  EXPECT_GE((*record)["picket"]["rule"]["new_keys"].get<int>(), 60);
}

}  // namespace
}  // namespace picket::app
