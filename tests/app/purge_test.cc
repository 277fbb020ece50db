// Nothing goes before its time but with the word of two, and all of it is on record.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "app/holds.h"
#include "app/purges.h"
#include "base/hash.h"
#include "base/time.h"
#include "storage/integrity/verify.h"
#include "tests/storage/scratch.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

class PurgeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path());
    reopen();
  }

  void reopen() {
    purges_.reset();
    holds_.reset();
    store_.reset();
    storage::StoreOptions options;
    options.path = folder_.path() + "/store";
    options.clock = &clock_;
    options.reserve_bytes = 0;
    auto store = storage::Store::open(options);
    ASSERT_OK(store);
    store_ = *std::move(store);
    for (const char* const name : {"web", "fw"}) ASSERT_OK(store_->source_id(name));
    auto holds = Holds::open(*store_, {{"web", ""}, {"fw", ""}}, response::Systems(), clock_);
    ASSERT_OK(holds);
    holds_ = *std::move(holds);
    auto purges = Purges::open(*store_, *holds_, approvers_, clock_);
    ASSERT_OK(purges);
    purges_ = *std::move(purges);
  }

  void commit(const std::vector<std::uint32_t>& sources) {
    Batch batch;
    for (const std::uint32_t source : sources) {
      for (int i = 0; i < 5; ++i) {
        batch.add("row", SourceId{source}, next_[source]++, clock_.now().count());
        batch.begin_event();
      }
    }
    storage::Commit commit;
    commit.add(batch, {});
    ASSERT_OK(store_->commit(commit));
    clock_.advance(1h);
  }

  std::uint64_t rows() {
    std::uint64_t n = 0;
    EXPECT_TRUE(store_->scan({}, [&](const storage::StoredRow&) { return ++n; }));
    return n;
  }

  PurgeRecord ask(Json body) {
    if (!body.contains("reason")) body["reason"] = "wrong records";
    auto purge = purges_->ask(body, "admin");
    EXPECT_TRUE(purge) << purge.error().what;
    return purge ? *purge : PurgeRecord();
  }
  Result<PurgeRecord> approve(const std::string& id, const std::string& token) {
    return purges_->approve(id, {{"token", token}}, "admin");
  }
  std::vector<PurgeRecord> carry_out() {
    auto done = purges_->carry_out();
    EXPECT_TRUE(done) << done.error().what;
    return done ? *done : std::vector<PurgeRecord>();
  }

  // Of the store, once nobody has it open: as who looks at it later.
  std::string findings() {
    purges_.reset();
    holds_.reset();
    store_.reset();
    storage::VerifyOptions how;
    how.path = folder_.path() + "/store";
    const auto report = storage::verify_store(how);
    if (!report) return report.error().what;
    return report->is_clean() ? "" : dump_json(to_json(report->findings.kept().front()));
  }

  std::vector<std::pair<std::string, Json>> documents() {
    auto there = store_->documents(kPurgeSpace);
    EXPECT_TRUE(there);
    return there ? *std::move(there) : std::vector<std::pair<std::string, Json>>();
  }

  std::string steps() {
    std::string text;
    for (const auto& [key, step] : documents())
      text += (text.empty() ? "" : " ") + step["step"].get<std::string>();
    return text;
  }

  storage::Scratch folder_;
  SimClock clock_{std::chrono::seconds(1'767'225'600)};
  std::vector<Approver> approvers_ = {{"an", sha256_hex("token of an")}, {"binh", sha256_hex("token of binh")}};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<Holds> holds_;
  std::unique_ptr<Purges> purges_;
  std::uint64_t next_[2] = {};
};

TEST_F(PurgeTest, OneApproverRemovesNothingAndTwoDo) {
  for (int i = 0; i < 3; ++i) {
    commit({0});
    commit({1});
  }
  const PurgeRecord asked = ask({{"sources", {"web"}}});
  EXPECT_EQ(asked.id, "1");
  EXPECT_EQ(asked.found.rows, 15U);
  EXPECT_EQ(asked.found.raw_bytes, 45U);
  EXPECT_TRUE(carry_out().empty());
  const auto first = approve("1", "token of an");
  ASSERT_OK(first);
  EXPECT_EQ(first->state, PurgeState::kAsked);
  EXPECT_TRUE(carry_out().empty());
  EXPECT_EQ(rows(), 30U);
  reopen();  // nothing of it is forgotten
  const auto again = approve("1", "token of an");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().what, "'an' has approved this purge already; another approver is needed");
  EXPECT_TRUE(carry_out().empty());
  EXPECT_EQ(rows(), 30U);
  const auto second = approve("1", "token of binh");
  ASSERT_OK(second);
  EXPECT_EQ(second->state, PurgeState::kApproved);
  reopen();  // before it was carried out
  const std::vector<PurgeRecord> done = carry_out();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].removed.rows, 15U);
  EXPECT_EQ(done[0].state, PurgeState::kDone);
  EXPECT_EQ(rows(), 15U);
  EXPECT_TRUE(carry_out().empty()) << "once";
  EXPECT_FALSE(approve("1", "token of an"));
  EXPECT_EQ(steps(), "asked approved refused approved done refused");
  EXPECT_EQ(store_->ledger()->at(0).stored, 15U) << "what was stored stays counted";
  EXPECT_EQ(findings(), "");
  reopen();
  const PurgeRecord last = purges_->all().at(0);
  EXPECT_EQ(last.removed.rows, 15U);
  EXPECT_EQ(last.approvals.size(), 2U);
  EXPECT_EQ(last.refused, 2U);
  EXPECT_EQ(rows(), 15U);
}

