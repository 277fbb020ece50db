// Retention, the disk that fills, and the thread that sees to both.
#include "app/upkeep.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "app/expiry_archive.h"
#include "app/holds.h"
#include "storage/archive/archive_reader.h"
#include "tests/storage/scratch.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kNewYear = std::chrono::seconds(1'767'225'600);  // of 2026

// Of a store of its own, on a disk that is never full.
storage::StoreOptions options_in(const storage::Scratch& folder, Clock& clock) {
  std::filesystem::create_directories(folder.path());
  storage::StoreOptions options;
  options.path = folder.path() + "/store";
  options.clock = &clock;
  options.reserve_bytes = 0;
  return options;
}

response::Systems systems() {
  response::System portal;
  portal.name = "portal";
  portal.level = 3;
  response::System mail;
  mail.name = "mail";
  mail.level = 2;
  return response::Systems({portal, mail});
}

TEST(Retention, TheSourceThenTheLevelThenAll) {
  RetentionConfig config;
  config.of_level[2] = 40 * kDayNs;
  config.of_source["edge"] = kForever;
  config.of_source["mail-2"] = 100 * kDayNs;
  std::vector<std::string> problems;
  const Retention retention(config, {{"edge", ""}, {"mail-1", "mail"}, {"mail-2", "mail"}, {"web", "portal"}},
                            systems(), problems);
  EXPECT_EQ(problems, std::vector<std::string>());
  const Nanos now = 1000 * 24h;
  EXPECT_EQ(retention.since("edge", now), INT64_MIN);
  EXPECT_EQ(retention.since("mail-1", now), 960 * kDayNs);
  EXPECT_EQ(retention.since("mail-2", now), 900 * kDayNs);
  EXPECT_EQ(retention.since("web", now), 635 * kDayNs);
  EXPECT_EQ(retention.since("of earlier days", now), 635 * kDayNs);
}

TEST(Retention, NothingIsKeptForLessThanTheLevelAsks) {
  RetentionConfig config;
  config.of_source["web"] = 89 * kDayNs;
  config.of_source["mail-1"] = 30 * kDayNs;
  config.of_source["edge"] = 30 * kDayNs;
  std::vector<std::string> problems;
  const std::vector<RetainedSource> sources = {{"edge", ""}, {"mail-1", "mail"}, {"web", "portal"}};
  const Retention strict(config, sources, systems(), problems);
  ASSERT_EQ(problems.size(), 2U) << "of edge, which may have records of the portal, and of web";
  EXPECT_NE(problems[0].find("edge"), std::string::npos);
  EXPECT_NE(problems[1].find("90"), std::string::npos);
  problems.clear();
  const Retention without_systems(config, sources, response::Systems(), problems);
  EXPECT_EQ(problems.size(), 0U);
}

TEST(Retention, ASourceThatIsNotThereIsNamed) {
  RetentionConfig config;
  config.of_source["wbe"] = 400 * kDayNs;
  std::vector<std::string> problems;
  const Retention retention(config, {{"web", ""}}, response::Systems(), problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("wbe"), std::string::npos);
}

TEST(DiskWatch, SaysHowManyDaysAreLeft) {
  DiskWatch watch;
  watch.look(1000, 0h);
  EXPECT_FALSE(watch.days_left(0));
  watch.look(990, 5min);
  EXPECT_FALSE(watch.days_left(0)) << "too early";
  watch.look(900, 6h);
  EXPECT_DOUBLE_EQ(*watch.days_left(100), 2.0);  // 100 in a quarter of a day
  watch.look(1100, 7h);
  EXPECT_FALSE(watch.days_left(100)) << "it does not fill";
  DiskWatch full;
  full.look(200, 0h);
  full.look(50, 24h);
  EXPECT_EQ(full.days_left(100), 0.0);
  full.look(40, 72h);
  EXPECT_TRUE(full.days_left(0).has_value()) << "whatever lies between two looks";
}

