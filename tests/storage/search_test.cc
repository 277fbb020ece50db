#include "storage/search.h"

#include <gtest/gtest.h>

#include <string>

#include "event/ecs.h"
#include "storage/query/regex.h"
#include "tests/storage/crash_fs.h"
#include "tests/storage/scratch.h"

namespace picket::storage {
namespace {

// Records are "name=value name=value ..."; the parser of the tests makes every pair a field.
void parse_pairs(Batch& batch) {
  for (std::size_t i = 0; i < batch.records().size(); ++i) {
    Event& event = batch.begin_event();
    event.status = ParseStatus::kParsed;
    event.time_ns = batch.records()[i].received_ns;
    event.layer = Layer::kServer;
    std::string_view rest = batch.records()[i].raw;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view value = pair.substr(equals + 1);
      batch.push(*intern_field(pair.substr(0, equals)), value,
                 value.starts_with('[') ? ValueKind::kArray : ValueKind::kString);
    }
  }
}

class SearchTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<Store>> opened = Store::open({.path = "/store", .env = env_.get()});
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
    EXPECT_EQ(*store_->source_id("web"), SourceId{0});
    EXPECT_EQ(*store_->source_id("auth"), SourceId{1});
  }

  void store(std::string_view raw, std::uint32_t source = 0) {
    Batch batch;
    batch.add(raw, SourceId{source}, next_, static_cast<std::int64_t>(next_) * 1'000'000'000);
    ++next_;
    parse_pairs(batch);
    Commit commit;
    commit.add(batch, {});
    const Result<void> done = store_->commit(commit);
    ASSERT_TRUE(done) << done.error().what;
  }

  // The seqs of what was found, oldest first.
  std::string find(std::string_view text, std::size_t limit = 100) {
    const Result<Query> query = parse_query(text);
    EXPECT_TRUE(query) << query.error().what;
    std::string found;
    SearchOptions options{.scan = {.newest_first = false}, .limit = limit, .parse = parse_pairs};
    const auto totals = search(*store_, *query, options, [&](Batch& batch, const Event& event) {
      const auto index = static_cast<std::size_t>(&event - batch.events().data());
      found += (found.empty() ? "" : " ") + std::to_string(batch.records()[index].seq);
      return true;
    });
    EXPECT_TRUE(totals) << totals.error().what;
    if (totals) totals_ = *totals;
    return found;
  }

  std::shared_ptr<CrashFs> fs_ = std::make_shared<CrashFs>(1);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
  std::unique_ptr<Store> store_;
  std::uint64_t next_ = 0;
  SearchTotals totals_;
};

TEST_F(SearchTest, Queries) {
  store("user.name=root source.ip=10.1.2.3 source.port=22 failed password");               // 0
  store("user.name=Admin source.ip=192.168.0.9 source.port=8080 accepted", 1);             // 1
  store("user.name=guest source.ip=2001:db8::7 process.executable=C:\\Windows\\CMD.exe");  // 2
  store(R"(tags=["one","two"] {"path":"C:\\Temp\\x"} FAILED)");                            // 3
  const auto query = [&](std::string_view text, std::string_view expected) {
    EXPECT_EQ(find(text), expected) << "query: " << text;
  };
  query("", "0 1 2 3");
  // Free text
  query("failed", "0 3");
  query("\"failed password\"", "0");
  query("password accepted", "");
  query("password or accepted", "0 1");
  query("not failed", "1 2");
  query("win*cmd", "2");
  query("C:\\Temp", "3");
  query("\"c:\\temp\"", "3");
  query("C:\\Te*x", "3");
  // Fields
  query("user.name:ROOT", "0");
  query("user.name:ro", "");
  query("user.name:r*t", "0");
  query("user.name:*", "0 1 2");
  query("not user.name:*", "3");
  query("user.name:(root or admin)", "0 1");
  query("tags:two", "3");
  query("process.executable:*\\cmd.exe", "2");
  query("never.seen:x", "");
  query("not never.seen:x", "0 1 2 3");
  // Addresses
  query("source.ip:10.0.0.0/8", "0");
  query("source.ip:2001:db8::/32", "2");
  query("source.ip:2001:db8:0::7", "2");
  // Numbers and times
  query("source.port:>=1024", "1");
  query("source.port:<1024", "0");
  query("source.port:>1024 or source.port:<=22", "0 1");
  query("@timestamp:>1970-01-01T00:00:01Z", "2 3");
  query("@timestamp:<1970-01-02", "0 1 2 3");
  // What is not a field
  query("picket.source:auth", "1");
  query("picket.parse_status:parsed picket.seq:>2", "3");
  query("observer.layer:server event.original:*accepted", "1");
}

