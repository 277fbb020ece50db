// Which rows of a column block meet a need: those whose bytes do, looked at one by one.
#include "storage/columns/block_needs.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/columns/words.h"
#include "tests/event/needs_met.h"
#include "tests/storage/column_samples.h"

namespace picket::storage {
namespace {

constexpr BlockKey kKey{70, 3};

// A word, or a piece of one, of some row or of none.
NeededText random_text(Samples& random, const SampleRows& samples) {
  std::vector<std::string> words;
  const StoredRow& row = samples.rows[random.below(samples.rows.size())];
  any_word(row.record.raw, [&](std::string_view word) {
    const bool plain = std::all_of(word.begin(), word.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (plain && word.size() > 2 && (word[0] < '0' || word[0] > '9'))
      words.push_back(in_lower_case(word));
    return false;
  });
  if (words.empty() || random.below(8) == 0) return {"absent", {"absent"}};
  const std::string& word = random.pick(words);
  switch (random.below(3)) {
    case 0:
      return {word, {word}};
    case 1:
      return {word, {}};
    default:
      return {word.substr(1), {}};
  }
}

RecordNeeds random_needs(Samples& random, const SampleRows& samples) {
  RecordNeeds needs;
  for (std::size_t rule = 0; rule <= random.below(3); ++rule) {
    RecordNeeds::AllOf& all = needs.any.emplace_back();
    for (std::size_t set = 0; set <= random.below(2); ++set) {
      RecordNeeds::AnyOf& any = all.emplace_back();
      for (std::size_t text = 0; text <= random.below(2); ++text)
        any.push_back(random_text(random, samples));
    }
  }
  return needs;
}

TEST(BlockNeeds, LeaveNoRowOutThatMeetsThem) {
  SampleRows samples = sample_rows(6, 1'200);
  samples.add(R"({"a":"\u0061bsent"})", 9, 0);
  samples.add(R"({"a":"\u003cb"})", 9, 1);
  const std::string bytes = column_block_of(samples.rows, kKey);
  ColumnBlock block;
  ASSERT_TRUE(block.open(bytes, kKey));
  ColumnRows reader(block);
  ColumnSearch search(block);
  Samples random(1);
  const auto any = [](std::string_view, std::string_view) { return true; };
  std::size_t found = 0;
  std::size_t left_out = 0;
  for (int i = 0; i < 300; ++i) {
    const RecordNeeds needs = random_needs(random, samples);
    const Result<BlockNeeds> of_block = BlockNeeds::of(&needs, bytes, kKey);
    ASSERT_TRUE(of_block) << of_block.error().what;
    const Result<RowSet> rows = of_block->rows(block, search);
    ASSERT_TRUE(rows) << rows.error().what;
    for (const StoredRow& row : samples.rows) {
      const std::size_t place = **reader.find(row.record.source, row.record.seq);
      if (rows->has(place)) {
        ++found;
        EXPECT_TRUE(needs_met(needs, row.record.raw, any)) << row.record.raw;
      } else {
        ++left_out;
        ASSERT_FALSE(needs_met(needs, row.record.raw, has_word)) << row.record.raw;
      }
    }
  }
  EXPECT_GT(found, 1'000U);
  EXPECT_GT(left_out, 10'000U);
}

TEST(BlockNeeds, TheFilterOfWordsAnswersFirst) {
  SampleRows samples;
  for (std::uint64_t i = 0; i < 100; ++i)
    samples.add(R"({"a":"tool )" + std::to_string(i) + "\"}", 1, i);
  const std::string plain = column_block_of(samples.rows, kKey);
  samples.add(R"({"a":"\u0061bsent"})", 1, 100);
  const std::string hiding = column_block_of(samples.rows, kKey);
  const RecordNeeds absent{{{{{"absent", {"absent"}}}}}};
  const RecordNeeds there{{{{{"tool", {"tool"}}}}}};
  const RecordNeeds piece{{{{{"bsen", {}}}}}};
  EXPECT_TRUE(BlockNeeds::of(&absent, plain, kKey)->nothing());
  EXPECT_FALSE(BlockNeeds::of(&there, plain, kKey)->nothing());
  EXPECT_FALSE(BlockNeeds::of(&piece, plain, kKey)->nothing())
      << "no word: the columns have to say";
  EXPECT_FALSE(BlockNeeds::of(nullptr, plain, kKey)->nothing());
  EXPECT_FALSE(BlockNeeds::of(&absent, hiding, kKey)->nothing());
}

}  // namespace
}  // namespace picket::storage