TEST(DiskWatch, ForgetsWhatWasLongAgo) {
  DiskWatch watch;
  std::uint64_t free = 1'000'000;
  for (int hour = 0; hour < 100; ++hour) watch.look(free -= hour < 50 ? 10'000 : 100, hour * 1h);
  const double days = *watch.days_left(0);
  EXPECT_NEAR(days, static_cast<double>(free) / 2400, 10);
}

TEST(Upkeep, RemovesAndPacksInTheBackground) {
  const storage::Scratch folder;
  SimClock clock{kNewYear};
  storage::StoreOptions options = options_in(folder, clock);
  options.pack_rows = 30;
  const auto opened = storage::Store::open(options);
  ASSERT_OK(opened);
  storage::Store& store = **opened;
  ASSERT_OK(store.source_id("web"));
  const auto commit = [&](std::uint64_t first) {
    Batch batch;
    for (std::uint64_t seq = first; seq < first + 20; ++seq) {
      batch.add("row", SourceId{0}, seq, clock.now().count());
      batch.begin_event().time_ns = clock.now().count();
    }
    storage::Commit one;
    one.add(batch, {});
    ASSERT_OK(store.commit(one));
  };
  commit(0);
  clock.advance(400 * 24h);
  for (std::uint64_t i = 1; i < 4; ++i) commit(i * 20);
  std::vector<std::string> problems;
  Upkeep upkeep(store, Retention({}, {{"web", ""}}, response::Systems(), problems), {}, folder.path(), 0, clock);
  upkeep.start();
  for (int i = 0; i < 500 && (upkeep.status().expired.rows == 0 || store.packing().blocks == 0); ++i)
    std::this_thread::sleep_for(20ms);
  upkeep.stop();
  EXPECT_EQ(upkeep.status().expired.rows, 20U);
  EXPECT_GT(upkeep.status().free_bytes, 0U);
  std::uint64_t rows = 0;
  ASSERT_OK(store.scan({}, [&](const storage::StoredRow& row) {
    EXPECT_GE(row.record.seq, 20U);
    ++rows;
    return true;
  }));
  EXPECT_EQ(rows, 60U);
}

TEST(Upkeep, KeepsWhatIsUnderAHoldUntilItIsLifted) {
  const storage::Scratch folder;
  SimClock clock{kNewYear};
  auto opened = storage::Store::open(options_in(folder, clock));
  ASSERT_OK(opened);
  storage::Store& store = **opened;
  const std::vector<std::string> names = {"web", "mail-1", "edge"};
  for (const std::string& name : names) ASSERT_OK(store.source_id(name));
  for (std::uint32_t i = 0; i < 3; ++i) {
    Batch batch;
    batch.add("row", SourceId{i}, 0, clock.now().count());
    batch.begin_event().time_ns = clock.now().count();
    storage::Commit one;
    one.add(batch, {});
    ASSERT_OK(store.commit(one));
    clock.advance(1h);
  }
  clock.advance(400 * 24h);
  const std::vector<RetainedSource> sources = {{"web", "portal"}, {"mail-1", "mail"}, {"edge", ""}};
  auto holds = Holds::open(store, sources, systems(), clock);
  ASSERT_OK(holds);
  ASSERT_OK((*holds)->add({{"system", "portal"}, {"reason", "case"}}, "admin"));
  EXPECT_FALSE((*holds)->add({{"reason", ""}}, "admin"));
  EXPECT_FALSE((*holds)->add({{"system", "portal"}, {"sources", {"web"}}, {"reason", "x"}}, "admin"));
  EXPECT_FALSE((*holds)->add({{"souces", {"web"}}, {"reason", "x"}}, "admin"));
  std::vector<std::string> problems;
  const auto sweep = [&] {
    Upkeep upkeep(store, Retention({}, sources, systems(), problems), [&] { return (*holds)->now(); }, folder.path(), 0,
                  clock);
    clock.advance(25h);  // the clock jumped, for all that it knows
    upkeep.start();
    const auto swept = [&] { return upkeep.status().expired.rows > 0 || upkeep.status().expired.held > 0; };
    for (int i = 0; i < 50 && upkeep.status().free_bytes == 0; ++i) std::this_thread::sleep_for(20ms);
    for (int i = 0; i < 3; ++i) {
      clock.advance(13h);
      for (int j = 0; j < 70 && !swept(); ++j) std::this_thread::sleep_for(20ms);
    }
    upkeep.stop();
    return upkeep.status().expired;
  };
  const storage::ExpiryTotals first = sweep();
  EXPECT_EQ(first.rows, 1U) << "of mail-1; edge may have records of the portal";
  EXPECT_EQ(first.held, 2U);
  ASSERT_OK((*holds)->lift("1", {{"reason", "closed"}}, "admin"));
  EXPECT_FALSE((*holds)->lift("1", {{"reason", "closed"}}, "admin"));
  auto again = Holds::open(store, sources, systems(), clock);
  ASSERT_OK(again);
  ASSERT_EQ((*again)->all().size(), 1U);
  EXPECT_EQ((*again)->all()[0].lifted_for, "closed");
  EXPECT_EQ(sweep().rows, 2U);
}

TEST(Upkeep, RemovesOnlyWhatIsInAnArchive) {
  const storage::Scratch folder;
  SimClock clock{kNewYear};
  const auto opened = storage::Store::open(options_in(folder, clock));
  ASSERT_OK(opened);
  storage::Store& store = **opened;
  ASSERT_OK(store.source_id("web"));
  for (std::uint64_t seq = 0; seq < 3; ++seq) {
    Batch batch;
    batch.add("row", SourceId{0}, seq, clock.now().count());
    batch.begin_event();
    storage::Commit commit;
    commit.add(batch, {});
    ASSERT_OK(store.commit(commit));
  }
  clock.advance(400 * 24h);
  std::vector<std::string> problems;
  Upkeep upkeep(store, Retention({}, {{"web", ""}}, response::Systems(), problems), {}, folder.path(), 0, clock);
  const std::string archives = folder.path() + "/archives";
  upkeep.archive_to(std::make_unique<ExpiryArchive>(store, archives, [](Batch& batch) {
    while (batch.events().size() < batch.records().size()) batch.begin_event();
  }, clock));
  upkeep.start();
  const auto wait_for = [](const auto& reached) {
    for (int i = 0; i < 500 && !reached(); ++i) std::this_thread::sleep_for(20ms);
    return reached();
  };
  EXPECT_TRUE(wait_for([&] { return !upkeep.status().archive_problem.empty(); }));
  EXPECT_NE(upkeep.status().archive_problem.find(archives), std::string::npos);
  EXPECT_EQ(upkeep.status().expired.rows, 0U);
  Batch there;
  EXPECT_TRUE(store.fetch(SourceId{0}, 0, there)) << "nothing was removed";
  std::filesystem::create_directories(archives);
  clock.advance(11min);
  EXPECT_TRUE(wait_for([&] { return upkeep.status().expired.rows == 3; }));
  upkeep.stop();
  EXPECT_EQ(upkeep.status().archive_problem, "");
  EXPECT_EQ(upkeep.status().archived, 3U);
  EXPECT_FALSE(store.fetch(SourceId{0}, 0, there));
  const auto documents = store.documents(kArchiveSpace);
  ASSERT_OK(documents);
  ASSERT_EQ(documents->size(), 1U);
  const auto report = storage::check_archive((*documents)[0].second["archive"].get<std::string>());
  ASSERT_OK(report);
  EXPECT_TRUE(report->is_sound());
  EXPECT_EQ(report->records, 3U);
  EXPECT_EQ(report->manifest.reason, "retention");
  EXPECT_EQ(report->manifest.sha256, (*documents)[0].second["sha256"].get<std::string>());
}

TEST(ExpiryArchive, LeftoversOfACrashGoAndOthersStay) {
  const storage::Scratch folder;
  SimClock clock{kNewYear};
  const auto opened = storage::Store::open(options_in(folder, clock));
  ASSERT_OK(opened);
  ASSERT_OK((*opened)->source_id("web"));
  Batch batch;
  batch.add("row", SourceId{0}, 0, 0);
  batch.begin_event();
  storage::Commit commit;
  commit.add(batch, {});
  ASSERT_OK((*opened)->commit(commit));
  const auto parse = [](Batch& rows) {
    while (rows.events().size() < rows.records().size()) rows.begin_event();
  };
  storage::StoredRow row;
  row.record = batch.records()[0];
  std::string left;
  std::vector<std::string> names;
  {
    ExpiryArchive archive(**opened, folder.path(), parse, clock);
    ASSERT_OK(archive.add(row));
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().string().ends_with(".partial")) left = entry.path().string();
    }
    ASSERT_NE(left, "");
    ASSERT_OK(archive.ready());
    EXPECT_FALSE(std::filesystem::exists(left));
  }
  std::filesystem::create_directories(left);
  std::filesystem::create_directories(folder.path() + "/retention-00000000-2026.partial");
  ExpiryArchive archive(**opened, folder.path(), parse, clock);
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/retention-00000000-2026.partial")) << "of another store";
  ASSERT_OK(archive.add(row));
  ASSERT_OK(archive.ready());
  EXPECT_EQ((*opened)->documents(kArchiveSpace)->size(), 2U) << "one of the same second has a name of its own";
}