TEST_F(SearchTest, TextIsLookedForBeforeAnythingIsParsed) {
  for (int i = 0; i < 100; ++i) store(i == 70 ? "user.name=root needle" : "user.name=root");
  EXPECT_EQ(find("needle user.name:root"), "70");
  EXPECT_EQ(totals_.parsed, 1U);
  EXPECT_EQ(totals_.scan.rows, 100U);
  EXPECT_EQ(totals_.bytes_unparsed, 99 * 14U);
  EXPECT_EQ(find("user.name:root", 3), "0 1 2");
  EXPECT_TRUE(totals_.limited);
  EXPECT_LE(totals_.parsed, 16U);
  EXPECT_EQ(find("needle", 1), "70");
  EXPECT_FALSE(totals_.limited);
}

// Pages, joined, are the whole result, whatever is stored between two of them.
TEST_F(SearchTest, PagesJoinedAreTheWholeWhileRecordsAreAdded) {
  const auto add = [&](std::uint64_t count) {
    Batch batch;
    for (std::uint64_t i = 0; i < count; ++i, ++next_) {
      batch.add(next_ % 3 == 0 ? "user.name=guest" : "user.name=root", SourceId{0}, next_,
                static_cast<std::int64_t>(next_ * 7919 % 1000));  // times in no order
    }
    parse_pairs(batch);
    Commit commit;
    commit.add(batch, {});
    const Result<void> done = store_->commit(commit);
    ASSERT_TRUE(done) << done.error().what;
  };
  const Query query = *parse_query("user.name:root");
  const auto page = [&](SearchOptions& options, std::vector<std::uint64_t>& seqs) {
    const auto totals = search(*store_, query, options, [&](Batch& batch, const Event& event) {
      const auto index = static_cast<std::size_t>(&event - batch.events().data());
      seqs.push_back(batch.records()[index].seq);
      return true;
    });
    EXPECT_TRUE(totals) << totals.error().what;
    const Result<RowPosition> last = position_of_cursor(to_cursor(totals->last));
    EXPECT_TRUE(last) << last.error().what;
    options.scan.after = *last;
    return totals->limited;
  };
  for (const std::uint64_t count : {1U, 40U, 5U, 300U, 17U}) add(count);
  for (const bool newest_first : {true, false}) {
    for (const std::size_t limit : {1U, 7U, 50U}) {
      std::vector<std::uint64_t> whole;
      SearchOptions all{
          .scan = {.newest_first = newest_first}, .limit = 1'000'000, .parse = parse_pairs};
      EXPECT_FALSE(page(all, whole));
      SearchOptions paged = all;
      paged.limit = limit;
      paged.scan.after.reset();
      std::vector<std::uint64_t> joined;
      while (page(paged, joined)) {
        if (joined.size() < 60) add(3);
      }
      if (!newest_first) page(all, whole);  // what came later is behind: all goes on there
      EXPECT_EQ(joined, whole) << "limit " << limit << ", newest first " << newest_first;
    }
  }
}

