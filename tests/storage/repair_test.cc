// Damage on the disk: a check finds it, a repair takes it out and keeps it, says what is lost, and
// leaves all else as it was.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/world.h"
#include "storage/encoding.h"
#include "storage/integrity/verify.h"
#include "storage/repair/repair.h"
#include "storage/rocks_store.h"
#include "tests/storage/history.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;

class RepairTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(data_.path());
    make(60);
    before_ = contents();
  }

  std::string path() const { return data_.path() + "/store"; }
  std::string quarantine() const { return data_.path() + "/quarantine/now"; }

  StoreOptions options() {
    StoreOptions options;
    options.path = path();
    options.reserve_bytes = 0;
    options.pack_rows = pack_rows_;
    options.key_file = data_.path() + "/integrity-key";
    options.clock = &clock_;
    return options;
  }

  // Commits of three sources with everything in them, in files of a few each.
  void make(int commits) {
    Result<std::unique_ptr<Store>> opened = Store::open(options());
    ASSERT_OK(opened);
    auto& store = static_cast<RocksStore&>(**opened);
    for (const std::string& name : kModelSources) ASSERT_OK(store.source_id(name));
    CommitMaker maker(11);
    for (int i = 0; i < commits; ++i) {
      clock_.advance(std::chrono::seconds(30));
      ASSERT_OK(store.commit(maker.make(model_)));
      ASSERT_OK(store.put_document("runs", std::to_string(i), {{"step", i}}));
      if (i % 10 == 9) {
        ASSERT_OK(store.pack());
        flush(store);
      }
    }
    flush(store);
  }

  static void flush(RocksStore& store) {
    for (std::size_t i = 0; i < kFamilies; ++i)
      ASSERT_TRUE(store.db().Flush({}, store.family(static_cast<Family>(i))).ok());
  }

  Contents contents() {
    StoreOptions how;
    how.path = path();
    how.read_only = true;
    const auto store = RocksStore::open_unread(how);
    EXPECT_TRUE(store) << store.error().what;
    return store ? contents_of(**store) : Contents();
  }

  // Files of a column family, oldest first.
  std::vector<std::string> files_of(const std::string& family) {
    StoreOptions how;
    how.path = path();
    how.read_only = true;
    const auto store = RocksStore::open_unread(how);
    EXPECT_TRUE(store);
    std::vector<rocksdb::LiveFileMetaData> live;
    (*store)->db().GetLiveFilesMetaData(&live);
    std::vector<std::string> names;
    for (const auto& file : live) {
      if (file.column_family_name == family) names.push_back(path() + file.name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void remove_families(const std::vector<std::string>& families) {
    std::vector<std::string> files;
    for (const std::string& family : families) {
      for (std::string& file : files_of(family)) files.push_back(std::move(file));
    }
    for (const std::string& file : files) fs::remove(file);
  }

  static void flip_bit(const std::string& file, std::uint64_t at) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(at));
    const int byte = bytes.get();
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put(static_cast<char>(byte ^ 4));
    ASSERT_TRUE(bytes.good());
  }

  Result<CheckReport> check() {
    CheckStoreOptions how;
    how.verify.path = path();
    return check_store(how);
  }

  Result<RepairReport> repair() {
    RepairOptions how;
    how.path = path();
    how.quarantine = quarantine();
    how.actor = "tester";
    how.key_file = data_.path() + "/integrity-key";
    how.clock = &clock_;
    return repair_store(how);
  }

  VerifyReport verify() {
    VerifyOptions how;
    how.path = path();
    const Result<VerifyReport> report = verify_store(how);
    EXPECT_TRUE(report) << report.error().what;
    return report ? *report : VerifyReport();
  }

  static std::string show(const VerifyReport& report) {
    std::string text;
    for (const Finding& finding : report.findings.kept())
      text += dump_json(to_json(finding)) + "\n";
    return text;
  }

  // Without chain and index: row blocks that were packed may be there again.
  static bool knows_nothing_of_packing(const RepairReport& report) {
    return report.new_chain &&
           std::any_of(report.damaged.begin(), report.damaged.end(),
                       [](const DamagedFile& file) { return file.family == "event_index"; });
  }

  static bool is_earlier(const RepairReport& report, Family family) {
    const std::map<Family, std::string> kinds = {{Family::kAlerts, "alert"},
                                                 {Family::kIncidents, "incident"},
                                                 {Family::kDocuments, "document"},
                                                 {Family::kOffsets, "offset"},
                                                 {Family::kAlertIndex, "alert"},
                                                 {Family::kEntityIndex, "alert"}};
    const auto kind = kinds.find(family);
    return kind != kinds.end() && report.earlier.contains(kind->second);
  }

  // Everything that is there was there before and is as it was, but for what a repair writes.
  void expect_rest_is_the_same(const RepairReport& report) {
    const Contents after = contents();
    for (std::size_t i = 0; i < kFamilies; ++i) {
      const auto family = static_cast<Family>(i);
      if (family == Family::kChain) continue;
      if (family == Family::kEvents && knows_nothing_of_packing(report)) continue;
      for (const auto& [key, value] : after[i]) {
        const auto was = before_[i].find(key);
        if (family == Family::kDocuments && key.starts_with("repairs")) continue;
        if (family == Family::kMeta && key == "format") continue;
        if (family == Family::kLedger && !report.recounted.empty()) continue;
        if (family == Family::kSources && report.lost.contains("source")) continue;
        if (is_earlier(report, family)) continue;
        ASSERT_TRUE(was != before_[i].end()) << kFamilyNames[i] << " has something new";
        ASSERT_EQ(was->second, value) << kFamilyNames[i];
      }
    }
    const std::size_t gone = before_[0].size() - after[0].size();
    if (!knows_nothing_of_packing(report)) {
      EXPECT_EQ(gone, report.blocks);
    }
  }

  // A server can use it: all that is there is found, new records come in, are packed and go out.
  void expect_goes_on() {
    Result<std::unique_ptr<Store>> opened = Store::open(options());
    ASSERT_OK(opened);
    auto& store = static_cast<RocksStore&>(**opened);
    std::uint64_t rows = 0;
    ASSERT_OK(store.scan({}, [&](const StoredRow& row) {
      ++rows;
      Batch one;
      EXPECT_TRUE(store.fetch(row.record.source, row.record.seq, one));
      return true;
    }));
    const Result<std::vector<Ledger>> ledger = store.ledger();
    ASSERT_OK(ledger);
    for (const Ledger& line : *ledger) EXPECT_EQ(line.residual(), 0) << line.source;
    Batch batch;
    const std::uint64_t next = store.next_seq(SourceId{0});
    for (std::uint64_t i = 0; i < 500; ++i) {
      batch.add("new record", SourceId{0}, next + i, clock_.now().count());
      batch.begin_event().time_ns = clock_.now().count();
    }
    Commit commit;
    commit.add(batch, {});
    ASSERT_OK(store.commit(commit));
    for (bool more = true; more;) {
      const Result<bool> packed = store.pack();
      ASSERT_OK(packed);
      more = *packed;
    }
    std::uint64_t now = 0;
    ASSERT_OK(store.scan({}, [&](const StoredRow&) { return ++now > 0; }));
    EXPECT_EQ(now, rows + 500);
    std::string cursor;
    ASSERT_OK(store.alerts({}, 1000, cursor));
    ASSERT_OK(store.incidents(1000, cursor));
  }

  void damage(std::mt19937_64& random) {
    std::vector<std::string> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(path())) {
      if (entry.path().extension() == ".sst") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    for (int i = 0; i < 3; ++i) {
      const std::string& file = files[random() % files.size()];
      const std::uint64_t size = fs::exists(file) ? fs::file_size(file) : 0;
      if (size == 0 || random() % 8 == 0) {
        fs::remove(file);
      } else if (random() % 8 == 0) {
        fs::resize_file(file, random() % size);
      } else {
        flip_bit(file, random() % size);
      }
    }
  }

  void damage_anywhere(std::uint64_t seed, int fallback) {
    const char* const set = std::getenv("PICKET_REPAIR_ROUNDS");
    const int rounds = set != nullptr ? std::atoi(set) : fallback;
    std::mt19937_64 random(seed);
    const std::string copy = data_.path() + "/copy";
    fs::copy(path(), copy, fs::copy_options::recursive);
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      damage(random);
      const Result<CheckReport> found = check();
      ASSERT_OK(found);
      const Result<RepairReport> report = repair();
      ASSERT_OK(report);
      EXPECT_EQ(found->is_sound(), !report->changed);
      SCOPED_TRACE(dump_json(to_json(*report)));
      expect_rest_is_the_same(*report);
      EXPECT_TRUE(verify().is_clean()) << show(verify());
      expect_goes_on();
      EXPECT_TRUE(verify().is_clean()) << show(verify());
      fs::remove_all(path());
      fs::remove_all(quarantine());
      fs::copy(copy, path(), fs::copy_options::recursive);
    }
  }

  void expect_repaired(bool with_loss = true) {
    const Result<CheckReport> found = check();
    ASSERT_OK(found);
    EXPECT_FALSE(found->is_sound());
    const Result<RepairReport> report = repair();
    ASSERT_OK(report);
    SCOPED_TRACE(dump_json(to_json(*report)));
    EXPECT_TRUE(report->changed);
    if (with_loss) {
      EXPECT_GT(report->blocks + report->lost.size(), 0U);
    }
    expect_rest_is_the_same(*report);
    const VerifyReport after = verify();
    EXPECT_TRUE(after.is_clean()) << show(after);
    ASSERT_EQ(after.repairs.size(), 1U);
    EXPECT_EQ(after.repairs[0]["actor"], "tester");
    const Result<CheckReport> again = check();
    ASSERT_OK(again);
    EXPECT_TRUE(again->is_sound()) << show(again->values) << dump_json(to_json(*again));
    after_ = contents();
    expect_goes_on();
    EXPECT_TRUE(verify().is_clean()) << show(verify());
    last_ = *report;
  }

  Scratch data_;
  SimClock clock_{std::chrono::seconds(1'767'225'600)};
  std::size_t pack_rows_ = 400;
  StoreModel model_;
  Contents before_;
  Contents after_;  // repaired, and nothing new in it
  RepairReport last_;
};

TEST_F(RepairTest, ASoundStoreStaysAsItIs) {
  const Result<CheckReport> found = check();
  ASSERT_OK(found);
  EXPECT_TRUE(found->is_sound()) << dump_json(to_json(*found)) << show(found->values);
  EXPECT_GT(found->files, 10U);
  const Result<RepairReport> report = repair();
  ASSERT_OK(report);
  EXPECT_FALSE(report->changed);
  EXPECT_TRUE(contents() == before_);
  EXPECT_FALSE(fs::exists(quarantine()));
}

TEST_F(RepairTest, OneWhoHasItOpenKeepsIt) {
  const Result<std::unique_ptr<Store>> store = Store::open(options());
  ASSERT_OK(store);
  for (const bool repairs : {false, true}) {
    const Errc code = repairs ? repair().error().code : check().error().code;
    EXPECT_EQ(code, Errc::kBusy);
  }
}

TEST_F(RepairTest, AFlippedBitInABlock) {
  const std::string file = files_of("events")[2];
  const std::string bytes = *read_file(file);
  flip_bit(file, 2000);
  const std::string damaged = *read_file(file);
  expect_repaired();
  EXPECT_TRUE(last_.new_store);
  EXPECT_FALSE(last_.new_chain);
  EXPECT_LT(last_.blocks, 10U) << "only what cannot be read is lost";
  EXPECT_GT(last_.records, 0U);
  EXPECT_EQ(last_.blocks_unknown, 0U);
  ASSERT_FALSE(last_.ranges.empty());
  EXPECT_GT(last_.ranges[0].from_ns, 0);
  EXPECT_GE(last_.ranges[0].to_ns, last_.ranges[0].from_ns);
  const std::string kept = quarantine() + "/store/" + fs::path(file).filename().string();
  EXPECT_EQ(*read_file(kept), damaged) << "damaged bytes stay";
}

TEST_F(RepairTest, AMissingFile) {
  fs::remove(files_of("events")[1]);
  expect_repaired();
  EXPECT_GE(last_.blocks, 5U);
  EXPECT_LE(last_.blocks, 10U);
}

TEST_F(RepairTest, AFileCutShort) {
  const std::string file = files_of("events").back();
  fs::resize_file(file, fs::file_size(file) / 2);
  expect_repaired();
  EXPECT_GE(last_.blocks, 3U);
}

TEST_F(RepairTest, LostHitsAlertsAndDocuments) {
  std::vector<std::string> files;
  for (const char* const family : {"hits", "alerts", "documents"})
    files.push_back(files_of(family)[0]);
  for (const std::string& file : files) fs::remove(file);
  expect_repaired();
  EXPECT_EQ(last_.blocks, 0U);
  for (const char* const kind : {"hits", "document"})
    EXPECT_TRUE(last_.lost.contains(kind)) << kind;
}

TEST_F(RepairTest, LostIndexesAreMadeAnew) {
  remove_families({"event_index", "alert_index", "incident_index"});
  expect_repaired(false);
  EXPECT_EQ(last_.records, 0U);
  EXPECT_GT(last_.index_entries, 60U);
  for (const Family family : {Family::kEventIndex, Family::kAlertIndex, Family::kIncidentIndex}) {
    const auto i = static_cast<std::size_t>(family);
    EXPECT_EQ(after_[i], before_[i]) << kFamilyNames[i];
  }
}

TEST_F(RepairTest, LostCountsAndNames) {
  remove_families({"ledger", "sources"});
  expect_repaired(false);
  EXPECT_EQ(last_.recounted.size(), kModelSources.size());
  const Result<std::unique_ptr<Store>> store = Store::open(options());
  ASSERT_OK(store);
  EXPECT_EQ((*store)->source_names()[1], "lost-name-1");
  EXPECT_EQ((*store)->next_seq(SourceId{1}), model_.ledger["auth.log"].stored);
}

TEST_F(RepairTest, ALostChainBeginsAnew) {
  fs::remove(files_of("chain")[2]);
  const Result<RepairReport> report = repair();
  ASSERT_OK(report);
  EXPECT_TRUE(report->new_chain);
  EXPECT_EQ(report->records, 0U);
  expect_rest_is_the_same(*report);
  const VerifyReport after = verify();
  EXPECT_TRUE(after.is_clean()) << show(after);
  EXPECT_GT(after.before_chain, 0U) << "nothing proves what is older";
  expect_goes_on();
}

TEST_F(RepairTest, WithoutItsManifest) {
  for (const fs::directory_entry& entry : fs::directory_iterator(path())) {
    const std::string name = entry.path().filename().string();
    if (name == "CURRENT" || name.starts_with("MANIFEST")) fs::remove(entry.path());
  }
  const Result<CheckReport> found = check();
  ASSERT_OK(found);
  EXPECT_FALSE(found->is_sound());
  const Result<RepairReport> report = repair();
  ASSERT_OK(report);
  EXPECT_EQ(report->blocks, 0U);
  expect_rest_is_the_same(*report);
  EXPECT_TRUE(verify().is_clean()) << show(verify());
  expect_goes_on();
}

// A block that RocksDB gives back and that is not what it was: the disk of a machine without
// checksums, or a forger.
TEST_F(RepairTest, AValueThatCannotBeDecoded) {
  std::string key;
  std::string bytes;
  {
    const auto store = RocksStore::open_unread(options());
    ASSERT_OK(store);
    const auto blocks = (*store)->iterate(Family::kEvents);
    blocks->SeekToFirst();
    for (int i = 0; i < 20; ++i) blocks->Next();
    key = blocks->key().ToString();
    bytes = blocks->value().ToString();
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE((*store)->db().Put({}, (*store)->family(Family::kEvents), key, bytes).ok());
  }
  expect_repaired();
  EXPECT_FALSE(last_.new_store);
  EXPECT_EQ(last_.blocks, 1U);
  EXPECT_EQ(*read_file(quarantine() + "/values/block-" + to_hex(key)), bytes);
}

TEST_F(RepairTest, WhereNothingCanBeReadNothingIsChanged) {
  for (const fs::directory_entry& entry : fs::directory_iterator(path())) {
    const std::string name = entry.path().filename().string();
    if (name == "CURRENT" || name.starts_with("MANIFEST")) fs::remove(entry.path());
    if (entry.path().extension() == ".sst") fs::resize_file(entry.path(), 0);
  }
  const Result<RepairReport> report = repair();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::kCorrupt);
  EXPECT_FALSE(fs::exists(quarantine()));
  EXPECT_FALSE(fs::exists(path() + ".repairing"));
  EXPECT_FALSE(fs::exists(path() + ".links"));
}

