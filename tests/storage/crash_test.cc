// The promise: what was acknowledged is there after any crash, whole, and at most one commit more.
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "storage/integrity/verify.h"
#include "storage/store.h"
#include "tests/storage/crash_fs.h"
#include "tests/storage/scratch.h"
#include "tests/storage/store_model.h"

namespace picket::storage {
namespace {

int cycles(int fallback) {
  const char* const set = std::getenv("PICKET_CRASH_CYCLES");
  return set != nullptr ? std::max(1, static_cast<int>(std::strtol(set, nullptr, 10))) : fallback;
}

// A disk, and a store on it that comes and goes.
class Machine {
 public:
  explicit Machine(std::uint64_t seed, bool sync = true)
      : fs(std::make_shared<CrashFs>(seed)), env_(rocksdb::NewCompositeEnv(fs)), sync_(sync) {}
  ~Machine() { store.reset(); }

  Result<void> open() {
    store.reset();
    // Memtables of a few commits, so that flushes and their files are under way when it crashes.
    Result<std::unique_ptr<Store>> opened = Store::open({.path = "/store",
                                                         .sync = sync_,
                                                         .pack_rows = 40,
                                                         .env = env_.get(),
                                                         .reserve_bytes = 0,
                                                         .memtable_bytes = 64 * 1024});
    if (!opened) return tl::unexpected(opened.error());
    store = *std::move(opened);
    for (std::size_t i = 0; i < kModelSources.size(); ++i) {
      PICKET_TRY(const SourceId id, store->source_id(kModelSources[i]));
      if (id != SourceId{static_cast<std::uint32_t>(i)})
        return fail(Errc::kCorrupt, "source ids moved");
    }
    return {};
  }

  void power_cut() {
    fs->crash();
    store.reset();
    fs->restart();
  }

  std::shared_ptr<CrashFs> fs;
  rocksdb::Env* env() { return env_.get(); }

 private:
  std::unique_ptr<rocksdb::Env> env_;
  bool sync_;