// Else one wrong clock removes all there is.
TEST(Upkeep, AClockThatJumpsRemovesNothing) {
  const storage::Scratch folder;
  SimClock clock{kNewYear};
  const auto opened = storage::Store::open(options_in(folder, clock));
  ASSERT_OK(opened);
  ASSERT_OK((*opened)->source_id("web"));
  Batch batch;
  batch.add("row", SourceId{0}, 0, clock.now().count());
  batch.begin_event();
  storage::Commit commit;
  commit.add(batch, {});
  ASSERT_OK((*opened)->commit(commit));
  std::vector<std::string> problems;
  Upkeep upkeep(**opened, Retention({}, {{"web", ""}}, response::Systems(), problems), {}, folder.path(), 0, clock);
  upkeep.start();
  while (upkeep.status().free_bytes == 0) std::this_thread::sleep_for(10ms);
  clock.advance(400 * 24h);
  std::this_thread::sleep_for(2500ms);
  EXPECT_EQ(upkeep.status().expired.rows, 0U);
  for (int i = 0; i < 2; ++i) {
    clock.advance(13h);
    std::this_thread::sleep_for(2500ms);
  }
  EXPECT_EQ(upkeep.status().expired.rows, 1U) << "a day later it goes";
  upkeep.stop();
}

}  // namespace
}  // namespace picket::app
