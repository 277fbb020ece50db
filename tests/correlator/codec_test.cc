// The binary form of state, timers, and hits in pages: what is written is read, damage is survived.
#include "correlator/codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "correlator/group.h"
#include "correlator/group_cache.h"
#include "correlator/group_move.h"
#include "correlator/state.h"
#include "correlator/timers.h"

namespace picket::correlator {
namespace {

TEST(Codec, ReadsWhatItWrote) {
  Writer writer;
  writer.byte(7);
  for (const std::uint64_t n :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, UINT64_MAX})
    writer.number(n);
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX})
    writer.integer(n);
  writer.real(-0.1);
  writer.text("");
  writer.text(std::string("a\0b", 3));
  const std::string bytes = writer.take();
  Reader reader(bytes);
  EXPECT_EQ(reader.byte(), 7);
  for (const std::uint64_t n :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, UINT64_MAX})
    EXPECT_EQ(reader.number(), n);
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(reader.integer(), n);
  EXPECT_EQ(reader.real(), -0.1);
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.text(), std::string_view("a\0b", 3));
  EXPECT_TRUE(reader.done());
}

TEST(Codec, InstantsSortAsBytes) {
  std::string last;
  for (const std::int64_t t :
       {INT64_MIN, std::int64_t{-5}, std::int64_t{0}, std::int64_t{300}, INT64_MAX}) {
    std::string key;
    append_instant(key, t);
    EXPECT_EQ(instant_at(key), t);
    EXPECT_LT(last, key);
    last = key;
  }
}

TEST(Timers, OldestFirstAndOnce) {
  MapState state;
  Timers timers(state, "t/");
  timers.set(30, "c");
  timers.set(10, "a");
  timers.set(20, "b");
  timers.set(20, "b");
  timers.set(25, "gone");
  timers.cancel(25, "gone");
  EXPECT_TRUE(timers.take_due(9, 10).empty());
  EXPECT_EQ(timers.take_due(29, 1), std::vector<std::string>{"a"});
  Timers restarted(state, "t/");
  EXPECT_EQ(restarted.take_due(100, 10), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(state.entries().empty());
}

MemberHit member(std::int64_t time_ns, std::uint64_t seq) {
  MemberHit hit;
  hit.time_ns = time_ns;
  hit.seq = seq;
  hit.value = SharedText("v" + std::to_string(seq));
  hit.verdict = seq % 3 == 0 ? Verdict::kFired : Verdict::kFalse;
  hit.quantity = seq % 3 == 0 ? 2.5 : 0;
  hit.proof = SharedText(pack({{{"ip", "192.0.2.1"}}, {Layer::kServer}, {}}));
  return hit;
}

// A group with hits put in from the middle to both ends, so that pages split everywhere.
Group make_group(const SourceTable& sources, std::uint64_t count) {
  Group group("k", 0, {"x"});
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t seq = i % 2 == 0 ? count + i : count - i;
    group.insert(member(static_cast<std::int64_t>(seq) * 10, seq), sources);
  }
  return group;
}

TEST(Group, PagesHoldWhatWasPut) {
  MapState state;
  SourceTable sources(state);
  Group group = make_group(sources, 1001);
  EXPECT_GT(group.pages.size(), 7U);
  TextShare texts;
  auto read = Group::parse_head("k", 0, group.head(), texts);
  ASSERT_TRUE(read);
  for (std::size_t i = 0; i < group.pages.size(); ++i) {
    EXPECT_LE(group.pages[i].size, 2 * Group::kPageHits);
    ASSERT_TRUE(read->load_page(group.page(i), texts));
  }
  ASSERT_EQ(read->hits().size(), 1001U);
  for (std::size_t i = 0; i < 1001; ++i) {
    const MemberHit& hit = read->hits()[i];
    EXPECT_EQ(hit.time_ns, group.hits()[i].time_ns);
    EXPECT_EQ(hit.verdict, group.hits()[i].verdict);
    EXPECT_EQ(hit.quantity, group.hits()[i].quantity);
    EXPECT_EQ(hit.value, group.hits()[i].value);
    EXPECT_EQ(hit.proof, group.hits()[i].proof);
    EXPECT_TRUE(i == 0 || group.hits()[i - 1].time_ns < hit.time_ns);
  }
}

