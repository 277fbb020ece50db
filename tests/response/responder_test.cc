// The two threads: offers and orders from outside, effects inside, restarts between.
#include "response/responder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "tests/response/world.h"

namespace picket::response {
namespace {

class CountingHands final : public Hands {
 public:
  Outcome perform(const Effect& effect) override {
    if (stuck && effect.type == CommandType::kMail) {
      inside.count_down();
      release.wait();
      stuck = false;
    }
    ++counts[static_cast<std::size_t>(effect.type)];
    return {OutcomeKind::kDone, "ok"};
  }
  int count(CommandType type) const { return counts[static_cast<std::size_t>(type)]; }

  std::atomic<int> counts[8] = {};
  std::atomic<bool> stuck = false;
  std::latch inside{1};
  std::latch release{1};
};

class ResponderTest : public ::testing::Test {
 protected:
  std::unique_ptr<Responder> begin(const std::vector<Incident>& incidents = {}) {
    auto responder =
        std::make_unique<Responder>(library_, journal_, hands_, clock_, [this](const Json& run) {
          states_.push_back(run.value("state", ""));  // desk thread; read after stop()
        });
    EXPECT_TRUE(responder->start(incidents));
    return responder;
  }
  std::string id() const { return make_run_id(incident_.id, library_.playbooks[0].id); }
  // Waits until the run looks like that (at most 10 s).
  ::testing::AssertionResult becomes(const Responder& responder, const std::string& expected) {
    std::string seen;
    for (int i = 0; i < 1000; ++i) {
      const auto run = responder.run(id());
      seen = run ? show(*run) : run.error().what;
      if (seen.find(expected) != std::string::npos) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return ::testing::AssertionFailure() << seen << " instead of " << expected;
  }
  StepOrder approve(const Responder& responder) {
    const Json run = responder.run(id()).value();
    for (const Json& step : run["steps"]) {
      if (step.value("state", "") == "waiting_approval")
        return {id(), step.value("id", ""), StepVerb::kApprove, "lan", "ok"};
    }
    return {};
  }

  Library library_ = make_library();
  Incident incident_ = make_incident();
  MemoryJournal journal_;
  CountingHands hands_;
  SimClock clock_{Nanos(1'767'260'100'000'000'000)};
  std::vector<std::string> states_;
};

TEST_F(ResponderTest, FromOfferToBlock) {
  auto responder = begin();
  ASSERT_TRUE(responder->offer(incident_));
  ASSERT_TRUE(
      becomes(*responder, "email=done webhook=done email=done block-address=waiting_approval"));
  const auto run = responder->order(approve(*responder));
  ASSERT_TRUE(run) << run.error().what;
  ASSERT_TRUE(becomes(*responder, "done: "));
  EXPECT_EQ(hands_.count(CommandType::kBlock), 1);
  EXPECT_EQ(responder->runs()->size(), 1U);
  EXPECT_EQ(responder->runs(incident_.id)->size(), 1U);
  EXPECT_EQ(responder->runs("other")->size(), 0U);
  EXPECT_FALSE(responder->runs()->front().contains("context"));
  responder->stop();
  EXPECT_EQ(states_.back(), "done");
  EXPECT_FALSE(responder->order({id(), "x", StepVerb::kApprove, "lan", ""}));
}

TEST_F(ResponderTest, GoesOnAfterARestart) {
  begin({incident_}).reset();
  const int mails = hands_.count(CommandType::kMail);
  auto responder = begin({incident_});
  ASSERT_TRUE(becomes(*responder, "block-address=waiting_approval"));
  ASSERT_TRUE(responder->offer(incident_));
  ASSERT_TRUE(responder->order(approve(*responder)));
  ASSERT_TRUE(becomes(*responder, "done: "));
  EXPECT_LE(mails, 3);
  EXPECT_EQ(hands_.count(CommandType::kMail), 3);
  EXPECT_EQ(hands_.count(CommandType::kBlock), 1);
}

TEST_F(ResponderTest, OrdersAreAnsweredWhileAMailHangs) {
  hands_.stuck = true;
  incident_.entities.push_back({"ip", "198.51.100.9"});
  auto responder = begin({incident_});
  hands_.inside.wait();  // the first mail hangs
  const auto missing = responder->order({id(), "nothing", StepVerb::kApprove, "lan", ""});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  hands_.release.count_down();
  ASSERT_TRUE(becomes(*responder, "block-address=waiting_approval"));
}

TEST_F(ResponderTest, ManyOrdersAtOnceDoOneThing) {
  auto responder = begin({incident_});
  ASSERT_TRUE(becomes(*responder, "block-address=waiting_approval"));
  const StepOrder order = approve(*responder);
  std::atomic<int> accepted = 0;
  std::vector<std::thread> people;
  for (int i = 0; i < 8; ++i) {
    people.emplace_back([&] { accepted += responder->order(order).has_value() ? 1 : 0; });
  }
  for (std::thread& person : people) person.join();
  ASSERT_TRUE(becomes(*responder, "done: "));
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(hands_.count(CommandType::kBlock), 1);
}

TEST_F(ResponderTest, FullJournalIsTriedAgain) {
  journal_.full = true;
  auto responder = begin({incident_});
  ASSERT_TRUE(responder->offer(incident_));
  EXPECT_FALSE(responder->run(id()));
  responder->stop();
  EXPECT_EQ(hands_.count(CommandType::kMail), 0);
  journal_.full = false;
  responder = begin({incident_});
  EXPECT_TRUE(becomes(*responder, "block-address=waiting_approval"));
}

TEST_F(ResponderTest, StopsWithoutAStart) {
  Responder responder(library_, journal_, hands_, clock_);
  responder.stop();
  EXPECT_FALSE(responder.order({id(), "x", StepVerb::kApprove, "lan", ""}));
}

TEST(Mailbox, IsBoundedAndClosable) {
  Wakeup wakeup;
  Mailbox<int> mailbox(2, wakeup);
  EXPECT_TRUE(mailbox.post(1));
  EXPECT_TRUE(mailbox.post(2));
  EXPECT_FALSE(mailbox.post(3));
  EXPECT_EQ(mailbox.take().letters, (std::vector<int>{1, 2}));
  EXPECT_TRUE(mailbox.post(4));
  mailbox.close();
  EXPECT_FALSE(mailbox.post(5));
  const auto last = mailbox.take();
  EXPECT_TRUE(last.closed);
  EXPECT_EQ(last.letters, std::vector<int>{4});
}

}  // namespace
}  // namespace picket::response
