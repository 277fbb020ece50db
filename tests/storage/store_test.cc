#include "storage/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/storage/crash_fs.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

constexpr std::string_view kRule = "rule-a";
std::string_view rule_name(std::uint32_t rule) {
  return rule == 0 ? kRule : "rule-b";
}

// One batch of parsed records: event time = 1000 + seq.
void fill(Batch& batch, SourceId source, std::uint64_t first, std::uint64_t count,
          std::string_view text) {
  for (std::uint64_t i = 0; i < count; ++i) {
    batch.add(std::string(text) + " " + std::to_string(first + i), source, first + i, 5'000);
    Event& event = batch.begin_event();
    event.time_ns = 1'000 + static_cast<std::int64_t>(first + i);
    event.status = ParseStatus::kParsed;
  }
}

Alert make_alert(std::string id, std::int64_t time_ns, std::string rule = "r1") {
  Alert alert;
  alert.id = std::move(id);
  alert.time_ns = time_ns;
  alert.rule.id = std::move(rule);
  alert.trigger = {SourceId{0}, "web", 1, time_ns};
  return alert;
}

Incident make_incident(std::string id, std::uint64_t number, const std::vector<Alert>& alerts) {
  Incident incident;
  incident.id = std::move(id);
  incident.number = number;
  for (const Alert& alert : alerts) {
    TimelineEntry& entry = incident.timeline.emplace_back();
    entry.time_ns = alert.time_ns;
    entry.alert_id = alert.id;
    entry.rule_id = alert.rule.id;
    entry.rule_name = "name";
    entry.level = Level::kHigh;
    entry.layer = Layer::kServer;
  }
  return incident;
}

std::string ids(const std::vector<Alert>& alerts) {
  std::string text;
  for (const Alert& alert : alerts) text += (text.empty() ? "" : " ") + alert.id;
  return text;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen(bool read_only = false) {
    store_.reset();
    Result<std::unique_ptr<Store>> opened =
        Store::open({.path = scratch_.path(), .read_only = read_only, .env = env_.get()});
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
  }

  SourceId source(std::string_view name) {
    const Result<SourceId> id = store_->source_id(name);
    EXPECT_TRUE(id) << id.error().what;
    return *id;
  }

  void commit(const Commit& commit) {
    const Result<void> done = store_->commit(commit);
    ASSERT_TRUE(done) << done.error().what;
  }

  void commit_events(SourceId source, std::uint64_t first, std::uint64_t count,
                     std::string_view text = "line") {
    Batch batch;
    fill(batch, source, first, count, text);
    Commit one;
    one.add(batch, rule_name);
    commit(one);
  }

  std::string scan(ScanOptions options = {}, std::size_t limit = 1000) {
    std::string text;
    const auto totals = store_->scan(options, [&](const StoredRow& row) {
      text += (text.empty() ? "" : " ") +
              std::to_string(static_cast<std::uint32_t>(row.record.source)) + ":" +
              std::to_string(row.record.seq);
      return --limit > 0;
    });
    EXPECT_TRUE(totals) << totals.error().what;
    if (totals) totals_ = *totals;
    return text;
  }

  std::string fetch(SourceId source, std::uint64_t seq) {
    Batch batch;
    const Result<void> done = store_->fetch(source, seq, batch);
    if (!done) return done.error().code == Errc::kNotFound ? "none" : done.error().what;
    return std::string(batch.records().at(0).raw) + "@" +
           std::to_string(batch.records().at(0).received_ns);
  }

  Scratch scratch_;
  // A disk in memory: opening a store on a real one waits for dozens of syncs.
  std::shared_ptr<CrashFs> fs_ = std::make_shared<CrashFs>(1);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
  std::unique_ptr<Store> store_;
  ScanTotals totals_;
};

class StoreOnDiskTest : public StoreTest {
 protected:
  StoreOnDiskTest() { env_.reset(); }
};

TEST_F(StoreTest, SourcesKeepTheirIds) {
  EXPECT_EQ(source("web"), SourceId{0});
  EXPECT_EQ(source("auth.log"), SourceId{1});
  EXPECT_EQ(source("web"), SourceId{0});
  reopen();
  EXPECT_EQ(source("auth.log"), SourceId{1});
  EXPECT_EQ(source("new"), SourceId{2});
  EXPECT_EQ(store_->source_names(), (std::vector<std::string>{"web", "auth.log", "new"}));
  EXPECT_FALSE(store_->source_id(""));
  EXPECT_FALSE(store_->source_id(std::string(5000, 'x')));
}

TEST_F(StoreTest, EventsComeBackByScanAndFetch) {
  const SourceId web = source("web");
  const SourceId auth = source("auth");
  {
    Batch batch;
    fill(batch, web, 0, 2, "web");
    fill(batch, auth, 0, 1, "auth");
    fill(batch, web, 2, 1, "web");
    Commit one;
    one.add(batch, rule_name);
    commit(one);
  }
  commit_events(auth, 1, 2, "auth");
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(scan(), "1:2 1:1 0:2 1:0 0:1 0:0");
    EXPECT_EQ(scan({.newest_first = false}), "0:0 0:1 1:0 0:2 1:1 1:2");
    EXPECT_EQ(totals_.rows, 6U);
    EXPECT_EQ(totals_.bytes_scanned, 3 * 5 + 3 * 6U);
    EXPECT_EQ(scan({}, 2), "1:2 1:1");
    EXPECT_EQ(fetch(web, 1), "web 1@5000");
    EXPECT_EQ(fetch(auth, 2), "auth 2@5000");
    EXPECT_EQ(fetch(auth, 3), "none");
    EXPECT_EQ(fetch(SourceId{9}, 0), "none");
    EXPECT_EQ(store_->next_seq(auth), 3U);
    EXPECT_EQ(store_->last_commit(), 2U);
    reopen();
  }
}

