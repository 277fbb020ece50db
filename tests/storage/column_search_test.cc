// Searches of column blocks answer as looking at every row's bytes does: no difference.
#include "storage/columns/column_search.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/columns/column_writer.h"
#include "storage/columns/number_text.h"
#include "storage/columns/word_filter.h"
#include "storage/columns/words.h"
#include "storage/folded_text.h"
#include "tests/storage/column_samples.h"

namespace picket::storage {
namespace {

constexpr BlockKey kKey{70, 3};

// A block and its rows by place.
struct Searched {
  explicit Searched(const std::vector<StoredRow>& rows) : bytes(column_block_of(rows, kKey)) {
    EXPECT_TRUE(block.open(bytes, kKey));
    ColumnRows reader(block);
    for (std::size_t place = 0; place < block.rows(); ++place) {
      raws.emplace_back();
      EXPECT_TRUE(reader.append_raw(place, raws.back()));
    }
  }
  template <class Test>
  RowSet naive(Test test) const {
    RowSet rows(raws.size());
    for (std::size_t i = 0; i < raws.size(); ++i)
      if (test(raws[i])) rows.add(i);
    return rows;
  }
  std::string bytes;
  ColumnBlock block;
  std::vector<std::string> raws;
};

// What a search might be for: a piece of a record, often across the border of a value.
std::string piece_of(Samples& samples, const std::string& raw) {
  if (raw.empty()) return "x";
  const std::size_t at = samples.below(raw.size());
  const std::size_t most = samples.below(4) == 0 ? 60 : 12;
  return fold(std::string_view(raw).substr(at, 1 + samples.below(most)));
}

void check_texts(Searched& searched, Samples& samples, int rounds) {
  ColumnSearch search(searched.block);
  std::size_t found = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string text = piece_of(samples, searched.raws[samples.below(searched.raws.size())]);
    if (samples.below(5) == 0)
      text[samples.below(text.size())] = static_cast<char>('a' + samples.below(26));
    const Result<RowSet> rows = search.containing(text);
    ASSERT_TRUE(rows) << rows.error().what;
    const RowSet naive =
        searched.naive([&](const std::string& raw) { return contains_folded(raw, text); });
    ASSERT_EQ(*rows, naive) << "\"" << text << "\": " << rows->count() << ", not " << naive.count();
    found += naive.count();
  }
  EXPECT_GT(found, 0U);
}

void check_words(Searched& searched, Samples& samples, int rounds) {
  ColumnSearch search(searched.block);
  std::vector<std::string> words;
  for (const std::string& raw : searched.raws) {
    any_word(raw, [&](std::string_view word) {
      if (samples.below(40) == 0) words.push_back(fold(word));
      return false;
    });
  }
  ASSERT_FALSE(words.empty());
  for (int i = 0; i < rounds; ++i) {
    std::string word = words[samples.below(words.size())];
    if (samples.below(4) == 0) word.pop_back();
    if (samples.below(8) == 0) word = std::to_string(samples.below(100'000));
    if (!is_word(word)) continue;
    const Result<RowSet> rows = search.with_word(word);
    ASSERT_TRUE(rows) << rows.error().what;
    const RowSet naive =
        searched.naive([&](const std::string& raw) { return has_word(raw, word); });
    ASSERT_EQ(*rows, naive) << "\"" << word << "\": " << rows->count() << ", not " << naive.count();
  }
}

TEST(ColumnSearch, FindsTextsAsTheRowsHaveThem) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Searched searched(sample_rows(seed, 40 * seed * seed).rows);
    Samples samples(seed);
    check_texts(searched, samples, 250);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(ColumnSearch, FindsWordsAsTheRowsHaveThem) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Searched searched(sample_rows(seed, 40 * seed * seed).rows);
    Samples samples(seed);
    check_words(searched, samples, 150);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(ColumnSearch, RecordingsAreSearchedAsTheyAre) {
  const std::filesystem::path root = PICKET_SOURCE_DIR "/../shared/data/evtx-json/events";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << "no recordings at " << root;
  SampleRows all;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || ++files > 30) continue;
    const SampleRows rows = rows_of_file(entry.path(), 100);
    for (const StoredRow& row : rows.rows)
      if (all.rows.size() < 1'500) all.add(std::string(row.record.raw), 1, all.rows.size());
  }
  Searched searched(all.rows);
  Samples samples(7);
  check_texts(searched, samples, 150);
  check_words(searched, samples, 100);
}

// Numbers and times that are kept as such are found by their digits, and across their borders.
TEST(ColumnSearch, FindsDigitsOfNumbers) {
  SampleRows all;
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    all.add("{\"id\":" + std::to_string(1'000'000 + i * 17) +
                ",\"at\":\"2026-03-01T10:" + std::to_string(10 + i / 60) + ":" +
                std::to_string(10 + i % 50) + "." + std::to_string(100 + i % 900) + "Z\"}",
            1, i);
  }
  Searched searched(all.rows);
  ASSERT_EQ(searched.block.columns()[0].encoding, ColumnEncoding::kIntegers);
  ASSERT_EQ(searched.block.columns()[1].encoding, ColumnEncoding::kTimes);
  ColumnSearch search(searched.block);
  for (const char* text :
       {"17923", "000017", ":1000017,", "t10:1", "0.12", "2z\"}", "\"2026-03", "d\":10000"}) {
    const Result<RowSet> rows = search.containing(text);
    ASSERT_TRUE(rows);
    EXPECT_EQ(*rows, searched.naive([&](const std::string& raw) {
      return contains_folded(raw, text);
    })) << text;
    EXPECT_FALSE(std::string_view(text) != "17923" && rows->empty()) << text;
  }
  for (const char* word : {"1000017", "1000018", "123z", "01t10", "2026", "9", "id"}) {
    const Result<RowSet> rows = search.with_word(word);
    ASSERT_TRUE(rows);
    EXPECT_EQ(*rows, searched.naive([&](const std::string& raw) { return has_word(raw, word); }))
        << word;
  }
  EXPECT_EQ(search.between("id", 1'000'017, 1'000'051)->count(), 3U);
  EXPECT_EQ(search.between("id", 0, 999'999)->count(), 0U);
  EXPECT_EQ(search.equal_to("id", "1000034")->count(), 1U);
  EXPECT_EQ(search.having("at")->count(), 3'000U);
  EXPECT_EQ(search.having("none")->count(), 0U);
  EXPECT_FALSE(*search.may_have_word("5000000"));
  EXPECT_FALSE(*search.may_have_word("1999"));
}

TEST(ColumnSearch, FindsValuesByColumn) {
  const SampleRows samples = sample_rows(3, 2'500);
  Searched searched(samples.rows);
  ColumnSearch search(searched.block);
  const auto host = [&](std::string_view text) {
    return searched.naive([&](const std::string& raw) {
      return !raw.empty() && raw.front() == '{' &&
             raw.find(R"("Hostname":")" + std::string(text)) != std::string::npos &&
             raw.back() == '}';
    });
  };
  Result<RowSet> rows = search.equal_to("Hostname", "pc-3.example");
  ASSERT_TRUE(rows);
  EXPECT_GT(rows->count(), 50U);
  rows->subtract(host("pc-3.example\""));
  EXPECT_LT(rows->count(), 5U);  // damaged records that are still taken apart
  rows = search.with_prefix("Hostname", "pc-");
  ASSERT_TRUE(rows);
  EXPECT_GT(rows->count(), 500U);
  rows = search.with_value("Port", [](std::string_view text) { return text == "-0"; });
  ASSERT_TRUE(rows);
  EXPECT_GT(rows->count(), 0U);
}

TEST(ColumnSearch, KeepsHitsOfPredicates) {
  SampleRows all = sample_rows(4, 3'000);
  ColumnBlockBuilder builder;
  for (std::size_t i = 0; i < all.rows.size(); ++i) {
    builder.add(all.rows[i]);
    if (i % 100 == 7) builder.add_hit("rule-a");
    if (i == 2'999) builder.add_hit("rule-b");
  }
  std::vector<storage::Run> runs;
  const std::string bytes = builder.build(kKey, runs);
  ColumnBlock block;
  ASSERT_TRUE(block.open(bytes, kKey));
  ColumnSearch search(block);
  ColumnRows rows(block);
  RowSet expected(block.rows());
  for (std::size_t i = 7; i < all.rows.size(); i += 100)
    expected.add(**rows.find(all.rows[i].record.source, all.rows[i].record.seq));
  EXPECT_EQ(*search.hits("rule-a"), expected);
  EXPECT_EQ(search.hits("rule-b")->count(), 1U);
  EXPECT_EQ(search.hits("rule-c")->count(), 0U);
}

TEST(ColumnSearch, WordsAreDefined) {
  const auto words = [](std::string_view text) {
    std::string all;
    any_word(text, [&](std::string_view word) {
      all += fold(word) + ",";
      return false;
    });
    return all;
  };
  EXPECT_EQ(words("GET /a_b?c=d1"), "get,a_b,c,d1,");
  EXPECT_EQ(words(R"(C:\new \\new \\\new)"), "c,new,ew,new,new,ew,");
  EXPECT_EQ(words(R"(\u00e9tude \u00zz \n)"), "u00e9tude,tude,u00zz,n,");
  EXPECT_EQ(words("\xC3\x9C"
                  "ber"),
            "\xC3\x9C"
            "ber,");
}

TEST(WordFilter, KnowsItsKeysAndFewOthers) {
  Samples samples(3);
  std::vector<std::string> filters;
  for (const std::size_t n : {1U, 2U, 3U, 10U, 100U, 20'000U}) {
    std::vector<std::uint64_t> keys;
    for (std::size_t i = 0; i < n; ++i) keys.push_back(word_key("word" + std::to_string(i)));
    const std::string bytes = build_word_filter(keys, n);
    WordFilter filter;
    ASSERT_TRUE(filter.read(bytes));
    for (const std::uint64_t key : keys) ASSERT_TRUE(filter.may_contain(key)) << n;
    std::size_t wrong = 0;
    for (int i = 0; i < 20'000; ++i)
      wrong += filter.may_contain(word_key("other" + std::to_string(i))) ? 1U : 0U;
    EXPECT_LT(wrong, 140U) << n;  // 0.4 % are 80
    if (n == 20'000) {
      EXPECT_LT(bytes.size() * 8, n * 10);
    }
  }
}

}  // namespace
}  // namespace picket::storage
