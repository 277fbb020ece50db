// The state machine of runs: order, approval, limits, retries, and crashes at every journal write.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/response/world.h"

namespace picket::response {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class RunnerTest : public ::testing::Test {
 protected:
  void restart() {
    runner_ = std::make_unique<Runner>(library_, journal_, clock_);
    const auto opened = runner_->open();
    ASSERT_TRUE(opened) << opened.error().what;
  }
  void offer() { ASSERT_TRUE(runner_->offer(incident_)); }
  // Performs everything that is due; each effect has the outcome that `answer` gives it.
  void work() {
    while (const auto effect = runner_->next_effect()) {
      done_.push_back(std::string(command_type_name(effect->type)) +
                      (effect->address.empty() ? "" : " " + effect->address));
      keys_.push_back(effect->key);
      runner_->complete(answer ? answer(*effect) : Outcome{OutcomeKind::kDone, "ok"});
    }
  }
  std::string done() {
    std::string text;
    for (const std::string& effect : done_) text += (text.empty() ? "" : ", ") + effect;
    done_.clear();
    return text;
  }
  Json run() { return to_json(run_from_json(journal_.get(id()).value()).value()); }
  std::string id() const { return make_run_id(incident_.id, library_.playbooks[0].id); }
  Json step(const std::string& type, std::size_t nth = 0) {
    const Json steps = run()["steps"];  // a copy: run() is a temporary
    for (const Json& s : steps) {
      if (s.value("type", "") == type && nth-- == 0) return s;
    }
    return {};
  }
  Result<Json> order(StepVerb verb, const std::string& type, std::size_t nth = 0,
                     const std::string& user = "lan") {
    return runner_->order({id(), step(type, nth).value("id", ""), verb, user, ""});
  }

  Library library_ = make_library();
  Incident incident_ = make_incident();
  MemoryJournal journal_;
  SimClock clock_{Nanos(1'767'260'100'000'000'000)};
  std::unique_ptr<Runner> runner_;
  std::vector<std::string> done_;
  std::vector<std::string> keys_;
  std::function<Outcome(const Effect&)> answer;