TEST_F(RepairTest, AStoreOfANewerVersionIsLeftAlone) {
  {
    const auto store = RocksStore::open_unread(options());
    ASSERT_OK(store);
    const std::string newer = format_value(kFormat + 1);
    ASSERT_TRUE((*store)->db().Put({}, (*store)->family(Family::kMeta), "format", newer).ok());
  }
  flip_bit(files_of("events")[0], 700);
  for (const bool repairs : {false, true}) {
    const Errc code = repairs ? repair().error().code : check().error().code;
    EXPECT_EQ(code, Errc::kInvalid);
  }
}

// Whoever deletes a block cannot have it explained by a repair.
TEST_F(RepairTest, DoesNotExplainADeletion) {
  {
    const auto store = RocksStore::open_unread(options());
    ASSERT_OK(store);
    const auto blocks = (*store)->iterate(Family::kEvents);
    blocks->SeekToFirst();
    for (int i = 0; i < 45; ++i) blocks->Next();
    ASSERT_TRUE((*store)->db().Delete({}, (*store)->family(Family::kEvents), blocks->key()).ok());
  }
  flip_bit(files_of("events")[0], 700);  // elsewhere
  const Result<RepairReport> report = repair();
  ASSERT_OK(report);
  EXPECT_TRUE(report->changed);
  const VerifyReport after = verify();
  EXPECT_NE(show(after).find("\"difference\":\"deleted\",\"kind\":\"block\""), std::string::npos)
      << show(after);
}

// Bits anywhere in the files: found or harmless, and whatever it was, a repair gets over it.
TEST_F(RepairTest, BitsAnywhere) {
  damage_anywhere(1, 8);
}

// Column blocks under the keys of row blocks that come to light again.
TEST_F(RepairTest, BitsAnywhereInAPackedStore) {
  fs::remove_all(path());
  pack_rows_ = 40;
  model_ = StoreModel();
  make(60);
  before_ = contents();
  damage_anywhere(2, 8);
}

}  // namespace
}  // namespace picket::storage
