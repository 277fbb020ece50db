// Packing changes how rows are stored, and nothing that anybody can see; and it hides nothing.
#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "storage/integrity/verify.h"
#include "storage/query.h"
#include "storage/rocks_store.h"
#include "storage/stored_block.h"
#include "tests/storage/crash_fs.h"
#include "tests/storage/scratch.h"
#include "tests/storage/store_model.h"

namespace picket::storage {
namespace {

class PackingTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen(bool read_only = false) {
    store_.reset();
    StoreOptions options;
    options.path = "/store";
    options.pack_rows = 50;
    options.read_only = read_only;
    options.reserve_bytes = 0;
    options.env = env_.get();
    Result<std::unique_ptr<Store>> opened = Store::open(options);
    ASSERT_OK(opened);
    store_ = *std::move(opened);
    for (const std::string& name : kModelSources) ASSERT_OK(store_->source_id(name));
  }

  void commit(int times) {
    for (int i = 0; i < times; ++i) ASSERT_OK(store_->commit(maker_.make(model_)));
  }

  // As many column blocks as there are rows for.
  std::size_t pack() {
    std::size_t blocks = 0;
    for (;; ++blocks) {
      const Result<bool> packed = store_->pack();
      EXPECT_TRUE(packed) << packed.error().what;
      if (!packed || !*packed) return blocks;
    }
  }

  RocksStore& rocks() { return static_cast<RocksStore&>(*store_); }

  std::vector<std::string> keys(bool columns) {
    std::vector<std::string> keys;
    const auto blocks = rocks().iterate(Family::kEvents);
    for (blocks->SeekToFirst(); blocks->Valid(); blocks->Next()) {
      if (is_column_block(view(blocks->value())) == columns) keys.emplace_back(view(blocks->key()));
    }
    return keys;
  }

  // All positions of a scan, in its order, as cursors.
  std::vector<std::string> cursors(ScanOptions options) {
    std::vector<std::string> all;
    EXPECT_TRUE(store_->scan(options, [&](const StoredRow& row) {
      all.push_back(to_cursor(row.position));
      return true;
    }));
    return all;
  }

  std::string findings() {
    VerifyOptions how;
    how.path = "/store";
    how.env = env_.get();
    const Result<VerifyReport> report = verify_store(how);
    if (!report) return report.error().what;
    std::string text;
    for (const Finding& finding : report->findings.kept())
      text += std::string(difference_name(finding.difference)) + " " + finding.kind + " " +
              finding.key + "\n";
    return text;
  }

  // Past the store.
  void put(Family family, const std::string& key, const std::string& value) {
    ASSERT_TRUE(rocks().db().Put({}, rocks().family(family), key, value).ok());
  }

