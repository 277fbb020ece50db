// ColumnSearch: which rows of a column block hold a text, a word, a value.
//
// Answers are exact: those of looking at the raw bytes of every row, as folded_text.h does. Values
// are tested once however many rows have them, numbers as they are written; constant texts are
// tested once; where a text could lie across the border of a value, the rows in question are put
// together again and looked at. Keeps a reference to its block; a new one for each block. One
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/columns/column_block.h"
#include "storage/columns/column_rows.h"
#include "storage/columns/row_set.h"

namespace picket::storage {

class ColumnSearch {
 public:
  // Is the value one of those? As the record has it, with the escapes of JSON.
  using ValueTest = std::function<bool(std::string_view)>;

  explicit ColumnSearch(ColumnBlock& block) : block_(block), rows_(block) {}

  // Rows whose bytes contain `folded`, without regard to the case of ASCII letters.
  Result<RowSet> containing(std::string_view folded);
  // Rows that have the word: see docs/formats/column-blocks.md. `folded` is_word().
  Result<RowSet> with_word(std::string_view folded);
  // False only if no row has it: asks the filter and the ranges of numbers, and inflates nothing.
  Result<bool> may_have_word(std::string_view folded);
  // The same of a block that is not open: reads its head and its filter. Of words that begin with a
  // digit it says nothing, that is true: they may be numbers.
  static Result<bool> may_have_word(std::string_view block, BlockKey key, std::string_view folded);

  // Of columns with this name. Rows of which one value passes.
  Result<RowSet> with_value(std::string_view name, const ValueTest& test);
  Result<RowSet> equal_to(std::string_view name, std::string_view value);
  Result<RowSet> with_prefix(std::string_view name, std::string_view prefix);
  // Rows with an integer of these, both included; what is no canonical integer is none of them.
  Result<RowSet> between(std::string_view name, std::int64_t min, std::int64_t max);
  Result<RowSet> having(std::string_view name);
  // Rows that made a predicate true when the block was written; nothing if it does not say.
  Result<RowSet> hits(std::string_view predicate);

  // Raw bytes that were put together again because a text might lie across a border.
  std::uint64_t bytes_verified() const { return bytes_verified_; }

 private:
  // How a text could begin or end in a value and go on outside of it.
  struct Border {
    bool from_value;  // begins in the value: text[0..at) is its end; else text[at..) its beginning
    std::uint32_t at;
    bool operator==(const Border&) const = default;
  };
  struct LiteralMatch {
    bool whole = false;                 // the text lies in it
    std::vector<std::uint32_t> onward;  // text[0..k) is its end
    std::vector<std::uint32_t> back;    // text[k..) begins as it does, or is all of it and goes on
    bool crosses() const { return !onward.empty() || !back.empty(); }
  };
  enum class Mark : std::uint8_t { kNo, kMaybe, kYes };

  tl::unexpected<Error> damaged() const { return tl::unexpected<Error>(block_.error()); }
  template <class Chunk, class F>
  bool for_each_cell(std::uint32_t column, Chunk chunk_begins, F f);
  template <class F>
  bool for_each_number(std::uint32_t column, F f);
  template <class F>
  bool mark_texts(std::uint32_t column, const std::vector<Mark>& marks, F f);
  bool find_literals(std::string_view folded, std::vector<std::vector<Border>>& borders,
                     RowSet& found);
  LiteralMatch match_literal(std::string_view literal, std::string_view folded) const;
  bool scan_column(std::uint32_t column, std::string_view folded,
                   const std::vector<Border>& borders, RowSet& found, RowSet& maybe);
  bool scan_texts(std::uint32_t column, std::string_view folded, const std::vector<Border>& borders,
                  RowSet& found, RowSet& maybe);
  bool scan_numbers(std::uint32_t column, std::string_view folded,
                    const std::vector<Border>& borders, RowSet& found, RowSet& maybe);
  bool verify(std::string_view folded, RowSet& maybe, RowSet& found);
  bool word_in_literals(std::string_view folded, RowSet& found);
  bool word_in_texts(std::uint32_t column, std::string_view folded, RowSet& found);
  bool word_in_numbers(std::uint32_t column, std::string_view folded, RowSet& found);
  bool rows_of_shapes(const std::vector<bool>& shapes, RowSet& found);
  bool page_contains(std::uint32_t page, std::string_view folded, bool& contains);
  bool value_rows(std::uint32_t column, const ValueTest& test, RowSet& found);
  bool number_rows(std::uint32_t column, std::int64_t min, std::int64_t max, RowSet& found);

  ColumnBlock& block_;
  ColumnRows rows_;
  std::vector<Mark> page_marks_;  // of the text at hand: kMaybe: not looked at yet
  std::uint64_t bytes_verified_ = 0;
};

}  // namespace picket::storage
