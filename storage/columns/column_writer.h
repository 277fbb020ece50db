// ColumnBlockBuilder: gathers rows and writes them as one column block;
// docs/formats/column-blocks.md has the format.
//
// Takes rows as a scan of row blocks hands them out, with the positions they have there. Keeps
// copies of values, not of records. What it learned of the shapes of records stays for the next
// block. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block.h"
#include "storage/columns/layout.h"
#include "storage/columns/record_splitter.h"
#include "storage/columns/value_table.h"
#include "storage/store.h"

namespace picket::storage {

class ColumnBlockBuilder {
 public:
  // Copies the record. Rows may come in any order; (source, seq) must differ.
  void add(const StoredRow& row);
  // The row that was added last made this predicate true.
  void add_hit(std::string_view predicate);
  bool empty() const { return rows_.empty(); }
  std::size_t rows() const { return rows_.size(); }
  std::size_t raw_bytes() const { return raw_bytes_; }
  bool full() const;
  // The whole block, checksums and all. Appends the runs to `runs`. The builder keeps its rows.
  std::string build(BlockKey key, std::vector<Run>& runs) const;
  void clear();

 private:
  struct Row {
    std::uint64_t seq;
    std::int64_t received_ns;
    std::int64_t time_ns;
    RowPosition position;
    std::uint32_t size;
    std::uint32_t length;
    SourceId source;
    std::uint32_t shape;
    std::uint32_t first_cell;
    std::uint32_t heading;  // plus one; 0: none
    ParseStatus status;
    bool hides_text;
  };
  struct Parts;

  std::uint32_t heading_of(const Record& record);
  void put_orders(BlockKey key, Parts& parts) const;
  bool group(Parts& parts) const;
  void put_positions(BlockKey key, Parts& parts) const;
  void put_rows(Parts& parts) const;
  void put_row_table(const Parts& parts, std::size_t first, std::size_t end,
                     std::string& out) const;
  void put_shapes(Parts& parts) const;
  void put_columns(Parts& parts) const;
  void put_words(BlockKey key, Parts& parts) const;
  void put_hits(Parts& parts) const;
  BlockHeader header_of(const Parts& parts) const;

  RecordSplitter splitter_;
  std::vector<ValueTable> tables_;    // by column of the splitter
  std::vector<Row> rows_;             // as added
  std::vector<std::uint32_t> cells_;  // of all rows: numbers of their values
  std::vector<std::string> headings_;
  std::map<std::string, std::uint32_t, std::less<>> heading_ids_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> hits_;  // rows as added
  std::size_t raw_bytes_ = 0;
  std::vector<std::string_view> values_;  // of the record at hand
};

}  // namespace picket::storage
