// The files of a store as of one instant: while it is written to, and of one that is damaged.
#include "storage/link_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "storage/integrity/verify.h"
#include "storage/store.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRowsOfCommit = 20;

class LinkStoreTest : public testing::Test {
 protected:
  LinkStoreTest() { open(); }

  // Small memtables: tables are written and merged.
  void open() {
    auto opened = Store::open(
        {.path = path("store"), .sync = false, .reserve_bytes = 0, .memtable_bytes = 512 * 1024});
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
    ASSERT_TRUE(store_->source_id("web"));
  }

  std::string path(const std::string& name) const { return scratch_.path() + "/" + name; }

  void commit() {
    Batch batch;
    for (std::uint64_t i = 0; i < kRowsOfCommit; ++i, ++seq_) {
      std::string text;
      for (int word = 0; word < 20; ++word) text += std::to_string(random_()) + " ";
      batch.add(text, SourceId{}, seq_, 5'000);
      batch.begin_event().time_ns = 1'000;
    }
    Commit one;
    one.add(batch, {});
    one.put_state("rows", std::to_string(seq_));
    ASSERT_TRUE(store_->commit(one));
  }

  // Of the linked store: how many rows it has, each whole commits with what belongs to them.
  std::uint64_t rows_of(const std::string& folder) {
    VerifyOptions options;
    options.path = folder;
    const auto report = verify_store(options);
    EXPECT_TRUE(report) << report.error().what;
    if (!report) return 0;
    EXPECT_TRUE(report->is_clean());
    const auto linked = Store::open({.path = folder, .read_only = true});
    EXPECT_TRUE(linked) << linked.error().what;
    if (!linked) return 0;
    const auto state = (*linked)->state("rows");
    EXPECT_TRUE(state);
    EXPECT_EQ(report->rows % kRowsOfCommit, 0U);
    if (report->rows > 0) {
      EXPECT_EQ(**state, std::to_string(report->rows));
    }
    return report->rows;
  }

  Scratch scratch_;
  std::unique_ptr<Store> store_;
  std::mt19937_64 random_{1};
  std::uint64_t seq_ = 0;
};

TEST_F(LinkStoreTest, IsWholeWhileTheStoreIsWrittenTo) {
  std::jthread writer([&](const std::stop_token& done) {
    while (!done.stop_requested()) {
      commit();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  std::uint64_t before = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string folder = path("linked-" + std::to_string(i));
    const auto linked = link_store(path("store"), folder);
    ASSERT_TRUE(linked) << linked.error().what;
    const std::uint64_t rows = rows_of(folder);
    EXPECT_GE(rows, before);
    before = rows;
  }
  EXPECT_GT(before, 0U);
}

// Without looking at the list again the rows of the logs that went meanwhile would be lost.
TEST_F(LinkStoreTest, IsMadeAgainWhenTablesChangedMeanwhile) {
  for (int i = 0; i < 5; ++i) commit();
  int calls = 0;
  const auto change = [&] {
    if (++calls > 1) return;
    store_.reset();
    open();  // what was in the log is written to tables, and the log removed
  };
  const auto linked = link_store(path("store"), path("linked"), change);
  ASSERT_TRUE(linked) << linked.error().what;
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(rows_of(path("linked")), 5 * kRowsOfCommit);
}

TEST_F(LinkStoreTest, GivesUpOnAStoreThatIsNeverTheSame) {
  commit();
  const auto change = [&] {
    store_.reset();
    open();
  };
  const auto linked = link_store(path("store"), path("linked"), change);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code, Errc::kBusy);
}

TEST_F(LinkStoreTest, TablesAreSharedAndStayWhenTheStoreIsGone) {
  for (int i = 0; i < 50; ++i) commit();
  store_.reset();
  open();  // what was in the log is written to tables
  store_.reset();
  const auto linked = link_store(path("store"), path("linked"));
  ASSERT_TRUE(linked) << linked.error().what;
  ASSERT_FALSE(linked->tables.empty());
  for (const std::string& name : linked->tables)
    EXPECT_TRUE(fs::equivalent(path("store/" + name), path("linked/" + name))) << name;
  for (const std::string& name : linked->others) {
    EXPECT_TRUE(fs::exists(path("linked/" + name))) << name;
    EXPECT_FALSE(fs::equivalent(path("store/" + name), path("linked/" + name))) << name;
  }
  fs::remove_all(path("store"));
  EXPECT_EQ(rows_of(path("linked")), 50 * kRowsOfCommit);
  EXPECT_EQ(link_store(path("store"), path("again")).error().code, Errc::kNotFound);
}

TEST_F(LinkStoreTest, DamageIsFound) {
  for (int i = 0; i < 50; ++i) commit();
  store_.reset();
  open();  // what was in the log is written to tables
  store_.reset();
  const auto linked = link_store(path("store"), path("linked"));
  ASSERT_TRUE(linked) << linked.error().what;
  std::fstream table(path("store/" + linked->tables.front()),
                     std::ios::in | std::ios::out | std::ios::binary);
  table.seekp(20);
  table.write("damaged", 7);
  table.close();
  const auto damaged = link_store(path("store"), path("damaged"));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Errc::kCorrupt);
}

}  // namespace
}  // namespace picket::storage
