// ColumnRows: gives rows of a column block back, byte for byte.
//
// Keeps a reference to its block; a new one for each block. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/columns/column_block.h"
#include "storage/columns/row_set.h"
#include "storage/store.h"

namespace picket::storage {

// Rows in order of arrival; their views are of `raw` and of the block.
struct RowBuffer {
  std::string raw;  // padded as records of a batch are
  std::vector<StoredRow> rows;
};

class ColumnRows {
 public:
  explicit ColumnRows(ColumnBlock& block) : block_(block) {}

  // The bytes of the record at a place, behind what is in `out`.
  Result<void> append_raw(std::size_t place, std::string& out);
  // The same in `raw`, with all else that is known but its position.
  Result<StoredRow> row(std::size_t place, std::string& raw);
  // The place of a row; nothing if the block does not have it.
  Result<std::optional<std::size_t>> find(SourceId source, std::uint64_t seq);
  Result<RowPosition> position(std::size_t place);
  // The rows of a set, with positions.
  Result<void> rebuild(const RowSet& rows, RowBuffer& out);

 private:
  struct Meta {
    std::int64_t received_ns = 0;
    std::int64_t time_ns = 0;
    std::uint32_t length = 0;   // 0: not cut
    std::uint32_t heading = 0;  // plus one; 0: none
    ParseStatus status = ParseStatus::kRaw;
  };
  bool seek(std::size_t place);
  void count_values(std::size_t first, std::size_t end);
  bool append(std::size_t place, std::string& out);
  bool load_meta(std::size_t chunk);
  bool read_meta(std::string_view bytes, std::size_t first, std::size_t end);
  bool load_orders();
  bool read_order(std::string_view bytes);
  bool load_positions();
  bool load_headings();
  bool fill(std::size_t place, StoredRow& row);
  tl::unexpected<Error> damaged() const { return tl::unexpected<Error>(block_.error()); }

  ColumnBlock& block_;
  // How many values each column has before place_ in its chunk.
  std::vector<std::uint32_t> ranks_;
  std::size_t place_ = SIZE_MAX;
  std::vector<Meta> meta_;  // by place
  std::vector<bool> meta_loaded_;
  std::vector<Run> runs_;
  std::vector<std::uint32_t> run_starts_;  // number of the first row of each
  std::vector<std::uint16_t> places_;      // by number
  std::vector<std::uint16_t> numbers_;     // by place
  std::vector<RowPosition> positions_;     // by number
  std::vector<std::string_view> headings_;
};

}  // namespace picket::storage
