// The ports over a real store: what is pending is read, what is committed survives a new opening.
#include "correlator/store_ports.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "correlator/timers.h"

namespace picket::correlator {
namespace {

class StorePorts : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("picket-store-ports-" + std::string(test->name()) + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(path_);
  }
  void open() {
    store_.reset();
    storage::StoreOptions options;
    options.path = path_.string();
    auto store = storage::Store::open(options);
    ASSERT_TRUE(store) << store.error().what;
    store_ = *std::move(store);
  }
  static std::string keys(StatePort& state, std::string_view prefix) {
    std::string all;
    state.for_each(prefix, [&](std::string_view key, std::string_view value) {
      all += std::string(key) + '=' + std::string(value) + ' ';
      return true;
    });
    return all;
  }

  std::filesystem::path path_;
  std::unique_ptr<storage::Store> store_;
  storage::Commit commit_;
};

TEST_F(StorePorts, StateIsPendingThenCommitted) {
  StoreState state(*store_, commit_);
  state.put("a/1", "one");
  state.put("a/3", "three");
  EXPECT_EQ(state.get("a/1"), "one");
  EXPECT_EQ(keys(state, "a/"), "a/1=one a/3=three ");
  ASSERT_TRUE(store_->commit(commit_));
  commit_.clear();
  EXPECT_EQ(state.get("a/1"), "one");
  state.put("a/2", "two");
  state.put("a/3", "drei");
  state.put("b", "other");
  state.erase("a/1");
  EXPECT_EQ(state.get("a/1"), std::nullopt);
  EXPECT_EQ(keys(state, "a/"), "a/2=two a/3=drei ");
  ASSERT_TRUE(store_->commit(commit_));
  commit_.clear();
  open();
  StoreState again(*store_, commit_);
  EXPECT_EQ(keys(again, ""), "a/2=two a/3=drei b=other ");
  EXPECT_FALSE(again.error());
}

TEST_F(StorePorts, IterationStops) {
  StoreState state(*store_, commit_);
  for (const char* key : {"a", "c"}) state.put(key, "");
  ASSERT_TRUE(store_->commit(commit_));
  commit_.clear();
  for (const char* key : {"b", "d"}) state.put(key, "");
  for (std::size_t stop = 1; stop <= 4; ++stop) {
    std::string seen;
    state.for_each("", [&](std::string_view key, std::string_view) {
      seen += key;
      return seen.size() < stop;
    });
    EXPECT_EQ(seen, std::string("abcd").substr(0, stop));
  }
}

TEST_F(StorePorts, IncidentsHaveNumbersAndAreFound) {
  StoreIncidents incidents(*store_, commit_);
  const std::uint64_t first = incidents.next_number();
  EXPECT_EQ(incidents.next_number(), first + 1);
  Incident incident;
  incident.id = "i1";
  incident.number = first;
  incident.merged_into = "i0";
  EXPECT_FALSE(incidents.find("i1"));
  incidents.put(incident);
  ASSERT_TRUE(incidents.find("i1"));
  ASSERT_TRUE(store_->commit(commit_));
  incidents.committed();
  commit_.clear();
  const auto found = incidents.find("i1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->merged_into, "i0");
  EXPECT_EQ(incidents.next_number(), first + 1);
  EXPECT_FALSE(incidents.error());
}

TEST_F(StorePorts, AnIncidentThatIsEditedIsInTheNextCommit) {
  StoreIncidents incidents(*store_, commit_);
  for (const char* id : {"i1", "i2"}) {
    Incident incident;
    incident.id = id;
    incident.number = incidents.next_number();
    incidents.put(incident);
  }
  EXPECT_EQ(incidents.edit("nobody"), nullptr);
  for (const char* owner : {"an", "binh", "chi"}) {  // pending, at hand, read from the store again
    StoreIncidents fresh(*store_, commit_);
    StoreIncidents& port = owner == std::string_view("chi") ? fresh : incidents;
    ASSERT_NE(port.edit("i1"), nullptr);
    port.edit("i1")->owner = owner;
    EXPECT_EQ(port.look("i1")->owner, owner);
    ASSERT_TRUE(store_->commit(commit_));
    port.committed();
    commit_.clear();
    const auto stored = store_->incident("i1");
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->owner, owner);
    EXPECT_EQ(port.look("i2")->owner, "");
    EXPECT_TRUE(commit_.empty());  // looking changes nothing
  }
}

// The number stays, the old id leads there, and what the old id is given to later is another.
TEST_F(StorePorts, ARenamedIncidentIsFoundByItsOldId) {
  const auto incident = [](const char* id, std::uint64_t number) {
    Incident made;
    made.id = id;
    made.number = number;
    return made;
  };
  StoreIncidents incidents(*store_, commit_);
  const auto committed = [&] {
    ASSERT_TRUE(store_->commit(commit_));
    incidents.committed();
    commit_.clear();
  };
  incidents.put(incident("old", 1));
  incidents.put(incident("pending", 2));
  committed();
  incidents.edit("old")->owner = "an";
  incidents.rename("old", incident("new", 1));
  for (const bool pending : {true, false}) {
    ASSERT_NE(incidents.look("old"), nullptr) << pending;
    EXPECT_EQ(incidents.look("old")->id, "new");
    ASSERT_NE(incidents.edit("old"), nullptr);
    EXPECT_EQ(incidents.edit("old"), incidents.edit("new"));
    if (pending) committed();
  }
  committed();
  EXPECT_EQ(store_->incident("old")->id, "new");
  EXPECT_EQ(store_->incident("1")->id, "new");
  incidents.put(incident("old", 3));
  committed();
  EXPECT_EQ(store_->incident("old")->number, 3U);
  EXPECT_EQ(store_->incident("1")->id, "new");
  std::string cursor;
  EXPECT_EQ(store_->incidents(10, cursor)->size(), 3U);
  EXPECT_FALSE(incidents.error());
}

}  // namespace
}  // namespace picket::correlator
