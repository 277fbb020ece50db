// The binary form of state, timers, and hits in pages: what is written is read, damage is survived.
#include "correlator/codec.h"

#include <gtest/gtest.h>

#include "correlator/group.h"
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
  hit.value = "v" + std::to_string(seq);
  hit.verdict = seq % 3 == 0 ? Verdict::kFired : Verdict::kFalse;
  hit.quantity = seq % 3 == 0 ? 2.5 : 0;
  hit.proof = pack({{{"ip", "192.0.2.1"}}, {Layer::kServer}, {}});
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
  auto read = Group::parse_head("k", 0, group.head());
  ASSERT_TRUE(read);
  for (std::size_t i = 0; i < group.pages.size(); ++i) {
    EXPECT_LE(group.pages[i].size, 2 * Group::kPageHits);
    ASSERT_TRUE(read->load_page(group.page(i)));
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
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_FALSE(Group::parse_head("k", 0, std::string_view(head).substr(0, size)));
  }
  for (std::size_t size = 0; size < page.size(); ++size) {
    Group empty("k", 0, {});
    EXPECT_FALSE(empty.load_page(std::string_view(page).substr(0, size)));
  }
  for (std::size_t i = 0; i < page.size(); ++i) {  // any byte: no crash, no huge allocation
    std::string damaged = page;
    damaged[i] = static_cast<char>(~damaged[i]);
    Group empty("k", 0, {});
    (void)empty.load_page(damaged);
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

}  // namespace
}  // namespace picket::correlator