 public:
  std::unique_ptr<Store> store;
};

// RocksDB recovers in the background once there is space; until then the answer stays kFull.
Result<void> commit_when_recovered(Store& store, const Commit& commit) {
  Result<void> done = store.commit(commit);
  for (int i = 0; i < 1000 && !done && done.error().code == Errc::kFull; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    done = store.commit(commit);
  }
  return done;
}

struct Outcome {
  int crashes = 0;
  int lost = 0;   // crashes after which an acknowledged commit was missing
  int extra = 0;  // crashes after which the commit under way was there though never acknowledged
  int packed = 0;  // column blocks written
  std::string wrong;  // the first of those
};

// Commits until a crash at a random operation, then compares what is left with what was
// acknowledged.
Outcome run(std::uint64_t seed, int crashes, bool sync) {
  Outcome outcome;
  std::mt19937_64 random(seed);
  while (outcome.crashes < crashes && outcome.wrong.empty()) {
    Machine machine(random(), sync);
    CommitMaker maker(random());
    StoreModel acked;
    for (int life = 0; life < 12 && outcome.crashes < crashes && outcome.wrong.empty(); ++life) {
      machine.fs->arm(Fault::kCrash, FaultAt::kAny, 1 + random() % (life == 0 ? 150 : 60));
      StoreModel pending = acked;
      // Now and then it crashes while it opens, or makes, the store.
      const bool opens = !machine.store || random() % 4 == 0;
      if (!opens || machine.open()) {
        while (!machine.fs->crashed()) {
          pending = acked;
          const Commit commit = maker.make(pending);
          if (!machine.store->commit(commit)) break;
          acked = pending;
          const Result<bool> packed = machine.store->pack();  // changes nothing that can be seen
          if (!packed) break;
          if (*packed) ++outcome.packed;
        }
      }
      machine.power_cut();
      ++outcome.crashes;
      const Result<void> opened = machine.open();
      const std::string left =
          opened ? show(*machine.store) : "cannot be opened: " + opened.error().what;
      if (opened && outcome.crashes % 5 == 0) {  // the chain is whole after any crash
        VerifyOptions how;
        how.path = "/store";
        how.env = machine.env();
        const Result<VerifyReport> report = verify_store(how);
        if (!report || !report->is_clean())
          outcome.wrong = report ? dump_json(to_json(report->findings.kept().front())) : report.error().what;
      }
      if (left == show(acked)) continue;
      if (left == show(pending)) {
        acked = pending;
        ++outcome.extra;
        continue;
      }
      ++outcome.lost;
      if (sync) outcome.wrong = left + "\nacknowledged:\n" + show(acked);
      break;  // the model knows no way back: go on with a new disk
    }
  }
  return outcome;
}

TEST(Crash, AcknowledgedCommitsSurviveWhole) {
  const int wanted = cycles(200);
  const Outcome outcome = run(20260101, wanted, true);
  EXPECT_EQ(outcome.wrong, "");
  EXPECT_EQ(outcome.crashes, wanted);
  EXPECT_EQ(outcome.lost, 0);
  EXPECT_GT(outcome.packed, wanted / 4);
  if (wanted >=
      100) {  // some crash fell between writing and acknowledging, or the test is too tame
    EXPECT_GT(outcome.extra, 0);
  }
}

// The negative control: the same test must see losses when nothing is synced, or it proves nothing.
TEST(Crash, WithoutSyncTheTestSeesLosses) {
  const Outcome outcome = run(20260101, std::min(cycles(40), 40), false);
  EXPECT_GT(outcome.lost, 0);
}

// The n-th sync (or write) fails, for every n: nothing that failed was acknowledged, nothing that
// was acknowledged is lost, and after a failure every commit fails with the same words.
void fail_every(FaultAt at, Fault fault) {
  int failures = 0;
  for (std::uint64_t n = 1;; ++n) {
    Machine machine(n);
    CommitMaker maker(n);
    StoreModel acked;
    ASSERT_OK(machine.open());
    machine.fs->arm(fault, at, n);
    std::string first_error;
    StoreModel pending;
    for (int i = 0; i < 8; ++i) {
      StoreModel next = acked;
      const Commit commit = maker.make(next);
      const Result<void> done = machine.store->commit(commit);
      if (done) {
        ASSERT_EQ(first_error, "") << "a commit after a failed one, n=" << n;
        acked = next;
      } else {
        if (first_error.empty()) pending = next;
        ASSERT_EQ(done.error().code, Errc::kIo);
        if (first_error.empty()) first_error = done.error().what;
        ASSERT_EQ(done.error().what, first_error);
      }
    }
    const bool fired = !machine.fs->armed();
    if (!first_error.empty()) {
      ++failures;
      EXPECT_EQ(show(*machine.store), show(acked)) << "reading goes on, n=" << n;
    }
    machine.power_cut();
    ASSERT_OK(machine.open());
    const std::string left = show(*machine.store);
    if (left != show(acked)) {
      ASSERT_EQ(left, show(pending)) << "n=" << n;
    }
    if (!fired) break;
  }
  EXPECT_GE(failures, 8);
}

TEST(Crash, EveryFailedSyncStopsTheStore) {
  fail_every(FaultAt::kSync, Fault::kIoError);
}
TEST(Crash, EveryFailedWriteStopsTheStore) {
  fail_every(FaultAt::kWrite, Fault::kIoError);
}

// The disk is full at the n-th write, for every n: that commit says kFull, and the very same commit
// succeeds when there is space again.
TEST(Full, TheSameCommitSucceedsWhenSpaceReturns) {
  int refused = 0;
  for (std::uint64_t n = 1;; ++n) {
    Machine machine(n);
    CommitMaker maker(n);
    StoreModel acked;
    ASSERT_OK(machine.open());
    machine.fs->arm(Fault::kNoSpace, FaultAt::kWrite, n);
    for (int i = 0; i < 8; ++i) {
      StoreModel next = acked;
      const Commit commit = maker.make(next);
      Result<void> done = machine.store->commit(commit);
      if (!done) {
        ++refused;
        ASSERT_EQ(done.error().code, Errc::kFull) << done.error().what;
        ASSERT_EQ(show(*machine.store), show(acked)) << "n=" << n;
        done = commit_when_recovered(*machine.store, commit);
      }
      ASSERT_TRUE(done) << "n=" << n << ": " << done.error().what;
      acked = next;
    }
    ASSERT_EQ(show(*machine.store), show(acked));
    const bool fired = !machine.fs->armed();
    machine.power_cut();
    ASSERT_OK(machine.open());
    ASSERT_EQ(show(*machine.store), show(acked)) << "n=" << n;
    if (!fired) break;
  }
  EXPECT_GE(refused, 8);
}

// A small disk fills up for real, stays full for a while, and gets space again.
TEST(Full, AFullDiskRefusesUntilThereIsSpace) {
  Machine machine(5);
  CommitMaker maker(5);
  StoreModel acked;
  ASSERT_OK(machine.open());
  machine.fs->set_capacity(machine.fs->used() + 40'000);
  Commit refused;
  StoreModel next;
  for (;;) {
    next = acked;
    refused = maker.make(next);
    const Result<void> done = machine.store->commit(refused);
    if (!done) {
      EXPECT_EQ(done.error().code, Errc::kFull) << done.error().what;
      break;
    }
    acked = next;
  }
  EXPECT_GT(acked.commits, 3U);
  for (int i = 0; i < 5; ++i) {
    const Result<void> done = machine.store->commit(refused);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::kFull) << done.error().what;
    EXPECT_EQ(show(*machine.store), show(acked));
  }
  machine.fs->set_capacity(UINT64_MAX);
  ASSERT_OK(commit_when_recovered(*machine.store, refused));
  EXPECT_EQ(show(*machine.store), show(next));
  machine.power_cut();
  ASSERT_OK(machine.open());
  EXPECT_EQ(show(*machine.store), show(next));
}

// A flipped bit anywhere is an error, or harmless; in the log it may look like a torn end, and then
// an earlier state is left, whole. Never a wrong answer.
TEST(Damage, AFlippedBitIsNeverAWrongAnswer) {
  std::mt19937_64 random(3);
  int noticed = 0;
  const int rounds = std::min(cycles(25), 25);
  std::string history;  // every round commits the same
  for (int round = 0; round < rounds; ++round) {
    Machine machine(9);
    CommitMaker maker(9);
    StoreModel acked;
    ASSERT_OK(machine.open());
    if (round == 0) history = show(acked) + "\x01";
    for (int i = 0; i < 60; ++i) {
      const Commit commit = maker.make(acked);
      ASSERT_OK(machine.store->commit(commit));
      if (round == 0) history += show(acked) + "\x01";
    }
    machine.power_cut();
    auto files = machine.fs->files();
    std::erase_if(files, [](const auto& file) { return file.second == 0; });
    const auto& [path, size] = files[random() % files.size()];
    machine.fs->flip_bit(path, random() % (size * 8));
    if (!machine.open()) {
      ++noticed;
      continue;
    }
    const std::string left = show(*machine.store);
    if (left.find("error:") != std::string::npos) {
      ++noticed;
    } else {
      ASSERT_NE(history.find(left + "\x01"), std::string::npos) << path << "\n" << left;
    }
  }
  EXPECT_GT(noticed, 0);
}

}  // namespace
}  // namespace picket::storage
