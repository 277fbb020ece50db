// History: a small store with everything in it, made by random commits, and all that its database
// holds, as it was after each of them: what a forger with the database in his hands may put back,
// change, or forge.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/world.h"
#include "storage/rocks_store.h"
#include "tests/storage/crash_fs.h"
#include "tests/storage/scratch.h"
#include "tests/storage/store_model.h"

namespace picket::storage {

// Of each column family: key and value.
using Contents = std::array<std::map<std::string, std::string>, kFamilies>;

// What a forger would touch: not the state of correlations, which follows from the events.
inline bool is_history(Family family) {
  return family != Family::kState;
}

inline Contents contents_of(const RocksStore& store) {
  Contents contents;
  for (std::size_t i = 0; i < kFamilies; ++i) {
    const auto entries = store.iterate(static_cast<Family>(i));
    for (entries->SeekToFirst(); entries->Valid(); entries->Next())
      contents[i].emplace(view(entries->key()), view(entries->value()));
    EXPECT_TRUE(entries->status().ok());
  }
  return contents;
}

// Makes the database hold `wanted`; past the store, as a forger does it.
inline void replace(const RocksStore& store, const Contents& now, const Contents& wanted) {
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i < kFamilies; ++i) {
    rocksdb::ColumnFamilyHandle* const family = store.family(static_cast<Family>(i));
    for (const auto& [key, value] : now[i]) {
      if (!wanted[i].contains(key)) batch.Delete(family, key);
    }
    for (const auto& [key, value] : wanted[i]) {
      const auto found = now[i].find(key);
      if (found == now[i].end() || found->second != value) batch.Put(family, key, value);
    }
  }
  ASSERT_TRUE(store.db().Write({}, &batch).ok());
}

class History {
 public:
  explicit History(std::uint64_t seed)
      : fs_(std::make_shared<CrashFs>(seed)), env_(rocksdb::NewCompositeEnv(fs_)) {
    std::filesystem::create_directories(outside.path());
  }

  StoreOptions options() {
    StoreOptions options;
    options.path = "/store";
    options.env = env_.get();
    options.reserve_bytes = 0;
    options.pack_rows = 40;
    options.memtable_bytes = 64 * 1024;
    options.key_file = outside.path() + "/key";
    options.head_file = outside.path() + "/heads";
    options.clock = &clock;
    return options;
  }

  // Commits, documents in between, and a clean end. With `snapshots`, after each of them.
  void make(int commits, bool snapshots) {
    Result<std::unique_ptr<Store>> opened = Store::open(options());
    ASSERT_OK(opened);
    auto& store = static_cast<RocksStore&>(**opened);
    for (const std::string& name : kModelSources) ASSERT_OK(store.source_id(name));
    CommitMaker maker(7);
    for (int i = 0; i < commits; ++i) {
      clock.advance(std::chrono::milliseconds(3100));
      Commit commit = maker.make(model);
      if (i % 5 == 4 && !model.alerts.empty()) {
        commit.delete_alert(model.alerts.begin()->first);
        model.alerts.erase(model.alerts.begin());
      }
      ASSERT_OK(store.commit(commit));
      if (i % 3 == 0) {
        ASSERT_OK(store.put_document("runs", std::to_string(i % 4), {{"step", i}}));
      }
      if (packs) {
        ASSERT_OK(store.pack());
      }
      if (snapshots) past.push_back(contents_of(store));
    }
    opened->reset();
  }

  CrashFs& fs() { return *fs_; }
  rocksdb::Env* env() { return env_.get(); }

  Scratch outside;  // the key and the exported heads
  SimClock clock{std::chrono::seconds(1'767'225'600)};
  StoreModel model;
  bool packs = true;
  std::vector<Contents> past;  // after each commit

 private:
  std::shared_ptr<CrashFs> fs_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace picket::storage