// What does not fit into memory is told, and what is shown is still right.
TEST_F(SearchTest, CommandsKeepTheirLimits) {
  for (int i = 0; i < 200; ++i)
    store("user.name=u" + std::to_string(i % 50) + " n=" + std::to_string(i));
  std::vector<std::string> rows;
  const ResultSink sink{.event =
                            [&](Json&& event) {
                              rows.push_back(event.at("n").get<std::string>());
                              return true;
                            },
                        .row =
                            [&](const std::vector<Cell>& cells) {
                              std::string text;
                              for (const Cell& cell : cells)
                                text += (text.empty() ? "" : " ") + cell_text(cell);
                              rows.push_back(text);
                              return true;
                            }};
  const PipeLimits few{.rows_max = 10, .groups_max = 20, .distinct_max = 30, .sample_max = 40};
  const auto run = [&](std::string_view text, const PipeLimits& limits) {
    rows.clear();
    const SearchOptions options{
        .scan = {.newest_first = false}, .limit = 100, .parse = parse_pairs};
    const auto totals = run_query(*store_, *parse_query(text), options, limits, sink);
    EXPECT_TRUE(totals) << totals.error().what;
    return *totals;
  };
  SearchTotals totals = run("* | sort -`n`", few);
  ASSERT_EQ(totals.notices.size(), 1U);
  EXPECT_EQ(totals.notices[0].kind, PipeNoticeKind::kRowsLeftOut);
  EXPECT_EQ(totals.notices[0].n, 190U);
  totals = run("* | sort -`n` | head 3", few);
  EXPECT_TRUE(totals.notices.empty());
  EXPECT_EQ(rows, (std::vector<std::string>{"199", "198", "197"}));
  totals = run("* | count by user.name", few);
  ASSERT_EQ(totals.notices.size(), 1U);
  EXPECT_EQ(totals.notices[0].n, 120U);
  EXPECT_EQ(rows.size(), 20U);
  EXPECT_EQ(rows.front(), "u0 4");
  totals = run("* | distinct user.name", few);
  EXPECT_EQ(totals.notices.at(0).kind, PipeNoticeKind::kDistinctBounded);
  EXPECT_EQ(rows, std::vector<std::string>{"30"});
  totals = run("* | stats p50(`n`)", few);
  EXPECT_EQ(totals.notices.at(0).kind, PipeNoticeKind::kSampled);
  totals = run("* | dedup user.name", few);
  EXPECT_EQ(totals.notices.at(0).kind, PipeNoticeKind::kDedupBounded);
  totals = run("* | sort `n`", {.bytes_max = 2'000});
  EXPECT_EQ(totals.notices.at(0).kind, PipeNoticeKind::kRowsLeftOut);
  EXPECT_EQ(rows.front(), "0");
  totals = run("* | tail 150", {});
  EXPECT_TRUE(totals.limited);
  EXPECT_EQ(rows.size(), 100U);
  EXPECT_EQ(rows.front(), "50");
}

// The first rows come while later ones are still looked for; `head` ends the scan.
TEST_F(SearchTest, HeadEndsTheScan) {
  for (int i = 0; i < 100; ++i) store("user.name=root");
  const SearchOptions options{.parse = parse_pairs};
  const auto totals = run_query(*store_, *parse_query("user.name:root | head 2"), options, {},
                                {.event = [](Json&&) { return true; }, .row = {}});
  ASSERT_OK(totals);
  EXPECT_EQ(totals->matched, 2U);
  EXPECT_LT(totals->scan.rows, 100U);
}

TEST_F(SearchTest, FieldsThatNoEventHasAreTold) {
  store("user.name=root");
  find("user.name:root or usr.name:x or usr.name:y");
  EXPECT_TRUE(totals_.never_seen.empty());  // not asked for: the first test was true
  find("usr.name:x or usr.name:y");
  ASSERT_EQ(totals_.never_seen.size(), 1U);
  EXPECT_EQ(totals_.never_seen[0], std::pair(std::string("usr.name"), std::size_t{0}));
}

TEST(Regex, GivesUpOnWhatTakesTooLong) {
  RegexRefusal why;
  const auto slow = SearchRegex::compile("(a+)+$", "", why);
  ASSERT_NE(slow, nullptr);
  const std::uint64_t before = search_regex_limits_reached();
  EXPECT_FALSE(slow->search(std::string(40, 'a') + "b"));
  EXPECT_EQ(search_regex_limits_reached(), before + 1);
  EXPECT_EQ(SearchRegex::compile(std::string(60, '(') + std::string(60, ')'), "", why), nullptr);
  EXPECT_EQ(SearchRegex::compile("((a{500}){500}){500}", "", why), nullptr);
  EXPECT_EQ(SearchRegex::compile("\\C", "", why), nullptr);
  const auto letter = SearchRegex::compile("^.$", "", why);
  EXPECT_TRUE(letter->search("\xC6\xB0"));  // one character of two bytes
}

TEST(Cursor, OnlyOurOwnIsRead) {
  const RowPosition position{1ULL << 40, 65'535, 16'000};
  EXPECT_EQ(*position_of_cursor(to_cursor(position)), position);
  EXPECT_FALSE(position_of_cursor(""));
  EXPECT_FALSE(position_of_cursor(to_cursor(position).substr(1)));
  EXPECT_FALSE(position_of_cursor(to_cursor(position) + "x"));
}

TEST_F(SearchTest, CanBeCancelledAndTellsProgress) {
  Batch batch;
  for (std::uint64_t i = 0; i < 5 * 4096; ++i) batch.add("user.name=root", SourceId{0}, i, 1);
  Commit commit;
  commit.add(batch, {});
  ASSERT_TRUE(store_->commit(commit));
  int told = 0;
  SearchOptions options{.parse = parse_pairs};
  options.progress = [&](const SearchTotals& totals) {
    ++told;
    EXPECT_EQ(totals.scan.rows % 4096, 0U);
  };
  options.cancelled = [&] { return told == 2; };
  const auto totals =
      search(*store_, *parse_query("absent"), options, [](Batch&, const Event&) { return true; });
  ASSERT_OK(totals);
  EXPECT_TRUE(totals->cancelled);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(totals->scan.rows, 2 * 4096U);
}

}  // namespace
}  // namespace picket::storage
