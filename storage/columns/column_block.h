// ColumnBlock: one column block, opened; docs/formats/column-blocks.md has the format.
//
// Opening reads the head and the directory. Everything else is checked and inflated when it is
// first asked for, and kept until the next open(); memory is used again. Blocks come from the disk
// and may be damaged: whatever they say, memory stays below kColumnInflatedMax and some, and no
// function reads outside. ColumnRows gives rows back, ColumnSearch finds them.
//
// Functions that answer false have met damage; error() then says what. A block belongs to one
// thread and views the bytes it was opened with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "storage/columns/layout.h"
#include "storage/columns/word_filter.h"

namespace picket::storage {

// A number of a column as its records have it; `buffer` has room for kNumberTextMax.
std::string_view write_number(const ColumnInfo& column, std::int64_t number, char* buffer);

class ColumnBlock {
 public:
  struct Slot {
    std::uint16_t column;
    std::uint16_t literal;  // behind the value
  };
  struct Shape {
    std::uint32_t first_literal;
    std::uint32_t first_slot;
    std::uint32_t slots;
  };
  // Which value of a column: the `rank`th of those that the rows of a chunk have.
  struct Cell {
    std::size_t chunk;
    std::uint32_t rank;
  };

  // The codes of a column in one chunk, each below the number of its values.
  struct Codes {
    const unsigned char* bytes = nullptr;
    std::uint32_t width = 0;  // of a code; 0: they are `first`, `first` + `step`, ...
    std::uint32_t first = 0;
    std::uint32_t step = 0;
    std::uint32_t count = 0;
    std::uint32_t operator[](std::uint32_t rank) const {
      switch (width) {
        case 0:
          return first + rank * step;
        case 1:
          return bytes[rank];
        case 2:
          return bytes[rank * 2] | std::uint32_t{bytes[rank * 2 + 1]} << 8;
        default:
          return bytes[rank * 4] | std::uint32_t{bytes[rank * 4 + 1]} << 8 |
                 std::uint32_t{bytes[rank * 4 + 2]} << 16 |
                 std::uint32_t{bytes[rank * 4 + 3]} << 24;
      }
    }
  };

  // After an error there is nothing that may be called but open().
  Result<void> open(std::string_view block, BlockKey key);

  BlockKey key() const { return key_; }
  const BlockHeader& header() const { return head_.header; }
  std::uint32_t rows() const { return head_.header.rows; }
  std::size_t chunks() const { return chunks_of(rows()); }
  std::vector<Run> runs() const { return read_column_runs(bytes_, head_); }
  const Directory& directory() const { return directory_; }
  const std::vector<ColumnInfo>& columns() const { return directory_.columns; }
  bool is_text(const ColumnInfo& column) const {
    return column.encoding == ColumnEncoding::kDictionary ||
           column.encoding == ColumnEncoding::kPlain;
  }
  std::uint32_t values_before(const ColumnInfo& column, std::size_t chunk) const {
    return directory_.counts[column.first_count + chunk];
  }
  Error error() const;

  bool load_shapes();
  const std::vector<Shape>& shapes() const { return shapes_; }
  const Slot* slots(const Shape& shape) const { return slots_.data() + shape.first_slot; }
  const std::vector<std::string_view>& literals() const { return literals_; }

  // Shapes of the rows of one chunk or of all; of those that were not loaded it says nothing.
  bool load_row_shapes(std::size_t chunk);
  bool load_row_shapes();
  std::uint32_t shape_of(std::size_t place) const { return row_shapes_[place]; }

  // A page of dictionaries, sizes of values and all.
  bool load_page(std::size_t page, std::string_view& bytes);
  // Text number `code` of a column that is_text().
  bool text(const ColumnInfo& column, std::uint32_t code, std::string_view& text);
  // f(number, text) for the values of one segment.
  template <class F>
  bool for_each_text(const Segment& segment, F f) {
    const auto index = static_cast<std::size_t>(&segment - directory_.segments.data());
    if (!load_segment(index)) return false;
    const std::vector<std::uint32_t>& ends = segment_ends_[index];
    const std::string_view page = pages_[segment.page];
    for (std::uint32_t i = 0; i < segment.values; ++i)
      f(segment.first + i, page.substr(ends[i], ends[i + 1] - ends[i]));
    return true;
  }

  // All texts of a column that is_text(), by code; they live until the next open().
  bool load_texts(const ColumnInfo& column, const std::string_view*& texts);
  bool load_codes(const ColumnInfo& column, std::size_t chunk, Codes& codes);
  // The same, but nobody has looked whether there are values for all of them.
  bool load_unchecked(const ColumnInfo& column, std::size_t chunk, Codes& codes);
  // Of kIntegers and kTimes: those of one chunk, as many as it has.
  bool load_numbers(const ColumnInfo& column, std::size_t chunk, const std::int64_t*& numbers);
  // The value itself; a number is written into `buffer`, which has room for kNumberTextMax.
  bool value(const ColumnInfo& column, Cell cell, char* buffer, std::string_view& value);

  // One of the pieces that the directory names, which lives until the next open(); not kept.
  bool inflated(Section section, const Piece& piece, std::string_view& bytes);
  bool section(Section which, std::string_view& bytes);
  bool load_filter(const WordFilter*& filter);

  bool fail_with(const char* what);  // notes the damage; false

 private:
  bool load_segment(std::size_t index);
  bool load_piece(std::size_t piece, std::string_view& bytes);
  bool check_codes(const ColumnInfo& column, std::size_t piece);
  bool read_numbers(const ColumnInfo& column, std::string_view bytes,
                    std::vector<std::int64_t>& numbers);
  bool read_slots(std::string_view bytes);
  bool read_literals(std::string_view bytes);
  void forget();

  BlockKey key_;
  std::string_view bytes_;
  ColumnHead head_;
  Directory directory_;
  std::array<bool, kSections> checked_ = {};
  const char* damage_ = "";
  Arena arena_{1024 * 1024};

  std::vector<char> directory_bytes_;
  std::vector<Shape> shapes_;
  std::vector<Slot> slots_;
  std::vector<std::string_view> literals_;
  std::vector<std::uint16_t> row_shapes_;  // by place
  std::vector<bool> chunk_loaded_;
  std::vector<std::string_view> pages_;  // no data: not loaded
  std::vector<std::vector<std::uint32_t>> segment_ends_;
  std::vector<std::vector<std::string_view>> texts_;  // by column; empty: not loaded
  std::vector<std::string_view> codes_;               // no data: not loaded
  std::vector<bool> codes_checked_;
  std::vector<std::vector<std::int64_t>> numbers_;
  WordFilter filter_;
  bool filter_read_ = false;
};

}  // namespace picket::storage
