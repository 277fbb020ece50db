#include "storage/block.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "storage/encoding.h"

namespace picket::storage {
namespace {

struct Given {
  std::string raw;
  std::uint32_t source;
  std::uint64_t seq;
  std::int64_t received;
  std::int64_t time;
  ParseStatus status = ParseStatus::kParsed;
  std::uint32_t length = 0;
};

constexpr BlockKey kKey{7, 3};

std::string sealed(const std::vector<Given>& rows, std::vector<storage::Run>* runs = nullptr) {
  RowBlockBuilder builder;
  for (const Given& row : rows) {
    builder.add({.raw = row.raw,
                 .received_ns = row.received,
                 .seq = row.seq,
                 .source = SourceId{row.source},
                 .length = row.length},
                row.time, row.status);
  }
  std::vector<storage::Run> own;
  std::string block = builder.build(runs != nullptr ? *runs : own);
  return block += block_checksum(block, kKey);
}

std::string show(const StoredRow& row) {
  return std::to_string(static_cast<std::uint32_t>(row.record.source)) + ":" +
         std::to_string(row.record.seq) + " " + std::string(row.record.raw) + " r" +
         std::to_string(row.record.received_ns) + " t" + std::to_string(row.time_ns) + " " +
         std::string(parse_status_name(row.status)) + " " + std::to_string(row.record.length);
}

std::string show(const RowBlock& block) {
  std::string text;
  for (std::size_t i = 0; i < block.size(); ++i) text += show(block.row(i)) + "\n";
  return text;
}

TEST(Block, GivesBackRowsInOrderOfArrival) {
  std::vector<storage::Run> runs;
  const std::string bytes = sealed({{"first", 2, 10, 100, 90},
                                    {"second", 1, 5, 101, -5, ParseStatus::kRaw},
                                    {"", 2, 11, 99, 200, ParseStatus::kPartial},
                                    {"cut", 1, 7, 102, 102, ParseStatus::kParsed, 70'000}},
                                   &runs);
  RowBlock block;
  const Result<void> read = block.read(bytes, kKey);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(show(block),
            "2:10 first r100 t90 parsed 5\n"
            "1:5 second r101 t-5 raw 6\n"
            "2:11  r99 t200 partial 0\n"
            "1:7 cut r102 t102 parsed 70000\n");
  ASSERT_EQ(runs.size(), 3U);  // 1:5, 1:7 (6 is missing), 2:10-11
  EXPECT_EQ(runs[2].rows, 2U);
  ASSERT_NE(block.find(SourceId{2}, 11), nullptr);
  EXPECT_EQ(block.find(SourceId{2}, 11)->time_ns, 200);
  EXPECT_EQ(block.find(SourceId{1}, 6), nullptr);
  const Result<BlockHeader> header = read_block_header(bytes, kKey);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->time_min, -5);
  EXPECT_EQ(header->time_max, 200);
  EXPECT_EQ(header->raw_bytes, 14U);
}

TEST(Block, KeepsHeadings) {
  RowBlockBuilder builder;
  const auto add = [&builder](std::string_view raw, std::string_view heading, std::uint64_t seq) {
    builder.add({.raw = raw, .seq = seq, .source = SourceId{1}, .heading = heading}, 0,
                ParseStatus::kParsed);
  };
  const std::string longest(kHeadingBytesMax, 'h');
  add("a", "#Fields: x", 3);
  add("b", "", 1);
  add("c", longest, 2);
  add("d", "#Fields: x", 4);
  add("e", longest + "h", 5);
  std::vector<storage::Run> runs;
  std::string bytes = builder.build(runs);
  EXPECT_EQ(bytes[1], 2);  // the version that knows headings
  bytes += block_checksum(bytes, kKey);
  RowBlock block;
  ASSERT_TRUE(block.read(bytes, kKey));
  const std::vector<std::string_view> expected = {"#Fields: x", "", longest, "#Fields: x", ""};
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(block.row(i).record.heading, expected[i]);
  builder.clear();
  for (std::size_t i = 0; !builder.full(); ++i) add("x", "#Fields: " + std::to_string(i), i);
  runs.clear();
  bytes = builder.build(runs);
  bytes += block_checksum(bytes, kKey);
  ASSERT_TRUE(block.read(bytes, kKey));
  ASSERT_EQ(block.size(), kBlockHeadingsMax);
  EXPECT_EQ(block.row(40).record.heading, "#Fields: 40");
}

TEST(Block, ExtremeTimesAndNumbersSurvive) {
  constexpr std::int64_t kMin = INT64_MIN;
  constexpr std::int64_t kMax = INT64_MAX;
  RowBlock block;
  ASSERT_TRUE(block.read(
      sealed({{"a", 0, UINT64_MAX - 1, kMin, kMax}, {"b", UINT32_MAX, 0, kMax, kMin}}), kKey));
  EXPECT_EQ(block.row(0).record.received_ns, kMin);
  EXPECT_EQ(block.row(0).time_ns, kMax);
  EXPECT_EQ(block.row(1).record.received_ns, kMax);
  EXPECT_EQ(block.row(1).time_ns, kMin);
  EXPECT_EQ(block.row(0).record.seq, UINT64_MAX - 1);
}

TEST(Block, RandomRowsSurvive) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 30; ++round) {
    std::vector<Given> rows;
    std::vector<std::uint64_t> next(4);
    std::string expected;
    const std::size_t n = 1 + random() % 500;
    for (std::size_t i = 0; i < n; ++i) {
      const auto source = static_cast<std::uint32_t>(random() % 4);
      next[source] += random() % 8 == 0 ? 2U : 1U;
      std::string raw(random() % 40, '\0');
      for (char& c : raw) c = static_cast<char>(random());
      rows.push_back({raw, source, next[source], static_cast<std::int64_t>(random()),
                      static_cast<std::int64_t>(random()), static_cast<ParseStatus>(random() % 3),
                      static_cast<std::uint32_t>(raw.size())});
      const Given& row = rows.back();
      expected += show(StoredRow{{row.raw, row.received, row.seq, SourceId{row.source}, row.length},
                                 row.time,
                                 row.status}) +
                  "\n";
    }
    RowBlock block;
    ASSERT_TRUE(block.read(sealed(rows), kKey));
    ASSERT_EQ(show(block), expected);
  }
}

TEST(Block, EveryFlippedBitAndEveryCutIsNoticed) {
  const std::string good = sealed({{"hello hello hello", 1, 1, 10, 10}, {"world", 1, 2, 11, 11}});
  RowBlock block;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_FALSE(block.read(bad, kKey)) << at << " bit " << bit;
    }
    EXPECT_FALSE(block.read(good.substr(0, at), kKey)) << at;
  }
  EXPECT_TRUE(block.read(good, kKey));
  EXPECT_FALSE(block.read(good, {7, 4})) << "a block under another key";
}