TEST_F(PurgeTest, OnlyWhatWasAskedForGoes) {
  commit({0, 1});  // one block
  const std::string second = format_time(clock_.now().count());
  commit({0});
  const std::string third = format_time(clock_.now().count());
  commit({0});
  const PurgeRecord asked = ask({{"sources", {"web"}}, {"from", second}, {"to", third}});
  EXPECT_EQ(asked.found.rows, 5U);
  const PurgeRecord wide = ask({{"sources", {"web"}}});
  EXPECT_EQ(wide.found.rows, 10U);
  EXPECT_EQ(wide.found.mixed, 1U) << "the block that fw is in stays whole";
  commit({0});  // later than what was asked for
  for (const char* const id : {"1", "2"}) {
    ASSERT_OK(approve(id, "token of an"));
    ASSERT_OK(approve(id, "token of binh"));
  }
  const std::vector<PurgeRecord> done = carry_out();
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(done[0].removed.rows, 5U);
  EXPECT_EQ(done[1].removed.rows, 5U);
  EXPECT_EQ(rows(), 15U);
  EXPECT_EQ(findings(), "");
}

TEST_F(PurgeTest, HoldsKeep) {
  commit({0});
  commit({1});
  ASSERT_OK(holds_->add({{"sources", {"web"}}, {"reason", "case"}}, "admin"));
  const PurgeRecord asked = ask(Json::object());
  EXPECT_EQ(asked.found.rows, 5U);
  EXPECT_EQ(asked.found.held_rows, 5U);
  EXPECT_EQ(asked.holds, std::vector<std::string>{"1"});
  ASSERT_OK(approve("1", "token of an"));
  ASSERT_OK(approve("1", "token of binh"));
  ASSERT_OK(holds_->add({{"sources", {"fw"}}, {"reason", "set behind the approvals"}}, "admin"));
  const std::vector<PurgeRecord> done = carry_out();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].removed.rows, 0U);
  EXPECT_EQ(done[0].removed.held_rows, 10U);
  EXPECT_EQ(rows(), 10U);
}