TEST_F(StoreTest, TimeRangesSkipBlocks) {
  const SourceId web = source("web");
  commit_events(web, 0, 10);
  commit_events(web, 10, 10);
  EXPECT_EQ(scan({.from_ns = 1'012, .to_ns = 1'014}), "0:13 0:12");
  EXPECT_EQ(totals_.rows, 2U);
  EXPECT_EQ(totals_.bytes_skipped, 10 * 6U);
  EXPECT_EQ(scan({.from_ns = 1'009, .to_ns = 1'011}), "0:10 0:9");
  EXPECT_EQ(scan({.from_ns = 2'000}), "");
}

TEST_F(StoreTest, AScanCanBeEndedBehindBlocksThatItSkips) {
  const SourceId web = source("web");
  for (std::uint64_t first = 0; first < 30; first += 10) commit_events(web, first, 10);
  int asked = 0;
  const auto twice = [&](const ScanTotals&) { return ++asked < 2; };
  EXPECT_EQ(scan({.from_ns = 5'000, .go_on = twice}), "");
  EXPECT_EQ(asked, 2);
}

TEST_F(StoreTest, ABigCommitIsCutIntoBlocks) {
  const SourceId web = source("web");
  Batch batch;
  fill(batch, web, 0, 9'000, "line");
  batch.add(std::string(5 << 20, 'x'), web, 9'000, 1);
  fill(batch, web, 9'001, 0, "");
  Commit big;
  big.add(batch, rule_name);
  big.seal();
  commit(big);
  EXPECT_EQ(fetch(web, 0), "line 0@5000");
  EXPECT_EQ(fetch(web, 4'096), "line 4096@5000");
  EXPECT_EQ(fetch(web, 8'999), "line 8999@5000");
  EXPECT_EQ(fetch(web, 9'000).size(), (5U << 20) + 2);
  EXPECT_EQ(scan({.newest_first = false}, 3), "0:0 0:1 0:2");
  scan({}, 100'000);
  EXPECT_EQ(totals_.rows, 9'001U);
}

TEST_F(StoreTest, SeqsNeedNotBeInOrder) {
  const SourceId web = source("web");
  commit_events(web, 10, 3, "late");
  commit_events(web, 0, 3, "early");
  EXPECT_EQ(fetch(web, 11), "late 11@5000");
  EXPECT_EQ(fetch(web, 1), "early 1@5000");
  EXPECT_EQ(fetch(web, 5), "none");
  EXPECT_EQ(store_->next_seq(web), 13U);
}

TEST_F(StoreTest, TheLedgerBalancesAndSurvives) {
  const SourceId web = source("web");
  Batch batch;
  fill(batch, web, 0, 3, "x");
  batch.events()[1].status = ParseStatus::kPartial;
  batch.add("no event", web, 3, 1).length = 900;
  Commit one;
  one.add(batch, rule_name);
  one.count_rejected(web, "framing", 2);
  one.count_dropped(web, "queue_full", 4);
  commit(one);
  Commit two;
  two.count_rejected(web, "framing", 1);
  commit(two);
  reopen();
  const auto ledger = store_->ledger();
  ASSERT_OK(ledger);
  ASSERT_EQ(ledger->size(), 1U);
  EXPECT_EQ(
      dump_json(to_json(ledger->front())),
      R"({"source":"web","received":11,"stored":4,"parsed":2,"partial":1,"raw":1,"truncated":1,"bytes":17,)"
      R"("rejected":{"framing":3},"dropped":{"queue_full":4},"in_flight":0,"residual":0})");
}

TEST_F(StoreTest, ACommitOfAnUnknownSourceIsRefused) {
  Batch batch;
  fill(batch, SourceId{5}, 0, 1, "x");
  Commit one;
  one.add(batch, rule_name);
  const Result<void> done = store_->commit(one);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kInvalid);
  EXPECT_EQ(store_->last_commit(), 0U);
}

TEST_F(StoreTest, HitsAreKeptByRuleId) {
  const SourceId web = source("web");
  for (std::uint64_t first : {0U, 10U}) {
    Batch batch;
    fill(batch, web, first, 3, "x");
    batch.hits() = {{0, 7}, {2, 7}, {2, 0}};
    Commit one;
    one.add(batch, rule_name);
    commit(one);
  }
  std::string seen;
  const auto all = [&](const StoredHit& hit) {
    seen += std::to_string(hit.commit) + " " + std::string(hit.rule_id) + " " +
            std::to_string(hit.seq) + " " + std::to_string(hit.time_ns) + "\n";
    return true;
  };
  ASSERT_OK(store_->hits(2, all));
  EXPECT_EQ(seen, "2 rule-b 10 1010\n2 rule-b 12 1012\n2 rule-a 12 1012\n");
}

TEST_F(StoreTest, AlertsArePagedNewestFirst) {
  Commit one;
  for (int i = 0; i < 7; ++i) {
    one.put(make_alert("a" + std::to_string(i), 1'000'000'000LL * (i % 4),
                       i % 2 == 0 ? "even" : "odd"));
  }
  commit(one);
  std::string cursor;
  const auto page = [&](const AlertFilter& filter, std::size_t limit) {
    const auto alerts = store_->alerts(filter, limit, cursor);
    EXPECT_TRUE(alerts) << alerts.error().what;
    return ids(*alerts) + (cursor.empty() ? "." : "");
  };
  EXPECT_EQ(page({}, 3), "a3 a2 a6");
  EXPECT_EQ(page({}, 3), "a1 a5 a0");
  EXPECT_EQ(page({}, 3), "a4.");
  EXPECT_EQ(page({}, 7), "a3 a2 a6 a1 a5 a0 a4.");
  EXPECT_EQ(page({.rule_id = "odd", .incident_id = ""}, 2), "a3 a1");
  EXPECT_EQ(page({.rule_id = "odd", .incident_id = ""}, 2), "a5.");
  cursor = "zz";
  EXPECT_FALSE(store_->alerts({}, 3, cursor));
  EXPECT_EQ(store_->alert("a5")->rule.id, "odd");
  EXPECT_EQ(store_->alert("none").error().code, Errc::kNotFound);
}

TEST_F(StoreTest, AlertsOfAnEntityAreFoundByIt) {
  const auto ann = [](Alert alert) {
    alert.entities = {{"host", "ann"}, {"user", "ann"}, {"user", std::string("a\0\x1f b", 5)}};
    return alert;
  };
  Commit one;
  for (int i = 0; i < 5; ++i) {
    const Alert alert = make_alert("a" + std::to_string(i), i, i % 2 == 0 ? "even" : "odd");
    one.put(i == 3 ? alert : ann(alert));
  }
  commit(one);
  std::string cursor;
  const AlertFilter user = {.rule_id = "", .incident_id = "", .entity = Entity{"user", "ann"}};
  const AlertFilter even = {.rule_id = "even", .incident_id = "", .entity = Entity{"host", "ann"}};
  const AlertFilter odd_name = {
      .rule_id = "", .incident_id = "", .entity = Entity{"user", std::string("a\0\x1f b", 5)}};
  EXPECT_EQ(ids(*store_->alerts(user, 2, cursor)), "a4 a2");
  EXPECT_EQ(ids(*store_->alerts(user, 2, cursor)), "a1 a0");
  EXPECT_TRUE(cursor.empty());
  EXPECT_EQ(ids(*store_->alerts(even, 9, cursor)), "a4 a2 a0");
  EXPECT_EQ(ids(*store_->alerts(odd_name, 9, cursor)), "a4 a2 a1 a0");
  EXPECT_EQ(ids(*store_->alerts({.rule_id = "", .incident_id = "", .entity = Entity{"ip", "ann"}},
                                9, cursor)),
            "");
  cursor = "00";
  EXPECT_FALSE(store_->alerts(user, 9, cursor));  // of another list
  cursor.clear();
  Commit two;
  two.delete_alert("a1");
  two.put(ann(make_alert("a0", 50)));  // its time has changed
  commit(two);
  EXPECT_EQ(ids(*store_->alerts(user, 9, cursor)), "a0 a4 a2");
}

TEST_F(StoreTest, AGrownAlertReplacesItself) {
  for (const std::int64_t time : {5, 9, 7}) {
    Commit one;
    Alert alert = make_alert("a", time);
    alert.hit_count = static_cast<std::uint64_t>(time);
    one.put(make_alert("a", 1));  // the last put of a commit counts
    one.put(alert);
    one.put(make_alert("b", 8));
    commit(one);
  }
  std::string cursor;
  EXPECT_EQ(ids(*store_->alerts({}, 10, cursor)), "b a");
  EXPECT_EQ(store_->alert("a")->hit_count, 7U);
}

TEST_F(StoreTest, AnAlertWithdrawnWhileTheListIsReadDoesNotFailTheList) {
  const auto commit_alert = [&](bool put) {
    Commit commit;
    if (put) {
      commit.put(make_alert("comes-and-goes", 10));
    } else {
      commit.delete_alert("comes-and-goes");
    }
    return store_->commit(commit).has_value();
  };
  std::atomic<bool> ending = false;
  std::atomic<std::uint64_t> failures = 0;
  std::atomic<std::uint64_t> seen = 0;
  std::thread reader([&] {
    while (!ending) {
      std::string cursor;
      const auto page = store_->alerts({}, 10, cursor);
      if (!page) ++failures;
      if (page && !page->empty()) ++seen;
    }
  });
  bool committed = true;
  for (int i = 0; i < 3'000 || (seen == 0 && i < 300'000); ++i)
    committed &= commit_alert(i % 2 == 0);
  ending = true;
  reader.join();
  EXPECT_TRUE(committed);
  EXPECT_GT(seen, 0U);
  EXPECT_EQ(failures, 0U);
}

TEST_F(StoreTest, IncidentsByIdByNumberAndByPage) {
  EXPECT_EQ(store_->next_incident_number(), 1U);
  const std::vector<Alert> alerts = {make_alert("a1", 10), make_alert("a2", 20),
                                     make_alert("a3", 30, "r2")};
  Commit one;
  for (const Alert& alert : alerts) one.put(alert);
  one.put(make_incident("x", 1, {alerts[0], alerts[2], alerts[1]}));
  one.put(make_incident("y", 2, {}));
  one.put(make_incident("z", 3, {}));
  commit(one);
  reopen();
  EXPECT_EQ(store_->next_incident_number(), 4U);
  EXPECT_EQ(store_->incident("x")->number, 1U);
  EXPECT_EQ(store_->incident("2")->id, "y");
  EXPECT_EQ(store_->incident("4").error().code, Errc::kNotFound);
  EXPECT_EQ(store_->incident("").error().code, Errc::kNotFound);
  std::string cursor;
  auto page = store_->incidents(2, cursor);
  ASSERT_OK(page);
  EXPECT_EQ((*page)[0].id + (*page)[1].id, "zy");
  page = store_->incidents(2, cursor);
  ASSERT_EQ(page->size(), 1U);
  EXPECT_EQ((*page)[0].id, "x");
  EXPECT_TRUE(cursor.empty());

  EXPECT_EQ(ids(*store_->alerts({.rule_id = "", .incident_id = "x"}, 2, cursor)), "a3 a2");
  EXPECT_EQ(ids(*store_->alerts({.rule_id = "", .incident_id = "1"}, 2, cursor)), "a1");
  EXPECT_TRUE(cursor.empty());
  EXPECT_EQ(ids(*store_->alerts({.rule_id = "r1", .incident_id = "x"}, 9, cursor)), "a2 a1");

  Commit two;
  Incident changed = make_incident("x", 1, {alerts[0]});
  changed.status = IncidentStatus::kResolved;
  two.put(changed);
  commit(two);
  EXPECT_EQ(store_->incident("1")->status, IncidentStatus::kResolved);
  EXPECT_EQ(store_->next_incident_number(), 4U);
}

TEST_F(StoreTest, StateAndOffsets) {
  Commit one;
  one.put_state("w/1", "one");
  one.put_state("w/2", std::string("t\0o", 3));
  one.put_state("x", "");
  one.put_offset("file:a", "17");
  commit(one);
  Commit two;
  two.delete_state("w/1");
  two.put_offset("file:a", "18");
  commit(two);
  reopen();
  EXPECT_FALSE(store_->state("w/1")->has_value());
  EXPECT_EQ(**store_->state("w/2"), std::string("t\0o", 3));
  EXPECT_EQ(**store_->state("x"), "");
  EXPECT_EQ(store_->offsets(), (std::map<std::string, std::string>{{"file:a", "18"}}));
  std::string seen;
  ASSERT_OK(store_->for_each_state("w/", "w/", [&](std::string_view key, std::string_view) {
    seen += key;
    return true;
  }));
  EXPECT_EQ(seen, "w/2");
}

TEST_F(StoreTest, Documents) {
  ASSERT_OK(store_->put_document("runs", "1", Json{{"step", 1}}));
  ASSERT_OK(store_->put_document("runs", "2", Json{{"step", 2}}));
  ASSERT_OK(store_->put_document("runs2", "1", Json{{"step", 3}}));
  ASSERT_OK(store_->put_document("runs", "1", Json{{"step", 4}}));
  reopen();
  EXPECT_EQ(dump_json(*store_->document("runs", "1")), R"({"step":4})");
  EXPECT_EQ(store_->document("runs", "9").error().code, Errc::kNotFound);
  const auto all = store_->documents("runs");
  ASSERT_OK(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[1].first, "2");
  EXPECT_FALSE(store_->put_document(std::string_view("a\0b", 3), "1", Json()));
}

TEST_F(StoreOnDiskTest, ReadOnlyBesideAWriter) {
  const SourceId web = source("web");
  commit_events(web, 0, 3);
  const Result<std::unique_ptr<Store>> second = Store::open({.path = scratch_.path()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kBusy);
  EXPECT_NE(second.error().what.find("another process"), std::string::npos) << second.error().what;

  Result<std::unique_ptr<Store>> reader = Store::open({.path = scratch_.path(), .read_only = true});
  ASSERT_TRUE(reader) << reader.error().what;
  Batch batch;
  EXPECT_TRUE((*reader)->fetch(web, 2, batch));
  EXPECT_EQ((*reader)->ledger()->front().stored, 3U);
  Commit one;
  one.put_state("a", "b");
  EXPECT_EQ((*reader)->commit(one).error().code, Errc::kInvalid);
  EXPECT_EQ((*reader)->source_id("new").error().code, Errc::kNotFound);
  commit_events(web, 3, 3);  // the writer goes on
  EXPECT_EQ(fetch(web, 5), "line 5@5000");
}

// Counts how often RocksDB writes its OPTIONS file.
class OptionsCounter final : public rocksdb::FileSystemWrapper {
 public:
  explicit OptionsCounter(const std::shared_ptr<rocksdb::FileSystem>& fs)
      : rocksdb::FileSystemWrapper(fs) {}
  const char* Name() const override { return "OptionsCounter"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    if (path.find("/OPTIONS-") != std::string::npos) ++count;
    return rocksdb::FileSystemWrapper::NewWritableFile(path, options, file, debug);
  }
  int count = 0;
};

TEST(Store, AllColumnFamiliesAreMadeInOneCall) {
  const auto counter = std::make_shared<OptionsCounter>(std::make_shared<CrashFs>(1));
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(counter);
  const auto open = [&] { return Store::open({.path = "/store", .env = env.get()}); };
  ASSERT_OK(open());
  EXPECT_LE(counter->count, 2) << "once for the database, once for its families";
  counter->count = 0;
  ASSERT_OK(open());
  EXPECT_EQ(counter->count, 1);
}

TEST(Store, NothingToReadIsSaid) {
  const Scratch scratch;
  const Result<std::unique_ptr<Store>> opened =
      Store::open({.path = scratch.path(), .read_only = true});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kNotFound) << opened.error().what;
}

TEST_F(StoreOnDiskTest, BelowTheReserveNothingIsWrittenAndReadingGoesOn) {
  const SourceId web = source("web");
  commit_events(web, 0, 3);
  store_.reset();
  Result<std::unique_ptr<Store>> opened =
      Store::open({.path = scratch_.path(), .reserve_bytes = std::uint64_t{1} << 60});
  ASSERT_TRUE(opened) << opened.error().what;  // opening needs no space
  store_ = *std::move(opened);
  Commit one;
  one.put_state("a", "b");
  const Result<void> done = store_->commit(one);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kFull) << done.error().what;
  EXPECT_EQ(fetch(web, 2), "line 2@5000");
  EXPECT_FALSE(store_->state("a")->has_value());
}

}  // namespace
}  // namespace picket::storage