  void SetUp() override { restart(); }
};

TEST_F(RunnerTest, NotifiesAndWaitsForApproval) {
  offer();
  work();
  EXPECT_EQ(done(), "email, webhook, email");
  EXPECT_EQ(show(run()),
            "waiting_approval: email=done webhook=done email=done block-address=waiting_approval "
            "email=pending");
  EXPECT_EQ(run().value("status", ""), "waiting");
  EXPECT_EQ(step("block-address")["verbs"], Json::array({"approve", "reject"}));
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address"));
  work();
  EXPECT_EQ(done(), "block-address 203.0.113.7, email");
  EXPECT_EQ(show(run()), "done: email=done webhook=done email=done block-address=done email=done");
  EXPECT_EQ(step("block-address").value("approved_by", ""), "lan");
  EXPECT_EQ(step("block-address")["decisions"][0].value("verb", ""), "approve");
  EXPECT_EQ(runner_->open_count(), 0U);
}

TEST_F(RunnerTest, OneRunAnIncidentWhateverIsOffered) {
  for (int i = 0; i < 5; ++i) offer();
  work();
  restart();
  offer();
  work();
  EXPECT_EQ(done(), "email, webhook, email");
  EXPECT_EQ(journal_.all()->size(), 1U);
}

TEST_F(RunnerTest, AnIncidentUnderAnotherIdGoesOnWithItsRuns) {
  offer();
  work();
  IncidentChange& change = incident_.history.emplace_back();
  change.verb = "rename";
  change.before = {{"id", incident_.id}};
  incident_.id = "ff";
  offer();
  work();
  EXPECT_EQ(done(), "email, webhook, email");
  EXPECT_EQ(journal_.all()->size(), 1U);
}

TEST_F(RunnerTest, TriggersByLevelAndLayers) {
  incident_.level = Level::kMedium;
  offer();
  EXPECT_EQ(journal_.puts, 0);
  incident_.level = Level::kCritical;
  incident_.layers = {Layer::kNone};
  offer();
  EXPECT_EQ(journal_.puts, 0);
  incident_.layers = {Layer::kEndpoint};
  incident_.merged_into = "other";
  offer();
  EXPECT_EQ(journal_.puts, 0);
  incident_.merged_into.clear();
  offer();
  EXPECT_EQ(journal_.puts, 1);
}

TEST_F(RunnerTest, RejectedIsNeverDone) {
  offer();
  work();
  ASSERT_TRUE(order(StepVerb::kReject, "block-address"));
  EXPECT_FALSE(order(StepVerb::kApprove, "block-address"));
  work();
  EXPECT_EQ(done(), "email, webhook, email");
  EXPECT_EQ(show(run()),
            "done: email=done webhook=done email=done block-address=rejected email=skipped");
}

TEST_F(RunnerTest, OrdersThatAreNotPossible) {
  offer();
  work();
  const auto code = [&](StepOrder order) {
    const auto result = runner_->order(order);
    return result ? "ok" : result.error().code == Errc::kNotFound ? "not found" : "invalid";
  };
  const std::string block = step("block-address").value("id", "");
  EXPECT_STREQ(code({"nothing", block, StepVerb::kApprove, "lan", ""}), "not found");
  EXPECT_STREQ(code({id(), "nothing", StepVerb::kApprove, "lan", ""}), "not found");
  EXPECT_STREQ(code({id(), block, StepVerb::kApprove, "", ""}), "invalid");
  EXPECT_STREQ(code({id(), block, StepVerb::kApprove, "lan\nx", ""}), "invalid");
  EXPECT_STREQ(code({id(), block, StepVerb::kApprove, "lan", std::string(5000, 'x')}), "invalid");
  EXPECT_STREQ(code({id(), block, StepVerb::kRetry, "lan", ""}), "invalid");
  EXPECT_STREQ(code({id(), step("email").value("id", ""), StepVerb::kApprove, "lan", ""}),
               "invalid");
}

TEST_F(RunnerTest, EveryOutsideAddressIsProposedByItself) {
  incident_.entities.push_back({"ip", "198.51.100.9"});
  offer();
  work();
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address", 1));
  work();
  EXPECT_EQ(done(), "email, webhook, email, block-address 198.51.100.9");
  EXPECT_EQ(step("block-address", 0).value("state", ""), "waiting_approval");
  // The incident grows while the run is open, and after it is over
  incident_.entities.push_back({"ip", "2001:db8::7"});
  offer();
  ASSERT_TRUE(order(StepVerb::kReject, "block-address", 0));
  ASSERT_TRUE(order(StepVerb::kReject, "block-address", 2));
  work();
  EXPECT_EQ(run().value("state", ""), "done");
  incident_.entities.push_back({"ip", "198.51.100.10"});
  offer();
  EXPECT_EQ(step("block-address", 3).value("parameter", ""), "198.51.100.10");
  EXPECT_EQ(run().value("state", ""), "waiting_approval");
  std::set<std::string> ids;
  const Json all = run();
  for (const Json& s : all["steps"]) ids.insert(s.value("id", ""));
  EXPECT_EQ(ids.size(), run()["steps"].size());
}

TEST_F(RunnerTest, NeverTouched) {
  incident_.entities = {{"ip", "8.8.8.8"},
                        {"ip", "10.20.1.5"},
                        {"ip", "192.168.3.4"},
                        {"ip", "127.0.0.1"},
                        {"ip", "not an address; id"}};
  offer();
  work();
  EXPECT_EQ(step("block-address").value("state", ""), "skipped");
  EXPECT_EQ(step("block-address").value("detail", ""), "8.8.8.8 is on the never-touch list");
  EXPECT_TRUE(step("block-address", 1).is_null());
}

TEST_F(RunnerTest, TheListCountsAtApprovalToo) {
  offer();
  work();
  library_.options.never_touch = {*Cidr::parse("203.0.113.0/24")};
  EXPECT_FALSE(order(StepVerb::kApprove, "block-address"));
  work();
  EXPECT_EQ(done(), "email, webhook, email");
}

TEST_F(RunnerTest, BlocksAnHourAreLimited) {
  library_.playbooks[0].blocks_per_hour = 2;
  incident_.entities.push_back({"ip", "198.51.100.9"});
  incident_.entities.push_back({"ip", "198.51.100.10"});
  offer();
  work();
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address", 0));
  work();
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address", 1));
  work();
  restart();  // the count survives
  const auto refused = order(StepVerb::kApprove, "block-address", 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kLimit);
  clock_.advance(hours(1));
  EXPECT_TRUE(order(StepVerb::kApprove, "block-address", 2));
  work();
  EXPECT_EQ(done(),
            "email, webhook, email, block-address 203.0.113.7, block-address 198.51.100.9, "
            "block-address 198.51.100.10, email");
}

TEST_F(RunnerTest, ApprovedTogetherTheLimitStillHolds) {
  library_.playbooks[0].blocks_per_hour = 1;
  incident_.entities.push_back({"ip", "198.51.100.9"});
  offer();
  work();
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address", 0));
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address", 1));
  done();
  work();
  EXPECT_EQ(done(), "block-address 203.0.113.7");
  const std::string states = step("block-address", 0).value("state", "") + " " +
                             step("block-address", 1).value("state", "");
  EXPECT_EQ(states, "done waiting_approval");
}

TEST_F(RunnerTest, ABlockCanBeUndone) {
  offer();
  work();
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address"));
  work();
  EXPECT_EQ(step("block-address")["verbs"], Json::array({"reverse"}));
  ASSERT_TRUE(order(StepVerb::kReverse, "block-address", 0, "minh"));
  EXPECT_FALSE(order(StepVerb::kReverse, "block-address"));
  done();
  work();
  EXPECT_EQ(done(), "unblock-address 203.0.113.7");
  EXPECT_EQ(step("unblock-address").value("approved_by", ""), "minh");
  EXPECT_EQ(run().value("state", ""), "done");
}

TEST_F(RunnerTest, DeadMailServerHoldsUpNothingAndIsTriedForADay) {
  answer = [](const Effect& e) {
    return e.type == CommandType::kMail ? Outcome{OutcomeKind::kRetry, "connection refused"}
                                        : Outcome{OutcomeKind::kDone, "ok"};
  };
  offer();
  work();
  EXPECT_EQ(
      done(),
      "email, webhook");  // the second mail waits for the server, not for its own turn to fail
  EXPECT_EQ(show(run()),
            "waiting_approval: email=retrying webhook=done email=intended "
            "block-address=waiting_approval email=pending");
  restart();  // the schedule survives
  int attempts = 0;
  for (int minute = 0; minute < 25 * 60; ++minute) {
    clock_.advance(seconds(60));
    work();
    attempts += static_cast<int>(done_.size());
    done_.clear();
  }
  EXPECT_GT(attempts, 40);
  EXPECT_LT(attempts, 80);
  EXPECT_EQ(step("email").value("state", ""), "failed");
  EXPECT_NE(step("email").value("detail", "").find("given up after 24 hours: connection refused"),
            std::string::npos);
  EXPECT_EQ(std::set<std::string>(keys_.begin(), keys_.end()).size(),
            3U);  // one a step, whatever the attempts
  EXPECT_LE(step("email")["attempts"].size(), StepRun::kAttemptsMax);
  // A human asks again, and the server is back
  answer = {};
  ASSERT_TRUE(order(StepVerb::kRetry, "email"));
  work();
  EXPECT_EQ(step("email").value("state", ""), "done");
}

TEST_F(RunnerTest, DayLongOutageEndsBeforeItIsGivenUp) {
  const Nanos back = clock_.now() + hours(23);
  answer = [&](const Effect&) {
    return clock_.now() < back ? Outcome{OutcomeKind::kRetry, "down"}
                               : Outcome{OutcomeKind::kDone, "ok"};
  };
  offer();
  std::map<std::string, int> delivered;
  for (int minute = 0; minute < 26 * 60; ++minute) {
    clock_.advance(seconds(60));
    const std::size_t before = keys_.size();
    work();
    for (std::size_t i = before; i < keys_.size(); ++i)
      delivered[keys_[i]] += clock_.now() >= back ? 1 : 0;
  }
  EXPECT_EQ(delivered.size(), 3U);
  for (const auto& [key, count] : delivered) EXPECT_EQ(count, 1) << key;
}

TEST_F(RunnerTest, FullDiskStopsEffectsAndLosesNothing) {
  journal_.full = true;
  EXPECT_FALSE(runner_->offer(incident_));
  journal_.full = false;
  offer();
  journal_.full = true;
  work();
  EXPECT_EQ(done(), "");  // what cannot be written ahead is not done
  journal_.full = false;
  clock_.advance(seconds(2));
  // The disk fills up while an effect is under way: its outcome is written when there is room.
  const auto effect = runner_->next_effect();
  ASSERT_TRUE(effect);
  journal_.full = true;
  runner_->complete({OutcomeKind::kDone, "ok"});
  EXPECT_FALSE(runner_->next_effect());
  EXPECT_EQ(step("email").value("state", ""), "started");
  journal_.full = false;
  clock_.advance(seconds(2));
  work();
  EXPECT_EQ(done(), "webhook, email");
  EXPECT_EQ(step("email").value("state", ""), "done");
}

TEST_F(RunnerTest, FailedBlockIsSeenAndCanBeRetried) {
  answer = [](const Effect& e) {
    return e.type == CommandType::kBlock ? Outcome{OutcomeKind::kFailed, "no enforcement"}
                                         : Outcome{OutcomeKind::kDone, "ok"};
  };
  offer();
  work();
  ASSERT_TRUE(order(StepVerb::kApprove, "block-address"));
  work();
  EXPECT_EQ(show(run()),
            "failed: email=done webhook=done email=done block-address=failed email=skipped");
  answer = {};
  ASSERT_TRUE(order(StepVerb::kRetry, "block-address"));
  work();
  EXPECT_EQ(show(run()), "done: email=done webhook=done email=done block-address=done email=done");
}

TEST_F(RunnerTest, UnconfiguredChannelsSaySo) {
  library_.options.notify.webhooks.clear();
  library_.options.duty = {};
  incident_.system.clear();
  incident_.entities = {{"ip", "203.0.113.7"}};
  offer();
  work();
  EXPECT_EQ(done(), "");
  EXPECT_EQ(show(run()),
            "waiting_approval: email=failed webhook=skipped email=skipped "
            "block-address=waiting_approval email=pending");
  EXPECT_NE(step("webhook").value("detail", "").find("response.webhooks"), std::string::npos);
}

TEST_F(RunnerTest, EveryOwnerIsToldOnce) {
  incident_.entities.push_back({"host", "WS-KETOAN-07"});
  incident_.entities.push_back({"host", "fw-edge-01.tinh.example"});
  std::vector<std::string> subjects;
  answer = [&](const Effect& e) {
    if (e.type == CommandType::kMail) subjects.push_back(e.mail.to + " " + e.mail.subject);
    return Outcome{OutcomeKind::kDone, "ok"};
  };
  offer();
  work();
  ASSERT_EQ(subjects.size(), 4U);
  EXPECT_NE(subjects[0].find("minhan.nt@dvc.tinh.example [SOC][CAO] Thông báo"), std::string::npos);
  EXPECT_NE(subjects[1].find("bao.tq@stc.tinh.example [SOC][CAO] Thông báo"), std::string::npos);
  EXPECT_NE(
      subjects[2].find("noc@ttdl.tinh.example [SOC][HIGH] Security incident 12: Edge network"),
      std::string::npos);
}

TEST_F(RunnerTest, MailsOfOneIncidentAreOneThread) {
  std::set<std::string> references;
  std::set<std::string> ids;
  answer = [&](const Effect& e) {
    if (e.type == CommandType::kMail) {
      references.insert(e.mail.references);
      ids.insert(e.mail.message_id);
      EXPECT_TRUE(to_mime(e.mail)) << to_mime(e.mail).error().what;
    }
    return Outcome{OutcomeKind::kDone, "ok"};
  };
  offer();
  work();
  EXPECT_EQ(references.size(), 1U);
  EXPECT_EQ(ids.size(), 2U);
}

TEST_F(RunnerTest, HostileIncidentMakesAHarmlessMail) {
  incident_.timeline[0].rule_name = "x\r\nBcc: all@example.org\r\n\r\nhttp://evil.example";
  incident_.entities.push_back({"host", "portal-web-01.a\r\nSubject: x"});
  answer = [&](const Effect& e) {
    if (e.type != CommandType::kMail) return Outcome{OutcomeKind::kDone, "ok"};
    EXPECT_EQ(e.mail.text.find("\r"), std::string::npos);
    EXPECT_EQ(e.mail.text.find("http://evil"), std::string::npos);
    EXPECT_EQ(to_mime(e.mail)->find("\nBcc:"), std::string::npos);
    return Outcome{OutcomeKind::kDone, "ok"};
  };
  offer();
  work();
  EXPECT_EQ(done(), "email, webhook, email");
}

TEST_F(RunnerTest, DryRunShowsEverythingAndDoesNothing) {
  const auto preview = runner_->dry_run(library_.playbooks[0].id, incident_);
  ASSERT_TRUE(preview);
  EXPECT_TRUE(preview->value("dry_run", false));
  const std::string text = dump_json(*preview);
  EXPECT_NE(text.find("would propose blocking 203.0.113.7, after a human's approval"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("to minhan.nt@dvc.tinh.example"), std::string::npos);
  EXPECT_EQ(journal_.puts, 0);
  EXPECT_FALSE(runner_->dry_run("playbook--none", incident_));
}

TEST_F(RunnerTest, UnreadableDocumentIsLeftAlone) {
  journal_.set_text("broken", "{\"id\": 5}");
  restart();
  ASSERT_EQ(runner_->unreadable().size(), 1U);
  offer();
  work();
  EXPECT_EQ(done(), "email, webhook, email");
}

TEST_F(RunnerTest, PlaybookThatIsGoneStopsItsRuns) {
  offer();
  work();
  const std::string run_id = id();
  const std::string block = step("block-address").value("id", "");
  library_.playbooks.clear();
  restart();
  const auto refused = runner_->order({run_id, block, StepVerb::kApprove, "lan", ""});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("not loaded any more"), std::string::npos);
}

// What a killed program leaves behind: it stops between two instructions, the journal stays.
struct Killed {};

class CrashTest : public RunnerTest {
 protected:
  // The whole life of a run: offered, worked on, the block approved by a human, worked on.
  void live() {
    restart();
    offer();
    perform();
    const Json block = step("block-address");
    if (block.value("state", "") == "waiting_approval") {
      ASSERT_TRUE(order(StepVerb::kApprove, "block-address"));
    }
    perform();
  }
  void perform() {
    while (const auto effect = runner_->next_effect()) {
      ++effects_[std::string(command_type_name(effect->type)) + " " + effect->key];
      if (kill_in_effect_ && --kill_in_effect_ == 0) throw Killed();
      runner_->complete({OutcomeKind::kDone, "ok"});
    }
  }