TEST_F(PurgeTest, WrongTokensAreOnRecordAndBounded) {
  commit({0});
  ask(Json::object());
  for (int i = 0; i < kWrongTokensMax; ++i) {
    const auto wrong = approve("1", "token of nobody " + std::to_string(i));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Errc::kInvalid);
  }
  const auto bounded = approve("1", "token of an");
  ASSERT_FALSE(bounded);
  EXPECT_EQ(bounded.error().code, Errc::kLimit);
  EXPECT_EQ(purges_->all()[0].refused, 5U) << "those behind the bound are not written";
  EXPECT_EQ(purges_->all()[0].approvals.size(), 0U);
  clock_.advance(61s);
  EXPECT_TRUE(approve("1", "token of an"));
  EXPECT_FALSE(approve("1", sha256_hex("token of binh"))) << "what the configuration has is no token";
  EXPECT_FALSE(approve("1", ""));
  EXPECT_EQ(approve("7", "token of an").error().code, Errc::kNotFound);
  EXPECT_EQ(steps(), "asked refused refused refused refused refused approved refused");
  for (const auto& [key, step] : documents())
    EXPECT_EQ(dump_json(step).find("token of nobody"), std::string::npos) << "no token is written down";
}

TEST_F(PurgeTest, EndsWhenItIsRejectedOrNobodyApproves) {
  commit({0});
  ask(Json::object());
  ask(Json::object());
  EXPECT_FALSE(purges_->reject("1", {{"token", "token of an"}}, "admin")) << "without a reason";
  const auto rejected = purges_->reject("1", {{"token", "token of an"}, {"reason", "case 12 is open"}}, "admin");
  ASSERT_OK(rejected);
  EXPECT_EQ(rejected->state, PurgeState::kRejected);
  EXPECT_EQ(rejected->ended_by, "an");
  EXPECT_FALSE(approve("1", "token of binh"));
  ASSERT_OK(approve("2", "token of an"));
  EXPECT_EQ(purges_->waiting(), 1U);
  clock_.advance(7 * 24h);
  const auto late = approve("2", "token of binh");
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().what.find("it is expired"), std::string::npos);
  EXPECT_EQ(purges_->waiting(), 0U);
  EXPECT_TRUE(carry_out().empty());
  EXPECT_EQ(rows(), 5U);
  reopen();
  EXPECT_EQ(purges_->all()[0].state, PurgeState::kRejected);
  EXPECT_EQ(purges_->all()[1].state, PurgeState::kExpired);
}

TEST_F(PurgeTest, SaysWhatIsWrongWithARequest) {
  commit({0});
  const auto why = [&](Json body) {
    const auto purge = purges_->ask(body, "admin");
    return purge ? std::string() : purge.error().what;
  };
  EXPECT_EQ(why({{"sources", {"web"}}}), "a reason is missing");
  EXPECT_EQ(why({{"sources", {"wbe"}}, {"reason", "x"}}), "the store has no source 'wbe'");
  EXPECT_EQ(why({{"sources", Json::array()}, {"reason", "x"}}), "sources is a list of at most 1000 names");
  EXPECT_EQ(why({{"souces", {"web"}}, {"reason", "x"}}), "'souces' is not known here");
  EXPECT_EQ(why({{"from", "yesterday"}, {"reason", "x"}}), "from is a time such as 2026-11-20T08:00:00Z");
  EXPECT_EQ(why({{"from", "2026-01-02T00:00:00Z"}, {"to", "2026-01-01T00:00:00Z"}, {"reason", "x"}}), "from must be before to");
  approvers_.pop_back();
  reopen();
  EXPECT_NE(why({{"reason", "x"}}).find("needs two approvers"), std::string::npos);
}

TEST_F(PurgeTest, TellsTheServersAnswerAgain) {
  commit({0});
  const PurgeRecord asked = ask({{"sources", {"web"}}, {"to", "2030-01-01T00:00:00Z"}});
  const auto read = purge_from_json(to_json(asked));
  ASSERT_OK(read);
  EXPECT_EQ(to_json(*read), to_json(asked));
  EXPECT_FALSE(purge_from_json(Json::object()));
}

}  // namespace
}  // namespace picket::app
