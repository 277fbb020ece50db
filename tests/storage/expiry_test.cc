// What is past its retention goes, and nothing else; and it goes in the open.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/world.h"
#include "storage/integrity/verify.h"
#include "storage/rocks_store.h"
#include "tests/storage/crash_fs.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

class ExpiryTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen() {
    store_.reset();
    StoreOptions options;
    options.path = "/store";
    options.pack_rows = 50;
    options.reserve_bytes = 0;
    options.env = env_.get();
    options.clock = &clock_;
    Result<std::unique_ptr<Store>> opened = Store::open(options);
    ASSERT_OK(opened);
    store_ = *std::move(opened);
    for (const char* const name : {"web", "fw"}) ASSERT_OK(store_->source_id(name));
  }

  // An hour later: rows of these sources, whose own time is long ago or far ahead.
  void commit(const std::vector<std::uint32_t>& sources, int rows = 10) {
    clock_.advance(std::chrono::hours(1));
    Batch batch;
    for (const std::uint32_t source : sources) {
      for (int i = 0; i < rows; ++i) {
        batch.add("row", SourceId{source}, next_[source]++, clock_.now().count());
        batch.begin_event().time_ns = own_time_ != 0           ? own_time_
                                      : next_[source] % 2 == 0 ? 1
                                                               : INT64_MAX - 1;
      }
    }
    Commit commit;
    commit.add(batch, {});
    ASSERT_OK(store_->commit(commit));
  }

  // Keeps what was stored in the last hours; 0: everything.
  ExpiryTotals expire(std::map<std::string, int> hours, std::vector<Hold> holds = {}) {
    const auto since = [&](std::string_view source) {
      const int kept = hours[std::string(source)];
      return kept == 0 ? INT64_MIN : clock_.now().count() - kept * kHour + kHour / 2;
    };
    const Result<ExpiryTotals> totals = store_->expire({.since = since, .holds = [&] { return holds; }});
    EXPECT_TRUE(totals) << totals.error().what;
    return totals ? *totals : ExpiryTotals();
  }

  void pack() {
    for (;;) {
      const Result<bool> packed = store_->pack();
      ASSERT_OK(packed);
      if (!*packed) return;
    }
  }

  // Rows of each source, and the first number that is there.
  std::string left() {
    std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> found;
    EXPECT_TRUE(store_->scan({.newest_first = false}, [&](const StoredRow& row) {
      auto& [count, first] = found[static_cast<std::uint32_t>(row.record.source)];
      if (count++ == 0) first = row.record.seq;
      return true;
    }));
    std::string text;
    for (const auto& [source, rows] : found)
      text += (text.empty() ? "" : " ") + std::to_string(source) + ":" +
              std::to_string(rows.first) + "@" + std::to_string(rows.second);
    return text;
  }

  std::string findings() {
    VerifyOptions how;
    how.path = "/store";
    how.env = env_.get();
    const Result<VerifyReport> report = verify_store(how);
    if (!report) return report.error().what;
    return report->is_clean() ? "" : dump_json(to_json(report->findings.kept().front()));
  }

  std::shared_ptr<CrashFs> fs_ = std::make_shared<CrashFs>(1);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
  SimClock clock_{std::chrono::seconds(1'767'225'600)};
  std::unique_ptr<Store> store_;
  std::map<std::uint32_t, std::uint64_t> next_;
  std::int64_t own_time_ = 0;  // of all rows; 0: long ago and far ahead
};

TEST_F(ExpiryTest, GoesByTheTimeOfStoring) {
  for (int i = 0; i < 10; ++i) commit({0});
  EXPECT_EQ(expire({}).blocks, 0U);
  const ExpiryTotals totals = expire({{"web", 4}});
  EXPECT_EQ(totals.blocks, 6U);
  EXPECT_EQ(totals.rows, 60U);
  EXPECT_EQ(totals.raw_bytes, 180U);
  EXPECT_GT(totals.bytes, 0U);
  EXPECT_EQ(left(), "0:40@60");
  EXPECT_EQ(expire({{"web", 4}}).blocks, 0U);
  EXPECT_EQ(findings(), "");
  Batch batch;
  const Result<void> gone = store_->fetch(SourceId{0}, 59, batch);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::kNotFound);
  EXPECT_TRUE(store_->fetch(SourceId{0}, 60, batch));
  EXPECT_EQ(store_->ledger()->at(0).stored, 100U) << "what was stored stays counted";
}

TEST_F(ExpiryTest, EachSourceHasItsOwnTime) {
  for (int i = 0; i < 6; ++i) {
    commit({0});
    commit({1});
  }
  EXPECT_EQ(expire({{"web", 4}}).blocks, 4U);
  EXPECT_EQ(left(), "0:20@40 1:60@0");
  EXPECT_EQ(expire({{"web", 4}, {"fw", 8}}).blocks, 2U);
  EXPECT_EQ(left(), "0:20@40 1:40@20");
  EXPECT_EQ(findings(), "");
}