  std::map<std::string, int> effects_;
  int kill_in_effect_ = 0;
};

TEST_F(CrashTest, AtEveryJournalWriteNothingIsRepeatedSilently) {
  int kills = 0;
  for (const bool after : {false, true}) {
    for (int n = 1; n < 40; ++n) {
      journal_.clear();
      effects_.clear();
      int countdown = n;
      const auto hook = [&] {
        if (--countdown == 0) throw Killed();
      };
      (after ? journal_.after_put : journal_.before_put) = hook;
      bool killed = false;
      try {
        live();
      } catch (const Killed&) {
        killed = true;
      }
      journal_.before_put = journal_.after_put = {};
      if (!killed) break;
      ++kills;
      live();  // a restart, and the human approves what waits
      for (const auto& [key, count] : effects_) {
        EXPECT_EQ(count, 1) << key << ", killed " << (after ? "after" : "before") << " write " << n;
      }
      // What is in doubt is shown, and stays as it is until a human decides.
      const std::string before_human = show(run());
      const bool in_doubt = before_human.find("unknown") != std::string::npos;
      EXPECT_EQ(in_doubt, run().value("state", "") == "attention") << before_human;
      const Json now = run();
      for (const Json& s : now["steps"]) {
        if (s.value("state", "") != "unknown") continue;
        ASSERT_TRUE(runner_->order(
            {id(), s.value("id", ""), StepVerb::kDone, "lan", "looked at the firewall"}));
      }
      perform();
      live();
      EXPECT_EQ(run().value("state", ""), "done") << show(run()) << " n=" << n;
      for (const auto& [key, count] : effects_) EXPECT_EQ(count, 1) << key << " n=" << n;
    }
  }
  EXPECT_GT(kills, 20);
}

TEST_F(CrashTest, DuringEachEffectTheStepIsUnknown) {
  for (int n = 1; n <= 5; ++n) {
    journal_.clear();
    effects_.clear();
    kill_in_effect_ = n;
    bool killed = false;
    try {
      live();
    } catch (const Killed&) {
      killed = true;
    }
    ASSERT_TRUE(killed) << n;
    kill_in_effect_ = 0;
    restart();
    const std::string seen = show(run());
    EXPECT_EQ(std::count(seen.begin(), seen.end(), '?'), 0);
    EXPECT_NE(seen.find("=unknown"), std::string::npos) << seen;
    EXPECT_EQ(seen.substr(0, seen.find(':')), "attention");
    live();
    for (const auto& [key, count] : effects_) EXPECT_EQ(count, 1) << key << " n=" << n;
  }
}

TEST_F(CrashTest, UnknownBlockHoldsUpWhatFollowsUntilAHumanRetries) {
  kill_in_effect_ = 4;  // the block
  EXPECT_THROW(live(), Killed);
  kill_in_effect_ = 0;
  live();
  EXPECT_EQ(show(run()),
            "attention: email=done webhook=done email=done block-address=unknown email=pending");
  EXPECT_EQ(step("block-address")["verbs"], Json::array({"retry", "done", "skip"}));
  EXPECT_EQ(effects_.size(), 4U);
  ASSERT_TRUE(order(StepVerb::kRetry, "block-address", 0, "minh"));
  perform();
  EXPECT_EQ(show(run()), "done: email=done webhook=done email=done block-address=done email=done");
  int blocks = 0;
  for (const auto& [key, count] : effects_) blocks += key.starts_with("block") ? count : 0;
  EXPECT_EQ(blocks, 2);  // the second one asked for by name
  EXPECT_EQ(step("block-address")["decisions"][1].value("user", ""), "minh");
}

}  // namespace
}  // namespace picket::response
