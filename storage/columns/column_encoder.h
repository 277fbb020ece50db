// ColumnEncoder: columns of values become pieces of dictionaries and codes, and their lines of the
// directory; docs/formats/column-blocks.md. One thread, one block.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/columns/layout.h"
#include "storage/columns/value_table.h"

namespace picket::storage {

class ColumnEncoder {
 public:
  struct Column {
    std::string_view name;
    const ValueTable& table;
    std::span<const std::uint32_t> cells;   // numbers of values, by place
    std::span<const std::uint32_t> counts;  // of cells in each chunk
  };
  // True if its values are kept as text, whose words belong into the filter.
  bool add(const Column& column);
  void finish();  // closes the last page

  const std::string& directory() const {
    return directory_;
  }  // of the columns, without their count
  const std::string& page_directory() const { return page_directory_; }
  std::uint32_t pages() const { return pages_; }
  const std::string& dictionaries() const { return dictionaries_; }
  const std::string& codes() const { return codes_; }

 private:
  struct Numbers {
    bool all = false;  // values are integers, or times of one format
    bool times = false;
    std::uint8_t format = 0;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::vector<std::int64_t> values;  // by number
  };
  static Numbers numbers_of(const ValueTable& table);
  void put_line(const Column& column, ColumnEncoding encoding, const Numbers& numbers,
                bool one_piece);
  void put_segments(const Column& column, std::span<const std::uint32_t> values);
  std::vector<std::uint32_t> order_values(const Column& column);
  void put_codes(std::span<const std::uint32_t> cells, std::uint32_t distinct);
  void put_numbers(std::span<const std::uint32_t> cells, const Numbers& numbers);
  void close_page();
  template <class F>
  void for_each_piece(const Column& column, bool one_piece, F f);

  std::string directory_;
  std::string page_directory_;
  std::string dictionaries_;
  std::string codes_;
  std::string page_;
  std::uint32_t pages_ = 0;
  std::vector<std::uint32_t> renumbered_;  // by number of the table
  std::string plain_;                      // kept for their memory
  std::string other_;
};

}  // namespace picket::storage