TEST(Group, DamageIsRefused) {
  MapState state;
  SourceTable sources(state);
  const Group group = make_group(sources, 40);
  const std::string head = group.head();
  const std::string page = group.page(0);
  TextShare texts;
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_FALSE(Group::parse_head("k", 0, std::string_view(head).substr(0, size), texts));
  }
  for (std::size_t size = 0; size < page.size(); ++size) {
    Group empty("k", 0, {});
    EXPECT_FALSE(empty.load_page(std::string_view(page).substr(0, size), texts));
  }
  for (std::size_t i = 0; i < page.size(); ++i) {  // any byte: no crash, no huge allocation
    std::string damaged = page;
    damaged[i] = static_cast<char>(~damaged[i]);
    Group empty("k", 0, {});
    (void)empty.load_page(damaged, texts);
    EXPECT_LE(empty.hits().size(), page.size());
  }
}

TEST(Group, DuplicatesAreNoHits) {
  MapState state;
  SourceTable sources(state);
  Group group("k", 0, {});
  EXPECT_EQ(group.insert(member(10, 1), sources), Group::Insert::kAdded);
  EXPECT_EQ(group.insert(member(10, 1), sources), Group::Insert::kDuplicate);
  EXPECT_EQ(group.insert(member(10, 2), sources), Group::Insert::kAdded);
  EXPECT_EQ(group.hits().size(), 2U);
  group.remove(group.find(member(10, 1), sources));
  EXPECT_EQ(group.hits().size(), 1U);
  EXPECT_EQ(group.find(member(10, 1), sources), Group::kNone);
}

// As version 3 wrote it: no log, each hit with its texts.
std::string plain_head(const std::vector<MemberHit>& hits) {
  Writer writer;
  writer.byte(3);
  writer.integer(70);  // due
  writer.number(1);
  writer.text("x");
  writer.number(0);    // settled
  writer.byte(16);     // inlined
  writer.integer(0);   // carry
  writer.integer(80);  // wake
  writer.number(5);    // told
  writer.number(2);    // grown
  writer.number(1);    // next page
  writer.number(1);
  writer.number(0);
  writer.number(hits.size());
  writer.number(hits.size());
  std::int64_t base_ns = 0;
  for (const MemberHit& hit : hits) {
    writer.number(static_cast<std::uint64_t>(hit.time_ns - base_ns));
    base_ns = hit.time_ns;
    writer.number(hit.seq);
    writer.number(hit.origin);
    writer.number(static_cast<std::uint64_t>(hit.source));
    writer.number(hit.reference);
    writer.byte(static_cast<std::uint8_t>(hit.verdict));
    writer.byte(static_cast<std::uint8_t>(hit.layer));
    if (hit.verdict == Verdict::kFired) writer.real(hit.quantity);
    writer.byte(hit.value ? 1 : 0);
    if (hit.value) writer.text(*hit.value);
    writer.text(*hit.proof);
  }
  return writer.take();
}

TEST(Group, HeadsOfTheLastVersionAreRead) {
  TextShare texts;
  const std::vector<MemberHit> hits = {member(10, 1), member(20, 2), member(30, 3)};
  const auto read = Group::parse_head("k", 0, plain_head(hits), texts);
  ASSERT_TRUE(read);
  EXPECT_EQ(Group::due_of(plain_head(hits)), 70);
  EXPECT_EQ(read->due_ns, 70);
  EXPECT_EQ(read->wake_ns, 80);
  EXPECT_EQ(read->told, 5U);
  EXPECT_EQ(read->grown, 2U);
  EXPECT_EQ(read->written, 0U);
  ASSERT_EQ(read->hits().size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->hits()[i].time_ns, hits[i].time_ns);
    EXPECT_EQ(read->hits()[i].verdict, hits[i].verdict);
    EXPECT_EQ(read->hits()[i].value, hits[i].value);
    EXPECT_EQ(read->hits()[i].proof, hits[i].proof);
  }
}

void expect_same(const Group& a, const Group& b) {
  ASSERT_EQ(a.hits().size(), b.hits().size());
  std::size_t paged = 0;
  for (const Page& page : b.pages) paged += page.size;
  EXPECT_EQ(paged, b.hits().size());
  EXPECT_EQ(a.wake_ns, b.wake_ns);
  EXPECT_EQ(a.told, b.told);
  for (std::size_t i = 0; i < a.hits().size(); ++i) {
    EXPECT_EQ(a.hits()[i].seq, b.hits()[i].seq) << i;
    EXPECT_EQ(a.hits()[i].verdict, b.hits()[i].verdict) << i;
    EXPECT_EQ(a.hits()[i].value, b.hits()[i].value) << i;
  }
}