TEST_F(ExpiryTest, ABlockOfTwoSourcesGoesWhenBothMay) {
  for (int i = 0; i < 8; ++i) commit({0, 1});
  EXPECT_EQ(expire({{"web", 2}}).blocks, 0U);
  EXPECT_EQ(expire({{"web", 2}, {"fw", 5}}).blocks, 3U);
  EXPECT_EQ(left(), "0:50@30 1:50@30");
}

TEST_F(ExpiryTest, ColumnBlocksGoWhenTheirLastRowMay) {
  for (int i = 0; i < 12; ++i) commit({0});
  pack();  // five commits to a block
  EXPECT_EQ(store_->packing().blocks, 2U);
  EXPECT_EQ(expire({{"web", 8}}).blocks, 0U) << "its last row is kept";
  EXPECT_EQ(expire({{"web", 6}}).blocks, 1U);
  EXPECT_EQ(left(), "0:70@50");
  EXPECT_EQ(findings(), "");
  reopen();
  EXPECT_EQ(left(), "0:70@50");
}

TEST_F(ExpiryTest, PackingGoesOnBehindWhatWasRemoved) {
  for (int i = 0; i < 4; ++i) commit({0});
  EXPECT_EQ(expire({{"web", 2}}).blocks, 2U);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 6; ++i) commit({0});
    pack();
    EXPECT_EQ(store_->packing().problem, "");
    EXPECT_EQ(store_->packing().blocks, 1U);
    reopen();
  }
  EXPECT_EQ(left(), "0:140@20");
  EXPECT_EQ(findings(), "");
}

Hold hold_of(std::string source, std::int64_t from_ns = INT64_MIN, std::int64_t to_ns = INT64_MAX) {
  return {[source](std::string_view name) { return name == source; }, from_ns, to_ns};
}

TEST_F(ExpiryTest, WhatIsUnderAHoldStays) {
  const std::int64_t begin = clock_.now().count();
  own_time_ = 1;
  for (int i = 0; i < 6; ++i) {
    commit({0});
    commit({1});
  }
  // Stored by the odd hours.
  const Hold middle = hold_of("web", begin + 4 * kHour, begin + 6 * kHour);
  const ExpiryTotals totals = expire({{"web", 1}, {"fw", 1}}, {middle});
  EXPECT_EQ(totals.held, 1U);
  EXPECT_EQ(totals.blocks, 10U);
  EXPECT_EQ(left(), "0:10@20 1:10@50");
  EXPECT_EQ(findings(), "");
  EXPECT_EQ(expire({{"web", 1}, {"fw", 1}}).blocks, 1U) << "and goes when the hold has gone";
}

TEST_F(ExpiryTest, AHoldCountsByTheTimeOfTheRecordsToo) {
  own_time_ = 1000;
  for (int i = 0; i < 4; ++i) commit({0});
  EXPECT_EQ(expire({{"web", 1}}, {hold_of("web", 1000, 1001)}).blocks, 0U) << "rows of 1970";
  EXPECT_EQ(expire({{"web", 1}}, {hold_of("fw"), hold_of("web", 5, 1000)}).blocks, 3U);
  for (int i = 0; i < 4; ++i) commit({0});
  EXPECT_EQ(expire({{"web", 1}}, {hold_of("fw")}).blocks, 4U);
}

TEST_F(ExpiryTest, AHoldKeepsColumnBlocks) {
  own_time_ = 1;
  for (int i = 0; i < 12; ++i) commit({0});
  pack();
  const std::int64_t now = clock_.now().count();
  const Hold second = hold_of("web", now - 11 * kHour + 1, now - 10 * kHour + 1);
  EXPECT_EQ(expire({{"web", 1}}, {second}).held, 1U);
  EXPECT_EQ(left(), "0:60@0");  // the first block, and what is kept anyway
}

// One who removes a block behind the server's back is found, though others went in the open.
TEST_F(ExpiryTest, HidesNobody) {
  for (int i = 0; i < 8; ++i) commit({0});
  EXPECT_EQ(expire({{"web", 5}}).blocks, 3U);
  auto& rocks = static_cast<RocksStore&>(*store_);
  const auto blocks = rocks.iterate(Family::kEvents);
  blocks->SeekToFirst();
  ASSERT_TRUE(rocks.db().Delete({}, rocks.family(Family::kEvents), blocks->key()).ok());
  EXPECT_NE(findings().find("deleted"), std::string::npos);
}

}  // namespace
}  // namespace picket::storage
