// What a column block leaves of a query is what looking at the records leaves.
#include "storage/columns/column_query.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/query_match.h"
#include "tests/storage/column_samples.h"

namespace picket::storage {
namespace {

constexpr BlockKey kKey{70, 3};

std::string random_query(Samples& samples, int depth) {
  static const std::vector<std::string> kTerms = {"alpha",         "\"10.0.0.7\"",
                                                  "be*ta",         "\"C:\\\\new\"",
                                                  "mimi*z",        "\"say \\\"hi\\\"\"",
                                                  "svchost",       "sshd?2*",
                                                  "\"zq absent\"", "17",
                                                  "EventID:1",     "\"\\\"Hostname\\\":\\\"pc-1\"",
                                                  "picket.seq:7",  "*",
                                                  "web-3"};
  switch (depth > 3 ? 0 : samples.below(5)) {
    case 1:
      return "(" + random_query(samples, depth + 1) + " AND " + random_query(samples, depth + 1) +
             ")";
    case 2:
      return "(" + random_query(samples, depth + 1) + " OR " + random_query(samples, depth + 1) +
             ")";
    case 3:
      return "NOT " + random_query(samples, depth + 1);
    default:
      return samples.pick(kTerms);
  }
}

TEST(ColumnQuery, LeavesWhatTheRecordsLeave) {
  const SampleRows samples = sample_rows(6, 1'200);
  const std::string bytes = column_block_of(samples.rows, kKey);
  ColumnBlock block;
  ASSERT_TRUE(block.open(bytes, kKey));
  ColumnRows reader(block);
  ColumnSearch search(block);
  Samples random(1);
  std::size_t parsed = 0;
  std::size_t left_out = 0;
  std::size_t exact = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_query(random, 0);
    const Result<Query> query = parse_query(text);
    if (!query) continue;
    ++parsed;
    const QueryMatcher matcher(*query, {});
    const Result<CandidateRows> candidates = candidate_rows(*query, search, block.rows());
    ASSERT_TRUE(candidates) << candidates.error().what;
    exact += candidates->exact ? 1U : 0U;
    for (const StoredRow& row : samples.rows) {
      const std::size_t place = **reader.find(row.record.source, row.record.seq);
      const Verdict verdict = matcher.by_record(row.record);
      if (!candidates->rows.has(place)) {
        ASSERT_EQ(verdict, Verdict::kNo) << text << "\n" << row.record.raw;
        ++left_out;
      } else if (candidates->exact) {
        ASSERT_EQ(verdict, Verdict::kYes) << text << "\n" << row.record.raw;
      }
    }
  }
  EXPECT_GT(parsed, 200U);
  EXPECT_GT(left_out, 10'000U);
  EXPECT_GT(exact, 50U);
}

}  // namespace
}  // namespace picket::storage
