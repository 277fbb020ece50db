// Column blocks give back what was put in, byte for byte, and notice damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/columns/column_rows.h"
#include "storage/columns/column_writer.h"
#include "storage/columns/number_text.h"
#include "tests/storage/column_parts.h"
#include "tests/storage/column_samples.h"

namespace picket::storage {
namespace {

constexpr BlockKey kKey{70, 3};

std::string show(const StoredRow& row) {
  const Record& record = row.record;
  return std::to_string(static_cast<std::uint32_t>(record.source)) + ":" +
         std::to_string(record.seq) + " @" + std::to_string(row.position.commit) + "/" +
         std::to_string(row.position.part) + "/" + std::to_string(row.position.row) + " r" +
         std::to_string(record.received_ns) + " t" + std::to_string(row.time_ns) + " " +
         std::string(parse_status_name(row.status)) + " " + std::to_string(record.length) + " [" +
         std::string(record.heading) + "] " + std::string(record.raw);
}

RowSet all_rows(const ColumnBlock& block) {
  RowSet rows(block.rows());
  rows.add_all();
  return rows;
}

// Everything comes back: all at once in order of arrival, one by one, and by source and number.
void check_round_trip(const std::vector<StoredRow>& given) {
  const std::string bytes = column_block_of(given, kKey);
  ColumnBlock block;
  const Result<void> opened = block.open(bytes, kKey);
  ASSERT_TRUE(opened) << opened.error().what;
  ASSERT_EQ(block.rows(), given.size());
  std::vector<StoredRow> sorted = given;
  std::sort(sorted.begin(), sorted.end(),
            [](const StoredRow& a, const StoredRow& b) { return a.position < b.position; });
  ColumnRows reader(block);
  RowBuffer buffer;
  const Result<void> rebuilt = reader.rebuild(all_rows(block), buffer);
  ASSERT_TRUE(rebuilt) << rebuilt.error().what;
  ASSERT_EQ(buffer.rows.size(), sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i)
    ASSERT_EQ(show(buffer.rows[i]), show(sorted[i])) << "row " << i;
  EXPECT_FALSE(*reader.find(SourceId{9}, 1));
  std::string raw;
  for (std::size_t i = 0; i < given.size(); i += 1 + given.size() / 97) {
    const Record& record = given[i].record;
    const auto place = reader.find(record.source, record.seq);
    ASSERT_TRUE(place && *place);
    const Result<StoredRow> row = reader.row(**place, raw);
    ASSERT_TRUE(row) << row.error().what;
    StoredRow whole = *row;
    const Result<RowPosition> position = reader.position(**place);
    ASSERT_TRUE(position);
    whole.position = *position;
    ASSERT_EQ(show(whole), show(given[i]));
    std::string other;
    const auto fetched = ColumnRows(block).fetch(record.source, record.seq, other);
    ASSERT_TRUE(fetched && *fetched);
    EXPECT_EQ((*fetched)->record.raw, record.raw);
    EXPECT_EQ((*fetched)->time_ns, given[i].time_ns);
    RowSet one(block.rows());
    one.add(**place);
    RowBuffer few;
    ASSERT_TRUE(reader.rebuild(one, few));
    ASSERT_EQ(show(few.rows.at(0)), show(given[i]));
  }
}

TEST(ColumnBlock, RandomRowsSurvive) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const SampleRows samples = sample_rows(seed, 1 + seed * seed % 700);
    check_round_trip(samples.rows);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(ColumnBlock, ManyChunksSurvive) {
  check_round_trip(sample_rows(99, 9'000).rows);
}

TEST(ColumnBlock, ABuilderIsUsedAgain) {
  ColumnBlockBuilder builder;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SampleRows samples = sample_rows(seed, 300);
    for (const StoredRow& row : samples.rows) builder.add(row);
    std::vector<storage::Run> runs;
    const std::string bytes = builder.build(kKey, runs);
    ColumnBlock block;
    ASSERT_TRUE(block.open(bytes, kKey));
    RowBuffer buffer;
    ColumnRows reader(block);
    ASSERT_TRUE(reader.rebuild(all_rows(block), buffer));
    ASSERT_EQ(buffer.rows.size(), samples.rows.size());
    EXPECT_EQ(runs.size(), block.runs().size());
    builder.clear();
  }
}

TEST(ColumnBlock, ExtremesSurvive) {
  SampleRows all;
  all.add("", UINT32_MAX, UINT64_MAX - 1).time_ns = INT64_MIN;
  all.add("{}", 0, 0).record.received_ns = INT64_MAX;
  all.add(R"({"":1})", 0, 1).record.received_ns = INT64_MIN;
  all.add(R"({"a":)" + std::string(300'000, '[') + std::string(300'000, ']') + "}", 0, 2);
  all.add("{\"long\":\"" + std::string(3'000'000, 'x') + "\"}", 0, 3);
  std::string wide = "{";
  for (int i = 0; i < 2000; ++i)
    wide += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  all.add(wide + "\"z\":0}", 0, 4);
  all.rows[1].position = {UINT64_MAX, UINT16_MAX, UINT32_MAX};
  check_round_trip(all.rows);
}

// Names that change with every record must not make shapes and columns without end.
TEST(ColumnBlock, ChangingNamesStayBounded) {
  SampleRows all;
  for (std::uint64_t i = 0; i < 6'000; ++i)
    all.add("{\"k" + std::to_string(i) + "\":\"v\",\"same\":\"" + std::to_string(i % 7) + "\"}", 1,
            i);
  check_round_trip(all.rows);
  const std::string bytes = column_block_of(all.rows, kKey);
  ColumnBlock block;
  ASSERT_TRUE(block.open(bytes, kKey));
  EXPECT_LE(block.columns().size(), 1'100U);
  EXPECT_LT(bytes.size(), all.rows.size() * 16);
}

TEST(ColumnBlock, RecordingsSurvive) {
  const std::filesystem::path root = PICKET_SOURCE_DIR "/../shared/data/evtx-json/events";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << "no recordings at " << root;
  std::size_t files = 0;
  SampleRows all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || ++files > 40) continue;
    SampleRows rows = rows_of_file(entry.path(), 200);
    for (const StoredRow& row : rows.rows)
      if (all.rows.size() < 4'000) all.add(std::string(row.record.raw), 1, all.rows.size());
  }
  ASSERT_FALSE(all.rows.empty());
  check_round_trip(all.rows);
}

// A small block with everything in it.
std::string small_block(std::uint64_t seed, std::size_t rows) {
  const SampleRows samples = sample_rows(seed, rows);
  ColumnBlockBuilder builder;
  for (const StoredRow& row : samples.rows) {
    builder.add(row);
    if (builder.rows() % 5 == 0) builder.add_hit("rule-a");
  }
  std::vector<storage::Run> runs;
  return builder.build(kKey, runs);
}

// An answer that is not marked as damaged must be the right one.
void expect_noticed(const std::string& right, const std::string& answers, std::size_t at) {
  if (answers.find(kDamaged) != std::string::npos) return;
  EXPECT_EQ(answers, right) << "byte " << at;
}

TEST(ColumnBlock, EveryFlippedByteIsNoticed) {
  const std::string bytes = small_block(11, 40);
  const std::string right = answers_of(bytes, kKey);
  ASSERT_EQ(right.find(kDamaged), std::string::npos);
  Samples samples(1);
  std::size_t noticed = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << samples.below(8)));
    const std::string answers = answers_of(damaged, kKey);
    expect_noticed(right, answers, at);
    noticed += answers.find(kDamaged) != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(noticed, bytes.size());
}

TEST(ColumnBlock, WhatIsCutOrElsewhereIsNoticed) {
  const std::string bytes = small_block(12, 30);
  ColumnBlock block;
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50)
    ASSERT_FALSE(block.open(std::string_view(bytes).substr(0, size), kKey)) << size;
  EXPECT_FALSE(block.open(bytes + "x", kKey));
  EXPECT_FALSE(block.open(bytes, {kKey.commit, kKey.part + 1}));
  std::string newer = bytes;
  newer[1] = 2;
  const Result<void> opened = block.open(newer, kKey);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kInvalid);
  ASSERT_TRUE(block.open(bytes, kKey));  // and is good again
}

// Damage with right checksums: any answer will do, but nothing is read outside and memory is
// bounded.
TEST(ColumnBlock, ForgedBlocksDoNoHarm) {
  Samples samples(2);
  const int rounds = 4'000;
  for (int round = 0; round < rounds; ++round) {
    static const std::string kBlocks[] = {small_block(13, 5), small_block(14, 60),
                                          small_block(15, 300)};
    ColumnParts parts = parts_of(kBlocks[round % 16 == 0 ? 2 : round % 2], kKey);
    for (std::size_t i = 1 + samples.below(3); i > 0; --i) {
      std::string& section =
          parts.sections[samples.below(5) == 0 ? samples.below(kSections) : samples.below(3)];
      if (section.empty()) continue;
      section[samples.below(section.size())] = static_cast<char>(samples.any());
      if (samples.below(10) == 0) section.resize(samples.below(section.size()));
    }
    if (samples.below(10) == 0)
      parts.header.rows += static_cast<std::uint32_t>(samples.below(3)) - 1;
    if (samples.below(10) == 0)
      parts.header.flags ^= static_cast<std::uint16_t>(1U << samples.below(4));
    if (parts.header.rows == 0) continue;
    answers_of(block_of(parts, kKey), kKey);
  }
}

TEST(ColumnBlock, NumbersAreWrittenBack) {
  char buffer[kNumberTextMax];
  for (const char* text : {"0", "7", "-7", "999999999999999999", "-999999999999999999"}) {
    const auto number = canonical_integer(text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(write_integer(*number, buffer), text);
  }
  for (const char* text :
       {"", "-", "-0", "00", "01", "+1", "1.0", "1e3", " 1", "1234567890123456789"})
    EXPECT_FALSE(canonical_integer(text)) << text;
  for (const char* text :
       {"2026-03-01T10:00:00Z", "2026-02-28 23:59:59.999", "1969-12-31T23:59:59.999999999Z",
        "2024-02-29T00:00:00.0", "1700-01-01T00:00:00", "2250-12-31T23:59:59.1234567Z"}) {
    const auto time = canonical_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(write_time(time->format, time->units, buffer), text);
  }
  for (const char* text :
       {"2026-02-30T10:00:00Z", "2025-02-29T10:00:00Z", "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567891", "2026-01-01t00:00:00Z", "2026-01-01T00:00:00+01:00",
        "0001-01-01T00:00:00Z", "2026-01-01T00:00:00ZZ", "2026-01-01"})
    EXPECT_FALSE(canonical_time(text)) << text;
  Samples samples(5);
  for (int i = 0; i < 20'000; ++i) {  // whatever a damaged block says, the buffer holds it
    const auto format = static_cast<TimeFormat>(samples.below(10) + 16 * samples.below(4));
    EXPECT_LE(write_time(format, static_cast<std::int64_t>(samples.any()), buffer).size(),
              kNumberTextMax);
    EXPECT_LE(write_integer(static_cast<std::int64_t>(samples.any()), buffer).size(),
              kNumberTextMax);
  }
}

}  // namespace
}  // namespace picket::storage