// Whatever happens to a group, head and pages with the log make the same one again.
TEST(GroupLog, MakesGroupsWholeAgain) {
  std::uint64_t random = 1;
  const auto pick = [&](std::uint64_t below) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % below;
  };
  for (int round = 0; round < 200; ++round) {
    MapState state;
    SourceTable sources(state);
    GroupCache cache(state, "", false);
    const std::string rule = GroupCache::rule_key("r", "h");
    std::uint64_t seq = 100;
    for (int step = 0; step < 30; ++step) {
      Group& group = cache.group(0, rule, {"x"});
      for (std::uint64_t left = pick(20); left > 0; --left, ++seq) {
        const auto late = static_cast<std::int64_t>(pick(4) == 0 ? pick(60) : 0);
        group.insert(member(static_cast<std::int64_t>(seq) * 10 - late * 10, seq), sources);
      }
      const std::size_t size = group.hits().size();
      if (size > 0 && pick(3) == 0)
        group.set_verdict(size - 1 - pick(std::min<std::size_t>(size, 40)), Verdict::kTrue, 0);
      if (size > 0 && pick(5) == 0) group.remove(pick(size));
      group.told = static_cast<std::uint64_t>(step);
      group.dirty = true;
      cache.flush();
      if (pick(8) == 0) cache.trim(0);
      GroupCache again(state, "", false);
      if (pick(4) == 0) again.write_all();
      Group* read = again.find(again.group(0, rule, {"x"}).suffix, 0);
      ASSERT_NE(read, nullptr);
      expect_same(cache.group(0, rule, {"x"}), *read);
      EXPECT_EQ(again.counters().corrupt, 0U);
      cache.flush();
      if (HasFailure()) return;
    }
    EXPECT_FALSE(state.entries().lower_bound("c/l/") == state.entries().end());
  }
}

// Two states count their segments each for itself.
TEST(GroupLog, MovesWithItsGroups) {
  const std::string rule = GroupCache::rule_key("r", "h");
  const std::string other = GroupCache::rule_key("other", "h");
  const auto add = [](GroupCache& cache, const std::string& key, std::uint64_t first,
                      std::uint64_t steps, const SourceTable& sources) {
    for (std::uint64_t i = first; i < first + steps; ++i) {
      cache.group(0, key, {"x"}).insert(member(static_cast<std::int64_t>(i), i), sources);
      cache.flush();
    }
  };
  for (const std::uint64_t steps : {2U, 9U}) {  // in the state that they come from
    for (const std::uint64_t before : {1U, 5U, 30U}) {
      MapState from;
      MapState to;
      SourceTable sources(to);
      GroupCache live(to, "", false);
      add(live, other, 0, before, sources);
      add(live, rule, 100, 5, sources);  // of an earlier time, and forgotten
      GroupCache filled(from, "", false);
      add(filled, rule, 200, steps, sources);
      live.erase(live.group(0, rule, {"x"}));
      live.flush();
      EXPECT_EQ(move_groups(from, to, rule), 1U);
      EXPECT_EQ(live.group(0, rule, {"x"}).hits().size(), steps);
      add(live, rule, 300, 3, sources);
      GroupCache again(to, "", false);
      EXPECT_EQ(again.group(0, rule, {"x"}).hits().size(), steps + 3);
      EXPECT_EQ(again.group(0, other, {"x"}).hits().size(), before);
      EXPECT_EQ(again.counters().corrupt, 0U);
    }
  }
}

TEST(GroupLog, IsBounded) {
  MapState state;
  SourceTable sources(state);
  const std::string rule = GroupCache::rule_key("r", "h");
  std::size_t most = 0;
  constexpr std::uint64_t kHits = 2000;
  {
    GroupCache cache(state, "", false);
    for (std::uint64_t i = 0; i < kHits; ++i) {
      MemberHit hit = member(static_cast<std::int64_t>(i), i);
      hit.value = SharedText(std::string(256, 'v') + std::to_string(i));
      hit.proof = SharedText(std::string(64 * 1024, 'p') + std::to_string(i));
      cache.group(0, rule, {std::to_string(i % 7)}).insert(std::move(hit), sources);
      cache.flush();
      if (i % 100 != 0) continue;
      std::size_t bytes = 0;
      state.for_each("c/l/", [&](std::string_view, std::string_view value) {
        bytes += value.size();
        return true;
      });
      most = std::max(most, bytes);
    }
  }
  EXPECT_GT(most, GroupLog::kBytesMax / 2);
  EXPECT_LT(most, GroupLog::kBytesMax + 1024 * 1024);
  GroupCache again(state, "", false);
  std::size_t hits = 0;
  for (int i = 0; i < 7; ++i) hits += again.group(0, rule, {std::to_string(i)}).hits().size();
  EXPECT_EQ(hits, kHits);
}

}  // namespace
}  // namespace picket::correlator