TEST(Block, AnUnknownVersionSaysSo) {
  std::string bytes = sealed({{"x", 1, 1, 10, 10}});
  bytes[1] = 3;
  RowBlock block;
  const Result<void> read = block.read(bytes, kKey);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::kInvalid);
  EXPECT_NE(read.error().what.find("newer version"), std::string::npos) << read.error().what;
}

// A block with a right checksum around wrong contents: what a bug of ours, or an attacker with the
// disk in hand, could leave.
TEST(Block, AChecksummedLieIsRefused) {
  const std::string good = sealed({{"hello", 1, 1, 10, 10}, {"world", 1, 2, 11, 11}});
  const auto lie = [&](std::size_t at, char value) {
    std::string bad = good.substr(0, good.size() - 8);
    bad[at] = value;
    bad += block_checksum(bad, kKey);
    RowBlock block;
    return block.read(bad, kKey).has_value();
  };
  EXPECT_FALSE(lie(4, 3));  // rows
  EXPECT_FALSE(lie(4, 0));
  EXPECT_FALSE(lie(24, 9));    // raw bytes
  EXPECT_FALSE(lie(32, 127));  // runs
  EXPECT_FALSE(lie(36, 1));    // row table
  EXPECT_FALSE(lie(39, 127));
}

TEST(Encoding, ReadsWhatItWrites) {
  for (const std::uint64_t n :
       std::vector<std::uint64_t>{0, 1, 127, 128, 300, 1ULL << 32, UINT64_MAX - 1, UINT64_MAX}) {
    std::string out;
    put_varint(out, n);
    put_signed(out, static_cast<std::int64_t>(n));
    put_signed(out, -static_cast<std::int64_t>(n >> 1));
    put_big64(out, n);
    Reader in(out);
    EXPECT_EQ(in.varint(), n);
    EXPECT_EQ(in.signed_varint(), static_cast<std::int64_t>(n));
    EXPECT_EQ(in.signed_varint(), -static_cast<std::int64_t>(n >> 1));
    EXPECT_EQ(in.big64(), n);
    EXPECT_TRUE(in.done());
    EXPECT_EQ(in.varint(), 0U);
    EXPECT_FALSE(in.ok());
  }
  EXPECT_LT(newest_first(5), newest_first(4));
  EXPECT_LT(newest_first(0), newest_first(-1));
  EXPECT_EQ(time_of_newest_first(newest_first(-77)), -77);
}

}  // namespace
}  // namespace picket::storage