  std::shared_ptr<CrashFs> fs_ = std::make_shared<CrashFs>(1);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
  std::unique_ptr<Store> store_;
  CommitMaker maker_{11};
  StoreModel model_;
};

TEST_F(PackingTest, ChangesNothingThatCanBeSeen) {
  commit(60);
  const std::vector<std::string> forwards = cursors({.newest_first = false});
  EXPECT_GT(pack(), 3U);
  EXPECT_GE(keys(true).size(), 4U);
  EXPECT_EQ(show(*store_), show(model_));
  EXPECT_EQ(cursors({.newest_first = false}), forwards);
  EXPECT_EQ(cursors({}), std::vector(forwards.rbegin(), forwards.rend()));
  const PackStatus status = store_->packing();
  EXPECT_EQ(status.blocks, keys(true).size());
  EXPECT_EQ(status.left, 0U);
  EXPECT_EQ(status.problem, "");
  EXPECT_GT(status.bytes, 0U);
  EXPECT_GT(status.rows, 150U);
  reopen(true);
  EXPECT_EQ(show(*store_), show(model_));
  EXPECT_EQ(findings(), "");
}

TEST_F(PackingTest, EachRowIsFetched) {
  commit(40);
  std::map<std::string, std::string> before;
  const auto fetch_all = [&] {
    std::map<std::string, std::string> found;
    for (const auto& [name, line] : model_.ledger) {
      const SourceId source = *store_->source_id(name);
      for (std::uint64_t seq = 0; seq < line.stored; ++seq) {
        Batch batch;
        const Result<void> done = store_->fetch(source, seq, batch);
        found[name + "/" + std::to_string(seq)] =
            done ? std::string(batch.records()[0].raw) + "@" +
                       std::to_string(batch.records()[0].received_ns)
                 : done.error().what;
      }
      Batch none;
      EXPECT_FALSE(store_->fetch(source, line.stored, none));
    }
    return found;
  };
  before = fetch_all();
  EXPECT_GT(pack(), 0U);
  EXPECT_EQ(fetch_all(), before);
}

TEST_F(PackingTest, CursorsOfBeforeGoOn) {
  commit(30);
  const std::vector<std::string> all = cursors({.newest_first = false});
  EXPECT_GT(pack(), 0U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto at = *position_of_cursor(all[i]);
    const std::vector<std::string> later(all.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                         all.end());
    ASSERT_EQ(cursors({.newest_first = false, .after = at}), later) << i;
    ASSERT_EQ(cursors({.after = at}),
              std::vector(all.rend() - static_cast<std::ptrdiff_t>(i), all.rend()))
        << i;
  }
}

TEST_F(PackingTest, WaitsForRowsEnoughAndGoesOnAfterARestart) {
  EXPECT_EQ(pack(), 0U);
  std::size_t blocks = 0;
  for (int life = 0; life < 12; ++life) {
    commit(4);
    blocks += pack();
    reopen();
  }
  EXPECT_EQ(keys(true).size(), blocks);
  EXPECT_GT(blocks, 2U);
  EXPECT_LT(model_.rows.size() - blocks * 38, 100U) << "what waits is less than two blocks";
  EXPECT_EQ(show(*store_), show(model_));
  EXPECT_EQ(findings(), "");
}

TEST_F(PackingTest, AFilterReadsOnlyRowsThatMayMatch) {
  commit(60);
  EXPECT_GT(pack(), 0U);
  const std::string& one = model_.rows.at(model_.rows.size() / 3);
  const std::string needle = one.substr(one.find("line "), 20);
  const Result<Query> query = parse_query("\"" + needle + "\"");
  ASSERT_OK(query);
  std::size_t handed_out = 0;
  bool found = false;
  const auto totals = store_->scan({.filter = &*query}, [&](const StoredRow& row) {
    ++handed_out;
    found |= row.record.raw.find(needle) != std::string_view::npos;
    return true;
  });
  ASSERT_OK(totals);
  EXPECT_TRUE(found);
  EXPECT_LT(handed_out, 100U);
  EXPECT_EQ(totals->rows, model_.rows.size());
  EXPECT_GT(totals->bytes_ruled_out, totals->bytes_scanned / 2);
}

// What was changed behind the server's back must not become history by being packed.
TEST_F(PackingTest, LeavesABlockThatWasChanged) {
  commit(30);
  const std::string key = keys(false).at(3);
  Batch batch;
  RowBlockBuilder forged;
  forged.add(batch.add("never happened", SourceId{0}, 1, 2), 2, ParseStatus::kParsed);
  std::vector<storage::Run> runs;
  const std::string block = forged.build(runs);
  put(Family::kEvents, key, block + block_checksum(block, BlockKey::of(key)));
  ASSERT_EQ(findings().substr(0, 12), "edited block");
  EXPECT_GT(pack(), 0U);
  EXPECT_EQ(store_->packing().left, 1U);
  EXPECT_NE(store_->packing().problem.find("not what the chain recorded"), std::string::npos);
  EXPECT_EQ(findings().substr(0, 12), "edited block");
}

TEST_F(PackingTest, DoesNotHideThatABlockIsMissing) {
  commit(30);
  const std::string key = keys(false).at(3);
  ASSERT_TRUE(rocks().db().Delete({}, rocks().family(Family::kEvents), key).ok());
  EXPECT_GT(pack(), 0U);
  EXPECT_NE(store_->packing().problem.find("a block before it is missing"), std::string::npos);
  EXPECT_NE(findings().find("deleted block"), std::string::npos);
}

TEST_F(PackingTest, LeavesABlockThatTheChainDoesNotKnow) {
  commit(30);
  const std::string key = keys(false).back();
  const BlockKey last = BlockKey::of(key);
  std::string value;
  ASSERT_TRUE(rocks().db().Get({}, rocks().family(Family::kEvents), key, &value).ok());
  value.resize(value.size() - 8);
  const BlockKey added{last.commit, static_cast<std::uint16_t>(last.part + 1)};
  put(Family::kEvents, added.bytes(), value + block_checksum(value, added));
  commit(30);
  EXPECT_GT(pack(), 0U);
  EXPECT_NE(store_->packing().problem.find("the chain does not know it"), std::string::npos);
  EXPECT_NE(findings().find("added block"), std::string::npos);
}

TEST_F(PackingTest, PackedBlocksAreProvenToo) {
  commit(40);
  EXPECT_GT(pack(), 1U);
  const std::string key = keys(true).at(1);
  std::string value;
  ASSERT_TRUE(rocks().db().Get({}, rocks().family(Family::kEvents), key, &value).ok());
  std::string changed = value;
  changed[changed.size() / 2] ^= 4;
  put(Family::kEvents, key, changed);
  EXPECT_EQ(findings().substr(0, 12), "edited block");
  ASSERT_TRUE(rocks().db().Delete({}, rocks().family(Family::kEvents), key).ok());
  EXPECT_EQ(findings().substr(0, 13), "deleted block");
  put(Family::kEvents, key, value);
  EXPECT_EQ(findings(), "");
}

// The row blocks that a column block stands for, put back beside it.
TEST_F(PackingTest, ReplacedBlocksThatComeBackAreFound) {
  commit(30);
  const std::string key = keys(false).at(1);
  std::string value;
  ASSERT_TRUE(rocks().db().Get({}, rocks().family(Family::kEvents), key, &value).ok());
  EXPECT_GT(pack(), 0U);
  EXPECT_EQ(findings(), "");
  put(Family::kEvents, key, value);
  EXPECT_NE(findings().find("added block"), std::string::npos);
}

TEST_F(PackingTest, AnOlderVersionRefusesTheStoreAfterwards) {
  commit(3);
  const auto format = [&] { return *rocks().get(Family::kMeta, "format"); };
  EXPECT_EQ(*format(), format_value(1));
  commit(30);
  EXPECT_GT(pack(), 0U);
  EXPECT_EQ(*format(), format_value(2));
  put(Family::kMeta, "format", format_value(1));
  EXPECT_NE(findings().find("edited meta format"), std::string::npos);
}

TEST_F(PackingTest, ReadersSeeAWholeStoreMeanwhile) {
  commit(20);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> read = 0;
  std::thread reader([&] {
    while (!done.load()) {
      std::uint64_t before = 0;
      std::map<std::uint32_t, std::uint64_t> next;
      const auto totals = store_->scan({.newest_first = false}, [&](const StoredRow& row) {
        if (next[static_cast<std::uint32_t>(row.record.source)]++ != row.record.seq) ++wrong;
        ++before;
        return true;
      });
      if (!totals) ++wrong;
      for (std::uint64_t seq = 0; seq < next[0]; ++seq) {
        Batch batch;
        if (!store_->fetch(SourceId{0}, seq, batch)) ++wrong;
      }
      ++read;
    }
  });
  for (int i = 0; i < 60; ++i) {
    commit(2);
    pack();
  }
  while (read.load() < 3) std::this_thread::yield();
  done.store(true);
  reader.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_GT(store_->packing().blocks, 5U);
}

}  // namespace
}  // namespace picket::storage
